// What is known of a bank's rows beyond the rows themselves: scales, spread, and how far apart patients lie.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bank/sketch.hpp"
#include "io/json.hpp"

namespace gdm::bank {

/// The finite ones, sorted.
std::vector<double> rising_values(const Tensor& values);

/// Mean Euclidean distance between distinct rows, over 512 to 1023 evenly spaced ones (all, if fewer).
double mean_distance(const Tensor& vectors);

/// exp of the entropy of the eigenvalues of the covariance (Roy & Vetterli, EUSIPCO 2007): how many directions the
/// vectors (n, C) use. 0 for fewer than 2 rows or no spread.
double effective_rank(const Tensor& vectors);

/// Mean and standard deviation of each channel, float32; the deviation is at least 1e-6.
struct ChannelStatistics {
  Tensor mean, deviation;
};
ChannelStatistics channel_statistics(const Tensor& vectors);

/// Added to the eigenvalues before whitening, as a part of the largest: a direction of eigenvalue e keeps the variance
/// e / (e + ridge * largest). Validation patients of ct-hn: 0.1 tells them from themselves with two axes swapped better
/// than 0.01 (AUC .95 against .91) and retrieves positions as well; less lets noise directions count.
constexpr double whitening_ridge = 0.1;

/// The rows of all keys of a level that holds one row for each patch, as one vector for each patch: channels in
/// standard deviations and keys weighted alike, then whitened, so that what many channels share does not drown the
/// rest. Euclidean distances in it are Mahalanobis distances with a ridge.
class PatchSpace {
 public:
  /// entries.at(key) (n, C): what the statistics are taken from.
  explicit PatchSpace(const std::map<std::string, Tensor>& entries);
  /// rows.at(key) (n, C) of each key -> (n, D) float32; not whitened.
  Tensor standardised(const std::map<std::string, Tensor>& rows) const;
  /// The same, whitened (beyond 2048 dimensions, whose eigenvectors cost too much, not).
  Tensor project(const std::map<std::string, Tensor>& rows) const;

 private:
  std::map<std::string, ChannelStatistics> statistics_;
  Tensor whitening_;  ///< (D, D) float32
};

/// Distance of each patient's patches to the rest of a bank: for every patch the mean distance to the `nearest_rows`
/// nearest upright rows of other patients, of which the median is the patient's score.
constexpr std::int64_t nearest_rows = 5;
double outlier_score(const Tensor& nearest_distances);

/// Scores of all patients left out one at a time, rising. Empty with fewer than 2 patients.
std::vector<double> left_out_scores(const Tensor& points, const Tensor& patients);

/// Counts and statistics of a key, for the description: all of it is derived from the rows.
Json describe_rows(const BankRows& rows, std::size_t strata);

}  // namespace gdm::bank
