// The registry of metrics, and the selection of some of them.
#include "grade/metric.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "image/orientation.hpp"
#include "sys/error.hpp"

namespace gdm::grade {
namespace {

const std::vector<std::pair<Profile, std::string>>& profile_names() {
  static const std::vector<std::pair<Profile, std::string>> names{
      {Profile::synthrad2023, "synthrad2023"}, {Profile::synthrad2025, "synthrad2025"}, {Profile::plain, "plain"}};
  return names;
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// The columns of a report that nobody asked for in particular: few enough for a terminal.
bool is_default(const std::string& key, const Settings& settings) {
  const std::string similarity = settings.profile == Profile::synthrad2025 ? "ms_ssim" : "ssim";
  static const std::vector<std::string> always{"mae_hu",  "psnr_db", "bone_mae_hu", "bone_dice",
                                               "bias_hu", "rmse_hu", "mae_all_hu",  "psnr_all_db"};
  if (std::find(always.begin(), always.end(), key) != always.end()) return true;
  if (key == similarity || key == similarity + "_all") return true;
  const auto ends_with = [&key](const std::string& end) {
    return key.size() > end.size() && key.compare(key.size() - end.size(), end.size(), end) == 0;
  };
  if (key.rfind("spread_", 0) == 0) return true;  // it was asked for
  return key.rfind("label_", 0) == 0 && (ends_with("_mae_hu") || ends_with("_dice"));
}

/// The order of the default columns: the challenge's own first, then bone, then what is left.
std::vector<Metric> default_metrics(const Settings& settings) {
  std::vector<Metric> chosen, last;
  for (const MetricGroup& group : metric_groups()) {
    for (const Metric& metric : group.list(settings)) {
      if (is_default(metric.key, settings)) (group.name == "error" ? last : chosen).push_back(metric);
    }
  }
  chosen.insert(chosen.end(), last.begin(), last.end());
  return chosen;
}

/// What one name of the selection stands for.
std::vector<Metric> metrics_called(const std::string& name, const Settings& settings) {
  if (name == "default") return default_metrics(settings);
  std::vector<Metric> chosen;
  std::vector<std::string> groups;
  for (const MetricGroup& group : metric_groups()) {
    const std::vector<Metric> list = group.list(settings);
    if (!list.empty()) groups.push_back(group.name);
    if (list.empty() && name == group.name) {
      throw Error(fmt::format("--metrics: {0} needs --{0}", name), Exit::usage);
    }
    for (const Metric& metric : list) {
      if (name == "all" || name == group.name || means_metric(name, metric.key)) chosen.push_back(metric);
    }
  }
  if (!chosen.empty()) return chosen;
  throw Error(fmt::format("--metrics: there is no '{}'; there are all, default, {}, and the keys that --metrics all "
                          "--json lists",
                          name, fmt::join(groups, ", ")),
              Exit::usage);
}

}  // namespace

Profile profile_from_name(const std::string& name) {
  for (const auto& [profile, known] : profile_names()) {
    if (known == name) return profile;
  }
  throw Error(fmt::format("unknown profile '{}'; there are synthrad2023, synthrad2025 and plain", name), Exit::usage);
}

std::string name_of(Profile profile) {
  return profile_names()[static_cast<std::size_t>(profile)].second;
}

std::string name_of(Better better) {
  switch (better) {
    case Better::lower:
      return "lower";
    case Better::higher:
      return "higher";
    case Better::nearest_zero:
      return "zero";
    case Better::nearest_one:
      break;
  }
  return "one";
}

metrics::HuRange default_range(Profile profile) {
  metrics::HuRange range;
  if (profile == Profile::synthrad2025) range.high_hu = 3071.0;
  return range;
}

std::vector<Label> labels_from_text(const std::string& text) {
  std::vector<Label> labels;
  for (const std::string& part : split_at_commas(text)) {
    const std::size_t equals = part.find('=');
    Label label;
    const char* const end = part.data() + (equals == std::string::npos ? 0 : equals);
    const auto parsed = std::from_chars(part.data(), end, label.value);
    if (equals != std::string::npos) label.name = part.substr(equals + 1);
    const bool good_name = !label.name.empty() &&
                           label.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    constexpr int most = 1 << 24;  // every whole number up to here is a float32
    if (parsed.ec != std::errc{} || parsed.ptr != end || label.value < 1 || label.value > most || !good_name) {
      throw Error(fmt::format("--label-names: '{}' is not NUMBER=name with a number from 1 and a name of lower case "
                              "letters, digits and _",
                              part),
                  Exit::usage);
    }
    for (const Label& other : labels) {
      if (other.value == label.value || other.name == label.name) {
        throw Error(fmt::format("--label-names: '{}' repeats '{}={}'", part, other.value, other.name), Exit::usage);
      }
    }
    labels.push_back(label);
  }
  return labels;
}

const std::vector<MetricGroup>& metric_groups() {
  static const std::vector<MetricGroup> groups{image_group(),    error_group(),    tissue_group(),
                                               gradient_group(), spectrum_group(), anatomy_group(),
                                               label_group(),    therapy_group(),  spread_group()};
  return groups;
}

bool means_metric(const std::string& name, const std::string& key) {
  return key == name || key == name + "_hu" || key == name + "_db" || key == name + "_mm";
}

std::vector<Metric> metric_list(const Settings& settings) {
  std::vector<Metric> chosen;
  for (const std::string& name : split_at_commas(settings.selection)) {
    for (const Metric& metric : metrics_called(name, settings)) {
      const bool known =
          std::any_of(chosen.begin(), chosen.end(), [&metric](const Metric& m) { return m.key == metric.key; });
      if (!known) chosen.push_back(metric);
    }
  }
  return chosen;
}

Scores::Scores(const std::vector<Metric>& wanted) {
  for (const Metric& metric : wanted) {
    keys_.push_back(metric.key);
    values_[metric.key] = std::nullopt;
  }
}

bool Scores::wants(const std::string& key) const {
  return values_.count(key) > 0;
}

void Scores::set(const std::string& key, const std::optional<double>& value, const std::string& why) {
  const auto at = values_.find(key);
  if (at == values_.end()) return;
  if (value && std::isnan(*value)) throw Error(fmt::format("{} is not a number", key));
  at->second = value;
  if (!value) notes.push_back(fmt::format("{} is undefined: {}", key, why));
  if (value && std::isinf(*value)) notes.push_back(fmt::format("{} is infinite: {}", key, why));
}

std::vector<std::optional<double>> Scores::values() const {
  std::vector<std::optional<double>> values;
  for (const std::string& key : keys_) values.push_back(values_.at(key));
  return values;
}

namespace {

/// Copies of a case's volumes in standard_orientation; doses have grids of their own and stay as they are.
class TurnedCase {
 public:
  explicit TurnedCase(const CaseVolumes& v)
      : stored_(v),
        map_(axis_map(v.target_hu.grid, standard_orientation)),
        prediction_(reoriented(v.prediction_hu, map_)),
        target_(reoriented(v.target_hu, map_)),
        mask_(reoriented(v.mask, map_)),
        target_labels_(turned(v.target_labels)),
        predicted_labels_(turned(v.predicted_labels)),
        spread_(turned(v.spread)) {}

