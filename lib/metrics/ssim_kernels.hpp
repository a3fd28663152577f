// The inner loops of structural similarity, one row of voxels at a time. They are apart because they are compiled for
// more than one instruction set. Rows must not overlap unless stated.
#pragma once

#include <cstdint>

namespace gdm::metrics::kernel {

constexpr std::int64_t box_window = 7;     ///< voxels along each axis of the uniform window
constexpr std::int64_t gauss_window = 11;  ///< of the Gaussian window

/// HU to values that start at 0: max(hu, low) - low, at most high - low.
void clip_row(std::int64_t n, const float* hu, float low, float high, float* out);
/// The same without clipping; what is not finite becomes 0.
void shift_row(std::int64_t n, const float* hu, float low, float* out);
/// Sets to 0 what the mask leaves out.
void mask_row(std::int64_t n, const std::uint8_t* mask, float* values);

/// Column sums of x, y, x^2 + y^2 and x y (four rows of n in a block): adds the new plane, takes the old one away.
void update_columns(std::int64_t n, const float* x_new, const float* y_new, const float* x_old, const float* y_old,
                    double* sums);
/// x, y, x^2 + y^2 and x y as four rows of n in a block.
void products(std::int64_t n, const float* x, const float* y, double* four);
/// rows += add - subtract; `subtract` may be null.
void exchange(std::int64_t n, const double* add, const double* subtract, double* rows);
/// boxes[i] = in[i] + .. + in[i + 6] for i + 6 < n; `pairs` is scratch of n.
void box_sums(std::int64_t n, const double* in, double* pairs, double* boxes);
/// out[i] = sum over t of weights[|t - 5|] rows[t][i], t = 0 .. 10.
void weighted_sum(std::int64_t n, const double* const rows[gauss_window], const double* weights, double* out);

struct Constants {
  double scale = 1;   ///< window sums times this are means
  double sample = 1;  ///< n / (n - 1) for sample covariances
  double c1 = 0, c2 = 0;
  bool contrast_only = false;  ///< without the luminance term
};

/// SSIM of each voxel from the window sums of x, y, x^2 + y^2 and x y. The variances are needed only as their sum.
void similarity(std::int64_t n, const double* x, const double* y, const double* squares, const double* product,
                const Constants& constants, double* values);
/// values = max(values, 0)^exponent for values <= 2 and 0 < exponent <= 1, to 1e-10.
void power(std::int64_t n, double exponent, double* values);

/// Sum of the values where the mask is not 0, and their number added to `count`.
double masked_sum(std::int64_t n, const std::uint8_t* mask, const double* values, std::int64_t& count);
double plain_sum(std::int64_t n, const double* values);

/// out[i] = sum of four rows at 2 i and its neighbour 2 i + step, divided by 8. With step -1 there is nothing before
/// the row, which counts as 0; with step 1 the rows hold at least 2 n_out voxels.
void halve_row(std::int64_t n_out, const float* const rows[4], int step, float* out);

}  // namespace gdm::metrics::kernel
