#include "bank/distances.hpp"

#include <algorithm>
#include <limits>

namespace gdm::bank {
namespace {

constexpr std::int64_t block = 512;                              // queries
constexpr std::int64_t part_values = 1 << 19, least_part = 256;  // 2 MB of entries stay in a processor's cache

/// Squared lengths of the rows in one pass; square().sum() would write a second copy of the vectors.
Tensor squared_lengths(const Tensor& x) {
  return torch::linalg_vector_norm(x, 2, std::vector<std::int64_t>{-1}).square_();
}

}  // namespace

/// b is centred part by part: a centred copy of a whole bank is fresh memory at each call, and its page faults cost as
/// much as the product.
Tensor distances(const Tensor& a, const Tensor& b) {
  const Tensor centre = b.mean(std::vector<std::int64_t>{0, 1}, true);
  const Tensor x = a - centre, x_squared = squared_lengths(x).unsqueeze(2);
  const std::int64_t problems = b.size(0), entries = b.size(1);
  const std::int64_t step = std::max(least_part, part_values / std::max<std::int64_t>(1, problems * b.size(2)));
  std::vector<Tensor> parts;
  for (std::int64_t first = 0; first == 0 || first < entries; first += step) {
    const Tensor y = b.slice(1, first, first + step) - centre;
    const Tensor squared = x_squared + squared_lengths(y).unsqueeze(1);
    parts.push_back(torch::baddbmm(squared, x, y.transpose(1, 2), 1.0, -2.0).clamp_min_(1e-8).sqrt_());
  }
  return parts.size() == 1 ? parts.front() : torch::cat(parts, 2);
}

Nearest nearest(const Tensor& queries, const Tensor& query_patients, const Tensor& entries,
                const Tensor& entry_patients, std::int64_t k) {
  const std::int64_t most = std::min(k, entries.size(0));
  const Tensor columns = entry_patients.unsqueeze(0);
  std::vector<Tensor> found, where;
  for (std::int64_t first = 0; first < queries.size(0); first += block) {
    const Tensor some = queries.slice(0, first, first + block);
    const Tensor owners = query_patients.slice(0, first, first + block).unsqueeze(1);
    Tensor d = distances(some.unsqueeze(0), entries.unsqueeze(0)).squeeze(0);
    d.masked_fill_((owners.eq(columns).logical_and(owners.ge(0))).to(d.device()),
                   std::numeric_limits<float>::infinity());
    auto [values, indices] = d.topk(most, 1, /*largest=*/false);
    found.push_back(values);
    where.push_back(indices);
  }
  return {torch::cat(found), torch::cat(where)};
}

}  // namespace gdm::bank
