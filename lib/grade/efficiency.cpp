// Sidecars gathered into a summary.
#include "grade/efficiency.hpp"

#include <algorithm>
#include <set>

#include "sys/error.hpp"

namespace gdm::grade {

Efficiency efficiency_of(const std::vector<fs::path>& volumes) {
  Efficiency result;
  std::vector<std::optional<double>> seconds, evaluations;
  std::set<std::string> tools, devices, models;
  const auto add = [](std::set<std::string>& names, const std::string& name) {
    if (!name.empty()) names.insert(name);
  };
  for (const fs::path& volume : volumes) {
    ++result.volumes;
    std::optional<Effort> effort;
    try {
      effort = read_effort(volume);
    } catch (const Error& error) {
      result.notes.push_back(error.what());
    }
    if (!effort) continue;
    ++result.cases;
    seconds.push_back(effort->seconds);
    if (effort->evaluations) evaluations.emplace_back(static_cast<double>(*effort->evaluations));
    if (effort->peak_memory_mb) {
      result.peak_memory_mb_max = std::max(result.peak_memory_mb_max.value_or(0.0), *effort->peak_memory_mb);
    }
    add(tools, effort->tool);
    add(devices, effort->device);
    add(models, effort->model_sha256);
  }
  result.seconds = metrics::summarize(seconds);
  result.evaluations = metrics::summarize(evaluations);
  result.tools.assign(tools.begin(), tools.end());
  result.devices.assign(devices.begin(), devices.end());
  result.models.assign(models.begin(), models.end());
  return result;
}

}  // namespace gdm::grade
