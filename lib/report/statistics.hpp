// The comparison of methods, their ranks and what they cost, as text and JSON.
#pragma once

#include <string>

#include "grade/grade.hpp"
#include "io/json.hpp"

namespace gdm::report {

/// Tables; nothing is compared where there is one method.
std::string statistics_text(const grade::Grades& grades);

/// Adds "statistics" (how), "comparisons" and "ranks" where methods are compared, and "efficiency".
void add_statistics(const grade::Grades& grades, Json& report);

}  // namespace gdm::report
