// Distances between the distributions of predictions and of targets in the features of one encoder, at every level.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/compute.hpp"
#include "engine/encoder.hpp"
#include "grade/level_distances.hpp"
#include "image/mask.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"
#include "metrics/feature_matrix.hpp"

namespace gdm::grade {

/// Rows that are kept of a set at a level, shared evenly among patients; at least one of each case. It bounds both the
/// memory and the quadratic cost of the distances.
constexpr std::int64_t most_rows_kept = 4096;

/// Rows of some sets of volumes (the targets, then each method) by level and patient. What is kept of a case depends on
/// (seed, id of the case, number of its rows) alone, so the order in which cases are added does not matter, and all
/// sets keep the same places.
class FeatureSets {
 public:
  /// `cases`: all that may be added.
  FeatureSets(const std::vector<Case>& cases, std::size_t sets, std::uint64_t seed,
              std::int64_t most_rows = most_rows_kept);
  void add(std::size_t set, const Case& item, const std::vector<engine::LevelFeatures>& levels);
  /// Levels in the order in which they came. Throws Error as level_distances().
  std::vector<LevelDistances> distances(std::size_t draws) const;

 private:
  using Cases = std::map<std::string, metrics::FeatureMatrix>;  ///< of one patient, by id
  struct Level {
    std::string name;
    std::int64_t patches_found = 0;                    ///< of the targets
    std::vector<std::map<std::string, Cases>> by_set;  ///< by patient
  };
  Level& level(std::size_t place, const std::string& name);

  std::size_t sets_;
  std::uint64_t seed_;
  std::int64_t most_rows_;
  std::map<std::string, std::int64_t> cases_of_patient_;
  std::vector<Level> levels_;
};

struct EncoderDistances {
  std::string name;    ///< stem of the encoder's file
  std::string digest;  ///< SHA-256 of its payload
  Json description;
  std::size_t draws = 0;  ///< of the bootstrap
  std::vector<LevelDistances> levels;
};

/// An encoder and what it has gathered.
class EncoderComparison {
 public:
  using Features = std::vector<engine::LevelFeatures>;

  EncoderComparison(const fs::path& path, const std::vector<Case>& cases, std::size_t methods,
                    const metrics::Bootstrap& bootstrap, const engine::Compute& compute);
  /// Of the volume with air outside the mask: what lies there, and patches at the surface see, is not graded.
  Features features(const Volume& ct_hu, const Mask& mask) {
    return extractor_->features(with_outside(ct_hu, mask), mask);
  }
  void add_target(const Case& item, const Features& features) { sets_.add(0, item, features); }
  void add_prediction(std::size_t method, const Case& item, const Features& features) {
    sets_.add(method + 1, item, features);
  }
  EncoderDistances distances() const;

 private:
  std::unique_ptr<engine::FeatureExtractor> extractor_;
  std::string name_;
  FeatureSets sets_;
  std::size_t draws_;
};

}  // namespace gdm::grade
