#include "phantom/label_holes.hpp"

#include <array>
#include <map>

namespace gdm::phantom {
namespace {

/// The six neighbours of a voxel that lie in the image.
template <class Visit>
void for_neighbours(std::int64_t at, const Index3& shape, const Visit& visit) {
  const std::int64_t i = at % shape[0], j = at / shape[0] % shape[1], k = at / (shape[0] * shape[1]);
  if (i > 0) visit(at - 1);
  if (i + 1 < shape[0]) visit(at + 1);
  if (j > 0) visit(at - shape[0]);
  if (j + 1 < shape[1]) visit(at + shape[0]);
  if (k > 0) visit(at - shape[0] * shape[1]);
  if (k + 1 < shape[2]) visit(at + shape[0] * shape[1]);
}

/// What most neighbours are; 0 if all are air.
std::uint8_t most_frequent(const std::vector<std::uint8_t>& tissue, std::int64_t at, const Index3& shape) {
  std::map<std::uint8_t, int> votes;
  for_neighbours(at, shape, [&](std::int64_t next) {
    if (tissue[static_cast<std::size_t>(next)] != 0) ++votes[tissue[static_cast<std::size_t>(next)]];
  });
  std::uint8_t best = 0;
  int most = 0;
  for (const auto& [value, count] : votes) {
    if (count >= most) best = value, most = count;
  }
  return best;
}

void fill(std::vector<std::int64_t> pocket, const Index3& shape, std::vector<std::uint8_t>& tissue) {
  while (!pocket.empty()) {
    std::vector<std::int64_t> rest;
    std::vector<std::pair<std::int64_t, std::uint8_t>> filled;
    for (const std::int64_t at : pocket) {
      const std::uint8_t value = most_frequent(tissue, at, shape);
      if (value != 0) filled.emplace_back(at, value);
      if (value == 0) rest.push_back(at);
    }
    if (filled.empty()) return;
    for (const auto& [at, value] : filled) tissue[static_cast<std::size_t>(at)] = value;
    pocket = std::move(rest);
  }
}

}  // namespace

std::int64_t fill_pockets(std::vector<std::uint8_t>& tissue, const Mask& body, double least_mm3) {
  const Index3& shape = body.grid.shape_ijk;
  const double voxel_mm3 = body.grid.voxel_mm3();
  std::vector<std::uint8_t> seen(tissue.size(), 0);
  std::int64_t filled = 0;
  for (std::int64_t start = 0; start < static_cast<std::int64_t>(tissue.size()); ++start) {
    const auto is_pocket = [&](std::int64_t at) {
      const auto n = static_cast<std::size_t>(at);
      return tissue[n] == 0 && body.voxels[n] != 0;
    };
    if (seen[static_cast<std::size_t>(start)] != 0 || !is_pocket(start)) continue;
    std::vector<std::int64_t> pocket{start};
    seen[static_cast<std::size_t>(start)] = 1;
    bool is_open = false;
    for (std::size_t n = 0; n < pocket.size(); ++n) {
      for_neighbours(pocket[n], shape, [&](std::int64_t next) {
        const auto at = static_cast<std::size_t>(next);
        if (tissue[at] == 0 && body.voxels[at] == 0) is_open = true;
        if (seen[at] != 0 || !is_pocket(next)) return;
        seen[at] = 1;
        pocket.push_back(next);
      });
    }
    if (is_open || static_cast<double>(pocket.size()) * voxel_mm3 >= least_mm3) continue;
    filled += static_cast<std::int64_t>(pocket.size());
    fill(std::move(pocket), shape, tissue);
  }
  return filled;
}

}  // namespace gdm::phantom
