#include "model/acquisition.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace gdm::model {
namespace {

constexpr double photon_factor = 2;

struct Key {
  std::string name, words, format;
  bool must_agree;       ///< it changes the streaks that a network has learnt to take away
  bool spoken = true;    ///< named where a scan is described; else only where it differs
  std::string untold{};  ///< taken for what older sidecars and models do not tell; empty: that is not known
};
const Key filters{"filter", "filter", "filter {}", true};
const Key methods{"method", "method", "method {}", true};
const Key photons{"photons", "photons", "{} photons", false};
const std::vector<Key> keys{{"views", "views", "{} views", true},
                            {"geometry", "geometry", "{} beam", true},
                            {"angular_range_deg", "angular range", "{} degrees", true},
                            {"view_spacing", "spacing of views", "views at {} steps", true, false, "even"},
                            filters,
                            methods,
                            {"strength_mm", "strength", "strength {} mm", false},
                            {"iterations", "iterations", "{} iterations", false},
                            {"huber_hu", "Huber threshold", "Huber below {} HU", false, false},
                            {"across_slices", "coupling of slices", "across slices {}", false, false},
                            {"weights", "weights", "weights {}", false, false},
                            {"start", "start", "start {}", false, false},
                            {"subsets", "subsets", "{} subsets", false, false},
                            {"rays_per_element", "rays", "{} rays an element", false, false},
                            {"non_negative", "bound at 0", "bound at 0 {}", false, false},
                            {"cutoff", "cut-off", "cut-off {}", false, false},
                            {"mask_fov", "mask", "mask {} HU", false, false},
                            photons,
                            {"oversample", "oversampling", "oversample {}", false}};

/// The values of a key: of one scan, or the list of a model; none if it is not known.
std::vector<Json> values_of(const Json& acquisition, const Key& key) {
  const auto found = acquisition.find(key.name);
  if (found == acquisition.end() || found->is_null()) {
    return key.untold.empty() || acquisition.empty() ? std::vector<Json>() : std::vector<Json>{Json(key.untold)};
  }
  if (found->is_array()) return found->get<std::vector<Json>>();
  return std::vector<Json>(1, *found);
}

std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_float() ? fmt::format("{:.10g}", value.get<double>()) : value.dump();
}

std::string text_of(const Json& acquisition, const Key& key) {
  const std::vector<Json> values = values_of(acquisition, key);
  if (values.empty()) return "";
  std::vector<std::string> texts;
  for (const Json& value : values) texts.push_back(value_text(value));
  return fmt::format(fmt::runtime(key.format), fmt::join(texts, " or "));
}

bool photons_agree(const std::vector<Json>& trained, const Json& own) {
  return std::any_of(trained.begin(), trained.end(), [&](const Json& other) {
    if (!own.is_number() || !other.is_number()) return false;
    const double a = own.get<double>(), b = other.get<double>();
    return a == b || (a > 0 && b > 0 && std::max(a, b) <= photon_factor * std::min(a, b));
  });
}

bool agrees(const std::vector<Json>& trained, const Json& own, const Key& key) {
  if (key.name == photons.name) return photons_agree(trained, own);
  return std::find(trained.begin(), trained.end(), own) != trained.end();
}

/// Sidecars of filtered back-projections tell a filter, others a method.
Json with_method(Json acquisition) {
  if (acquisition.contains(filters.name) && !acquisition.contains(methods.name)) acquisition[methods.name] = "fbp";
  return acquisition;
}
bool by_iterations(const Json& with_method) {
  return with_method.contains(methods.name) && !with_method.contains(filters.name);
}

}  // namespace

std::string acquisition_text(const Json& acquisition) {
  std::string text;
  for (const Key& key : keys) {
    const std::string part = key.spoken ? text_of(acquisition, key) : "";
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  }
  return text;
}

Json merged_acquisitions(const std::vector<Json>& acquisitions) {
  Json merged = Json::object();
  for (const Key& key : keys) {
    std::set<Json> values;
    for (const Json& acquisition : acquisitions) {
      for (const Json& value : values_of(acquisition, key)) values.insert(value);
    }
    if (!values.empty()) merged[key.name] = Json(values);
  }
  return merged;
}

Json trained_acquisition(const Json& description, const std::string& input) {
  const auto place = Json::json_pointer("/training/data/scans") / input;
  if (!description.contains(place)) return Json::object();
  return description.at(place);
}

std::string trained_filter(const Json& description, const std::string& input) {
  for (const Json& filter : values_of(trained_acquisition(description, input), filters)) {
    if (filter.is_string()) return filter.get<std::string>();
  }
  return "hann";
}

std::optional<Json> trained_value(const Json& description, const std::string& input, const std::string& key) {
  const std::vector<Json> values = values_of(trained_acquisition(description, input), {key, "", "", false, false});
  if (values.empty()) return {};
  return values.front();
}

AcquisitionDifference compare_acquisition(const Json& told_by_model, const Json& told_by_scan) {
  const Json trained = with_method(told_by_model), acquisition = with_method(told_by_scan);
  const bool iterative = by_iterations(trained) || by_iterations(acquisition);
  std::vector<std::string> refused, noted, untold_by_model, untold_by_scan;
  for (const Key& key : keys) {
    const std::vector<Json> theirs = values_of(trained, key), own = values_of(acquisition, key);
    if (theirs.empty() || own.empty()) {
      const bool of_other_kind = iterative ? key.name == filters.name : key.name == methods.name;
      if (key.must_agree && key.untold.empty() && !of_other_kind)
        (theirs.empty() ? untold_by_model : untold_by_scan).push_back(key.words);
    } else if (!agrees(theirs, own.front(), key)) {
      (key.must_agree ? refused : noted)
          .push_back(fmt::format("{}, the model was trained on {}", text_of(acquisition, key), text_of(trained, key)));
    }
  }
  if (!untold_by_model.empty()) {
    noted.push_back(
        fmt::format("the model does not tell on which {} it was trained", fmt::join(untold_by_model, ", ")));
  }
  if (!untold_by_scan.empty()) {
    noted.push_back(fmt::format("no sidecar tells the {} of the scan, the model was trained on {}",
                                fmt::join(untold_by_scan, ", "), acquisition_text(told_by_model)));
  }
  return {fmt::format("{}", fmt::join(refused, "; ")), fmt::format("{}", fmt::join(noted, "; "))};
}

}  // namespace gdm::model
