// Sums are held in double: products of float32 are exact there, so running sums do not drift.
#include "metrics/ssim_kernels.hpp"

#include <cmath>
#include <cstring>

#include "sys/clones.hpp"

namespace gdm::metrics::kernel {
namespace {

template <class To, class From>
GDM_INLINE To bits(From from) {
  To to;
  static_assert(sizeof to == sizeof from, "same size");
  std::memcpy(&to, &from, sizeof to);
  return to;
}

/// log2 of a positive, normal number: the mantissa in [sqrt(1/2), sqrt(2)) by atanh's series to s^13, error 1e-12.
GDM_INLINE double log2_of(double v) {
  constexpr std::int64_t sqrt_half = 0x3fe6a09e667f3bcd, mantissa = 0x000fffffffffffff;
  constexpr double magic = 6755399441055744.0;  // 1.5 x 2^52: adding it puts an integer into the low bits
  const std::int64_t b = bits<std::int64_t>(v) - sqrt_half;
  const std::int64_t shifted = static_cast<std::int64_t>(static_cast<std::uint64_t>(b + (1024LL << 52)) >> 52);
  const double exponent = bits<double>(shifted + bits<std::int64_t>(magic)) - magic - 1024.0;
  const double m = bits<double>((b & mantissa) + sqrt_half);
  const double s = (m - 1.0) / (m + 1.0), q = s * s;
  const double series =
      1.0 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q * (1.0 / 11 + q * (1.0 / 13 + q / 15))))));
  constexpr double two_over_ln2 = 2.8853900817779268;
  return exponent + two_over_ln2 * s * series;
}

/// 2^v for -1000 < v < 1000: Taylor series of the fraction in [-1/2, 1/2], error 1e-12.
GDM_INLINE double exp2_of(double v) {
  constexpr double magic = 6755399441055744.0, ln2 = 0.69314718055994531;
  const double rounded = v + magic;
  const double f = (v - (rounded - magic)) * ln2;
  const double series =
      1.0 +
      f * (1.0 + f * (1.0 / 2 +
                      f * (1.0 / 6 +
                           f * (1.0 / 24 +
                                f * (1.0 / 120 +
                                     f * (1.0 / 720 + f * (1.0 / 5040 + f * (1.0 / 40320 + f * (1.0 / 362880)))))))));
  const std::uint64_t exponent = bits<std::uint64_t>(rounded) << 52;  // the low bits hold the integer
  return bits<double>(bits<std::uint64_t>(series) + exponent);
}

}  // namespace

GDM_CLONES void clip_row(std::int64_t n, const float* __restrict hu, float low, float high, float* __restrict out) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float above = hu[i] > low ? hu[i] : low;
    out[i] = (above < high ? above : high) - low;
  }
}

GDM_CLONES void shift_row(std::int64_t n, const float* __restrict hu, float low, float* __restrict out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = hu[i] - hu[i] == 0.0F ? hu[i] - low : 0.0F;
}

GDM_CLONES void mask_row(std::int64_t n, const std::uint8_t* __restrict mask, float* __restrict values) {
  for (std::int64_t i = 0; i < n; ++i) values[i] = mask[i] != 0 ? values[i] : 0.0F;
}

GDM_CLONES void update_columns(std::int64_t n, const float* __restrict x_new, const float* __restrict y_new,
                               const float* __restrict x_old, const float* __restrict y_old, double* __restrict sums) {
  double* __restrict sx = sums, * __restrict sy = sums + n, * __restrict squares = sums + 2 * n, * __restrict product = sums + 3 * n;
  for (std::int64_t i = 0; i < n; ++i) {
    const double a = x_new[i], b = y_new[i], c = x_old[i], d = y_old[i];
    sx[i] += a - c;
    sy[i] += b - d;
    squares[i] += (a * a + b * b) - (c * c + d * d);
    product[i] += a * b - c * d;
  }
}

GDM_CLONES void products(std::int64_t n, const float* __restrict x, const float* __restrict y,
                         double* __restrict four) {
  for (std::int64_t i = 0; i < n; ++i) {
    const double a = x[i], b = y[i];
    four[i] = a;
    four[i + n] = b;
    four[i + 2 * n] = a * a + b * b;
    four[i + 3 * n] = a * b;
  }
}

