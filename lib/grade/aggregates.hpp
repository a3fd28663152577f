// What the cases of a run come to: aggregates over patients, gates, the comparison of methods.
#pragma once

#include <cstddef>

#include "grade/grade.hpp"

namespace gdm::grade {

/// Fills the number of patients, the aggregates of every method, the gates of those from place `first` on (an input
/// before them is not judged) and, for two or more methods, the comparisons. Cases, metrics and encoders' distances are
/// there already; `gates` are resolved.
void aggregate(std::size_t first, const std::vector<Gate>& gates, const GradeOptions& options, Grades& grades);

}  // namespace gdm::grade
