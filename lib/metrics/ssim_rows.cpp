// Rows for structural similarity: padding by clamped indices, halving plane by plane.
#include "metrics/ssim_rows.hpp"

#include <algorithm>
#include <array>

#include "metrics/ssim_kernels.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

/// Spreads the first and last of `n` values at row + before over what lies before and behind them.
template <class T>
void continue_ends(T* row, std::int64_t before, std::int64_t n, std::int64_t total) {
  std::fill(row, row + before, row[before]);
  std::fill(row + before + n, row + total, row[before + n - 1]);
}

}  // namespace

VolumeRows::VolumeRows(const Volume& x, const Volume& y, const Mask& mask, const HuRange& range,
                       Preparation preparation, std::int64_t least_extent)
    : x_(x),
      y_(y),
      mask_(mask),
      low_(static_cast<float>(range.low_hu)),
      high_(static_cast<float>(range.high_hu)),
      preparation_(preparation) {
  for (std::size_t a = 0; a < 3; ++a) {
    const std::int64_t n = mask.grid.shape_ijk[a], missing = std::max<std::int64_t>(0, least_extent - n);
    before_[a] = missing / 2;
    shape_ijk_[a] = n + missing;
  }
  padded_i_ = shape_ijk_[0] != mask.grid.shape_ijk[0];
}

std::size_t VolumeRows::row_at(std::int64_t j, std::int64_t k) const {
  const Index3& shape = mask_.grid.shape_ijk;
  return mask_.offset(0, std::clamp<std::int64_t>(j - before_[1], 0, shape[1] - 1),
                      std::clamp<std::int64_t>(k - before_[2], 0, shape[2] - 1));
}

void VolumeRows::values(std::int64_t j, std::int64_t k, float* x, float* y) const {
  const std::size_t at = row_at(j, k);
  const std::int64_t n = mask_.grid.shape_ijk[0], before = before_[0];
  const auto prepare = [&](const Volume& volume, float* row) {
    if (preparation_ == Preparation::clip_and_mask) {
      kernel::clip_row(n, volume.voxels.data() + at, low_, high_, row + before);
      kernel::mask_row(n, mask_.voxels.data() + at, row + before);
    } else {
      kernel::shift_row(n, volume.voxels.data() + at, low_, row + before);
    }
    if (padded_i_) continue_ends(row, before, n, shape_ijk_[0]);
  };
  prepare(x_, x);
  prepare(y_, y);
}

const std::uint8_t* VolumeRows::mask(std::int64_t j, std::int64_t k, std::uint8_t* buffer) const {
  const std::uint8_t* row = mask_.voxels.data() + row_at(j, k);
  if (!padded_i_) return row;
  const std::int64_t n = mask_.grid.shape_ijk[0], before = before_[0];
  std::copy(row, row + n, buffer + before);
  continue_ends(buffer, before, n, shape_ijk_[0]);
  return buffer;
}

HalvedRows::HalvedRows(const PairRows& fine, Halving halving) {
  for (std::size_t a = 0; a < 3; ++a) {
    shape_ijk_[a] = (fine.shape()[a] + (halving == Halving::synthrad2025 ? 1 : 0)) / 2;
  }
  const std::size_t n = static_cast<std::size_t>(voxel_count(shape_ijk_));
  x_.resize(n);
  y_.resize(n);
  mask_.resize(n);
  parallel_for(shape_ijk_[2], [&](std::int64_t k) { fill_plane(fine, halving, k); });
}

void HalvedRows::fill_plane(const PairRows& fine, Halving halving, std::int64_t k) {
  const std::int64_t n_in = fine.shape()[0], n_out = shape_ijk_[0];
  const int step = halving == Halving::synthrad2025 ? -1 : 1;
  std::array<std::vector<float>, 8> rows;  // x and y of four rows
  for (std::vector<float>& row : rows) row.resize(static_cast<std::size_t>(n_in));
  std::vector<std::uint8_t> buffer(static_cast<std::size_t>(n_in));
  for (std::int64_t j = 0; j < shape_ijk_[1]; ++j) {
    for (std::int64_t r = 0; r < 4; ++r) {
      std::vector<float>&x = rows[static_cast<std::size_t>(2 * r)], &y = rows[static_cast<std::size_t>(2 * r + 1)];
      const std::int64_t fine_j = 2 * j + (r & 1) * step, fine_k = 2 * k + (r >> 1) * step;
      if (fine_j < 0 || fine_k < 0) {
        std::fill(x.begin(), x.end(), 0.0F);
        std::fill(y.begin(), y.end(), 0.0F);
      } else {
        fine.values(fine_j, fine_k, x.data(), y.data());
      }
    }
    const float* const x[4] = {rows[0].data(), rows[2].data(), rows[4].data(), rows[6].data()};
    const float* const y[4] = {rows[1].data(), rows[3].data(), rows[5].data(), rows[7].data()};
    const std::int64_t at = n_out * (j + shape_ijk_[1] * k);
    kernel::halve_row(n_out, x, step, x_.data() + at);
    kernel::halve_row(n_out, y, step, y_.data() + at);
    const std::uint8_t* fine_mask = fine.mask(2 * j, 2 * k, buffer.data());
    for (std::int64_t i = 0; i < n_out; ++i) mask_[static_cast<std::size_t>(at + i)] = fine_mask[2 * i];
  }
}

void HalvedRows::values(std::int64_t j, std::int64_t k, float* x, float* y) const {
  const std::int64_t n = shape_ijk_[0], at = n * (j + shape_ijk_[1] * k);
  std::copy(x_.data() + at, x_.data() + at + n, x);
  std::copy(y_.data() + at, y_.data() + at + n, y);
}

const std::uint8_t* HalvedRows::mask(std::int64_t j, std::int64_t k, std::uint8_t* /*buffer*/) const {
  return mask_.data() + shape_ijk_[0] * (j + shape_ijk_[1] * k);
}

}  // namespace gdm::metrics
