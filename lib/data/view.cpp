#include "data/view.hpp"

#include <utility>

namespace gdm::data {

View View::random(std::int64_t patch, std::int64_t size, at::Generator& generator) {
  View view;
  view.size = size;
  const auto draw = [&](std::int64_t n) { return torch::randint(n, {1}, generator).item<std::int64_t>(); };
  for (std::size_t axis = 0; axis < 3; ++axis) {
    view.offset[axis] = draw(patch - size + 1);
    view.flip[axis] = draw(2) == 1;
  }
  for (std::size_t axis = 2; axis > 0; --axis) std::swap(view.order[axis], view.order[draw(axis + 1)]);
  return view;
}

Tensor View::apply(const Tensor& x) const {
  Tensor out = x;
  std::vector<std::int64_t> flipped;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto dim = static_cast<std::int64_t>(axis) + 2;
    out = out.slice(dim, offset[axis], offset[axis] + size);
    if (flip[axis]) flipped.push_back(dim);
  }
  if (!flipped.empty()) out = out.flip(flipped);
  return out.permute({0, 1, 2 + order[0], 2 + order[1], 2 + order[2]}).contiguous();
}

}  // namespace gdm::data
