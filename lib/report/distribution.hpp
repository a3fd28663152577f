// Distances between distributions and power spectra as text and JSON: parts of the report (report.hpp).
#pragma once

#include <string>

#include "grade/grade.hpp"
#include "io/json.hpp"

namespace gdm::report {

/// Tables of the distances: a row per level and method, a block of columns per encoder; then the bank's; then what must
/// be known to read them. Empty without encoders and bank.
std::string distribution_text(const grade::Grades& grades);

/// report["distribution"]: one element per encoder and level.
Json distribution_json(const grade::Grades& grades);

/// report["bank"]: its levels as those of distribution_json(), with the method "(targets)". Needs grades.bank.
Json bank_json(const grade::Grades& grades);

/// report["spectra"]: for each method the mean over cases of the power ratio in each bin; null if no metric of the
/// group spectrum was asked for.
Json spectra_json(const grade::Grades& grades);

/// report["calibration"]: for each method that has spreads the mean over patients of the share of voxels whose error is
/// at most each multiple of the spread, and what a normal distribution has there; null if no method has.
Json calibration_json(const grade::Grades& grades);

}  // namespace gdm::report
