// Four sums of a window (x, y, x^2 + y^2, x y) are enough, because the formula needs the variances only as their sum.
// The uniform window has running sums along k and j; the Gaussian one is applied along i, j and k in turn.
#include "metrics/ssim_sweep.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "metrics/ssim_kernels.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

constexpr double k1 = 0.01, k2 = 0.03, gauss_sigma_voxels = 1.5;

kernel::Constants constants_of(const MapOptions& options) {
  const double n = kernel::box_window * kernel::box_window * kernel::box_window;
  kernel::Constants constants;
  constants.scale = options.gaussian ? 1.0 : 1.0 / n;
  constants.sample = options.gaussian ? 1.0 : n / (n - 1.0);
  constants.c1 = std::pow(k1 * options.range_width, 2);
  constants.c2 = std::pow(k2 * options.range_width, 2);
  constants.contrast_only = options.contrast_only;
  return constants;
}

/// What both kinds of strip share: from the window sums of a row to sums of the map.
class Strip {
 public:
  Strip(const PairRows& rows, const MapOptions& options, std::int64_t radius)
      : rows_(rows),
        options_(options),
        constants_(constants_of(options)),
        ni_(rows.shape()[0]),
        radius_(radius),
        values_(static_cast<std::size_t>(ni_)),
        mask_(static_cast<std::size_t>(ni_)) {}

  MapSums sums;

 protected:
  /// Voxels first .. first + n of a row that are needed; n = 0: none.
  struct Part {
    std::int64_t first = 0, n = 0;
    const std::uint8_t* mask = nullptr;
  };

  Part needed(std::int64_t j, std::int64_t k) {
    Part part;
    part.mask = rows_.mask(j, k, mask_.data());
    std::int64_t first = radius_, last = ni_ - radius_ - 1;
    if (!options_.whole) {
      while (first <= last && part.mask[first] == 0) ++first;
      while (last >= first && part.mask[last] == 0) --last;
    }
    part.first = first;
    part.n = last - first + 1;
    return part;
  }

  /// `window`: sums of x, y, squares and product, ni_ apart, for the voxels of the part.
  void add(const Part& part, const double* window) {
    double* values = values_.data();
    kernel::similarity(part.n, window, window + ni_, window + 2 * ni_, window + 3 * ni_, constants_, values);
    if (options_.powered) kernel::power(part.n, options_.exponent, values);
    sums.masked += kernel::masked_sum(part.n, part.mask + part.first, values, sums.masked_voxels);
    if (!options_.whole) return;
    sums.whole += kernel::plain_sum(part.n, values);
    sums.whole_voxels += part.n;
  }

  const PairRows& rows_;
  const MapOptions options_;
  const kernel::Constants constants_;
  const std::int64_t ni_, radius_;

 private:
  std::vector<double> values_;
  std::vector<std::uint8_t> mask_;
};

class BoxStrip : public Strip {
 public:
  static constexpr std::int64_t window = kernel::box_window, radius = window / 2;
  static constexpr std::int64_t row_count = 24;  // (24 + 6) x 256 x 4 doubles: a strip's sums stay in a level-2 cache

  BoxStrip(const PairRows& rows, const MapOptions& options) : Strip(rows, options, radius) {
    const std::size_t n = static_cast<std::size_t>(ni_);
    columns_.assign(static_cast<std::size_t>(row_count + 2 * radius) * 4 * n, 0.0);
    window_rows_.assign(4 * n, 0.0);
    pairs_.assign(n, 0.0);
    boxes_.assign(4 * n, 0.0);
    prepared_.assign(4 * n, 0.0F);
  }

  /// Centres with first <= j < last, all k that have a whole window.
  void sweep(std::int64_t first, std::int64_t last) {
    for (std::int64_t k = 0; k < rows_.shape()[2]; ++k) {
      for (std::int64_t j = first - radius; j < last + radius; ++j) update_columns(j, j - first + radius, k);
      if (k >= window - 1) sum_plane(first, last, k - radius);
    }
  }

 private:
  double* column(std::int64_t row) { return columns_.data() + row * 4 * ni_; }

  /// Adds plane k to the column sums of one row and takes plane k - 7 away.
  void update_columns(std::int64_t j, std::int64_t row, std::int64_t k) {
    float *x_new = prepared_.data(), *y_new = x_new + ni_, *x_old = y_new + ni_, *y_old = x_old + ni_;
    rows_.values(j, k, x_new, y_new);
    if (k >= window) {
      rows_.values(j, k - window, x_old, y_old);
    } else {
      if (k == 0) std::fill(column(row), column(row) + 4 * ni_, 0.0);
      std::fill(x_old, x_old + 2 * ni_, 0.0F);
    }
    kernel::update_columns(ni_, x_new, y_new, x_old, y_old, column(row));
  }

  /// The centres of plane k, whose seven planes are in the column sums.
  void sum_plane(std::int64_t first, std::int64_t last, std::int64_t k) {
    std::fill(window_rows_.begin(), window_rows_.end(), 0.0);
    for (std::int64_t row = 0; row < window - 1; ++row) {
      kernel::exchange(4 * ni_, column(row), nullptr, window_rows_.data());
    }
    for (std::int64_t j = first; j < last; ++j) {
      const std::int64_t row = j - first;
      kernel::exchange(4 * ni_, column(row + window - 1), row > 0 ? column(row - 1) : nullptr, window_rows_.data());
      const Part part = needed(j, k);
      if (part.n < 1) continue;
      for (std::int64_t q = 0; q < 4; ++q) {
        kernel::box_sums(part.n + window - 1, window_rows_.data() + q * ni_ + part.first - radius, pairs_.data(),
                         boxes_.data() + q * ni_);
      }
      add(part, boxes_.data());
    }
  }

