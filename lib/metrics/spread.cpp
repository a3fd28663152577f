#include "metrics/spread.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "metrics/correlation.hpp"
#include "metrics/pixel.hpp"
#include "sys/error.hpp"

namespace gdm::metrics {
namespace {

/// Spread and absolute error of a voxel.
using Pair = std::pair<float, float>;

std::vector<Pair> pairs_inside(const Volume& prediction, const Volume& target, const Volume& spread, const Mask& mask) {
  std::vector<Pair> pairs;
  for (std::size_t v = 0; v < mask.voxels.size(); ++v) {
    if (mask.voxels[v] == 0) continue;
    pairs.emplace_back(spread.voxels[v], std::abs(prediction.voxels[v] - target.voxels[v]));
  }
  return pairs;
}

/// Errors in the order of the spread, those of one spread replaced by their mean.
std::vector<float> errors_by_spread(std::vector<Pair> pairs) {
  std::sort(pairs.begin(), pairs.end());
  std::vector<float> errors;
  errors.reserve(pairs.size());
  for (std::size_t first = 0; first < pairs.size();) {
    std::size_t end = first;
    double sum = 0;
    for (; end < pairs.size() && pairs[end].first == pairs[first].first; ++end) {
      sum += static_cast<double>(pairs[end].second);
    }
    errors.insert(errors.end(), end - first, static_cast<float>(sum / static_cast<double>(end - first)));
    first = end;
  }
  return errors;
}

/// The mean over the shares of the mean error of what is left, of errors in the order in which they stay.
double area(const std::vector<float>& errors) {
  constexpr std::size_t shares = 100;
  std::vector<double> left(shares);  // error of what is left at each share
  double sum = 0;
  std::size_t taken = 0;
  for (std::size_t s = shares; s-- > 0;) {
    const std::size_t keep = std::max<std::size_t>(1, errors.size() - errors.size() * s / shares);
    for (; taken < keep; ++taken) sum += static_cast<double>(errors[taken]);
    left[s] = sum / static_cast<double>(keep);
  }
  double total = 0;
  for (const double value : left) total += value;
  return total / static_cast<double>(shares);
}

/// Of a normal distribution, for what lies so far from its mean.
double normal_crps(double deviation, double error) {
  if (deviation == 0) return error;
  static const double root_of_pi = std::sqrt(std::acos(-1.0));
  const double z = error / deviation;
  const double density = std::exp(-z * z / 2) / (std::sqrt(2.0) * root_of_pi);
  return deviation * (z * normal_share(z) + 2 * density - 1 / root_of_pi);
}

}  // namespace

double normal_share(double k) {
  return std::erf(k / std::sqrt(2.0));
}

void require_spread(const Volume& spread_hu, const Mask& mask) {
  for (std::size_t v = 0; v < mask.voxels.size(); ++v) {
    const float deviation = spread_hu.voxels[v];
    if (mask.voxels[v] == 0 || (deviation >= 0 && std::isfinite(deviation))) continue;
    throw Error(fmt::format("the spread is {:g} in a voxel of the mask, expected a standard deviation", deviation));
  }
}

SpreadMetrics spread_metrics(const Volume& prediction_hu, const Volume& target_hu, const Volume& spread_hu,
                             const Mask& mask) {
  check_gradable(prediction_hu, target_hu, mask);
  require_spread(spread_hu, mask);
  const std::vector<Pair> pairs = pairs_inside(prediction_hu, target_hu, spread_hu, mask);
  SpreadMetrics result;
  PairMoments moments;
  std::vector<float> errors;
  errors.reserve(pairs.size());
  double sum = 0, scores = 0, error_squares = 0, spread_squares = 0;
  std::array<std::int64_t, spread_multiples> covered{};
  for (const auto& [spread, error] : pairs) {
    const auto s = static_cast<double>(spread), e = static_cast<double>(error);
    moments.add(s, e);
    errors.push_back(error);
    sum += e;
    scores += normal_crps(s, e);
    error_squares += e * e;
    spread_squares += s * s;
    for (std::size_t k = 0; k < covered.size(); ++k) covered[k] += e <= spread_multiple(k) * s ? 1 : 0;
  }
  const auto count = static_cast<double>(pairs.size());
  for (std::size_t k = 0; k < covered.size(); ++k) result.within[k] = static_cast<double>(covered[k]) / count;
  result.crps_hu = scores / count;
  result.correlation = moments.correlation();
  if (sum > 0) {
    std::sort(errors.begin(), errors.end());
    result.ause = (area(errors_by_spread(pairs)) - area(errors)) / (sum / count);
    result.ratio = std::sqrt(spread_squares / error_squares);
  }
  return result;
}

}  // namespace gdm::metrics
