#include "drift/sketch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sys/sha256.hpp"

namespace gdm::drift {
namespace {

constexpr std::int64_t least_pending = 4096;

BankRows joined(const std::vector<BankRows>& parts) {
  const auto cat = [&](Tensor BankRows::*member) {
    std::vector<Tensor> tensors;
    for (const BankRows& part : parts) tensors.push_back(part.*member);
    return torch::cat(tensors);
  };
  return {cat(&BankRows::vectors), cat(&BankRows::priority), cat(&BankRows::patient), cat(&BankRows::stratum)};
}

}  // namespace

std::int64_t row_priority(std::uint64_t seed, const std::string& case_id, std::int64_t window, const std::string& key,
                          std::int64_t token) {
  const std::string name = fmt::format("{}\n{}\n{}\n{}\n{}", seed, window, key, token, case_id);
  return static_cast<std::int64_t>(std::stoull(sha256_hex(name.data(), name.size()).substr(0, 16), nullptr, 16) >> 1U);
}

BankRows BankRows::select(const Tensor& rows) const {
  return {vectors.index_select(0, rows), priority.index_select(0, rows), patient.index_select(0, rows),
          stratum.index_select(0, rows)};
}

void RowSketch::add(const BankRows& rows) {
  if (rows.size() == 0) return;
  pending_.push_back(rows);
  pending_size_ += rows.size();
  if (pending_size_ > std::max(least_pending, kept_.size())) compact();
}

const BankRows& RowSketch::rows() {
  compact();
  return kept_;
}

/// A patient's rows beyond the limit are passed over in order of priority. This is exact under merging: the number of
/// rows below a priority that pass, the sum over patients of min(limit, rows below it), never falls when rows are
/// added.
void RowSketch::compact() {
  if (pending_.empty()) return;
  if (kept_.size() > 0) pending_.push_back(kept_);
  const BankRows all = joined(pending_);
  pending_.clear();
  pending_size_ = 0;
  const Tensor order = all.priority.argsort();
  const auto* at = order.data_ptr<std::int64_t>();
  const auto* patient = all.patient.data_ptr<std::int32_t>();
  const auto* stratum = all.stratum.data_ptr<std::int32_t>();
  std::map<std::int32_t, std::int64_t> of_stratum;
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> of_patient;
  std::vector<std::int64_t> stay;
  for (std::int64_t n = 0; n < all.size(); ++n) {
    const std::int64_t row = at[n];
    std::int64_t& in_stratum = of_stratum[stratum[row]];
    if (in_stratum >= limits_.per_stratum) continue;
    std::int64_t& own = of_patient[{stratum[row], patient[row]}];
    if (limits_.per_patient > 0 && own >= limits_.per_patient) continue;
    ++own;
    ++in_stratum;
    stay.push_back(row);
  }
  kept_ = all.select(torch::tensor(stay, torch::kInt64));
}

Tensor k_centre(const Tensor& vectors, std::int64_t count) {
  const std::int64_t n = vectors.size(0);
  if (count >= n) return torch::arange(n, torch::kInt64);
  std::vector<std::int64_t> chosen{0};
  Tensor distance = (vectors - vectors[0]).square().sum(1);
  while (static_cast<std::int64_t>(chosen.size()) < count) {
    const auto farthest = distance.argmax().item<std::int64_t>();
    chosen.push_back(farthest);
    distance = torch::minimum(distance, (vectors - vectors[farthest]).square().sum(1));
    distance[farthest] = -1.0;  // not again, even where rows are the same
  }
  std::sort(chosen.begin(), chosen.end());
  return torch::tensor(chosen, torch::kInt64);
}

}  // namespace gdm::drift
