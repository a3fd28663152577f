// The primary endpoint by its name.
#include "grade/endpoint.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "model/feature_levels.hpp"
#include "sys/error.hpp"

namespace gdm::grade {
namespace {

/// The place of `name` in `names`, or the first without a name.
std::size_t place_of(const std::string& name, const std::vector<std::string>& names, const std::string& kind) {
  if (name.empty() && !names.empty()) return 0;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  throw Error(names.empty()
                  ? fmt::format("--primary: a distance needs an --encoder")
                  : fmt::format("--primary: there is no {} '{}'; there are {}", kind, name, fmt::join(names, ", ")),
              Exit::usage);
}

}  // namespace

std::string name_of(Distance distance) {
  return distance == Distance::frechet ? "frechet" : "kernel";
}

Endpoint endpoint_from_text(const std::string& text, const std::vector<Metric>& metrics,
                            const std::vector<std::string>& encoders) {
  Endpoint endpoint;
  const std::size_t dot = text.find('.'), second = dot == std::string::npos ? dot : text.find('.', dot + 1);
  const std::string first = text.substr(0, dot);
  for (const Distance distance : {Distance::frechet, Distance::kernel}) {
    if (first != name_of(distance)) continue;
    endpoint.distance = distance;
    const std::vector<std::string> levels(model::feature_levels.begin(), model::feature_levels.end());
    const std::string level = dot == std::string::npos ? "" : text.substr(dot + 1, second - dot - 1);
    endpoint.encoder = place_of(second == std::string::npos ? "" : text.substr(second + 1), encoders, "encoder");
    endpoint.level = place_of(level, levels, "level");
    return endpoint;
  }
  std::vector<std::string> keys;
  for (const Metric& metric : metrics) {
    keys.push_back(metric.key);
    if (means_metric(text, metric.key)) endpoint.metric = keys.size() - 1;
  }
  if (endpoint.metric) return endpoint;
  throw Error(
      fmt::format("--primary: '{}' is neither frechet, kernel, nor a metric that is measured; --metrics gives {}", text,
                  fmt::join(keys, ", ")),
      Exit::usage);
}

}  // namespace gdm::grade
