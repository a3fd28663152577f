#include "cli/acquisition_check.hpp"

#include <fmt/format.h>

#include "ct/acquisition.hpp"
#include "model/acquisition.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {

void AcquisitionCheck::check(const Json& model, const std::string& input, const Json& acquisition,
                             const std::string& name) {
  const auto difference = model::compare_acquisition(model::trained_acquisition(model, input), acquisition);
  if (!difference.refusal.empty() && !any_) {
    throw Error(fmt::format("{}: {} (--any-acquisition goes on)", name, difference.refusal));
  }
  for (const std::string& text : {difference.refusal, difference.warning}) {
    if (!text.empty() && differences_.insert(text).second) log_warning(name + ": " + text);
  }
}

void AcquisitionCheck::check_sinogram(const Json& model, const std::vector<std::string>& inputs,
                                      const fs::path& sinogram) {
  if (!fs::exists(sinogram)) throw Error(sinogram.string() + ": no such file");
  for (const std::string& input : inputs) {
    const Json trained = model::trained_acquisition(model, input);
    if (trained.empty()) continue;
    Json acquisition = ct::sinogram_acquisition(sinogram);
    for (const auto& [key, values] : trained.items()) {
      if (!acquisition.contains(key)) acquisition[key] = values.is_array() ? values.front() : values;
    }
    check(model, input, acquisition, sinogram.filename().string());
  }
}

}  // namespace gdm::cli
