// The comparison of methods as text and JSON.
#pragma once

#include <string>

#include "grade/grade.hpp"
#include "io/json.hpp"

namespace gdm::report {

/// A table of metrics and, with encoders, one of distances between distributions.
std::string comparison_text(const grade::Grades& grades);

/// Adds "comparisons", "distance_comparisons" with encoders, and to "statistics" how they were made.
void add_comparisons(const grade::Grades& grades, Json& report);

/// The title of a metric as it is compared: "|bias/HU|" where values are best at 0.
std::string compared_title(const grade::Metric& metric);

/// How p values were adjusted, in a few words: "adjusted by Holm over 24 tests".
std::string adjustment_text(const grade::Comparisons& comparisons);

}  // namespace gdm::report
