// What the distances on feature vectors share: checks, subsets, pooling.
#pragma once

#include <cstdint>
#include <vector>

#include "metrics/feature_matrix.hpp"

namespace gdm::metrics {

/// Feature rows of each patient, in the order of the patients; a patient may lack rows.
using PatientFeatures = std::vector<FeatureMatrix>;

/// Throws Error, beginning with `name`, if a value is not finite or the dimensions are not `dims`. Matrices without
/// rows pass.
void check_features(const char* name, const FeatureMatrix& features, std::int64_t dims);

/// The dimensions of the first matrix that has rows; 0 if none has.
std::int64_t dims_of(const PatientFeatures& patients);

/// All rows in one matrix.
FeatureMatrix pooled_rows(const PatientFeatures& patients);

/// At most `rows` rows, drawn without replacement and kept in their order; a choice depends on (seed, stream) and the
/// number of rows alone, so two volumes with the same patches keep the same patches. For statistics whose cost is
/// quadratic in the rows. Throws Error if rows < 1.
FeatureMatrix some_rows(const FeatureMatrix& features, std::int64_t rows, std::uint64_t seed, std::uint64_t stream);

}  // namespace gdm::metrics
