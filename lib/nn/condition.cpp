#include "nn/condition.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/scaling_choice.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::nn {
namespace {

constexpr double low_percentile = 0.5, high_percentile = 99.5, deviations = 4.0;
constexpr double most_outside = 0.01;

double percentile_of(const Tensor& flat, double percentile) {
  const auto rank = static_cast<std::int64_t>(percentile / 100 * static_cast<double>(flat.numel() - 1)) + 1;
  return std::get<0>(flat.kthvalue(rank)).item<double>();
}

RawRange range_of_percentiles(const Tensor& raw, const Condition& condition) {
  const Tensor flat = raw.flatten();
  const Tensor foreground = flat.masked_select(flat > flat.mean());
  if (foreground.numel() == 0) throw Error("condition '" + condition.name + "' is constant");
  const double low = flat.min().item<double>() < 0 ? std::min(0.0, percentile_of(flat, low_percentile)) : 0.0;
  return {low, percentile_of(foreground, high_percentile)};
}

void warn_of_outside(const Tensor& scaled, const Condition& condition, const RawRange& raw, const ScaledRange& kept) {
  const auto share = [&](const Tensor& outside) { return outside.to(torch::kFloat32).mean().item<double>(); };
  const double above = share(scaled > kept.most), below = condition.scaling == "hu" ? 0 : share(scaled < kept.least);
  if (above + below <= most_outside) return;
  const auto raw_of = [&](double value) { return raw.low + (value + 1) / 2 * (raw.high - raw.low); };
  log_warning(
      fmt::format("input '{}': {:.1f} % of the voxels lie outside {:.5g} to {:.5g} and are clamped (scaling {})",
                  condition.name, 100 * (above + below), raw_of(kept.least), raw_of(kept.most), condition.scaling));
}

}  // namespace

Json Condition::json() const {
  Json json{{"name", name}, {"scaling", scaling}};
  if (scaling == "percentile") {
    json["percentiles"] = {low_percentile, high_percentile};
    json["below_zero"] = below_zero;
  }
  if (scaling == "zscore") json["deviations"] = deviations;
  if (scaling == "range") json["range"] = {low, high};
  return json;
}

Condition Condition::from_json(const Json& json) {
  Condition condition;
  condition.name = json.at("name").get<std::string>();
  condition.scaling = json.at("scaling").get<std::string>();
  condition.below_zero = json.value("below_zero", true);
  if (!model::is_scaling(condition.scaling)) throw Error("unknown scaling '" + condition.scaling + "'");
  const Json expected = condition.scaling == "percentile" ? Json{low_percentile, high_percentile}
                        : condition.scaling == "zscore"   ? Json(deviations)
                                                          : Json();
  const char* const key = condition.scaling == "percentile" ? "percentiles" : "deviations";
  if (!expected.is_null() && json.contains(key) && json.at(key) != expected) {
    throw Error(
        fmt::format("scaling {} with {} {} is unknown to this version", condition.scaling, key, json.at(key).dump()));
  }
  if (condition.scaling == "range") {
    condition.low = json.at("range").at(0).get<double>();
    condition.high = json.at("range").at(1).get<double>();
    if (!(condition.high > condition.low)) throw Error("the range of condition '" + condition.name + "' is empty");
  }
  return condition;
}

ScaledRange scaled_range(const std::string& scaling) {
  return scaling == "hu" ? ScaledRange{-1.0, 1.5} : ScaledRange{-1.5, 1.5};
}

RawRange raw_range(const Tensor& raw, const Condition& condition, const HuMap& hu_map) {
  if (condition.scaling == "hu") return {hu_map.low_hu, hu_map.high_hu};
  if (condition.scaling == "range") return {condition.low, condition.high};
  RawRange range{};
  if (condition.scaling == "zscore") {
    const Tensor values = raw.flatten().to(torch::kFloat64);
    const double mean = values.mean().item<double>(), deviation = values.std(false).item<double>();
    range = {mean - deviations * deviation, mean + deviations * deviation};
  } else {
    range = range_of_percentiles(raw, condition);
  }
  if (!(range.high > range.low)) throw Error("condition '" + condition.name + "' is constant");
  return range;
}

Tensor scale_condition(const Tensor& raw, const Condition& condition, const HuMap& hu_map) {
  const RawRange range = raw_range(raw, condition, hu_map);
  if (condition.scaling == "percentile" && range.low < 0 && !condition.below_zero) {
    log_warning(
        fmt::format("input '{}' has values below 0 (from {:.4g}), and the first case of the training had none: "
                    "are these images of two kinds?",
                    condition.name, range.low));
  }
  const Tensor scaled =
      condition.scaling == "hu" ? hu_map.to_unit(raw) : (raw - range.low) * (2.0 / (range.high - range.low)) - 1.0;
  const ScaledRange kept = scaled_range(condition.scaling);
  warn_of_outside(scaled, condition, range, kept);
  return scaled.clamp(kept.least, kept.most);
}

}  // namespace gdm::nn
