// A small generator of the task sparse-ct, for tests of what is done with generators.
#pragma once

#include <utility>
#include <vector>

#include "nn/generator_config.hpp"

namespace gdm_test {

inline gdm::nn::GeneratorConfig small_generator_config(std::vector<std::int64_t> widths = {8, 16}) {
  gdm::nn::GeneratorConfig config;
  config.task = "sparse-ct";
  config.conditions = {{"fbp", "hu"}};
  config.residual_on_first = true;
  config.widths = std::move(widths);
  config.patch = 16;
  return config;
}

}  // namespace gdm_test