  CaseVolumes volumes() const {
    const auto pointer = [](const std::optional<Volume>& volume) { return volume ? &*volume : nullptr; };
    return {prediction_,
            target_,
            mask_,
            pointer(target_labels_),
            pointer(predicted_labels_),
            stored_.target_dose,
            stored_.predicted_dose,
            pointer(spread_)};
  }

 private:
  std::optional<Volume> turned(const Volume* volume) const {
    return volume == nullptr ? std::nullopt : std::optional<Volume>(reoriented(*volume, map_));
  }

  const CaseVolumes& stored_;
  AxisMap map_;  // before what is made with it
  Volume prediction_, target_;
  Mask mask_;
  std::optional<Volume> target_labels_, predicted_labels_, spread_;
};

Scores measure_turned(const CaseVolumes& volumes, const Settings& settings, const std::vector<Metric>& wanted) {
  Scores scores(wanted);
  for (const MetricGroup& group : metric_groups()) {
    const std::vector<Metric> list = group.list(settings);
    const bool any = std::any_of(list.begin(), list.end(), [&](const Metric& m) { return scores.wants(m.key); });
    if (any) group.measure(volumes, settings, scores);
  }
  return scores;
}

}  // namespace

Scores measure(const CaseVolumes& volumes, const Settings& settings, const std::vector<Metric>& wanted) {
  metrics::check_gradable(volumes.prediction_hu, volumes.target_hu, volumes.mask);
  if (volumes.target_hu.grid.orientation() == standard_orientation) return measure_turned(volumes, settings, wanted);
  return measure_turned(TurnedCase(volumes).volumes(), settings, wanted);
}

}  // namespace gdm::grade
