#include "cli/model_input.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ct/acquisition.hpp"
#include "model/acquisition.hpp"
#include "sys/error.hpp"

namespace gdm::cli {

Json ModelInput::settings() const {
  if (analytic) {
    return {{"filter", analytic->filter}, {"cutoff", analytic->cutoff}, {"mask_fov", analytic->mask_fov}};
  }
  return {{"method", iterative.method},     {"iterations", iterative.iterations},
          {"strength", iterative.strength}, {"huber_hu", iterative.huber_hu},
          {"weights", iterative.weights},   {"across_slices", iterative.across_slices},
          {"subsets", iterative.subsets},   {"rays", iterative.rays},
          {"start", iterative.start},       {"allow_negative", iterative.allow_negative}};
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
    if (const auto cutoff = told("cutoff")) input.analytic->cutoff = cutoff->get<double>();
    if (const auto mask = told("mask_fov")) input.analytic->mask_fov = mask->get<std::string>();
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
  if (const auto weights = told("weights")) input.iterative.weights = weights->get<std::string>();
  if (const auto subsets = told("subsets")) input.iterative.subsets = subsets->get<std::int64_t>();
  if (const auto rays = told("rays_per_element")) input.iterative.rays = rays->get<std::int64_t>();
  if (const auto bound = told("non_negative")) input.iterative.allow_negative = !bound->get<bool>();
  if (const auto start = told("start")) input.iterative.start = start->get<std::string>();
  if (input.iterative.start != "auto" && input.iterative.start != "zero" && input.iterative.start != "fbp" &&
      input.iterative.start != "fdk") {
    throw Error(
        fmt::format("its input '{}' began with another volume ('{}'), so gdm-synth has to take it from a manifest",
                    name, input.iterative.start));
  }
  return input;
}

}  // namespace gdm::cli
