// What a generator is made for and how it is shaped; nn/generator.hpp builds the network.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/json.hpp"
#include "model/patch_shape.hpp"
#include "model/process.hpp"
#include "nn/condition.hpp"
#include "nn/hu_map.hpp"

namespace gdm::nn {

struct GeneratorConfig {
  using Condition = nn::Condition;
  std::string task;
  std::vector<Condition> conditions;  ///< in channel order
  bool residual_on_first = false;     ///< the network adds to condition 0 (FBP), or makes the CT from nothing (MR)
  std::vector<std::int64_t> widths{32, 64, 128};
  std::int64_t blocks = 1;          ///< residual blocks of a level, on the way down and up; the deepest has one more
  std::int64_t noise_channels = 0;  ///< behind the conditions, standard normal (nn/noise.hpp)
  model::PatchShape patch = 48;
  HuMap hu_map;
  std::optional<model::Process> process;  ///< none: the network's output is the image

  Json json() const;
  static GeneratorConfig from_json(const Json& json);
  /// Voxels along each axis must be a multiple of this.
  std::int64_t size_multiple() const { return std::int64_t{1} << widths.size(); }
  std::vector<std::string> condition_names() const;
};

}  // namespace gdm::nn
