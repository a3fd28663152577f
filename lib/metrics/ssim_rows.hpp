// Where structural similarity gets its rows of voxels from: two volumes as a profile wants them, or their halved copies
// at a coarser scale. Nothing the size of a volume is copied at the finest scale.
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"
#include "metrics/pixel.hpp"

namespace gdm::metrics {

/// Two images and a mask on one box of voxels; values start at 0.
class PairRows {
 public:
  virtual ~PairRows() = default;
  const Index3& shape() const { return shape_ijk_; }
  /// Row (j, k) of both, shape()[0] values each.
  virtual void values(std::int64_t j, std::int64_t k, float* x, float* y) const = 0;
  /// Row (j, k) of the mask; `buffer` holds shape()[0] values and may or may not be used.
  virtual const std::uint8_t* mask(std::int64_t j, std::int64_t k, std::uint8_t* buffer) const = 0;

 protected:
  Index3 shape_ijk_{};
};

/// What is done to HU before they are compared.
enum class Preparation {
  clip_and_mask,  ///< clipped to the range, its lower end outside the mask (SynthRAD)
  as_they_are     ///< not clipped or masked; voxels that are not finite become the range's lower end
};

/// Volumes, shifted so that the range starts at 0. An axis shorter than `least_extent` is continued at both ends with
/// its border voxels (mask included), half of them rounded down before, the rest behind. Keeps references.
class VolumeRows : public PairRows {
 public:
  VolumeRows(const Volume& x, const Volume& y, const Mask& mask, const HuRange& range, Preparation preparation,
             std::int64_t least_extent = 1);
  void values(std::int64_t j, std::int64_t k, float* x, float* y) const override;
  const std::uint8_t* mask(std::int64_t j, std::int64_t k, std::uint8_t* buffer) const override;

 private:
  std::size_t row_at(std::int64_t j, std::int64_t k) const;
  const Volume &x_, &y_;
  const Mask& mask_;
  float low_, high_;
  Preparation preparation_;
  Index3 before_{};
  bool padded_i_ = false;
};

/// Which two voxels of each axis make one at the next scale.
enum class Halving {
  synthrad2025,  ///< 2 n and 2 n - 1, zero before the first; ceil(n / 2) are left ("same" convolution, every other)
  average        ///< 2 n and 2 n + 1; floor(n / 2) are left
};

/// Half the resolution: means over 2^3 voxels; every other voxel of the mask.
class HalvedRows : public PairRows {
 public:
  HalvedRows(const PairRows& fine, Halving halving);
  void values(std::int64_t j, std::int64_t k, float* x, float* y) const override;
  const std::uint8_t* mask(std::int64_t j, std::int64_t k, std::uint8_t* buffer) const override;

 private:
  void fill_plane(const PairRows& fine, Halving halving, std::int64_t k);
  std::vector<float> x_, y_;
  std::vector<std::uint8_t> mask_;
};

}  // namespace gdm::metrics
