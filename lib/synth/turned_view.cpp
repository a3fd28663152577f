#include "synth/turned_view.hpp"

#include "image/orientation.hpp"

namespace gdm::synth {
namespace {

/// Where a patch begins in the stored order of an axis.
std::int64_t stored_start(const TurnedView& view, std::size_t axis, std::int64_t start, std::int64_t length) {
  return view.backward[axis] ? view.values.size(static_cast<std::int64_t>(axis)) - start - length : start;
}

/// (D, H, W) from the network's order to the stored one, or back.
Tensor flipped(const TurnedView& view, const Tensor& patch) {
  std::vector<std::int64_t> axes;
  for (std::int64_t axis = 0; axis < 3; ++axis) {
    if (view.backward[static_cast<std::size_t>(axis)]) axes.push_back(axis);
  }
  return axes.empty() ? patch : patch.flip(axes);
}

}  // namespace

Tensor TurnedView::cut(const PatchStart& start_dhw, const model::PatchShape& shape, double fill) const {
  PatchStart stored{};
  for (std::size_t axis = 0; axis < 3; ++axis) stored[axis] = stored_start(*this, axis, start_dhw[axis], shape[axis]);
  return flipped(*this, nn::cut_patch(values.unsqueeze(0), stored, shape, fill).squeeze(0));
}

void TurnedView::add(const PatchStart& start_dhw, const Tensor& patch) const {
  PatchStart stored{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    stored[axis] = stored_start(*this, axis, start_dhw[axis], patch.size(static_cast<std::int64_t>(axis)));
  }
  const nn::Overlap both = nn::overlap(values, flipped(*this, patch), stored);
  if (both.of_volume.defined()) both.of_volume.add_(both.of_patch);
}

void TurnedView::multiply(std::size_t axis, const Tensor& factors) const {
  std::vector<std::int64_t> shape(3, 1);
  shape[axis] = -1;
  values.mul_((backward[axis] ? factors.flip({0}) : factors).view(shape));
}

TurnedView turned_view(const Volume& volume, const Grid& grid) {
  const AxisMap map = axis_map(grid, nn::network_orientation);
  TurnedView view;
  std::vector<std::int64_t> order;
  for (std::size_t dim = 0; dim < 3; ++dim) {  // dimension 0 of a tensor is axis 2 of a grid
    order.push_back(2 - static_cast<std::int64_t>(map.source[2 - dim]));
    view.backward[dim] = map.flipped[2 - dim];
  }
  view.values = nn::tensor_of(volume).permute(order);
  return view;
}

PatchSource::PatchSource(const Tensor& conditions) {
  for (std::int64_t c = 0; c < conditions.size(0); ++c) channels_.push_back({{conditions[c], {}}, std::nullopt});
}

PatchSource PatchSource::on(torch::Device device) const {
  PatchSource moved = *this;
  for (Channel& channel : moved.channels_) channel.view.values = channel.view.values.to(device);
  return moved;
}

Tensor PatchSource::patch(const PatchStart& start_dhw, const model::PatchShape& shape) const {
  std::vector<Tensor> seen;
  for (const Channel& channel : channels_) {
    // The lower end of a raw range becomes the value of air.
    seen.push_back(channel.view.cut(start_dhw, shape, channel.scale ? channel.scale->raw.low : nn::air_units));
    if (channel.scale) seen.back() = (*channel.scale)(seen.back());
  }
  return torch::stack(seen);
}

}  // namespace gdm::synth
