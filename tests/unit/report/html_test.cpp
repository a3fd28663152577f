// The HTML page: nothing gets out of its quotes, nothing is fetched, nothing is shown empty, and what it says of best
// and worst is right. tests/data/report.json was made by hand, with names that try to be markup.
#include <doctest/doctest.h>

#include <algorithm>
#include <regex>

#include "io/json.hpp"
#include "picture/png.hpp"
#include "report/html/page.hpp"
#include "report/html/plots.hpp"
#include "report/html/tables.hpp"
#include "report/html/text.hpp"
#include "sys/atomic_file.hpp"

using namespace gdm;
using namespace gdm::metrics;
using namespace gdm::picture;
using namespace gdm::report;
namespace {

Json fixture() {
  return parse_json(read_file(std::string(GDM_TEST_DATA) + "/report.json", 1U << 20U));
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

/// The first tag that is not closed where it should be; "" if there is none. Style and script are left out.
std::string unbalanced(const std::string& page) {
  static const std::regex tag("<(/?)([a-z0-9]+)[^<>]*?(/?)>");
  std::string text = page;
  for (const std::string name : {"style", "script"}) {
    const std::size_t from = text.find("<" + name + ">"), to = text.find("</" + name + ">");
    text.erase(from, to - from + name.size() + 3);
  }
  std::vector<std::string> open;
  for (std::sregex_iterator at(text.begin(), text.end(), tag), end; at != end; ++at) {
    const std::string name = (*at)[2];
    if (!(*at)[3].str().empty()) continue;
    if ((*at)[1].str().empty()) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "/" + name;
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back();
}

/// Pictures of one case, all the same.
CasePictures pictures_of(std::size_t index) {
  const EncodedPicture picture{png_bytes(Picture(2, 2, {9, 9, 9})), 2, 2};
  const PlanePictures plane{"axial slice 1 of 2", 10, picture, {}, {picture, picture}, {picture, picture}};
  return {{index, "worst"}, {plane}};
}

}  // namespace

TEST_CASE("html: hostile names stay text, and nothing is fetched") {
  const std::string page = html_page(ShownReport(fixture()), "test", {pictures_of(1)});
  CHECK(count(page, "<script") == 1);
  CHECK(count(page, "</script") == 1);
  CHECK(count(page, "&lt;script&gt;alert(1)&lt;/script&gt;") > 5);
  CHECK(page.find("<img src=x>") == std::string::npos);
  CHECK(page.find("plain & <simple>") == std::string::npos);
  CHECK(page.find("c\"'") == std::string::npos);
  for (const char* reference : {"http://", "https://", "url(", "@import", "<link", "<iframe", " style="}) {
    CHECK_MESSAGE(page.find(reference) == std::string::npos, reference);
  }
  CHECK(count(page, "<img") == count(page, "<img src=\"data:image/png;base64,"));
  CHECK(unbalanced(page).empty());
  CHECK(page.find("clinical use") != std::string::npos);
}

TEST_CASE("html: the policy lets nothing run but the page's own script") {
  const std::string page = html_page(ShownReport(fixture()), "test", {});
  const auto between = [&page](const std::string& open, const std::string& close) {
    const std::size_t from = page.find(open) + open.size();
    return page.substr(from, page.find(close, from) - from);
  };
  const std::string policy = between("Content-Security-Policy\" content=\"", "\"");
  CHECK(policy.find("default-src 'none'") == 0);
  CHECK(policy.find("script-src '" + policy_hash(between("<script>", "</script>")) + "'") != std::string::npos);
  CHECK(policy.find("style-src '" + policy_hash(between("<style>", "</style>")) + "'") != std::string::npos);
  CHECK(policy.find("unsafe") == std::string::npos);
}

TEST_CASE("html: a section without data is left out") {
  const Json full = fixture();
  const std::pair<const char*, const char*> sections[] = {{"comparisons", "comparisons"},
                                                          {"ranks", "ranks"},
                                                          {"distribution", "distribution"},
                                                          {"spectra", "spectra"},
                                                          {"calibration", "calibration"},
                                                          {"efficiency", "efficiency"},
                                                          {"gates", "gates"},
                                                          {"provenance", "provenance"},
                                                          {"metrics", "definitions"}};
  const std::string page = html_page(ShownReport(full), "test", {pictures_of(0)});
  for (const auto& [key, id] : sections) {
    Json less = full;
    less.erase(key);
    if (std::string(key) == "comparisons") less.erase("distance_comparisons");
    const std::string start = std::string("<section id=\"") + id + "\"", without = html_page(ShownReport(less), "", {});
    CHECK_MESSAGE(page.find(start) != std::string::npos, id);
    CHECK_MESSAGE(without.find(start) == std::string::npos, id);
    CHECK_MESSAGE(without.find(std::string("href=\"#") + id + "\"") == std::string::npos, id);
    CHECK(unbalanced(without).empty());
  }
  CHECK(page.find("id=\"pictures\"") != std::string::npos);
  Json single = full;
  single["methods"].erase(1);
  const std::string alone = html_page(ShownReport(single), "", {});
  CHECK(alone.find("id=\"scatter\"") == std::string::npos);
  CHECK(alone.find(">best<") == std::string::npos);
  CHECK(alone.find("id=\"pictures\"") == std::string::npos);
}

TEST_CASE("html: the best mean by what is better, and the favoured method") {
  const ShownReport report(fixture());
  const std::string text = summary_section(report);
  const std::string best = "<b class=\"mark\">best</b> ";
  CHECK(count(text, best) == 2);
  CHECK(text.find(best + "45.00 ") != std::string::npos);
  CHECK(text.find("<span>30.50 \u00b1 1.30 (4 of 5)") != std::string::npos);  // not best: one case is left out
  CHECK(text.find(best + "-1.00 ") != std::string::npos);
  CHECK(comparisons_section(report).find("<td class=\"text best\">drift</td>") != std::string::npos);
  const std::string distances = comparisons_section(report);
  CHECK(distances.find("<td class=\"text\">Fr\u00e9chet (primary)</td>") != std::string::npos);
  CHECK(distances.find("<td class=\"num\">0.900 [0.200, 1.60]</td>") != std::string::npos);
  CHECK(count(distances, "<td class=\"text best\">drift</td>") == 2);
  Json signed_values = fixture();
  signed_values["comparisons"][0]["metric"] = "bias_hu";  // |A| - |B| is 5: B lies nearer to 0
  const std::string from_zero = comparisons_section(ShownReport(signed_values));
  CHECK(from_zero.find("|bias/HU|") != std::string::npos);
  CHECK(from_zero.find("<td class=\"text best\">drift</td>") != std::string::npos);
}

TEST_CASE("html: cases from the worst to the best") {
  const ShownReport report(fixture());
  CHECK(report.worst_first() == std::vector<std::size_t>{1, 3, 4, 2, 0});
  const auto chosen = [&report](std::size_t n) {
    std::string text;
    for (const PicturedCase& c : cases_to_picture(report, n)) text += std::to_string(c.index) + c.why[0] + " ";
    return text;
  };
  CHECK(chosen(0).empty());
  CHECK(chosen(1) == "1w ");
  CHECK(chosen(3) == "1w 4m 0b ");
  CHECK(chosen(5) == "1w 3w 4m 2m 0b ");
  CHECK(chosen(9) == chosen(5));
  const std::string table = cases_section(report, {{1, "worst"}});
  CHECK(table.find("aria-sort=\"descending\">MAE/HU") != std::string::npos);
  CHECK(table.find("data-v=\"70\"") < table.find("data-v=\"65\""));
  CHECK(count(table, "href=\"#case-1\"") == 2);
}

TEST_CASE("html: text and encodings") {
  CHECK(escape("<a href=\"x\">'&\x01") == "&lt;a href=&quot;x&quot;&gt;&#39;&amp;\uFFFD");
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(policy_hash("") == "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  CHECK(decimal(-0.001, 2) == "0.00");
  CHECK(decimal(std::nullopt, 2) == "\u2013");
  CHECK(short_number(1234.5) == "1234");
  CHECK(short_number(0.25) == "0.250");
  CHECK(short_number(0.0) == "0");
  CHECK(short_number(1e-7) == "1.00e-07");
  Json bytes = fixture();
  bytes["methods"][0]["name"] = "\xff\xfe";
  CHECK(ShownReport(bytes).methods[0].name == "\uFFFD\uFFFD");
}

TEST_CASE("html: axes end at round numbers around the values") {
  const PlotAxis axis = PlotAxis::around(12, 38);
  CHECK(axis.low == 10);
  CHECK(axis.high == 40);
  CHECK(axis.ticks == std::vector<double>{10, 15, 20, 25, 30, 35, 40});
  CHECK(axis.at(25, 100, 200) == 150);
  for (const double value : {0.0, 5.0, -3e-9, 1e12}) {
    const PlotAxis around = PlotAxis::around(value, value);
    CHECK(around.low < value);
    CHECK(around.high > value);
    CHECK(around.ticks.size() < 12);
  }
  CHECK(box_plot("empty", {{"a", 0, {}}}).empty());
  CHECK(scatter_plot("empty", "x", "y", {}).empty());
  CHECK(line_plot("zero", "x", "y", {{"a", 0, {{1, 0, ""}}}}).empty());
  CHECK(count(box_plot("five", {{"a", 0, {{1, 0, ""}, {2, 0, ""}, {3, 0, ""}, {4, 0, ""}, {9, 0, ""}}}}), "<circle") ==
        5);
}

TEST_CASE("picture: the PNG takes one byte a pixel where that is enough") {
  const auto colour_type = [](const Picture& picture) { return static_cast<int>(png_bytes(picture)[25]); };
  Picture picture(300, 2, {7, 7, 7});
  CHECK(colour_type(picture) == 0);
  picture.set(0, 0, {1, 2, 3});
  CHECK(colour_type(picture) == 3);
  for (int x = 0; x < 300; ++x)
    picture.set(x, 1, {static_cast<std::uint8_t>(x % 256), static_cast<std::uint8_t>(x / 256), 5});
  CHECK(colour_type(picture) == 2);
}
