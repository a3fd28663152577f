// Sections of the HTML page that are plots.
#include "report/html/figures.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/html/plots.hpp"
#include "report/html/text.hpp"

namespace gdm::report {
namespace {

constexpr std::size_t shown_at_once = 9;  ///< plots before the rest is folded away

/// What a distribution is measured by; distances have a plot.
struct Measure {
  const char *key, *title, *interval;
  bool plotted;
};
constexpr Measure measures[] = {{"frechet", "Fr\u00e9chet distance", "frechet_interval", true},
                                {"kernel", "kernel distance", "kernel_interval", true},
                                {"precision", "precision", "precision_interval", false},
                                {"recall", "recall", "recall_interval", false},
                                {"density", "density", "density_interval", false},
                                {"coverage", "coverage", "coverage_interval", false}};

std::string plots_grid(const std::vector<std::string>& plots) {
  std::string first, more;
  std::size_t shown = 0;
  for (const std::string& plot : plots) {
    if (plot.empty()) continue;
    (shown++ < shown_at_once ? first : more) += plot;
  }
  if (first.empty()) return "";
  const std::string rest = more.empty() ? ""
                                        : fmt::format(
                                              "<details><summary>{} more plots</summary><div class=\"plots\">"
                                              "{}</div></details>\n",
                                              shown - shown_at_once, more);
  return "<div class=\"plots\">" + first + "</div>\n" + rest;
}

std::optional<double> end_of(const Json& entry, const char* key, std::size_t end) {
  if (!holds(entry, key) || !entry[key].is_array() || entry[key].size() != 2) return std::nullopt;
  return number_of(entry[key][end]);
}

std::string measure_text(const Json& entry, const Measure& measure) {
  std::string text = short_number(number_at(entry, measure.key));
  const auto low = end_of(entry, measure.interval, 0), high = end_of(entry, measure.interval, 1);
  if (low && high) text += " [" + short_number(low) + ", " + short_number(high) + "]";
  return text;
}

bool measured(const std::vector<const Json*>& levels, const char* key) {
  return std::any_of(levels.begin(), levels.end(), [key](const Json* level) {
    const Json& methods = (*level)["methods"];
    return std::any_of(methods.begin(), methods.end(), [key](const Json& m) { return number_at(m, key).has_value(); });
  });
}

std::string level_plot(const ShownReport& report, const Json& level, const Measure& measure) {
  std::vector<PlotWhisker> rows;
  for (const auto& item : level["methods"].items()) {
    const auto value = number_at(item.value(), measure.key);
    if (!value) continue;
    rows.push_back({item.key(), report.colour(item.key()), *value, end_of(item.value(), measure.interval, 0),
                    end_of(item.value(), measure.interval, 1)});
  }
  return whisker_plot(fmt::format("{}, {} level", measure.title, text_at(level, "level")), rows);
}

/// Table and plots of one encoder; `levels` are its entries.
std::string encoder_part(const ShownReport& report, const std::string& name, const std::vector<const Json*>& levels) {
  std::string head = head_cell("level") + head_cell("method", "text") + head_cell("dimensions"), body, warnings;
  std::vector<std::string> plots;
  for (const Measure& measure : measures) {
    if (!measured(levels, measure.key)) continue;
    head += head_cell(measure.title);
    for (const Json* level : levels) {
      if (measure.plotted) plots.push_back(level_plot(report, *level, measure));
    }
  }
  for (const Json* level : levels) {
    for (const auto& item : (*level)["methods"].items()) {
      std::string row = row_head(text_at(*level, "level")) + cell(item.key(), "text") + cell(text_at(*level, "dims"));
      for (const Measure& measure : measures) {
        if (measured(levels, measure.key)) row += cell(measure_text(item.value(), measure));
      }
      body += "<tr>" + row + "</tr>\n";
    }
    if (holds(*level, "warning")) {
      warnings +=
          "<p class=\"warning\">" + escape(text_at(*level, "level") + ": " + text_at(*level, "warning")) + "</p>\n";
    }
  }
  std::string facts;
  for (const char* key : {"patches", "patients"}) {
    if (!holds(*levels.front(), key)) continue;
    facts += (facts.empty() ? "" : ", ") + text_at(*levels.front(), key) + " " + key;
  }
  return "<h3>Encoder " + escape(name) + "</h3>\n" + (facts.empty() ? "" : "<p>" + escape(facts) + "</p>\n") +
         warnings + plots_grid(plots) +
         table_box("Distances in the features of encoder " + name, "<tr>" + head + "</tr>", body, "striped");
}

/// Distances to a bank of real features.
std::string bank_part(const Json& bank) {
  std::string body;
  for (const Json& level : bank["levels"]) {
    for (const auto& item : level["methods"].items()) {
      body += "<tr>" + row_head(text_at(level, "level")) + cell(item.key(), "text") + cell(text_at(level, "dims")) +
              cell(short_number(number_at(item.value(), "frechet_per_channel"))) +
              cell(short_number(number_at(item.value(), "kernel"))) + "</tr>\n";
    }
  }
  if (body.empty()) return "";
  const std::string head = head_cell("level") + head_cell("method", "text") + head_cell("dimensions") +
                           head_cell("Fr\u00e9chet distance per channel") + head_cell("kernel distance");
  return "<h3>Bank " + escape(text_at(bank, "bank")) +
         "</h3>\n<p>Against the real features in the bank; the line (targets) says how far the targets themselves are "
         "from it.</p>\n" +
         table_box("Distances to the bank", "<tr>" + head + "</tr>", body, "striped");
}

PlotSeries values_of(const ShownReport& report, std::size_t method, std::size_t metric) {
  PlotSeries series{report.methods[method].name, method, {}};
  for (std::size_t c = 0; c < report.cases.size(); ++c) {
    const auto& value = report.methods[method].values[metric][c];
    if (!value) continue;
    series.points.push_back({*value, 0, report.cases[c] + ": " + decimal(value, report.metrics[metric].decimals)});
  }
  return series;
}

std::string metric_scatter(const ShownReport& report, std::size_t metric) {
  const ShownMethod& first = report.methods.front();
  const int decimals = report.metrics[metric].decimals;
  std::vector<PlotSeries> series;
  for (std::size_t m = 1; m < report.methods.size(); ++m) {
    series.push_back({report.methods[m].name, m, {}});
    for (std::size_t c = 0; c < report.cases.size(); ++c) {
      const auto &x = first.values[metric][c], &y = report.methods[m].values[metric][c];
      if (!x || !y) continue;
      series.back().points.push_back({*x, *y,
                                      fmt::format("{}: {} {}, {} {}", report.cases[c], first.name, decimal(x, decimals),
                                                  report.methods[m].name, decimal(y, decimals))});
    }
  }
  return scatter_plot(report.metrics[metric].title, first.name,
                      series.size() == 1 ? series.front().label : "other methods", series);
}

}  // namespace

std::string distribution_section(const ShownReport& report) {
  const bool in_bank = holds(report.json, "bank") && holds(report.json["bank"], "levels");
  if (!holds(report.json, "distribution") && !in_bank) return "";
  std::vector<std::pair<std::string, std::vector<const Json*>>> encoders;
  const Json all = report.json.value("distribution", Json::array());
  for (const Json& level : all) {
    if (!holds(level, "methods")) continue;
    const std::string name = text_at(level, "encoder");
    if (encoders.empty() || encoders.back().first != name) encoders.push_back({name, {}});
    encoders.back().second.push_back(&level);
  }
  std::string body;
  for (const auto& [name, levels] : encoders) body += encoder_part(report, name, levels);
  if (in_bank) body += bank_part(report.json["bank"]);
  if (!body.empty()) {
    body =
        "<p>How far the predictions as a whole are from the targets as a whole, in the features of an encoder. "
        "Smaller distances are better. Intervals are over patients, 95 %.</p>\n" +
        body;
  }
  return section("distribution", "Distances between distributions", body);
}

std::string spectra_section(const ShownReport& report) {
  if (!holds(report.json, "spectra") || !holds(report.json["spectra"], "methods")) return "";
  const Json& spectra = report.json["spectra"];
  const bool per_mm = holds(spectra, "cycles_per_mm");
  const Json bins = spectra.value(per_mm ? "cycles_per_mm" : "frequency_per_voxel", Json::array());
  std::vector<PlotSeries> series;
  for (const auto& item : spectra["methods"].items()) {
    PlotSeries line{item.key(), report.colour(item.key()), {}};
    for (std::size_t n = 0; n < std::min(bins.size(), item.value().size()); ++n) {
      const auto x = number_of(bins[n]), y = number_of(item.value()[n]);
      if (x && y) line.points.push_back({*x, *y, ""});
    }
    series.push_back(std::move(line));
  }
  const std::string plot = line_plot("Power of the prediction over that of the target",
                                     per_mm ? "cycles per mm" : "cycles per voxel", "power ratio", series);
  if (plot.empty()) return "";
  return section("spectra", "Spectra",
                 "<p>Below 1 the prediction lacks structure of that fineness, above 1 it has too much of it.</p>\n" +
                     legend(series) + "<div class=\"wide\">" + plot + "</div>\n");
}

std::string calibration_section(const ShownReport& report) {
  if (!holds(report.json, "calibration") || !holds(report.json["calibration"], "methods")) return "";
  const Json& calibration = report.json["calibration"];
  const Json spreads = calibration.value("spreads", Json::array()), normal = calibration.value("normal", Json::array());
  std::vector<PlotSeries> series;
  for (const auto& item : calibration["methods"].items()) {
    PlotSeries points{item.key(), report.colour(item.key()), {}};
    for (std::size_t n = 0; n < std::min({spreads.size(), normal.size(), item.value().size()}); ++n) {
      const auto k = number_of(spreads[n]), x = number_of(normal[n]), y = number_of(item.value()[n]);
      if (k && x && y)
        points.points.push_back({*x, *y, fmt::format("{}: {:.3f} within {:g} spreads", item.key(), *y, *k)});
    }
    series.push_back(std::move(points));
  }
  const std::string plot =
      scatter_plot("Errors that the spread covers", "share of normal errors", "share of the voxels", series);
  if (plot.empty()) return "";
  return section(
      "calibration", "Calibration of the spread",
      "<p>For 0.25 to 3 spreads: how many voxels have an error within so many, mean over patients. On the dashed "
      "line it is as many as of a normal distribution; below it the spread is too small.</p>\n" +
          legend(series) + plots_grid({plot}));
}

std::string boxes_section(const ShownReport& report) {
  std::vector<std::string> plots;
  for (std::size_t metric = 0; metric < report.metrics.size(); ++metric) {
    std::vector<PlotSeries> series;
    for (std::size_t m = 0; m < report.methods.size(); ++m) series.push_back(values_of(report, m, metric));
    plots.push_back(box_plot(report.metrics[metric].title, series));
  }
  const std::string grid = plots_grid(plots);
  return section("boxes", "Spread over cases",
                 grid.empty() ? ""
                              : "<p>Boxes from the first to the third quartile with the median, whiskers to the last "
                                "case within 1.5 interquartile ranges, a point for every case.</p>\n" +
                                    grid);
}

std::string scatter_section(const ShownReport& report) {
  if (report.methods.size() < 2) return "";
  std::vector<std::string> plots;
  std::vector<PlotSeries> others;
  for (std::size_t m = 1; m < report.methods.size(); ++m) others.push_back({report.methods[m].name, m, {}});
  for (std::size_t metric = 0; metric < report.metrics.size(); ++metric)
    plots.push_back(metric_scatter(report, metric));
  const std::string grid = plots_grid(plots);
  if (grid.empty()) return "";
  return section("scatter", "Case against case",
                 "<p>Across: " + escape(report.methods.front().name) +
                     ". Up: the same case by another method. On the dashed line both are equal.</p>\n" +
                     legend(others) + grid);
}

}  // namespace gdm::report
