// The comparison of methods, their ranks and what they cost, as text and JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "grade/grade.hpp"

namespace gdm::report {

/// Tables; nothing is compared where there is one method.
std::string statistics_text(const grade::Grades& grades);

/// Adds "statistics" (how), "comparisons" and "ranks" where methods are compared, and "efficiency".
void add_statistics(const grade::Grades& grades, nlohmann::ordered_json& report);

}  // namespace gdm::report
