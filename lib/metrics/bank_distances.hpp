// Distances between the features of predictions and the real features in a bank, level by level.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/manifest.hpp"
#include "net/network.hpp"

namespace gdm::metrics {

/// Distances in the features of one bank. Channels are standardised by the bank's entries; a level's figure is the mean
/// over its keys.
struct BankDistances {
  struct Level {
    std::string name;
    std::vector<std::optional<double>> frechet;  ///< one per method, then the targets; per channel
    std::vector<std::optional<double>> kernel;   ///< unbiased squared MMD, kernel (x.y / channels + 1)^3
  };
  std::string name;    ///< stem of the bank's file
  std::string digest;  ///< SHA-256 of its payload
  std::vector<Level> levels;
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
  std::unique_ptr<net::FeatureBank> bank_;
  BankDistances result_;
  std::vector<Features> sets_;
};

}  // namespace gdm::metrics
