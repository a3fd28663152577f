#include "report/distribution.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "metrics/manifold.hpp"
#include "metrics/spread.hpp"
#include "report/values.hpp"
#include "sys/table.hpp"

namespace gdm::report {
namespace {

constexpr const char* of_targets = "(targets)";

constexpr const char* how =
    "Frechet: squared distance of Gaussians with the moments of the features; kernel: unbiased squared maximum mean "
    "discrepancy, kernel (x.y / dimensions + 1)^3, pairs of different "
    "patients; precision, recall, density and coverage: balls that reach to neighbour {}; "
    "intervals are the spread of the draws about the value, that of the kernel distance the draws themselves\n";

/// One block of columns.
struct Block {
  std::string name;
  const std::vector<grade::LevelDistances>& levels;
};

std::string distance_cell(const std::optional<double>& value) {
  return value ? fmt::format("{:.4g}", *value) : "-";
}

std::string distance_cell(const std::optional<metrics::Interval>& interval) {
  return interval ? fmt::format("{:.3g} to {:.3g}", interval->low, interval->high) : "-";
}

Row frechet_and_kernel(const grade::MethodDistances& d) {
  return {distance_cell(d.frechet), distance_cell(d.frechet_interval), distance_cell(d.kernel),
          distance_cell(d.kernel_interval)};
}

Row manifolds(const grade::MethodDistances& d) {
  return {distance_cell(d.precision), distance_cell(d.precision_interval),
          distance_cell(d.recall),    distance_cell(d.recall_interval),
          distance_cell(d.density),   distance_cell(d.density_interval),
          distance_cell(d.coverage),  distance_cell(d.coverage_interval)};
}

/// All blocks have the same levels and methods.
std::string table_of(const std::vector<Block>& blocks, const std::vector<std::string>& methods, const Row& titles,
                     Row (*cells)(const grade::MethodDistances&)) {
  Row names{"", ""}, heading{"  level", "method"};
  for (const Block& block : blocks) {
    names.push_back(block.name);
    names.insert(names.end(), titles.size() - 1, "");
    heading.insert(heading.end(), titles.begin(), titles.end());
  }
  std::vector<Row> rows{names, heading};
  for (std::size_t l = 0; l < blocks.front().levels.size(); ++l) {
    for (std::size_t m = 0; m < methods.size(); ++m) {
      Row row{"  " + blocks.front().levels[l].level, methods[m]};
      for (const Block& block : blocks) {
        const Row values = cells(block.levels[l].methods[m]);
        row.insert(row.end(), values.begin(), values.end());
      }
      rows.push_back(row);
    }
  }
  return aligned(rows, 2);
}

std::vector<std::string> method_names(const grade::Grades& grades) {
  std::vector<std::string> names;
  for (const grade::MethodGrades& method : grades.methods) names.push_back(method.name);
  return names;
}

std::string encoders_text(const grade::Grades& grades) {
  std::vector<Block> blocks;
  for (const grade::EncoderDistances& encoder : grades.encoders) blocks.push_back({encoder.name, encoder.levels});
  const std::vector<std::string> methods = method_names(grades);
  const std::size_t draws = grades.encoders.front().draws;
  const std::string intervals =
      draws > 0 ? fmt::format("95 % intervals of {} draws of patients", draws) : "no intervals were asked for";
  std::string text = fmt::format("\nDistances to the distribution of the targets' features ({}):\n", intervals);
  text += table_of(blocks, methods, {"Frechet", "95 %", "kernel", "95 %"}, frechet_and_kernel) + "\n";
  text += table_of(blocks, methods, {"precision", "95 %", "recall", "95 %", "density", "95 %", "coverage", "95 %"},
                   manifolds);
  for (const grade::EncoderDistances& encoder : grades.encoders) {
    for (const grade::LevelDistances& level : encoder.levels) {
      text += fmt::format("{}, {}: {} dimensions, {} patches of {} patients{}{}\n", encoder.name, level.level,
                          level.dims, level.patches, level.patients, level.warning.empty() ? "" : "; ", level.warning);
    }
  }
  return text + fmt::format(how, metrics::manifold_neighbours);
}

std::string bank_text(const grade::Grades& grades) {
  std::vector<std::string> methods = method_names(grades);
  methods.push_back(of_targets);
  const auto titles = Row{"Frechet", "kernel"};
  const auto cells = [](const grade::MethodDistances& d) {
    return Row{distance_cell(d.frechet), distance_cell(d.kernel)};
  };
  return "\nDistances to the distribution of the real features in the bank (standardised channels, Frechet per "
         "channel, means over the keys of a level):\n" +
         table_of({{grades.bank->name, grades.bank->levels}}, methods, titles, cells);
}

Json methods_json(const grade::LevelDistances& level, const std::vector<std::string>& methods) {
  Json json = Json::object();
  for (std::size_t m = 0; m < methods.size(); ++m) {
    const grade::MethodDistances& d = level.methods[m];
    json[methods[m]] = {{"frechet", number(d.frechet)},     {"frechet_interval", interval_json(d.frechet_interval)},
                        {"kernel", number(d.kernel)},       {"kernel_interval", interval_json(d.kernel_interval)},
                        {"precision", number(d.precision)}, {"precision_interval", interval_json(d.precision_interval)},
                        {"recall", number(d.recall)},       {"recall_interval", interval_json(d.recall_interval)},
                        {"density", number(d.density)},     {"density_interval", interval_json(d.density_interval)},
                        {"coverage", number(d.coverage)},   {"coverage_interval", interval_json(d.coverage_interval)}};
  }
  return json;
}

}  // namespace

std::string distribution_text(const grade::Grades& grades) {
  return (grades.encoders.empty() ? "" : encoders_text(grades)) + (grades.bank ? bank_text(grades) : "");
}

Json distribution_json(const grade::Grades& grades) {
  Json json = Json::array();
  for (const grade::EncoderDistances& encoder : grades.encoders) {
    for (const grade::LevelDistances& level : encoder.levels) {
      Json entry{{"encoder", encoder.name},    {"sha256", encoder.digest},
                 {"level", level.level},       {"dims", level.dims},
                 {"patches", level.patches},   {"patches_found", level.patches_found},
                 {"patients", level.patients}, {"bootstrap_draws", encoder.draws}};
      if (!level.warning.empty()) entry["warning"] = level.warning;
      entry["description"] = encoder.description;
      entry["methods"] = methods_json(level, method_names(grades));
      json.push_back(std::move(entry));
    }
  }
  return json;
}

Json bank_json(const grade::Grades& grades) {
  Json json{{"bank", grades.bank->name}, {"sha256", grades.bank->digest}, {"levels", Json::array()}};
  std::vector<std::string> methods = method_names(grades);
  methods.push_back(of_targets);
  for (const grade::LevelDistances& level : grades.bank->levels) {
    Json entry{{"level", level.level}, {"dims", level.dims}, {"patches", level.patches}, {"methods", Json::object()}};
    for (std::size_t m = 0; m < methods.size(); ++m) {
      entry["methods"][methods[m]] = {{"frechet_per_channel", number(level.methods[m].frechet)},
                                      {"kernel", number(level.methods[m].kernel)}};
    }
    json["levels"].push_back(std::move(entry));
  }
  return json;
}

Json calibration_json(const grade::Grades& grades) {
  Json methods = Json::object(), multiples = Json::array(), normal = Json::array();
  for (const grade::MethodGrades& method : grades.methods) {
    if (method.within_spreads.empty()) continue;
    Json& means = methods[method.name] = Json::array();
    for (const grade::Aggregate& share : method.within_spreads) means.push_back(number(share.over_patients.mean));
  }
  if (methods.empty()) return nullptr;
  for (std::size_t n = 0; n < metrics::spread_multiples; ++n) {
    multiples.push_back(metrics::spread_multiple(n));
    normal.push_back(metrics::normal_share(metrics::spread_multiple(n)));
  }
  return {{"spreads", std::move(multiples)}, {"normal", std::move(normal)}, {"methods", std::move(methods)}};
}

Json spectra_json(const grade::Grades& grades) {
  Json methods = Json::object(), spreads = Json::object();
  for (const grade::MethodGrades& method : grades.methods) {
    if (method.power_ratios.empty()) return nullptr;
    Json means = Json::array(), intervals = Json::array();
    for (const grade::Aggregate& bin : method.power_ratios) {
      means.push_back(number(bin.over_patients.mean));
      intervals.push_back(interval_json(bin.mean_interval));
    }
    methods[method.name] = std::move(means);
    spreads[method.name] = std::move(intervals);
  }
  Json bins = Json::array();
  for (std::size_t bin = 0; bin < metrics::power_bins; ++bin) {
    bins.push_back(0.5 * (static_cast<double>(bin) + 0.5) / static_cast<double>(metrics::power_bins));
  }
  return {{"frequency_per_voxel", std::move(bins)}, {"methods", std::move(methods)}, {"intervals", std::move(spreads)}};
}

}  // namespace gdm::report
