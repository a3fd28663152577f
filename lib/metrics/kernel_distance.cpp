// Kernel sums in tiles of float32 products, added up in double precision in a fixed order.
#include "metrics/kernel_distance.hpp"

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sys/error.hpp"
#include "sys/parallel.hpp"
#include "sys/random.hpp"

namespace gdm::metrics {
namespace {

using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RowsMap = Eigen::Map<const Rows>;

constexpr std::int64_t tile_rows = 256;  // 256 x 256 float products stay in a level-2 cache

double kernel(float product, float scale) {
  const float base = product * scale + 1.0F;
  return static_cast<double>(base * base * base);
}

RowsMap rows_of(const FeatureMatrix& features) {
  return {features.values.data(), features.rows(), features.dims};
}

/// Sum of the kernel over all pairs.
double kernel_sum(const RowsMap& a, const RowsMap& b) {
  const float scale = 1.0F / static_cast<float>(a.cols());
  double total = 0;
  Eigen::MatrixXf products;
  for (Eigen::Index i = 0; i < a.rows(); i += tile_rows) {
    const Eigen::Index ni = std::min<Eigen::Index>(tile_rows, a.rows() - i);
    for (Eigen::Index j = 0; j < b.rows(); j += tile_rows) {
      const Eigen::Index nj = std::min<Eigen::Index>(tile_rows, b.rows() - j);
      products.noalias() = a.middleRows(i, ni) * b.middleRows(j, nj).transpose();
      double sum = 0;
      for (Eigen::Index n = 0; n < ni * nj; ++n) sum += kernel(products.data()[n], scale);
      total += sum;
    }
  }
  return total;
}

double diagonal_sum(const RowsMap& a) {
  const float scale = 1.0F / static_cast<float>(a.cols());
  double total = 0;
  for (Eigen::Index i = 0; i < a.rows(); ++i) total += kernel(a.row(i).squaredNorm(), scale);
  return total;
}

double unbiased(const RowsMap& a, const RowsMap& b) {
  const double m = static_cast<double>(a.rows()), n = static_cast<double>(b.rows());
  return (kernel_sum(a, a) - diagonal_sum(a)) / (m * (m - 1.0)) +
         (kernel_sum(b, b) - diagonal_sum(b)) / (n * (n - 1.0)) - 2.0 * kernel_sum(a, b) / (m * n);
}

void check_pair(const FeatureMatrix& a, const FeatureMatrix& b) {
  if (std::min(a.rows(), b.rows()) < 2) {
    throw Error(fmt::format("a kernel distance needs at least 2 feature vectors in each set, there are {} and {}",
                            a.rows(), b.rows()));
  }
  check_features("kernel distance", a, a.dims);
  check_features("kernel distance", b, a.dims);
}

FeatureMatrix shuffled(const FeatureMatrix& features, Random random) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(features.rows()));
  std::iota(order.begin(), order.end(), 0);
  for (std::int64_t n = features.rows() - 1; n > 0; --n) {
    std::swap(order[static_cast<std::size_t>(n)], order[static_cast<std::size_t>(random.below(n + 1))]);
  }
  FeatureMatrix result;
  result.dims = features.dims;
  result.values.reserve(features.values.size());
  for (const std::int64_t row : order) {
    const float* values = features.values.data() + row * features.dims;
    result.values.insert(result.values.end(), values, values + features.dims);
  }
  return result;
}

}  // namespace

double kernel_distance(const FeatureMatrix& a, const FeatureMatrix& b) {
  check_pair(a, b);
  return unbiased(rows_of(a), rows_of(b));
}

