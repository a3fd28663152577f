// Distances between distributions of feature vectors.
#pragma once

#include <cstdint>
#include <vector>

namespace gdm::metrics {

/// Mean and covariance of feature vectors, gathered case by case in double precision without keeping the vectors
/// (pairwise update of Chan, Golub & LeVeque, Technical Report STAN-CS-79-773, 1979).
class FeatureMoments {
 public:
  /// Adds `rows` x `dims` values, row major. Throws Error if `dims` differs from earlier calls or a value is not
  /// finite.
  void add(const float* values, std::int64_t rows, std::int64_t dims);
  /// Adds what another one has gathered.
  void merge(const FeatureMoments& other);

  std::int64_t rows() const { return rows_; }
  std::int64_t dims() const { return dims_; }
  const std::vector<double>& mean() const { return mean_; }  ///< dims
  /// dims x dims, divided by rows - 1. Throws Error for fewer than 2 rows.
  std::vector<double> covariance() const;

 private:
  void combine(std::int64_t rows, const std::vector<double>& mean, const std::vector<double>& scatter);

  std::int64_t rows_ = 0, dims_ = 0;
  std::vector<double> mean_, scatter_;  ///< scatter: sum of outer products of centred rows, dims x dims
};

/// Frechet distance of two Gaussians with these moments (Dowson & Landau, J. Multivariate Analysis 12, 1982; Heusel et
/// al., NeurIPS 2017, equation 6): |m1 - m2|^2 + tr(S1 + S2 - 2 (S1^1/2 S2 S1^1/2)^1/2), in squared feature units,
/// never negative. Throws Error if the dimensions differ or either has fewer than 2 rows.
double frechet_distance(const FeatureMoments& a, const FeatureMoments& b);

/// Fewer rows than this leave the covariance so poorly determined that the distance is biased upwards by more than the
/// usual differences between methods: twice the dimensions.
std::int64_t frechet_rows_wanted(std::int64_t dims);

}  // namespace gdm::metrics
