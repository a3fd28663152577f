#include "train/earlier_models.hpp"

#include <fmt/format.h>

#include <utility>

#include "model/consistency.hpp"
#include "sys/error.hpp"

namespace gdm::train {
namespace {

/// What weights depend on.
Json of_weights(const nn::GeneratorConfig& config) {
  Json json = config.json();
  json.erase("patch_voxels");
  json.erase("noise_channels");
  return json;
}

}  // namespace

void require_start(const nn::GeneratorConfig& trained, const nn::GeneratorConfig& config) {
  if (config.process.has_value() != trained.process.has_value()) {
    throw Error(std::string(config.process ? "is no flow, bridge or diffusion (a regression that one begins from is a "
                                             "--source)"
                                           : "is a flow, a bridge or a diffusion") +
                "; --init takes a model of the same kind");
  }
  const Json there = of_weights(trained), here = of_weights(config);
  if (const auto others = keys_that_differ(there, here); !others.empty()) {
    throw Error(fmt::format("a generator of another task or architecture: {} {} there, {} here", others.front(),
                            there.value(others.front(), Json()).dump(), here.value(others.front(), Json()).dump()));
  }
  if (trained.noise_channels > config.noise_channels) {
    throw Error(fmt::format("has {} noise channels, --noise-channels asks for {}", trained.noise_channels,
                            config.noise_channels),
                Exit::usage);
  }
}

void require_source(const nn::LoadedGenerator& base, const nn::GeneratorConfig& config) {
  const Json own = config.json(), its = base.config.json();
  for (const auto& [key, word] :
       {std::pair("task", "another task"), {"conditions", "other inputs"}, {"hu_range", "another HU range"}}) {
    if (its.at(key) == own.at(key)) continue;
    throw Error(fmt::format("was trained with {}: {}, and not {}", word, its.at(key).dump(), own.at(key).dump()));
  }
  if (base.config.process || base.config.noise_channels > 0) {
    throw Error("is no regression, but a model that draws one output of many");
  }
  if (model::consistency_of(base.description).iterations > 0) {
    throw Error("data consistency belongs to it, which a process would leave out of its source");
  }
  if (!config.patch.is_multiple_of(base.config.size_multiple())) {
    throw Error(fmt::format("needs patches that are multiples of {}", base.config.size_multiple()));
  }
}

}  // namespace gdm::train
