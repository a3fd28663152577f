// Volumes as they lie in memory, read and written patch by patch along the axes of a network: none is turned or scaled
// as a whole, which would take another of its size.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "image/volume.hpp"
#include "model/patch_shape.hpp"
#include "nn/condition.hpp"
#include "nn/tensor.hpp"
#include "nn/volume_tensors.hpp"

namespace gdm::synth {

using torch::Tensor;

using nn::PatchStart;

struct TurnedView {
  Tensor values;                   ///< (D, H, W) along the axes of the network, with any strides
  std::array<bool, 3> backward{};  ///< axes along which the network's indices run against those of `values`

  /// (D, H, W) on the device of `values`, with `fill` outside the volume.
  Tensor cut(const PatchStart& start_dhw, const model::PatchShape& shape, double fill) const;
  /// Adds what of a patch (D, H, W) lies inside.
  void add(const PatchStart& start_dhw, const Tensor& patch) const;
  /// Multiplies by a factor for each of the network's indices along an axis.
  void multiply(std::size_t axis, const Tensor& factors) const;
};

/// The voxels of a volume, which must outlive the view, along nn::network_orientation, as its `grid` or another that is
/// the same up to rounding has them.
TurnedView turned_view(const Volume& volume, const Grid& grid);

/// The condition volumes of a generator, all of one shape, from which patches are cut.
class PatchSource {
 public:
  PatchSource() = default;
  /// (C, D, H, W) as a network sees them.
  PatchSource(const Tensor& conditions);  // NOLINT(google-explicit-constructor)
  /// One more, of raw values.
  void add(TurnedView raw, const nn::ValueScale& scale) { channels_.push_back({std::move(raw), scale}); }

  /// (D, H, W).
  c10::IntArrayRef sizes() const { return channels_.at(0).view.values.sizes(); }
  PatchSource on(torch::Device device) const;
  /// (C, D, H, W) as a network sees them, with air outside the volume.
  Tensor patch(const PatchStart& start_dhw, const model::PatchShape& shape) const;

 private:
  struct Channel {
    TurnedView view;
    std::optional<nn::ValueScale> scale;
  };
  std::vector<Channel> channels_;
};

}  // namespace gdm::synth
