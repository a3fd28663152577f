#include "data/placement.hpp"

#include <algorithm>

namespace gdm::data {
namespace {

constexpr std::int64_t most_foreground = 65536;

}  // namespace

Tensor foreground_indices(const Tensor& mask) {
  const Tensor all = mask.flatten().nonzero().flatten();
  const std::int64_t step = std::max<std::int64_t>(1, (all.size(0) + most_foreground - 1) / most_foreground);
  return all.slice(0, 0, all.size(0), step).contiguous();
}

std::int64_t moved_inside(std::int64_t start, std::int64_t extent, std::int64_t patch) {
  const std::int64_t last = extent - patch;
  return last >= 0 ? std::clamp<std::int64_t>(start, 0, last) : last / 2;
}

std::array<std::int64_t, 3> draw_patch_start(const Tensor& foreground, const std::array<std::int64_t, 3>& shape_dhw,
                                             const model::PatchShape& patch, Random& random) {
  std::int64_t flat = foreground[random.below(foreground.size(0))].item<std::int64_t>();
  std::array<std::int64_t, 3> start{};
  for (std::size_t axis = 3; axis-- > 0;) {
    const std::int64_t extent = shape_dhw[axis], edge = patch[axis];
    const std::int64_t near = flat % extent - edge / 2 + random.below(edge / 2 + 1) - edge / 4;
    flat /= extent;
    start[axis] = moved_inside(near, extent, edge);
  }
  return start;
}

}  // namespace gdm::data
