// Distances between the features of predictions and the real features in a bank, level by level.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/bank.hpp"
#include "engine/compute.hpp"
#include "grade/level_distances.hpp"
#include "io/manifest.hpp"
#include "metrics/feature_matrix.hpp"

namespace gdm::grade {

/// Distances to the entries of one bank, as between the targets and a method (level_distances.hpp) but for this: the
/// channels are standardised by the bank's entries, a level's figure is the mean over its keys, the Frechet distance is
/// divided by the channels, and the kernel distance is kernel_distance(). Frechet and kernel distance alone, without
/// intervals; `dims` and `patches` are those of the key with most channels or entries.
struct BankDistances {
  std::string name;                    ///< stem of the bank's file
  std::string digest;                  ///< SHA-256 of its payload
  std::vector<LevelDistances> levels;  ///< each with the methods, then the targets
};

/// Gathers features of predictions and targets against a bank.
class BankComparison {
 public:
  using Features = std::map<std::string, metrics::FeatureMatrix>;

  /// `sets`: methods, and one more for the targets.
  BankComparison(const fs::path& path, std::size_t sets, const engine::Compute& compute);
  Features features(const Case& item, const Volume& volume, const Mask& mask);
  void add(std::size_t set, const Features& features);
  BankDistances distances();

 private:
  LevelDistances level_distances(const std::string& level);

  std::unique_ptr<engine::FeatureBank> bank_;
  BankDistances result_;
  std::vector<Features> sets_;
};

}  // namespace gdm::grade
