// Inputs in arbitrary units, mapped to HU so that they can be graded like a prediction.
#include <cmath>

#include "grade/grade.hpp"

namespace gdm::grade {

bool needs_linear_fit(const std::string& input_key) {
  return input_key.rfind("mr", 0) == 0;
}

Volume fit_linearly(const Volume& input, const Volume& target_hu, const Mask& mask) {
  metrics::check_gradable(input, target_hu, mask);
  double n = 0, mean_v = 0, mean_t = 0, vv = 0, vt = 0;
  for (std::size_t at = 0; at < mask.voxels.size(); ++at) {  // running means and centred products (Welford)
    if (mask.voxels[at] == 0) continue;
    const double v = input.voxels[at], t = target_hu.voxels[at];
    n += 1;
    const double dv = v - mean_v;
    mean_v += dv / n;
    mean_t += (t - mean_t) / n;
    vv += dv * (v - mean_v);
    vt += dv * (t - mean_t);
  }
  const double slope = vv > 0 ? vt / vv : 0.0, offset = mean_t - slope * mean_v;
  Volume fitted(input.grid, 0.0F);
  for (std::size_t at = 0; at < fitted.voxels.size(); ++at) {
    fitted.voxels[at] = static_cast<float>(offset + slope * static_cast<double>(input.voxels[at]));
  }
  return fitted;
}

}  // namespace gdm::grade
