// Strips of rows are swept along k. Four running sums per column (x, y, x^2 + y^2, x y) are enough, because the
// formula needs the variances only as a sum. Sums are held in double: products of float32 are exact there.
#include "metrics/ssim.hpp"

#include <algorithm>
#include <vector>

#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

constexpr std::int64_t window = 7, radius = window / 2;
constexpr std::int64_t strip_rows = 24;  // (24 + 6) x 256 x 4 doubles: a strip's sums stay in a level-2 cache
constexpr double k1 = 0.01, k2 = 0.03;

/// Clipped, masked and shifted row: 0 outside the mask, value - low inside.
void prepare_row(const float* hu, const std::uint8_t* mask, std::int64_t ni, const HuRange& range, float* row) {
  const float low = static_cast<float>(range.low_hu), high = static_cast<float>(range.high_hu);
  for (std::int64_t i = 0; i < ni; ++i) {
    const float above = hu[i] > low ? hu[i] : low;
    const float clipped = (above < high ? above : high) - low;
    row[i] = mask[i] != 0 ? clipped : 0.0F;
  }
}

class Strip {
 public:
  Strip(const Volume& x, const Volume& y, const Mask& mask, const HuRange& range)
      : x_(x), y_(y), mask_(mask), range_(range), ni_(mask.grid.shape_ijk[0]) {
    const std::size_t n = static_cast<std::size_t>(ni_);
    columns_.assign(static_cast<std::size_t>(strip_rows + 2 * radius) * 4 * n, 0.0);
    rows_.assign(4 * n, 0.0);
    pairs_.assign(n, 0.0);
    boxes_.assign(4 * n, 0.0);
    values_.assign(n, 0.0);
    prepared_.assign(4 * n, 0.0F);
    const double n_voxels = static_cast<double>(window * window * window);
    inverse_ = 1.0 / n_voxels;
    sample_ = n_voxels / (n_voxels - 1.0);
    const double c1 = k1 * range.width_hu(), c2 = k2 * range.width_hu();
    c1_ = c1 * c1;
    c2_ = c2 * c2;
  }

  double total = 0;        ///< sum of SSIM over the mask voxels of the strip
  std::int64_t count = 0;  ///< their number

  /// Centres with first <= j < last, all k that have a whole window.
  void sweep(std::int64_t first, std::int64_t last) {
    const std::int64_t nk = mask_.grid.shape_ijk[2];
    for (std::int64_t k = 0; k < nk; ++k) {
      for (std::int64_t j = first - radius; j < last + radius; ++j) update_columns(j, j - first + radius, k);
      if (k >= window - 1) sum_plane(first, last, k - radius);
    }
  }

 private:
  double* column(std::int64_t row) { return columns_.data() + row * 4 * ni_; }

  /// Adds plane k to the column sums of one row and takes plane k - 7 away.
  void update_columns(std::int64_t j, std::int64_t row, std::int64_t k) {
    float *xn = prepared_.data(), *yn = xn + ni_, *xo = yn + ni_, *yo = xo + ni_;
    const auto prepare = [&](std::int64_t plane, float* x, float* y) {
      const std::size_t at = mask_.offset(0, j, plane);
      prepare_row(x_.voxels.data() + at, mask_.voxels.data() + at, ni_, range_, x);
      prepare_row(y_.voxels.data() + at, mask_.voxels.data() + at, ni_, range_, y);
    };
    prepare(k, xn, yn);
    if (k >= window) {
      prepare(k - window, xo, yo);
    } else if (k == 0) {
      std::fill(column(row), column(row) + 4 * ni_, 0.0);
    }
    if (k < window) std::fill(xo, xo + 2 * ni_, 0.0F);
    double *sx = column(row), *sy = sx + ni_, *squares = sy + ni_, *product = squares + ni_;
    for (std::int64_t i = 0; i < ni_; ++i) {
      const double a = xn[i], b = yn[i], c = xo[i], d = yo[i];
      sx[i] += a - c;
      sy[i] += b - d;
      squares[i] += (a * a + b * b) - (c * c + d * d);
      product[i] += a * b - c * d;
    }
  }

  /// SSIM of the mask voxels with first <= j < last in plane k, whose seven planes are in the column sums.
  void sum_plane(std::int64_t first, std::int64_t last, std::int64_t k) {
    std::fill(rows_.begin(), rows_.end(), 0.0);
    for (std::int64_t row = 0; row < window - 1; ++row) add_row(column(row), 1.0);
    for (std::int64_t j = first; j < last; ++j) {
      const std::int64_t row = j - first;
      add_row(column(row + window - 1), 1.0);
      sum_row(mask_.voxels.data() + mask_.offset(0, j, k));
      add_row(column(row), -1.0);
    }
  }

