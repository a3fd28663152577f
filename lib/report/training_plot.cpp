#include "report/training_plot.hpp"

#include <fmt/format.h>

#include <map>
#include <sstream>

#include "io/json.hpp"
#include "picture/chart.hpp"
#include "sys/error.hpp"

namespace gdm::report {
namespace {

constexpr std::size_t largest_log_bytes = std::size_t{4} << 30;

/// Curves by name; a name has its place in the order of its first point.
class Curves {
 public:
  void add(const std::string& name, double step, const Json& value) {
    if (!value.is_number()) return;  // what was not finite is null
    const auto [place, fresh] = places_.emplace(name, curves_.size());
    if (fresh) curves_.push_back({name, {}, {}});
    curves_[place->second].x.push_back(step);
    curves_[place->second].y.push_back(value.get<double>());
  }
  /// Its moving average over some 50 steps.
  void add_average(const std::string& name, double step, const Json& value) {
    if (!value.is_number()) return;
    const auto [usual, fresh] = usual_.emplace(name, value.get<double>());
    if (!fresh) usual->second = 0.98 * usual->second + 0.02 * value.get<double>();
    add(name, step, usual->second);
  }
  const std::vector<picture::Curve>& all() const { return curves_; }

 private:
  std::map<std::string, double> usual_;
  std::map<std::string, std::size_t> places_;
  std::vector<picture::Curve> curves_;
};

struct Panels {
  Curves loss, norms, cosines, forces, mae, ssim;
  Curves process, scores;  ///< of a process, and of a discriminator
};

Json mean_of(const Json& list) {
  double sum = 0;
  for (const Json& value : list) {
    if (!value.is_number()) return nullptr;
    sum += value.get<double>();
  }
  return list.empty() ? Json() : Json(sum / static_cast<double>(list.size()));
}

void add_line(const Json& line, Panels& panels) {
  const auto step = line.at("step").get<double>();
  const auto value = [](const Json& object, const char* key) { return object.contains(key) ? object.at(key) : Json(); };
  const Json l1 = value(line, "l1_hu");
  panels.loss.add("L1", step, l1);
  panels.loss.add_average("moving average", step, l1);
  panels.process.add("loss", step, value(line, "process_loss"));
  panels.process.add_average("moving average", step, value(line, "process_loss"));
  panels.norms.add("parameters", step, value(line, "parameter_gradient_norm"));
  panels.norms.add("fidelity", step, value(line, "fidelity_norm"));
  const Json objectives = line.value("objectives", Json::object());
  for (const auto& [name, objective] : objectives.items()) {
    panels.norms.add(name, step, value(objective, "norm"));
    panels.cosines.add(name, step, value(objective, "cosine"));
    panels.scores.add_average("real", step, value(objective, "score_real"));
    panels.scores.add_average("generated", step, value(objective, "score_generated"));
    const Json forces = objective.value("raw_force_rms", Json::object());
    for (const auto& [level, rms] : forces.items()) panels.forces.add(level, step, mean_of(rms));
  }
  const Json validation = line.value("validation", Json::object());
  if (!validation.is_object()) return;
  panels.mae.add("MAE", step + 1, value(validation, "mae_hu"));
  panels.ssim.add("SSIM", step + 1, value(validation, "ssim"));
}

}  // namespace

std::vector<Json> read_training_log(const std::filesystem::path& path) {
  std::istringstream text(read_file(path, largest_log_bytes));
  std::vector<Json> log;
  for (std::string line; std::getline(text, line);) {
    with_context(fmt::format("{}:{}", path.string(), log.size() + 1), [&] {
      log.push_back(parse_json(line));
      if (!log.back().is_object() || !log.back().contains("step") || !log.back().at("step").is_number()) {
        throw Error("no line of a training log: expected an object with a \"step\"");
      }
    });
  }
  if (log.empty()) throw Error(path.string() + ": is empty, expected the log of a training");
  return log;
}

picture::Picture training_plot(const std::vector<Json>& log) {
  Panels panels;
  for (const Json& line : log) {
    try {
      add_line(line, panels);
    } catch (const JsonError& error) {
      throw Error(std::string("no line of a training log: ") + error.what());
    }
  }
  constexpr int width = 600, height = 260, column = 760, row = 420;
  const bool more = !panels.process.all().empty() || !panels.scores.all().empty();
  picture::Picture picture(2 * column, (more ? 4 : 3) * row, picture::paper);
  const double steps = log.back().at("step").get<double>() + 1;
  const auto axes = [steps](int x, int y) {
    return picture::Axes{110 + x * column, 70 + y * row, width, height, 0, steps, 0, 1};
  };
  picture::draw_curves(picture, axes(0, 0), "loss", "step", "HU", panels.loss.all(), false);
  picture::draw_curves(picture, axes(1, 0), "gradient norms", "step", "norm", panels.norms.all(), true);
  picture::draw_curves(picture, axes(0, 1), "cosine with the gradient of fidelity", "step", "cosine",
                       panels.cosines.all(), false);
  picture::draw_curves(picture, axes(1, 1), "raw drift force", "step", "RMS", panels.forces.all(), true);
  picture::draw_curves(picture, axes(0, 2), "validation MAE", "steps", "HU", panels.mae.all(), false);
  picture::draw_curves(picture, axes(1, 2), "validation SSIM", "steps", "SSIM", panels.ssim.all(), false);
  if (!more) return picture;
  picture::draw_curves(picture, axes(0, 3), "loss of the process", "step", "loss", panels.process.all(), false);
  picture::draw_curves(picture, axes(1, 3), "discriminator's scores", "step", "moving average", panels.scores.all(),
                       false);
  return picture;
}

}  // namespace gdm::report
