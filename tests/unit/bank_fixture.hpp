// A bank of a few random rows under one key, for tests of what travels inside a bank.
#pragma once

#include <filesystem>
#include <string>

#include "bank/collection.hpp"

namespace gdm_test {

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
