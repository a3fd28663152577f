// Kernel distance (squared maximum mean discrepancy) of feature distributions. It needs no Gaussian and no covariance,
// so unlike the Frechet distance it is unbiased for few rows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "metrics/feature_rows.hpp"
#include "metrics/patient_bootstrap.hpp"

namespace gdm::metrics {

/// Unbiased MMD^2 (Gretton et al., JMLR 13, 2012, equation 3) with the kernel k(x, y) = (x.y / dims + 1)^3 of the
/// Kernel Inception Distance (Binkowski et al., ICLR 2018, section 4); rows are samples. Dimensionless but not free of
/// the features' scale; may be negative. The estimate counts pairs of x with y that belong together but no pair of a
/// row with itself, so of a set with a copy of itself it is not 0 but about -2 / rows of the kernel's spread: see
/// PatientKernel. Quadratic in the rows. Throws Error for fewer than 2 rows in either, other dimensions or values that
/// are not finite.
double kernel_distance(const FeatureMatrix& a, const FeatureMatrix& b);

struct BlockEstimate {
  double value = 0;                      ///< mean of kernel_distance() over blocks
  std::optional<double> standard_error;  ///< SD over blocks / sqrt(blocks); none for a single block
  std::int64_t blocks = 0, block_rows = 0;
};

/// Block estimate (Zaremba, Gretton & Blaschko, B-tests, NeurIPS 2013, equation 2): both sets are shuffled and cut into
/// as many disjoint blocks as the smaller one fills, so the cost is linear in the rows; rows left over are not used.
/// With fewer rows than a block, one block of what there is. Rows are taken as independent, which patches of one
/// patient are not: the standard error is a lower bound. Throws Error as kernel_distance(), and for block_rows < 2.
BlockEstimate kernel_distance_blocks(const FeatureMatrix& a, const FeatureMatrix& b, std::int64_t block_rows,
                                     std::uint64_t seed);

/// MMD^2 over patients: the same kernel, but only pairs of rows from two different patients count, in all three terms.
/// Patches of one patient depend on each other and a prediction depends on its target; such pairs bias the estimate
/// over patients, and a repeated patient would meet itself. Unbiased for independent patients, and 0 to rounding for
/// predictions that equal their targets. Kernel sums are computed once per pair of patients.
class PatientKernel {
 public:
  /// One matrix per patient in each. Quadratic in the rows: see some_rows(). Throws Error if the numbers of patients or
  /// the dimensions differ or a value is not finite.
  PatientKernel(const PatientFeatures& targets, const PatientFeatures& predictions);
  /// The estimate for patients that occur so often (a list of patients() weights); NaN unless two different patients
  /// with rows occur in both sets.
  double distance(const int* counts) const;
  /// Every patient once.
  double distance() const;
  std::size_t patients() const { return patients_; }

 private:
  std::size_t patients_ = 0;
  std::vector<double> target_rows_, prediction_rows_;               ///< per patient
  std::vector<double> target_target_, both_predictions_, crossed_;  ///< patients x patients, sums of the kernel
};

/// distance() of every method's kernel for every draw: result[method][draw]. Throws Error for other numbers of
/// patients.
MethodDraws kernel_draws(const std::vector<PatientKernel>& methods, const PatientDraws& draws);

}  // namespace gdm::metrics
