// The report as one HTML page that needs nothing else: no network, no other file. Style sheet and script are
// html_page.css and html_page.js, compiled in.
#pragma once

#include <string>
#include <vector>

#include "io/json.hpp"
#include "report/html/pictures.hpp"

namespace gdm::report {

/// The page, in UTF-8; it is well-formed XML, too. What the report does not hold is left out. `split` is as in
/// plan_cases().
std::string html_page(const ShownReport& report, const std::string& split, const std::vector<CasePictures>& pictures);

/// Page with pictures of up to `picture_cases` cases. Throws Error as gather_pictures() does.
std::string html_page_of(const Json& report, const std::vector<grade::MethodManifest>& methods,
                         const grade::GradeOptions& options, std::size_t picture_cases);

}  // namespace gdm::report
