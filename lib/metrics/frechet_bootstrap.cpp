// Moments of a draw are a weighted sum of the patients' moments, so those of several draws are one matrix product.
#include "metrics/frechet_bootstrap.hpp"

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "metrics/decompositions.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

constexpr std::int64_t draws_per_task = 8;

/// One column per patient: rows, their sum and their second moments (d x d) about a common reference point. They add up
/// over patients. The reference is near all means, so that no digits cancel.
Matrix moment_table(const std::vector<FeatureMoments>& patients, const Vector& reference) {
  const Eigen::Index dims = reference.size();
  Matrix table = Matrix::Zero(1 + dims + dims * dims, static_cast<Eigen::Index>(patients.size()));
  for (std::size_t p = 0; p < patients.size(); ++p) {
    const FeatureMoments& moments = patients[p];
    if (moments.rows() == 0) continue;
    if (moments.dims() != dims) {
      throw Error(fmt::format("features of {} and of {} dimensions cannot be compared", moments.dims(), dims));
    }
    const double rows = static_cast<double>(moments.rows());
    const Vector offset = Eigen::Map<const Vector>(moments.mean().data(), dims) - reference;
    auto column = table.col(static_cast<Eigen::Index>(p));
    column(0) = rows;
    column.segment(1, dims) = rows * offset;
    Eigen::Map<Matrix> second(column.data() + 1 + dims, dims, dims);
    second = rows * offset * offset.transpose();
    if (moments.rows() < 2) continue;
    const std::vector<double> covariance = moments.covariance();
    second += (rows - 1.0) * Eigen::Map<const Matrix>(covariance.data(), dims, dims);
  }
  return table;
}

struct Gaussian {
  double rows = 0;
  Vector mean;
  Matrix covariance;
};

Gaussian gaussian_of(const Eigen::Ref<const Vector>& sums, Eigen::Index dims) {
  Gaussian g;
  g.rows = sums(0);
  if (g.rows < 2) return g;
  g.mean = sums.segment(1, dims) / g.rows;
  g.covariance = Eigen::Map<const Matrix>(sums.data() + 1 + dims, dims, dims);
  g.covariance.noalias() -= g.rows * g.mean * g.mean.transpose();
  g.covariance /= g.rows - 1.0;
  return g;
}

double distance(const Gaussian& target, const Matrix& factor, const Gaussian& method) {
  const Matrix inner = factor.transpose() * (method.covariance * factor);
  const double cross = symmetric_eigenvalues(inner).cwiseMax(0.0).cwiseSqrt().sum();
  const double value =
      (target.mean - method.mean).squaredNorm() + target.covariance.trace() + method.covariance.trace() - 2.0 * cross;
  if (!std::isfinite(value)) throw Error("the Frechet distance is not finite");
  return std::max(0.0, value);
}

Vector pooled_mean(const std::vector<FeatureMoments>& patients) {
  std::int64_t dims = 0;
  for (const FeatureMoments& moments : patients) dims = std::max(dims, moments.dims());
  Vector sum = Vector::Zero(dims);
  double rows = 0;
  for (const FeatureMoments& moments : patients) {
    if (moments.rows() == 0 || moments.dims() != dims) continue;
    sum += static_cast<double>(moments.rows()) * Eigen::Map<const Vector>(moments.mean().data(), dims);
    rows += static_cast<double>(moments.rows());
  }
  return sum / std::max(1.0, rows);
}

}  // namespace

MethodDraws frechet_draws(const std::vector<FeatureMoments>& targets,
                          const std::vector<std::vector<FeatureMoments>>& methods, const PatientDraws& draws) {
  const Vector reference = pooled_mean(targets);
  const Eigen::Index dims = reference.size();
  std::vector<Matrix> tables{moment_table(targets, reference)};
  for (const auto& method : methods) tables.push_back(moment_table(method, reference));
  for (const Matrix& table : tables) {
    if (table.cols() == static_cast<Eigen::Index>(draws.patients())) continue;
    throw Error(fmt::format("moments of {} patients, but draws of {}", table.cols(), draws.patients()));
  }
  const std::int64_t total = static_cast<std::int64_t>(draws.draws());
  MethodDraws result(methods.size(), std::vector<double>(draws.draws(), std::numeric_limits<double>::quiet_NaN()));
  parallel_for((total + draws_per_task - 1) / draws_per_task, [&](std::int64_t task) {
    const std::int64_t first = task * draws_per_task, count = std::min(draws_per_task, total - first);
    Matrix weights(static_cast<Eigen::Index>(draws.patients()), count);
    for (std::int64_t b = 0; b < count; ++b) {
      const int* counts = draws.counts(static_cast<std::size_t>(first + b));
      for (Eigen::Index p = 0; p < weights.rows(); ++p) weights(p, b) = counts[p];
    }
    std::vector<Matrix> sums;
    for (const Matrix& table : tables) sums.emplace_back(table * weights);
    for (std::int64_t b = 0; b < count; ++b) {
      const Gaussian target = gaussian_of(sums[0].col(b), dims);
      if (target.rows < 2) continue;
      const Matrix factor = cholesky_factor(target.covariance);
      for (std::size_t m = 0; m < methods.size(); ++m) {
        const Gaussian method = gaussian_of(sums[m + 1].col(b), dims);
        if (method.rows >= 2) result[m][static_cast<std::size_t>(first + b)] = distance(target, factor, method);
      }
    }
  });
  return result;
}

}  // namespace gdm::metrics
