// Feature vectors of volumes, which distances between distributions compare.
#pragma once

#include <cstdint>
#include <vector>

namespace gdm::metrics {

/// Feature vectors, one row for each place in a volume.
struct FeatureMatrix {
  std::int64_t dims = 0;
  std::vector<float> values;  ///< rows x dims, row major
  std::int64_t rows() const { return dims == 0 ? 0 : static_cast<std::int64_t>(values.size()) / dims; }
};

}  // namespace gdm::metrics
