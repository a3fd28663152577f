#include "grade/level_distances.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "metrics/distribution.hpp"
#include "metrics/frechet_bootstrap.hpp"
#include "metrics/kernel_distance.hpp"
#include "metrics/manifold.hpp"
#include "sys/error.hpp"

namespace gdm::grade {
namespace {

using PatientMoments = std::vector<metrics::FeatureMoments>;

void warn(LevelDistances& result, const std::string& text) {
  result.warning += (result.warning.empty() ? "" : "; ") + text;
}

PatientMoments moments_of(const metrics::PatientFeatures& patients) {
  PatientMoments moments(patients.size());
  for (std::size_t p = 0; p < patients.size(); ++p) {
    moments[p].add(patients[p].values.data(), patients[p].rows(), patients[p].dims);
  }
  return moments;
}

metrics::FeatureMoments pooled_moments(const metrics::FeatureMatrix& rows) {
  metrics::FeatureMoments moments;
  moments.add(rows.values.data(), rows.rows(), rows.dims);
  return moments;
}

std::int64_t rows_of(const metrics::PatientFeatures& patients) {
  std::int64_t rows = 0;
  for (const metrics::FeatureMatrix& features : patients) rows += features.rows();
  return rows;
}

/// The spread of the draws about the sample's own value, which lies between 0 and `most`. A draw has fewer distinct
/// patients and so lies to one side of it.
std::optional<metrics::Interval> spread_about(double value, const std::vector<double>& draws,
                                              double most = std::numeric_limits<double>::infinity()) {
  const auto middle = metrics::percentile_interval(draws, 1e-9);
  const auto interval = metrics::percentile_interval(draws);
  if (!middle || !interval) return std::nullopt;
  const double move = value - 0.5 * (middle->low + middle->high);
  return metrics::Interval{std::max(0.0, interval->low + move), std::min(most, interval->high + move)};
}

/// The columns of patients that have rows.
metrics::MethodDraws of_patients_with_rows(const metrics::PatientFeatures& targets,
                                           const metrics::MethodDraws& without) {
  metrics::MethodDraws result(without.size());
  for (std::size_t m = 0; m < without.size(); ++m) {
    for (std::size_t p = 0; p < without[m].size(); ++p) {
      if (targets[p].rows() > 0) result[m].push_back(without[m][p]);
    }
  }
  return result;
}

/// Rows of the targets and of each method, in one matrix each.
struct Pooled {
  metrics::FeatureMatrix targets;
  std::vector<metrics::FeatureMatrix> methods;
};

void add_frechet(const Pooled& pooled, const metrics::PatientFeatures& targets,
                 const std::vector<metrics::PatientFeatures>& methods, const metrics::PatientDraws& draws,
                 std::size_t most_bytes, LevelDistances& result) {
  const metrics::FeatureMoments target = pooled_moments(pooled.targets);
  for (std::size_t m = 0; m < methods.size(); ++m) {
    result.methods[m].frechet = metrics::frechet_distance(target, pooled_moments(pooled.methods[m]));
  }
  const std::int64_t wanted = metrics::frechet_rows_wanted(result.dims);
  if (result.patches < wanted) {
    warn(result, fmt::format("{} patches for {} dimensions are few, {} fewer than the Frechet distance wants: it is "
                             "biased upwards",
                             result.patches, result.dims, wanted - result.patches));
  }
  if (result.patches <= result.dims) {
    warn(result, "no interval of the Frechet distance, for the covariances are singular");
    return;
  }
  // frechet_draws() copies them once.
  const double bytes = 2.0 * sizeof(double) * static_cast<double>(draws.patients()) *
                       static_cast<double>(result.dims * result.dims) * static_cast<double>(methods.size() + 1);
  if (bytes > static_cast<double>(most_bytes)) {
    warn(result, fmt::format("no interval of the Frechet distance, for the moments of {} patients would take {:.0f} MB "
                             "and {:.0f} MB is the limit",
                             draws.patients(), bytes / 1e6, static_cast<double>(most_bytes) / 1e6));
    return;
  }
  std::vector<PatientMoments> moments;
  for (const metrics::PatientFeatures& method : methods) moments.push_back(moments_of(method));
  const PatientMoments of_targets = moments_of(targets);
  const metrics::MethodDraws without =
      metrics::frechet_draws(of_targets, moments, metrics::PatientDraws::without_each(targets.size()));
  result.frechet_without = of_patients_with_rows(targets, without);
  const metrics::MethodDraws values = metrics::frechet_draws(of_targets, moments, draws);
  for (std::size_t m = 0; m < methods.size(); ++m) {
    result.methods[m].frechet_interval = spread_about(*result.methods[m].frechet, values[m]);
  }
}

void add_kernel(const metrics::PatientFeatures& targets, const std::vector<metrics::PatientFeatures>& methods,
                const metrics::PatientDraws& draws, LevelDistances& result) {
  std::vector<metrics::PatientKernel> kernels;
  for (const metrics::PatientFeatures& method : methods) kernels.emplace_back(targets, method);
  result.kernel_without = of_patients_with_rows(
      targets, metrics::kernel_draws(kernels, metrics::PatientDraws::without_each(targets.size())));
  const metrics::MethodDraws values = metrics::kernel_draws(kernels, draws);
  for (std::size_t m = 0; m < methods.size(); ++m) {
    const double value = kernels[m].distance();
    if (!std::isnan(value)) result.methods[m].kernel = value;
    result.methods[m].kernel_interval = metrics::percentile_interval(values[m]);
  }
}

void add_manifolds(const Pooled& pooled, const metrics::PatientFeatures& targets,
                   const std::vector<metrics::PatientFeatures>& methods, const metrics::PatientDraws& draws,
                   LevelDistances& result) {
  for (std::size_t m = 0; m < methods.size(); ++m) {
    const metrics::ManifoldMetrics manifold = metrics::manifold_metrics(pooled.targets, pooled.methods[m]);
    MethodDistances& out = result.methods[m];
    out.precision = manifold.precision;
    out.recall = manifold.recall;
    out.density = manifold.density;
    out.coverage = manifold.coverage;
  }
  const metrics::ManifoldDraws values = metrics::manifold_draws(targets, methods, draws);
  for (std::size_t m = 0; m < methods.size(); ++m) {
    MethodDistances& out = result.methods[m];
    out.precision_interval = spread_about(*out.precision, values.precision[m], 1.0);
    out.recall_interval = spread_about(*out.recall, values.recall[m], 1.0);
    out.density_interval = spread_about(*out.density, values.density[m]);
    out.coverage_interval = spread_about(*out.coverage, values.coverage[m], 1.0);
  }
}

}  // namespace

LevelDistances level_distances(const std::string& level, const metrics::PatientFeatures& targets,
                               const std::vector<metrics::PatientFeatures>& methods, const metrics::PatientDraws& draws,
                               std::size_t most_bytes) {
  LevelDistances result;
  result.level = level;
  result.dims = metrics::dims_of(targets);
  result.patches = result.patches_found = rows_of(targets);
  result.patients = std::count_if(targets.begin(), targets.end(), [](const auto& f) { return f.rows() > 0; });
  result.methods.resize(methods.size());
  if (result.patients < 2) {
    warn(result, fmt::format("skipped: {} with patches, distances between distributions need at least 2",
                             result.patients == 1 ? "1 patient" : "no patient"));
    return result;
  }
  Pooled pooled{metrics::pooled_rows(targets), {}};
  std::int64_t fewest = result.patches;
  for (const metrics::PatientFeatures& method : methods) {
    pooled.methods.push_back(metrics::pooled_rows(method));
    metrics::check_features(level.c_str(), pooled.methods.back(), result.dims);
    fewest = std::min(fewest, pooled.methods.back().rows());
  }
  if (fewest >= 2) add_frechet(pooled, targets, methods, draws, most_bytes, result);
  add_kernel(targets, methods, draws, result);
  if (fewest > metrics::manifold_neighbours) {
    add_manifolds(pooled, targets, methods, draws, result);
  } else {
    warn(result, fmt::format("{} patches are too few for precision, recall, density and coverage with {} neighbours",
                             fewest, metrics::manifold_neighbours));
  }
  return result;
}

}  // namespace gdm::grade
