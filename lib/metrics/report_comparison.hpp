// The comparison of methods as text and JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "metrics/grade.hpp"

namespace gdm::metrics {

/// A table of metrics and, with encoders, one of distances between distributions.
std::string comparison_text(const Grades& grades);

/// Adds "comparisons", "distance_comparisons" with encoders, and to "statistics" how they were made.
void add_comparisons(const Grades& grades, nlohmann::ordered_json& report);

/// The title of a metric as it is compared: "|bias/HU|" where values are best at 0.
std::string compared_title(const Metric& metric);

/// How p values were adjusted, in a few words: "adjusted by Holm over 24 tests".
std::string adjustment_text(const Comparisons& comparisons);

}  // namespace gdm::metrics
