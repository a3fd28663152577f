// What a study was planned to decide on: one metric, or one distance between distributions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "grade/metric.hpp"

namespace gdm::grade {

/// Distances to the distribution of the targets that are compared between methods.
enum class Distance { frechet, kernel };
/// "frechet", "kernel"
std::string name_of(Distance distance);

/// A metric by its place in the list, or a distance at a level of an encoder by their places.
struct Endpoint {
  std::optional<std::size_t> metric;
  Distance distance = Distance::frechet;
  std::size_t level = 0, encoder = 0;
};

/// The metric that `text` means (means_metric()), or DISTANCE[.LEVEL[.ENCODER]], such as frechet.patch.grader: the
/// first level and the first of `encoders` (stems of their files) if left out. Throws Error (usage) for anything else.
Endpoint endpoint_from_text(const std::string& text, const std::vector<Metric>& metrics,
                            const std::vector<std::string>& encoders);

}  // namespace gdm::grade
