#include "data/view.hpp"

#include <utility>

#include "nn/host.hpp"
#include "nn/volume_tensors.hpp"

namespace gdm::data {

View View::random(const model::PatchShape& patch, std::int64_t size, at::Generator& generator) {
  View view;
  view.size = size;
  const auto draw = [&](std::int64_t n) { return nn::host_value<std::int64_t>(torch::randint(n, {1}, generator)); };
  for (std::size_t axis = 0; axis < 3; ++axis) {
    view.offset[axis] = draw(patch[axis] - size + 1);
    view.flip[axis] = draw(2) == 1;
  }
  for (std::size_t axis = 2; axis > 0; --axis) std::swap(view.order[axis], view.order[draw(axis + 1)]);
  return view;
}

Tensor View::apply(const Tensor& x) const {
  Tensor out = x;
  std::array<bool, 3> backward{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    out = out.slice(static_cast<std::int64_t>(axis) + 2, offset[axis], offset[axis] + size);
    backward[axis] = flip[static_cast<std::size_t>(order[axis])];
  }
  return nn::with_turned_axes(out, order, backward);
}

}  // namespace gdm::data
