// Frechet distances of resampled patients, from moments per patient: no feature vector is needed again.
#pragma once

#include <vector>

#include "metrics/distribution.hpp"
#include "metrics/patient_bootstrap.hpp"

namespace gdm::metrics {

/// frechet_distance() of every method to the targets for every draw: result[method][draw], in squared feature units.
/// `targets` has one element per patient, `methods[m]` too and in the same order; a patient may lack rows. NaN for a
/// draw with fewer than 2 rows. Throws Error if the numbers of patients or the dimensions differ.
///
/// A draw holds about 63 % of the patients, some of them repeatedly, so with few patients its distances lie above that
/// of the sample: read the interval as spread, and the difference of two methods (where this cancels) first.
///
/// Cost: with P patients and d dimensions, per draw P d^2 to merge moments plus about 5 d^3 per method: a factor of the
/// targets' covariance S = L L^T is shared, and tr (S^1/2 A S^1/2)^1/2 is the sum of the roots of the eigenvalues of
/// L^T A L. Roots of eigenvalues keep half of the digits: a distance is exact to about 1e-7 of the covariances' traces.
/// Memory P d^2 doubles per method. Does not depend on the number of threads.
MethodDraws frechet_draws(const std::vector<FeatureMoments>& targets,
                          const std::vector<std::vector<FeatureMoments>>& methods, const PatientDraws& draws);

}  // namespace gdm::metrics
