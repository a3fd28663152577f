// Inputs of a model that are reconstructions, made of a case's sinogram as those of its training were.
#pragma once

#include <optional>
#include <string>

#include "cli/analytic.hpp"
#include "cli/iterative.hpp"
#include "io/json.hpp"

namespace gdm::cli {

struct ModelInput {
  std::string name;
  std::optional<AnalyticChoice> analytic;  ///< without: by iterations
  IterativeChoice iterative;

  /// What the result depends on beside the sinogram.
  Json settings() const;
  /// As the sidecar of such a reconstruction tells it (ct/acquisition.hpp).
  Json record(const fs::path& sinogram) const;
  /// In HU. Throws Error naming the file.
  Volume reconstructed(const fs::path& sinogram) const;
};

/// From what the model's description tells of the scans behind the input `name`; what it does not tell is as
/// gdm-recon's commands have it. `filter`: of back-projections, "auto" for the training's. Throws Error for an input
/// that none of those commands makes.
ModelInput model_input(const Json& description, const std::string& name, const std::string& filter);

}  // namespace gdm::cli
