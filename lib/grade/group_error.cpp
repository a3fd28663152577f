// Bias, root mean squared error, absolute error at the mask's surface and away from it, correlation and distance of the
// histograms inside the mask; the same for every profile.
#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "grade/metric.hpp"
#include "metrics/correlation.hpp"
#include "metrics/surface.hpp"
#include "metrics/wasserstein.hpp"
#include "sys/parallel.hpp"

namespace gdm::grade {
namespace {

/// Depth of what counts as the surface: a shell of between 3 mm and 3 mm and a voxel, for what masks, partial volumes
/// and the few mm of a registration's error do to the patient's outline. Of voxels over 3 mm it is the surface's alone.
constexpr double edge_mm = 3.0;

std::vector<Metric> list(const Settings& /*settings*/) {
  const std::string edge = fmt::format(
      "the edge are mask voxels at most {:g} mm, between centres, from a voxel of the mask's surface (a face neighbour "
      "lies outside the mask; the border of the image is no surface)",
      edge_mm);
  return {{"bias_hu", "bias/HU", 2, "mean of prediction minus target inside the mask, not clipped", "error",
           Better::nearest_zero},
          {"rmse_hu", "RMSE/HU", 2, "root of the mean squared difference inside the mask, not clipped", "error"},
          {"ncc", "NCC", 4,
           "normalised cross-correlation (Pearson's) of prediction and target inside the mask, not clipped", "error",
           Better::higher},
          {"wasserstein_hu", "Wasserstein/HU", 2,
           "Wasserstein-1 distance between the HU distributions of prediction and target inside the mask, not clipped, "
           "of the sorted values (no bins)",
           "error"},
          {"mae_edge_hu", "MAE edge/HU", 2, "mean absolute difference over the edge, not clipped: " + edge, "error"},
          {"mae_interior_hu", "MAE interior/HU", 2,
           "mean absolute difference over the mask without its edge, not clipped: " + edge, "error"}};
}

std::optional<double> correlation_inside(const CaseVolumes& v) {
  const Index3& shape = v.mask.grid.shape_ijk;
  const std::int64_t slice = shape[0] * shape[1];
  std::vector<metrics::PairMoments> slices(static_cast<std::size_t>(shape[2]));
  parallel_for(shape[2], [&](std::int64_t k) {
    metrics::PairMoments& moments = slices[static_cast<std::size_t>(k)];
    for (std::int64_t n = k * slice; n < (k + 1) * slice; ++n) {
      const std::size_t at = static_cast<std::size_t>(n);
      if (v.mask.voxels[at] != 0) moments.add(v.prediction_hu.voxels[at], v.target_hu.voxels[at]);
    }
  });
  metrics::PairMoments total;
  for (const metrics::PairMoments& moments : slices) total.merge(moments);
  return total.correlation();
}

/// The mean absolute difference over the mask voxels that are in `edge`, and over those that are not.
struct SplitError {
  std::optional<double> edge_hu, interior_hu;
};

SplitError split_error(const CaseVolumes& v, const Mask& edge) {
  struct Sums {
    double edge = 0, interior = 0;
    std::int64_t edge_voxels = 0, interior_voxels = 0;
  };
  const Index3& shape = v.mask.grid.shape_ijk;
  const std::int64_t slice = shape[0] * shape[1];
  std::vector<Sums> slices(static_cast<std::size_t>(shape[2]));
  parallel_for(shape[2], [&](std::int64_t k) {
    Sums& sums = slices[static_cast<std::size_t>(k)];
    for (std::int64_t n = k * slice; n < (k + 1) * slice; ++n) {
      const std::size_t at = static_cast<std::size_t>(n);
      if (v.mask.voxels[at] == 0) continue;
      const bool in_edge = edge.voxels[at] != 0;
      (in_edge ? sums.edge : sums.interior) +=
          std::abs(static_cast<double>(v.prediction_hu.voxels[at]) - static_cast<double>(v.target_hu.voxels[at]));
      ++(in_edge ? sums.edge_voxels : sums.interior_voxels);
    }
  });
  Sums total;
  for (const Sums& sums : slices) {
    total.edge += sums.edge;
    total.interior += sums.interior;
    total.edge_voxels += sums.edge_voxels;
    total.interior_voxels += sums.interior_voxels;
  }
  SplitError error;
  if (total.edge_voxels > 0) error.edge_hu = total.edge / static_cast<double>(total.edge_voxels);
  if (total.interior_voxels > 0) error.interior_hu = total.interior / static_cast<double>(total.interior_voxels);
  return error;
}

void measure(const CaseVolumes& v, const Settings& settings, Scores& scores) {
  const metrics::PixelMetrics pixel = metrics::pixel_metrics(v.prediction_hu, v.target_hu, v.mask, settings.range);
  scores.set("bias_hu", pixel.bias_hu);
  scores.set("rmse_hu", pixel.rmse_hu);
  if (scores.wants("ncc")) scores.set("ncc", correlation_inside(v), "one of the volumes is constant inside the mask");
  if (scores.wants("wasserstein_hu")) {
    scores.set("wasserstein_hu", metrics::wasserstein_hu(v.prediction_hu, v.target_hu, v.mask));
  }
  if (scores.wants("mae_edge_hu") || scores.wants("mae_interior_hu")) {
    const SplitError error = split_error(v, metrics::near_surface(v.mask, edge_mm));
    scores.set("mae_edge_hu", error.edge_hu, "the mask fills the image");
    scores.set("mae_interior_hu", error.interior_hu, "the whole mask lies at its surface");
  }
}

}  // namespace

MetricGroup error_group() {
  return {"error", list, measure};
}

}  // namespace gdm::grade