BlockEstimate kernel_distance_blocks(const FeatureMatrix& a, const FeatureMatrix& b, std::int64_t block_rows,
                                     std::uint64_t seed) {
  if (block_rows < 2) throw Error(fmt::format("blocks of {} feature vectors, expected at least 2", block_rows));
  check_pair(a, b);
  const std::int64_t smaller = std::min(a.rows(), b.rows());
  BlockEstimate estimate;
  estimate.block_rows = std::min(block_rows, smaller);
  estimate.blocks = smaller / estimate.block_rows;
  const FeatureMatrix sa = shuffled(a, Random(seed, 0)), sb = shuffled(b, Random(seed, 1));
  std::vector<double> values(static_cast<std::size_t>(estimate.blocks));
  parallel_for(estimate.blocks, [&](std::int64_t n) {
    const std::int64_t first = n * estimate.block_rows * a.dims;
    values[static_cast<std::size_t>(n)] = unbiased(RowsMap(sa.values.data() + first, estimate.block_rows, a.dims),
                                                   RowsMap(sb.values.data() + first, estimate.block_rows, a.dims));
  });
  const double count = static_cast<double>(estimate.blocks);
  for (const double v : values) estimate.value += v / count;
  if (estimate.blocks < 2) return estimate;
  double squares = 0;
  for (const double v : values) squares += (v - estimate.value) * (v - estimate.value);
  estimate.standard_error = std::sqrt(squares / (count - 1.0) / count);
  return estimate;
}

PatientKernel::PatientKernel(const PatientFeatures& targets, const PatientFeatures& predictions)
    : patients_(targets.size()) {
  if (predictions.size() != patients_) {
    throw Error(fmt::format("predictions of {} patients, targets of {}", predictions.size(), patients_));
  }
  const std::int64_t dims = dims_of(targets);
  for (std::size_t p = 0; p < patients_; ++p) {
    check_features("kernel distance", targets[p], dims);
    check_features("kernel distance", predictions[p], dims);
    target_rows_.push_back(static_cast<double>(targets[p].rows()));
    prediction_rows_.push_back(static_cast<double>(predictions[p].rows()));
  }
  target_target_.assign(patients_ * patients_, 0.0);
  both_predictions_ = crossed_ = target_target_;
  parallel_for(static_cast<std::int64_t>(patients_ * patients_), [&](std::int64_t pair) {
    const std::size_t n = static_cast<std::size_t>(pair), p = n / patients_, q = n % patients_;
    if (p == q) return;
    crossed_[n] = kernel_sum(rows_of(targets[p]), rows_of(predictions[q]));
    if (p > q) return;
    target_target_[n] = kernel_sum(rows_of(targets[p]), rows_of(targets[q]));
    both_predictions_[n] = kernel_sum(rows_of(predictions[p]), rows_of(predictions[q]));
  });
  for (std::size_t p = 0; p < patients_; ++p) {
    for (std::size_t q = 0; q < p; ++q) {
      target_target_[p * patients_ + q] = target_target_[q * patients_ + p];
      both_predictions_[p * patients_ + q] = both_predictions_[q * patients_ + p];
    }
  }
}

double PatientKernel::distance(const int* counts) const {
  double sums[3] = {0, 0, 0}, pairs[3] = {0, 0, 0};
  for (std::size_t p = 0; p < patients_; ++p) {
    for (std::size_t q = 0; q < patients_; ++q) {
      const double weight = p == q ? 0.0 : static_cast<double>(counts[p]) * counts[q];
      if (weight == 0.0) continue;
      const std::size_t n = p * patients_ + q;
      sums[0] += weight * target_target_[n];
      sums[1] += weight * both_predictions_[n];
      sums[2] += weight * crossed_[n];
      pairs[0] += weight * target_rows_[p] * target_rows_[q];
      pairs[1] += weight * prediction_rows_[p] * prediction_rows_[q];
      pairs[2] += weight * target_rows_[p] * prediction_rows_[q];
    }
  }
  if (std::min({pairs[0], pairs[1], pairs[2]}) <= 0) return std::numeric_limits<double>::quiet_NaN();
  return sums[0] / pairs[0] + sums[1] / pairs[1] - 2.0 * sums[2] / pairs[2];
}

double PatientKernel::distance() const {
  return distance(std::vector<int>(patients_, 1).data());
}

MethodDraws kernel_draws(const std::vector<PatientKernel>& methods, const PatientDraws& draws) {
  MethodDraws result;
  for (const PatientKernel& method : methods) {
    if (method.patients() != draws.patients()) {
      throw Error(fmt::format("kernel sums of {} patients, but draws of {}", method.patients(), draws.patients()));
    }
    std::vector<double> values(draws.draws());
    parallel_for(static_cast<std::int64_t>(draws.draws()), [&](std::int64_t b) {
      values[static_cast<std::size_t>(b)] = method.distance(draws.counts(static_cast<std::size_t>(b)));
    });
    result.push_back(std::move(values));
  }
  return result;
}

}  // namespace gdm::metrics
