// Sections of the HTML page that are plots. Each returns "" if the report holds nothing for it.
#pragma once

#include <string>

#include "report/html/report.hpp"

namespace gdm::report {

std::string distribution_section(const ShownReport& report);
std::string spectra_section(const ShownReport& report);
/// What spreads cover of the errors, against what those of a normal distribution would.
std::string calibration_section(const ShownReport& report);
/// A box plot for each metric.
std::string boxes_section(const ShownReport& report);
/// The first method against each other one, case by case, a plot for each metric.
std::string scatter_section(const ShownReport& report);

}  // namespace gdm::report
