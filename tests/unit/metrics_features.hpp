// Feature rows for tests: those of tests/data/comparison_golden.py, and Gaussian patients.
#pragma once

#include <vector>

#include "metrics/feature_rows.hpp"
#include "sys/random.hpp"

namespace gdm::test {

inline metrics::FeatureMatrix golden_features(std::uint64_t rows, std::uint64_t dims, std::uint64_t s) {
  metrics::FeatureMatrix features;
  features.dims = static_cast<std::int64_t>(dims);
  for (std::uint64_t i = 0; i < rows; ++i) {
    for (std::uint64_t d = 0; d < dims; ++d) {
      const std::uint64_t mixed = (i + 1) * 7919 * (d + 3) + i * i * (d + 1) * 101 + s * 613;
      features.values.push_back(
          static_cast<float>(static_cast<double>(mixed % 1009) / 512.0 + static_cast<double>(s) * 0.125));
    }
  }
  return features;
}

/// Patients whose rows scatter with SD 1 about a patient's own mean, which scatters with `patient_sd` about `mean`.
inline metrics::PatientFeatures gaussian_patients(std::uint64_t seed, std::size_t patients, std::int64_t rows,
                                                  std::int64_t dims, double mean, double patient_sd) {
  metrics::PatientFeatures all;
  for (std::size_t p = 0; p < patients; ++p) {
    Random random(seed, p);
    std::vector<double> centre(static_cast<std::size_t>(dims));
    for (double& v : centre) v = mean + patient_sd * random.normal();
    metrics::FeatureMatrix features;
    features.dims = dims;
    for (std::int64_t r = 0; r < rows; ++r) {
      for (const double v : centre) features.values.push_back(static_cast<float>(v + random.normal()));
    }
    all.push_back(std::move(features));
  }
  return all;
}

}  // namespace gdm::test
