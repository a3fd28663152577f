#include "grade/encoder_distances.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/engine.hpp"
#include "sys/log.hpp"
#include "sys/sha256.hpp"

namespace gdm::grade {
namespace {

/// A stream of random numbers for each case, whatever its place in the manifest.
std::uint64_t stream_of(const std::string& id) {
  return std::stoull(sha256_hex(id.data(), id.size()).substr(0, 16), nullptr, 16);
}

}  // namespace

FeatureSets::FeatureSets(const std::vector<Case>& cases, std::size_t sets, std::uint64_t seed, std::int64_t most_rows)
    : sets_(sets), seed_(seed), most_rows_(most_rows) {
  for (const Case& item : cases) ++cases_of_patient_[item.patient()];
}

FeatureSets::Level& FeatureSets::level(std::size_t place, const std::string& name) {
  if (place == levels_.size()) levels_.push_back({name, 0, std::vector<std::map<std::string, Cases>>(sets_)});
  return levels_[place];
}

void FeatureSets::add(std::size_t set, const Case& item, const std::vector<engine::LevelFeatures>& levels) {
  const auto patients = static_cast<std::int64_t>(cases_of_patient_.size());
  const std::int64_t share = most_rows_ / (patients * cases_of_patient_.at(item.patient()));
  for (std::size_t l = 0; l < levels.size(); ++l) {
    Level& kept = level(l, levels[l].level);
    if (set == 0) kept.patches_found += levels[l].features.rows();
    kept.by_set[set][item.patient()][item.id] =
        metrics::some_rows(levels[l].features, std::max<std::int64_t>(1, share), seed_, stream_of(item.id));
  }
}

std::vector<LevelDistances> FeatureSets::distances(std::size_t draws) const {
  std::vector<LevelDistances> result;
  for (const Level& level : levels_) {
    std::vector<metrics::PatientFeatures> sets;
    for (const auto& patients : level.by_set) {
      sets.emplace_back();
      for (const auto& [patient, cases] : patients) {
        metrics::PatientFeatures rows;
        for (const auto& [id, features] : cases) rows.push_back(features);
        sets.back().push_back(metrics::pooled_rows(rows));
      }
    }
    const metrics::PatientFeatures targets = std::move(sets.front());
    sets.erase(sets.begin());
    result.push_back(level_distances(level.name, targets, sets, metrics::PatientDraws(targets.size(), draws, seed_)));
    LevelDistances& distances = result.back();
    distances.patches_found = level.patches_found;
    if (distances.patients < std::min<std::int64_t>(2, static_cast<std::int64_t>(targets.size())))
      distances.warning += "; a patch needs a tile of 48^3 voxels of the encoder in its volume";
    if (distances.patches_found == distances.patches) continue;
    distances.warning += fmt::format("{}{} of {} patches are used, as many of each patient, to bound memory",
                                     distances.warning.empty() ? "" : "; ", distances.patches, level.patches_found);
  }
  return result;
}

EncoderComparison::EncoderComparison(const fs::path& path, const std::vector<Case>& cases, std::size_t methods,
                                     const metrics::Bootstrap& bootstrap, const engine::Compute& compute)
    : extractor_(engine::services().open_encoder(path, compute)),
      name_(path.stem().string()),
      sets_(cases, methods + 1, bootstrap.seed),
      draws_(bootstrap.draws) {}

EncoderDistances EncoderComparison::distances() const {
  EncoderDistances result{name_, extractor_->digest(), extractor_->description(), draws_, sets_.distances(draws_)};
  if (!result.levels.empty() && !result.levels.front().warning.empty()) {
    const LevelDistances& first = result.levels.front();
    log_warning(fmt::format("encoder {}, level {}: {}", name_, first.level, first.warning));
  }
  return result;
}

}  // namespace gdm::grade
