#include "nn/condition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <vector>

#include "model/scaling_choice.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::nn {
namespace {

constexpr double low_percentile = 0.5, high_percentile = 99.5, deviations = 4.0;
constexpr double most_outside = 0.01;

/// Of values that may be put into another order.
double percentile_of(std::vector<float>& values, double percentile) {
  const auto rank = static_cast<std::ptrdiff_t>(percentile / 100 * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return static_cast<double>(values[static_cast<std::size_t>(rank)]);
}

RawRange range_of_percentiles(const Tensor& raw, const Condition& condition) {
  const Tensor flat = raw.contiguous().flatten();
  const float* const begin = flat.data_ptr<float>();
  const float* const end = begin + flat.numel();
  // In double, so that the same voxels in another order have the same mean.
  const auto mean = static_cast<float>(std::accumulate(begin, end, 0.0) / static_cast<double>(flat.numel()));
  double low = 0;
  if (flat.min().item<float>() < 0) {
    std::vector<float> all(begin, end);
    low = std::min(0.0, percentile_of(all, low_percentile));
  }
  std::vector<float> foreground;
  foreground.reserve(static_cast<std::size_t>(std::count_if(begin, end, [mean](float v) { return v > mean; })));
  std::copy_if(begin, end, std::back_inserter(foreground), [mean](float v) { return v > mean; });
  if (foreground.empty()) throw Error("condition '" + condition.name + "' is constant");
  return {low, percentile_of(foreground, high_percentile)};
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

std::optional<RawRange> fixed_range(const Condition& condition, const HuMap& hu_map) {
  if (condition.scaling == "hu") return RawRange{hu_map.low_hu, hu_map.high_hu};
  if (condition.scaling == "range") return RawRange{condition.low, condition.high};
  return {};
}

RawRange raw_range(const Tensor& raw, const Condition& condition, const HuMap& hu_map) {
  if (const auto fixed = fixed_range(condition, hu_map)) return *fixed;
  RawRange range{};
  if (condition.scaling == "zscore") {
    const Tensor flat = raw.contiguous().flatten();
    const float* const values = flat.data_ptr<float>();
    const double count = static_cast<double>(flat.numel());
    double mean = 0, squares = 0;
    for (std::int64_t n = 0; n < flat.numel(); ++n) mean += static_cast<double>(values[n]) / count;
    for (std::int64_t n = 0; n < flat.numel(); ++n) squares += std::pow(static_cast<double>(values[n]) - mean, 2);
    const double deviation = std::sqrt(squares / count);
    range = {mean - deviations * deviation, mean + deviations * deviation};
  } else {
    range = range_of_percentiles(raw, condition);
  }
  if (!(range.high > range.low)) throw Error("condition '" + condition.name + "' is constant");
  return range;
}

Tensor ValueScale::operator()(const Tensor& values) const {
  return values.sub(raw.low).mul_(2.0 / (raw.high - raw.low)).sub_(1.0).clamp_(kept.least, kept.most);
}

double OutsideCount::raw_of(double scaled) const {
  return scale_.raw.low + (scaled + 1) / 2 * (scale_.raw.high - scale_.raw.low);
}

void OutsideCount::add(const float* raw, std::size_t count) {
  const auto least = static_cast<float>(raw_of(scale_.kept.least)), most = static_cast<float>(raw_of(scale_.kept.most));
  outside_ += std::count_if(raw, raw + count, [most](float v) { return v > most; });
  if (condition_.scaling != "hu") {
    outside_ += std::count_if(raw, raw + count, [least](float v) { return v < least; });
  }
  all_ += static_cast<std::int64_t>(count);
}

void OutsideCount::warn() const {
  const double share = static_cast<double>(outside_) / static_cast<double>(all_);
  if (all_ == 0 || share <= most_outside) return;
  log_warning(fmt::format(
      "input '{}': {:.1f} % of the voxels lie outside {:.5g} to {:.5g} and are clamped (scaling {})", condition_.name,
      100 * share, raw_of(scale_.kept.least), raw_of(scale_.kept.most), condition_.scaling));
}

ValueScale scale_of(const Tensor& raw, const Condition& condition, const HuMap& hu_map) {
  const ValueScale scale{raw_range(raw, condition, hu_map), scaled_range(condition.scaling)};
  if (condition.scaling == "percentile" && scale.raw.low < 0 && !condition.below_zero) {
    log_warning(
        fmt::format("input '{}' has values below 0 (from {:.4g}), and the first case of the training had none: "
                    "are these images of two kinds?",
                    condition.name, scale.raw.low));
  }
  // By hand, as a comparison and its sum take three times the memory of the volume.
  const Tensor flat = raw.contiguous();
  OutsideCount outside(condition, scale);
  outside.add(flat.data_ptr<float>(), static_cast<std::size_t>(flat.numel()));
  outside.warn();
  return scale;
}

Tensor scale_condition(const Tensor& raw, const Condition& condition, const HuMap& hu_map) {
  return scale_of(raw, condition, hu_map)(raw);
}

}  // namespace gdm::nn
