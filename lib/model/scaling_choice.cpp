#include "model/scaling_choice.hpp"

#include <cmath>

#include "sys/error.hpp"

namespace gdm::model {
namespace {

double number_of(const std::string& text) {
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size() || !std::isfinite(value)) {
    throw Error("'" + text + "' is not a number", Exit::usage);
  }
  return value;
}

}  // namespace

bool is_scaling(const std::string& kind) {
  return kind == "hu" || kind == "percentile" || kind == "zscore" || kind == "range";
}

ScalingChoice parse_scaling(const std::string& text) {
  const Error malformed(
      "'" + text + "' is not NAME=hu, percentile, zscore, range or range:LOW:HIGH, once for each input", Exit::usage);
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) throw malformed;
  ScalingChoice choice{text.substr(0, equals), text.substr(equals + 1), {}};
  if (choice.kind.rfind("range:", 0) == 0) {
    const auto colon = choice.kind.find(':', 6);
    if (colon == std::string::npos) throw malformed;
    choice.range = {number_of(choice.kind.substr(6, colon - 6)), number_of(choice.kind.substr(colon + 1))};
    choice.kind = "range";
    if (!(choice.range->at(1) > choice.range->at(0))) {
      throw Error("'" + text + "': HIGH must be above LOW", Exit::usage);
    }
  }
  if (!is_scaling(choice.kind)) throw malformed;
  return choice;
}

}  // namespace gdm::model
