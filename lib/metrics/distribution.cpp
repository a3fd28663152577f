// Feature moments and the Frechet distance.
#include "metrics/distribution.hpp"

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "metrics/decompositions.hpp"
#include "sys/error.hpp"

namespace gdm::metrics {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

double trace(const std::vector<double>& matrix, std::int64_t dims) {
  double sum = 0;
  for (std::int64_t d = 0; d < dims; ++d) sum += matrix[static_cast<std::size_t>(d * dims + d)];
  return sum;
}

}  // namespace

void FeatureMoments::add(const float* values, std::int64_t rows, std::int64_t dims) {
  if (rows == 0) return;
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Matrix x = Eigen::Map<const Rows>(values, rows, dims).cast<double>();
  if (!x.allFinite()) throw Error("a feature vector has NaN or infinite values");
  if (dims_ != 0 && dims != dims_) {
    throw Error(fmt::format("feature vectors of {} dimensions among vectors of {}", dims, dims_));
  }
  dims_ = dims;
  std::vector<double> mean(static_cast<std::size_t>(dims)), scatter(static_cast<std::size_t>(dims * dims));
  Eigen::Map<Vector> m(mean.data(), dims);
  m = x.colwise().mean().transpose();
  const Matrix centred = x.rowwise() - m.transpose();
  Eigen::Map<Matrix>(scatter.data(), dims, dims).noalias() = centred.transpose() * centred;
  combine(rows, mean, scatter);
}

void FeatureMoments::merge(const FeatureMoments& other) {
  if (other.rows_ == 0) return;
  if (dims_ != 0 && other.dims_ != dims_) {
    throw Error(fmt::format("feature vectors of {} dimensions among vectors of {}", other.dims_, dims_));
  }
  dims_ = other.dims_;
  combine(other.rows_, other.mean_, other.scatter_);
}

void FeatureMoments::combine(std::int64_t rows, const std::vector<double>& mean, const std::vector<double>& scatter) {
  if (rows_ == 0) {
    rows_ = rows;
    mean_ = mean;
    scatter_ = scatter;
    return;
  }
  const double na = static_cast<double>(rows_), nb = static_cast<double>(rows), n = na + nb;
  Eigen::Map<Vector> m(mean_.data(), dims_);
  Eigen::Map<Matrix> s(scatter_.data(), dims_, dims_);
  const Vector delta = Eigen::Map<const Vector>(mean.data(), dims_) - m;
  s += Eigen::Map<const Matrix>(scatter.data(), dims_, dims_);
  s += (na * nb / n) * delta * delta.transpose();
  m += (nb / n) * delta;
  rows_ += rows;
}

std::vector<double> FeatureMoments::covariance() const {
  if (rows_ < 2) throw Error(fmt::format("a covariance needs at least 2 feature vectors, there are {}", rows_));
  std::vector<double> result(scatter_);
  for (double& v : result) v /= static_cast<double>(rows_ - 1);
  return result;
}

double frechet_distance(const FeatureMoments& a, const FeatureMoments& b) {
  const std::vector<double> sa = a.covariance(), sb = b.covariance();
  const std::int64_t dims = a.dims();
  if (dims != b.dims()) {
    throw Error(fmt::format("features of {} and of {} dimensions cannot be compared", dims, b.dims()));
  }
  using Map = Eigen::Map<const Matrix>;
  const Eigen::Map<const Vector> ma(a.mean().data(), dims), mb(b.mean().data(), dims);
  // With S = R R^T the trace of the matrix root is the sum of the singular values of Ra^T Rb. Taking them directly
  // keeps full precision where covariances are singular; roots of eigenvalues would lose half of the digits.
  const Matrix product =
      square_root_factor(Map(sa.data(), dims, dims)).transpose() * square_root_factor(Map(sb.data(), dims, dims));
  const double cross = singular_values(product).sum();
  const double distance = (ma - mb).squaredNorm() + trace(sa, dims) + trace(sb, dims) - 2.0 * cross;
  if (!std::isfinite(distance)) throw Error("the Frechet distance is not finite");
  return std::max(0.0, distance);
}

std::int64_t frechet_rows_wanted(std::int64_t dims) {
  return 2 * dims;
}

}  // namespace gdm::metrics
