// Sections of the HTML page that are tables and text. Each returns "" if the report holds nothing for it.
#pragma once

#include <string>
#include <vector>

#include "report/html/report.hpp"

namespace gdm::report {

std::string summary_section(const ShownReport& report);
std::string gates_section(const ShownReport& report);
std::string comparisons_section(const ShownReport& report);
std::string ranks_section(const ShownReport& report);
std::string efficiency_section(const ShownReport& report);
/// A row per case and method, the worst by the leading metric first; ids link to the cases in `pictured`.
std::string cases_section(const ShownReport& report, const std::vector<PicturedCase>& pictured);
std::string definitions_section(const ShownReport& report);
std::string notes_section(const ShownReport& report);
std::string provenance_section(const ShownReport& report);

}  // namespace gdm::report
