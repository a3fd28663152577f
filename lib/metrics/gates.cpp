// Quality gates on means.
#include "metrics/gates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "metrics/summary.hpp"
#include "sys/error.hpp"

namespace gdm::metrics {

Gate gate_from_text(const std::string& text, const std::string& option) {
  const std::size_t equals = text.find('=');
  Gate gate;
  gate.under = option == "--fail-under";
  gate.key = text.substr(0, equals);
  const char *const end = text.data() + text.size(), *const begin =
                                                         equals == std::string::npos ? end : text.data() + equals + 1;
  const auto parsed = std::from_chars(begin, end, gate.bound);
  if (gate.key.empty() || parsed.ec != std::errc{} || parsed.ptr != end || !std::isfinite(gate.bound)) {
    throw Error(fmt::format("{}: '{}' is not KEY=NUMBER, such as psnr=28", option, text), Exit::usage);
  }
  return gate;
}

std::vector<Gate> resolved_gates(std::vector<Gate> gates, const std::vector<Metric>& metrics) {
  for (Gate& gate : gates) {
    const auto meant = std::find_if(metrics.begin(), metrics.end(),
                                    [&gate](const Metric& metric) { return means_metric(gate.key, metric.key); });
    if (meant != metrics.end()) {
      gate.key = meant->key;
      continue;
    }
    std::string keys;
    for (const Metric& metric : metrics) keys += (keys.empty() ? "" : ", ") + metric.key;
    throw Error(fmt::format("{}: '{}' is not measured; --metrics gives {}", gate.under ? "--fail-under" : "--fail-over",
                            gate.key, keys),
                Exit::usage);
  }
  return gates;
}

GateResult judge(const Gate& gate, const std::string& method, const std::vector<std::optional<double>>& values) {
  GateResult result{gate, method, summarize(values).mean, false};
  if (!result.mean) {
    const auto infinite = std::find_if(values.begin(), values.end(), [](const auto& v) { return v && std::isinf(*v); });
    if (infinite != values.end()) result.mean = *infinite;
  }
  result.passed = result.mean && (gate.under ? *result.mean >= gate.bound : *result.mean <= gate.bound);
  return result;
}

std::string describe(const GateResult& result) {
  const char* const side = result.gate.under ? "under" : "over";
  if (!result.mean) {
    return fmt::format("method '{}': {} has no mean to hold against {}", result.method, result.gate.key,
                       result.gate.bound);
  }
  return fmt::format("method '{}': the mean of {}, {}, is {}{} {}", result.method, result.gate.key, *result.mean,
                     result.passed ? "not " : "", side, result.gate.bound);
}

}  // namespace gdm::metrics