  void add_row(const double* sums, double sign) {
    double* rows = rows_.data();
    for (std::int64_t i = 0; i < 4 * ni_; ++i) rows[i] += sign * sums[i];
  }

  /// boxes[i] = sum of rows[i] .. rows[i + 6]
  void box_sums(std::int64_t n, const double* rows, double* boxes) {
    double* pairs = pairs_.data();
    for (std::int64_t i = 0; i + 1 < n; ++i) pairs[i] = rows[i] + rows[i + 1];
    for (std::int64_t i = 0; i + window <= n; ++i) {
      boxes[i] = (pairs[i] + pairs[i + 2]) + (pairs[i + 4] + rows[i + 6]);
    }
  }

  void sum_row(const std::uint8_t* mask) {
    const auto inside = [](std::uint8_t v) { return v != 0; };
    const std::uint8_t* const end = mask + ni_ - radius;
    const std::uint8_t* const begin = std::find_if(mask + radius, end, inside);
    if (begin == end) return;
    std::int64_t last = ni_ - radius - 1;
    while (mask[last] == 0) --last;
    const std::int64_t first = begin - mask, n = last - first + 1;
    for (std::int64_t q = 0; q < 4; ++q) {
      box_sums(n + window - 1, rows_.data() + q * ni_ + first - radius, boxes_.data() + q * ni_);
    }
    similarity(n);
    double partial[4] = {0, 0, 0, 0};  // four chains of additions
    for (std::int64_t i = 0; i < n; ++i) {
      if (begin[i] == 0) continue;
      partial[i & 3] += values_[static_cast<std::size_t>(i)];
      ++count;
    }
    total += (partial[0] + partial[1]) + (partial[2] + partial[3]);
  }

  /// values[i] from the box sums: equation 13 with sample (co)variances.
  void similarity(std::int64_t n) {
    const double *sx = boxes_.data(), *sy = sx + ni_, *squares = sy + ni_, *product = squares + ni_;
    double* values = values_.data();
    const double inverse = inverse_, sample = sample_, c1 = c1_, c2 = c2_;
    for (std::int64_t i = 0; i < n; ++i) {
      const double ux = sx[i] * inverse, uy = sy[i] * inverse;
      const double uu = ux * ux + uy * uy, uxy = ux * uy;
      const double variances = sample * (squares[i] * inverse - uu);
      const double covariance = sample * (product[i] * inverse - uxy);
      values[i] = (2.0 * uxy + c1) * (2.0 * covariance + c2) / ((uu + c1) * (variances + c2));
    }
  }

  const Volume &x_, &y_;
  const Mask& mask_;
  const HuRange range_;
  const std::int64_t ni_;
  std::vector<double> columns_, rows_, pairs_, boxes_, values_;  ///< [row][sum][i], [sum][i], [i], [sum][i], [i]
  std::vector<float> prepared_;                                  ///< x and y of plane k, x and y of plane k - 7
  double inverse_ = 0, sample_ = 0, c1_ = 0, c2_ = 0;
};

}  // namespace

std::optional<double> ssim_synthrad2023(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                        const HuRange& range) {
  const Index3& shape = mask.grid.shape_ijk;
  if (*std::min_element(shape.begin(), shape.end()) < window) return std::nullopt;
  const std::int64_t rows = shape[1] - 2 * radius, strips = (rows + strip_rows - 1) / strip_rows;
  std::vector<double> totals(static_cast<std::size_t>(strips));
  std::vector<std::int64_t> counts(static_cast<std::size_t>(strips));
  parallel_for(strips, [&](std::int64_t s) {
    Strip strip(prediction_hu, target_hu, mask, range);
    const std::int64_t first = radius + s * strip_rows;
    strip.sweep(first, std::min(first + strip_rows, shape[1] - radius));
    totals[static_cast<std::size_t>(s)] = strip.total;
    counts[static_cast<std::size_t>(s)] = strip.count;
  });
  double total = 0;
  std::int64_t count = 0;
  for (std::size_t s = 0; s < totals.size(); ++s) {
    total += totals[s];
    count += counts[s];
  }
  if (count == 0) return std::nullopt;
  return total / static_cast<double>(count);
}

}  // namespace gdm::metrics
