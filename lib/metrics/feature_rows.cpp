// Checks, subsets and pooling of feature rows.
#include "metrics/feature_rows.hpp"

#include <fmt/format.h>

#include <cmath>

#include "sys/error.hpp"
#include "sys/random.hpp"

namespace gdm::metrics {

void check_features(const char* name, const FeatureMatrix& features, std::int64_t dims) {
  if (features.rows() == 0) return;
  if (features.dims != dims) {
    throw Error(fmt::format("{}: feature vectors of {} dimensions, expected {}", name, features.dims, dims));
  }
  for (const float v : features.values) {
    if (!std::isfinite(v)) throw Error(fmt::format("{}: a feature vector has NaN or infinite values", name));
  }
}

std::int64_t dims_of(const PatientFeatures& patients) {
  for (const FeatureMatrix& features : patients) {
    if (features.rows() > 0) return features.dims;
  }
  return 0;
}

FeatureMatrix pooled_rows(const PatientFeatures& patients) {
  FeatureMatrix all;
  all.dims = dims_of(patients);
  for (const FeatureMatrix& features : patients) {
    check_features("pooling", features, all.dims);
    all.values.insert(all.values.end(), features.values.begin(), features.values.end());
  }
  return all;
}

FeatureMatrix some_rows(const FeatureMatrix& features, std::int64_t rows, std::uint64_t seed, std::uint64_t stream) {
  if (rows < 1) throw Error(fmt::format("a subset of {} feature rows, expected at least 1", rows));
  if (features.rows() <= rows) return features;
  Random random(seed, stream);
  FeatureMatrix some;
  some.dims = features.dims;
  some.values.reserve(static_cast<std::size_t>(rows * features.dims));
  std::int64_t wanted = rows;
  for (std::int64_t r = 0; wanted > 0; ++r) {  // selection sampling (Knuth, TAOCP 2, algorithm 3.4.2 S)
    if (random.below(features.rows() - r) >= wanted) continue;
    const float* row = features.values.data() + r * features.dims;
    some.values.insert(some.values.end(), row, row + features.dims);
    --wanted;
  }
  return some;
}

}  // namespace gdm::metrics
