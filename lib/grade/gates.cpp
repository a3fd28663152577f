// Quality gates on means.
#include "grade/gates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "sys/error.hpp"

namespace gdm::grade {

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

GateResult judge(const Gate& gate, const std::string& method, const std::vector<std::optional<double>>& of_patients,
                 const metrics::LeftOut& left_out, std::size_t cases) {
  GateResult result{gate, method, metrics::summarize(of_patients).mean, left_out, cases, false};
  if (!result.mean && left_out.infinite > 0) result.mean = std::numeric_limits<double>::infinity();
  const bool within = result.mean && (gate.under ? *result.mean >= gate.bound : *result.mean <= gate.bound);
  const bool all_defined = left_out.undefined == 0 || gate.allow_undefined;
  result.passed = within && all_defined && (gate.under || left_out.infinite == 0);
  return result;
}

namespace {

/// What the mean leaves out, and what that does to the gate.
std::string left_out_text(const GateResult& result) {
  const std::string left = metrics::describe(result.left_out, result.cases);
  if (left.empty()) return "";
  const Gate& gate = result.gate;
  std::string text = "; it is " + left;
  if (result.left_out.undefined > 0 && !gate.allow_undefined) {
    text += ", and an undefined value counts as missed (--allow-undefined leaves it out)";
  }
  if (result.left_out.infinite > 0 && !gate.under) text += ", and infinity is over every bound";
  return text;
}

}  // namespace

std::string describe(const GateResult& result) {
  const Gate& gate = result.gate;
  std::string text;
  if (result.mean) {
    const bool within = gate.under ? *result.mean >= gate.bound : *result.mean <= gate.bound;
    text = fmt::format("the mean of {}, {}, is {}{} {}", gate.key, *result.mean, within ? "not " : "",
                       gate.under ? "under" : "over", gate.bound);
  } else {
    text = fmt::format("{} has no mean to hold against {}", gate.key, gate.bound);
  }
  return fmt::format("method '{}': {}{}", result.method, text, left_out_text(result));
}

}  // namespace gdm::grade
