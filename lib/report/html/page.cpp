// The report as one HTML page: head, policy, sections in order.
#include "report/html/page.hpp"

#include <fmt/format.h>

#include "report/html/assets.hpp"
#include "report/html/figures.hpp"
#include "report/html/tables.hpp"
#include "report/html/text.hpp"

namespace gdm::report {
namespace {

// Readers of XML must not take the script's operators for markup; readers of HTML see comments.
const std::string style = std::string("/*<![CDATA[*/\n") + html_style + "/*]]>*/";
const std::string script = std::string("//<![CDATA[\n") + html_script + "//]]>";

std::string listed(const std::vector<ShownMethod>& methods) {
  std::string text;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    text += (m == 0 ? "" : m + 1 == methods.size() ? " and " : ", ") + methods[m].name;
  }
  return text;
}

std::string fact(const std::string& name, const std::string& value) {
  if (value.empty()) return "";
  return "<div><dt>" + escape(name) + "</dt><dd>" + escape(value) + "</dd></div>\n";
}

std::string header(const ShownReport& report, const std::string& split) {
  const Json& json = report.json;
  const Json provenance = json.value("provenance", Json::object());
  std::string facts = fact("cases", std::to_string(report.cases.size()));
  facts += fact("patients", text_at(json, "patients"));
  if (holds(json, "skipped")) facts += fact("not graded", std::to_string(json["skipped"].size()));
  facts += fact("split", split.empty() ? "all with a prediction" : split);
  facts += fact("profile", text_at(json, "profile"));
  if (holds(json, "hu_range") && json["hu_range"].size() == 2) {
    facts += fact("HU range",
                  short_number(number_of(json["hu_range"][0])) + " to " + short_number(number_of(json["hu_range"][1])));
  }
  facts += fact("made", text_at(provenance, "date"));
  facts += fact("by", text_at(provenance, "tool") + " " + text_at(provenance, "version"));
  return fmt::format(
      "<header>\n<h1>{} <small>against the targets</small></h1>\n<dl class=\"facts\">{}</dl>\n"
      "<p class=\"warning\">For research only: neither this report nor the images in it are for clinical use.</p>\n"
      "</header>\n",
      escape(listed(report.methods)), facts);
}

/// Links to the sections that are there.
std::string contents(const std::vector<std::string>& sections) {
  std::string links;
  for (const std::string& text : sections) {
    if (text.empty()) continue;
    const std::size_t id = text.find("id=\"") + 4, title = text.find("<h2>") + 4;
    links += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", text.substr(id, text.find('"', id) - id),
                         text.substr(title, text.find("</h2>") - title));
  }
  return "<nav aria-label=\"Contents\"><ul>\n" + links + "</ul></nav>\n";
}

}  // namespace

std::string html_page(const ShownReport& report, const std::string& split, const std::vector<CasePictures>& pictures) {
  std::vector<PicturedCase> pictured;
  for (const CasePictures& c : pictures) pictured.push_back(c.which);
  const std::vector<std::string> sections{
      summary_section(report),      gates_section(report),           comparisons_section(report),
      ranks_section(report),        boxes_section(report),           scatter_section(report),
      distribution_section(report), spectra_section(report),         calibration_section(report),
      efficiency_section(report),   cases_section(report, pictured), pictures_section(report, pictures),
      definitions_section(report),  notes_section(report),           provenance_section(report)};
  std::string body;
  for (const std::string& text : sections) body += text;
  // Nothing is fetched, nothing is sent, and no markup that slipped through could run.
  const std::string policy = fmt::format(
      "default-src 'none'; img-src data:; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
      policy_hash(style), policy_hash(script));
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{} against the targets</title>\n"
      "<style>{}</style>\n</head>\n<body>\n{}{}<main>\n{}</main>\n<script>{}</script>\n</body>\n</html>\n",
      policy, escape(listed(report.methods)), style, header(report, split), contents(sections), body, script);
}

std::string html_page_of(const Json& report, const std::vector<grade::MethodManifest>& methods,
                         const grade::GradeOptions& options, std::size_t picture_cases) {
  const ShownReport shown(report);
  return html_page(shown, options.split,
                   gather_pictures(methods, options, shown, cases_to_picture(shown, picture_cases)));
}

}  // namespace gdm::report
