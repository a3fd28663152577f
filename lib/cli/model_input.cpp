#include "cli/model_input.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ct/acquisition.hpp"
#include "model/acquisition.hpp"
#include "sys/error.hpp"

namespace gdm::cli {

Json ModelInput::settings() const {
  if (analytic) return {{"filter", analytic->filter}};
  Json told = {{"method", iterative.method}, {"iterations", iterative.iterations}};
  if (iterative.method == "tv") {
    told["strength"] = iterative.strength;
    told["huber_hu"] = iterative.huber_hu;
    told["across_slices"] = iterative.across_slices;
  }
  return told;
}

Json ModelInput::record(const fs::path& sinogram) const {
  if (analytic) return analytic_record(sinogram, *analytic);
  Json told = ct::sinogram_acquisition(sinogram);
  told["method"] = iterative.method;
  if (iterative.strength != "auto") told["strength_mm"] = std::stod(iterative.strength);
  return told;
}

Volume ModelInput::reconstructed(const fs::path& sinogram) const {
  return analytic ? reconstruct_analytic(sinogram, *analytic) : reconstruct(sinogram, iterative, {}).hu;
}

ModelInput model_input(const Json& description, const std::string& name, const std::string& filter) {
  ModelInput input;
  input.name = name;
  const auto told = [&](const char* key) { return model::trained_value(description, name, key); };
  const std::string method = told("method").value_or(name).get<std::string>();
  const std::vector<std::string> methods = names_of<ct::Method>();
  if (method == "fbp" || method == "fdk") {
    input.analytic.emplace();
    input.analytic->filter = filter == "auto" ? model::trained_filter(description, name) : filter;
    return input;
  }
  if (std::find(methods.begin(), methods.end(), method) == methods.end()) {
    throw Error(fmt::format(
        "its input '{}' is no reconstruction that gdm-recon makes; gdm-synth takes inputs from a manifest", name));
  }
  input.iterative.method = method;
  if (const auto strength = told("strength_mm")) input.iterative.strength = fmt::format("{}", strength->get<double>());
  if (const auto iterations = told("iterations")) input.iterative.iterations = iterations->get<std::int64_t>();
  if (const auto huber = told("huber_hu")) input.iterative.huber_hu = huber->get<double>();
  if (const auto coupled = told("across_slices")) input.iterative.across_slices = coupled->get<bool>();
  return input;
}

}  // namespace gdm::cli
