// A small untrained encoder, and a bank of a few random rows under one key, for tests of what travels inside a bank.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bank/collection.hpp"
#include "bank/levels.hpp"
#include "nn/residual_encoder.hpp"

namespace gdm_test {

inline gdm::nn::FrozenEncoder untrained_encoder(const std::vector<std::int64_t>& widths, std::uint64_t seed = 11) {
  torch::manual_seed(seed);
  gdm::nn::ResidualEncoderConfig config;
  config.widths = widths;
  gdm::Json description = config.json();
  description["input"] = gdm::nn::InputConvention().json();
  return gdm::nn::freeze(std::make_shared<gdm::nn::ResidualEncoder>(config),
                         {{"kind", "encoder"}, {"encoder", description}}, torch::Device(torch::kCPU));
}

/// A bank of random views of `patch` voxels, cut from patches of `training_patch`, with all of its levels.
inline void write_view_bank(const std::filesystem::path& path, std::int64_t patch, std::int64_t training_patch = 48) {
  const gdm::nn::FrozenEncoder encoder = untrained_encoder({8, 8, 16});
  gdm::bank::BankRecipe recipe;
  recipe.patch = patch;
  recipe.training_patch = training_patch;
  gdm::bank::BankCollection collection(recipe, encoder);
  for (const std::string patient : {"a", "b", "c"}) {
    collection.begin_case({patient, patient, 2.0});
    const torch::Tensor x = torch::rand({2, 1, patch, patch, patch}) * 2 - 1;
    const auto maps = encoder.features(x, encoder.input.hu_map);
    for (const gdm::bank::Candidates& c : gdm::bank::candidates(encoder.taps(), maps, torch::ones_like(x))) {
      const torch::Tensor rows = c.vectors.reshape({-1, c.vectors.size(2)});
      collection.add(c.key, rows, torch::randint(1LL << 62, {rows.size(0)}, torch::kInt64), {"any", 0, ""});
    }
  }
  collection.write_bank(path, {}, gdm::Overwrite::replace);
}

inline void write_small_bank(const std::filesystem::path& path, const gdm::nn::FrozenEncoder& encoder,
                             const std::string& key, std::int64_t channels) {
  gdm::bank::BankRecipe recipe;
  recipe.patch = 16;
  gdm::bank::BankCollection collection(recipe, encoder);
  for (const std::string patient : {"a", "b"}) {
    collection.begin_case({patient, patient, 2.0});
    collection.add(key, torch::rand({4, channels}), torch::randint(1LL << 62, {4}, torch::kInt64), {"any", 0, ""});
  }
  collection.write_bank(path, {}, gdm::Overwrite::refuse);
}

}  // namespace gdm_test
