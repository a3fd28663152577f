// Distances between the features of predictions and the real features in a bank, level by level.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/manifest.hpp"
#include "metrics/level_distances.hpp"
#include "net/network.hpp"

namespace gdm::metrics {

/// Distances to the entries of one bank, as between the targets and a method (level_distances.hpp) but for this: the
/// channels are standardised by the bank's entries, a level's figure is the mean over its keys, the Frechet distance is
/// divided by the channels, and the kernel distance is kernel_distance(). Frechet and kernel distance alone, without
/// intervals; `dims` and `windows` are those of the key with most channels or entries.
struct BankDistances {
  std::string name;                    ///< stem of the bank's file
  std::string digest;                  ///< SHA-256 of its payload
  std::vector<LevelDistances> levels;  ///< each with the methods, then the targets
};

/// Gathers features of predictions and targets against a bank.
class BankComparison {
 public:
  using Features = std::map<std::string, net::FeatureMatrix>;

  /// `sets`: methods, and one more for the targets.
  BankComparison(const fs::path& path, std::size_t sets, const net::Compute& compute);
  Features features(const Case& item, const Volume& volume, const Mask& mask);
  void add(std::size_t set, const Features& features);
  BankDistances distances();

 private:
  LevelDistances level_distances(const std::string& level);

  std::unique_ptr<net::FeatureBank> bank_;
  BankDistances result_;
  std::vector<Features> sets_;
};

}  // namespace gdm::metrics
