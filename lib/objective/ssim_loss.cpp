#include "objective/ssim_loss.hpp"

namespace gdm::objective {
namespace {

constexpr std::int64_t window = 7, border = window / 2;
constexpr double range = 2.0, c1 = (0.01 * range) * (0.01 * range), c2 = (0.03 * range) * (0.03 * range);
constexpr double sample = 343.0 / 342.0;  // covariance of a sample from that of its 7^3 voxels

/// Means over cubes of 7^3 voxels that lie inside, axis by axis; sums of 7 from sums of 4 and 2.
Tensor cube_means(const Tensor& x) {
  Tensor mean = x;
  for (const std::int64_t dim : {2, 3, 4}) {
    const std::int64_t places = mean.size(dim) - window + 1;
    const Tensor two = mean.narrow(dim, 0, places + 4) + mean.narrow(dim, 1, places + 4);
    Tensor sum = two.narrow(dim, 0, places) + two.narrow(dim, 2, places);
    sum.add_(two.narrow(dim, 4, places)).add_(mean.narrow(dim, 6, places));
    mean = sum.mul_(1.0 / static_cast<double>(window));
  }
  return mean;
}

/// The transpose of cube_means().
Tensor spread(const Tensor& x) {
  constexpr std::int64_t p = window - 1;
  return cube_means(torch::constant_pad_nd(x, {p, p, p, p, p, p}));
}

}  // namespace

PairedLoss ssim_loss(const Tensor& predicted, const Tensor& target, const Tensor& mask) {
  const torch::NoGradGuard no_grad;
  const Tensor inside = mask.to(torch::kFloat32);
  const Tensor x = (predicted.clamp(-1.0, 1.0) + 1.0) * inside, y = (target.clamp(-1.0, 1.0) + 1.0) * inside;
  Tensor weight = inside;
  for (const std::int64_t dim : {2, 3, 4}) weight = weight.narrow(dim, border, weight.size(dim) - 2 * border);
  const Tensor voxels = weight.sum();
  weight = weight / voxels.clamp_min(1.0);

  const std::vector<Tensor> means = cube_means(torch::cat({x, y, x * x, y * y, x * y}, 1)).split(1, 1);
  const Tensor &mx = means[0], &my = means[1];
  const Tensor luminance = 2.0 * mx * my + c1, luminance_norm = mx * mx + my * my + c1;
  const Tensor structure = 2.0 * sample * (means[4] - mx * my) + c2;
  const Tensor structure_norm = sample * (means[2] - mx * mx + means[3] - my * my) + c2;
  const Tensor ssim = luminance * structure / (luminance_norm * structure_norm);

  // Derivatives of ssim by the means of x y, of x^2 and of x, weighted.
  const Tensor by_xy = weight * (2.0 * sample) * luminance / (luminance_norm * structure_norm);
  const Tensor by_xx = weight * -sample * ssim / structure_norm;
  const Tensor by_x = weight * 2.0 * (my * structure / (luminance_norm * structure_norm) - mx * ssim / luminance_norm) -
                      my * by_xy - 2.0 * mx * by_xx;
  const std::vector<Tensor> spreads = spread(torch::cat({by_x, by_xy, by_xx}, 1)).split(1, 1);
  const Tensor unclipped = (predicted.abs() <= 1.0).to(torch::kFloat32) * inside;
  const Tensor slope = spreads[0] + y * spreads[1] + 2.0 * x * spreads[2];
  const Tensor value = (voxels > 0).to(torch::kFloat64) - (ssim * weight).sum().to(torch::kFloat64);
  return {value, slope.neg() * unclipped};
}

}  // namespace gdm::objective