GDM_CLONES void exchange(std::int64_t n, const double* __restrict add, const double* __restrict subtract,
                         double* __restrict rows) {
  if (subtract == nullptr) {
    for (std::int64_t i = 0; i < n; ++i) rows[i] += add[i];
  } else {
    for (std::int64_t i = 0; i < n; ++i) rows[i] += add[i] - subtract[i];
  }
}

GDM_CLONES void box_sums(std::int64_t n, const double* __restrict in, double* __restrict pairs,
                         double* __restrict boxes) {
  for (std::int64_t i = 0; i + 1 < n; ++i) pairs[i] = in[i] + in[i + 1];
  for (std::int64_t i = 0; i + box_window <= n; ++i) {
    boxes[i] = (pairs[i] + pairs[i + 2]) + (pairs[i + 4] + in[i + 6]);
  }
}

GDM_CLONES void weighted_sum(std::int64_t n, const double* const rows[gauss_window], const double* weights,
                             double* __restrict out) {
  const double *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3], *r4 = rows[4], *r5 = rows[5], *r6 = rows[6],
               *r7 = rows[7], *r8 = rows[8], *r9 = rows[9], *r10 = rows[10];
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = weights[0] * r5[i] + (weights[1] * (r4[i] + r6[i]) + weights[2] * (r3[i] + r7[i])) +
             (weights[3] * (r2[i] + r8[i]) + (weights[4] * (r1[i] + r9[i]) + weights[5] * (r0[i] + r10[i])));
  }
}

GDM_CLONES void similarity(std::int64_t n, const double* __restrict x, const double* __restrict y,
                           const double* __restrict squares, const double* __restrict product,
                           const Constants& constants, double* __restrict values) {
  const double scale = constants.scale, sample = constants.sample, c1 = constants.c1, c2 = constants.c2;
  const double luminance = constants.contrast_only ? 0.0 : 1.0, rest = 1.0 - luminance;
  for (std::int64_t i = 0; i < n; ++i) {
    const double ux = x[i] * scale, uy = y[i] * scale;
    const double uu = ux * ux + uy * uy, uxy = ux * uy;
    const double variances = sample * (squares[i] * scale - uu);
    const double covariance = sample * (product[i] * scale - uxy);
    const double above = luminance * (2.0 * uxy + c1) + rest, below = luminance * (uu + c1) + rest;
    values[i] = above * (2.0 * covariance + c2) / (below * (variances + c2));
  }
}

GDM_CLONES void power(std::int64_t n, double exponent, double* __restrict values) {
  constexpr double tiny = 1e-300;  // stands for 0, whose logarithm has no number
  for (std::int64_t i = 0; i < n; ++i) {
    const double v = values[i] > tiny ? values[i] : tiny;
    const double raised = exp2_of(exponent * log2_of(v));
    values[i] = values[i] > tiny ? raised : 0.0;
  }
}

GDM_CLONES double masked_sum(std::int64_t n, const std::uint8_t* __restrict mask, const double* __restrict values,
                             std::int64_t& count) {
  constexpr std::int64_t lanes = 8;
  double sums[lanes] = {};
  std::int64_t inside = 0, i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (std::int64_t l = 0; l < lanes; ++l) sums[l] += mask[i + l] != 0 ? values[i + l] : 0.0;
  }
  for (; i < n; ++i) sums[i % lanes] += mask[i] != 0 ? values[i] : 0.0;
  for (i = 0; i < n; ++i) inside += mask[i] != 0 ? 1 : 0;
  count += inside;
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

GDM_CLONES double plain_sum(std::int64_t n, const double* __restrict values) {
  constexpr std::int64_t lanes = 8;
  double sums[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (std::int64_t l = 0; l < lanes; ++l) sums[l] += values[i + l];
  }
  for (; i < n; ++i) sums[i % lanes] += values[i];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

GDM_CLONES void halve_row(std::int64_t n_out, const float* const rows[4], int step, float* __restrict out) {
  const float *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];
  const std::int64_t first = step < 0 ? 1 : 0;
  if (step < 0) out[0] = 0.125F * ((a[0] + b[0]) + (c[0] + d[0]));
  for (std::int64_t i = first; i < n_out; ++i) {
    const std::int64_t here = 2 * i, other = here + step;
    out[i] = 0.125F * (((a[here] + b[here]) + (c[here] + d[here])) + ((a[other] + b[other]) + (c[other] + d[other])));
  }
}

}  // namespace gdm::metrics::kernel