  std::vector<double> columns_, window_rows_, pairs_, boxes_;  ///< [row][sum][i], [sum][i], [i], [sum][i]
  std::vector<float> prepared_;                                ///< x and y of plane k, x and y of plane k - 7
};

class GaussStrip : public Strip {
 public:
  static constexpr std::int64_t window = kernel::gauss_window, radius = window / 2;
  static constexpr std::int64_t row_count = 12;

  GaussStrip(const PairRows& rows, const MapOptions& options) : Strip(rows, options, radius) {
    double total = 0;
    for (std::int64_t t = -radius; t <= radius; ++t) {
      total += std::exp(-0.5 * std::pow(static_cast<double>(t) / gauss_sigma_voxels, 2));
    }
    for (std::int64_t t = 0; t <= radius; ++t) {
      weights_[t] = std::exp(-0.5 * std::pow(static_cast<double>(t) / gauss_sigma_voxels, 2)) / total;
    }
    const std::size_t four = 4 * static_cast<std::size_t>(ni_);
    prepared_.assign(four / 2, 0.0F);
    products_.assign(four, 0.0);
    along_i_.assign(static_cast<std::size_t>(row_count + 2 * radius) * four, 0.0);
    planes_.assign(static_cast<std::size_t>(window * row_count) * four, 0.0);
    window_.assign(four, 0.0);
  }

  void sweep(std::int64_t first, std::int64_t last) {
    for (std::int64_t k = 0; k < rows_.shape()[2]; ++k) {
      filter_plane(first, last, k);
      if (k < window - 1) continue;
      for (std::int64_t j = first; j < last; ++j) finish_row(j, j - first, k - radius);
    }
  }

 private:
  double* along_i(std::int64_t row) { return along_i_.data() + row * 4 * ni_; }
  double* plane_row(std::int64_t k, std::int64_t row) {
    return planes_.data() + ((k % window) * row_count + row) * 4 * ni_;
  }

  /// Plane k filtered along i and j, into the ring of eleven planes.
  void filter_plane(std::int64_t first, std::int64_t last, std::int64_t k) {
    const double* taps[window];
    const std::int64_t inner = ni_ - 2 * radius;
    for (std::int64_t row = 0; row < last - first + 2 * radius; ++row) {
      rows_.values(first - radius + row, k, prepared_.data(), prepared_.data() + ni_);
      kernel::products(ni_, prepared_.data(), prepared_.data() + ni_, products_.data());
      for (std::int64_t q = 0; q < 4; ++q) {
        for (std::int64_t t = 0; t < window; ++t) taps[t] = products_.data() + q * ni_ + t;
        kernel::weighted_sum(inner, taps, weights_, along_i(row) + q * ni_ + radius);
      }
    }
    for (std::int64_t row = 0; row < last - first; ++row) {
      for (std::int64_t t = 0; t < window; ++t) taps[t] = along_i(row + t);
      kernel::weighted_sum(4 * ni_, taps, weights_, plane_row(k, row));
    }
  }

  void finish_row(std::int64_t j, std::int64_t row, std::int64_t k) {
    const Part part = needed(j, k);
    if (part.n < 1) return;
    const double* taps[window];
    for (std::int64_t q = 0; q < 4; ++q) {
      for (std::int64_t t = 0; t < window; ++t) taps[t] = plane_row(k - radius + t, row) + q * ni_ + part.first;
      kernel::weighted_sum(part.n, taps, weights_, window_.data() + q * ni_);
    }
    add(part, window_.data());
  }

  double weights_[kernel::gauss_window / 2 + 1] = {};         ///< by distance from the centre
  std::vector<float> prepared_;                               ///< x and y of a row
  std::vector<double> products_, along_i_, planes_, window_;  ///< [sum][i], [row][sum][i], [k][row][sum][i], [sum][i]
};

template <class S>
MapSums sweep_strips(const PairRows& rows, const MapOptions& options) {
  const Index3& shape = rows.shape();
  MapSums total;
  if (*std::min_element(shape.begin(), shape.end()) < S::window) return total;
  const std::int64_t end = shape[1] - S::radius;
  const std::int64_t strips = (end - S::radius + S::row_count - 1) / S::row_count;
  std::vector<MapSums> sums(static_cast<std::size_t>(strips));
  parallel_for(strips, [&](std::int64_t s) {
    S strip(rows, options);
    const std::int64_t first = S::radius + s * S::row_count;
    strip.sweep(first, std::min(first + S::row_count, end));
    sums[static_cast<std::size_t>(s)] = strip.sums;
  });
  for (const MapSums& s : sums) {
    total.masked += s.masked;
    total.whole += s.whole;
    total.masked_voxels += s.masked_voxels;
    total.whole_voxels += s.whole_voxels;
  }
  return total;
}

}  // namespace

MapSums sweep(const PairRows& rows, const MapOptions& options) {
  return options.gaussian ? sweep_strips<GaussStrip>(rows, options) : sweep_strips<BoxStrip>(rows, options);
}

}  // namespace gdm::metrics
