#include "image/running_spread.hpp"

#include <cmath>

#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm {

void RunningSpread::add(const Volume& volume) {
  if (count_ == 0) {
    mean_ = Volume(volume.grid, 0.0F);
    squares_.assign(mean_.voxels.size(), 0.0F);
  }
  if (volume.grid.shape_ijk != mean_.grid.shape_ijk) throw Error("mean of volumes of different shapes");
  ++count_;
  const auto share = static_cast<float>(1.0 / static_cast<double>(count_));
  const Index3& shape = volume.grid.shape_ijk;
  const auto slice = static_cast<std::size_t>(shape[0] * shape[1]);
  parallel_for(shape[2], [&](std::int64_t k) {
    const std::size_t begin = static_cast<std::size_t>(k) * slice;
    for (std::size_t v = begin; v < begin + slice; ++v) {
      const float before = volume.voxels[v] - mean_.voxels[v];
      mean_.voxels[v] += share * before;
      squares_[v] += before * (volume.voxels[v] - mean_.voxels[v]);
    }
  });
}

Volume RunningSpread::deviation() const {
  if (count_ < 2) throw Error("the spread of less than two volumes");
  Volume result = mean_;
  const auto share = static_cast<float>(1.0 / static_cast<double>(count_ - 1));
  for (std::size_t v = 0; v < squares_.size(); ++v) result.voxels[v] = std::sqrt(share * squares_[v]);
  return result;
}

}  // namespace gdm
