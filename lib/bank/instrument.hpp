// A bank held against volumes: outlier scores, nearest entries, features, and what a picture of it needs.
#pragma once

#include <filesystem>
#include <memory>

#include "engine/bank.hpp"
#include "engine/compute.hpp"

namespace gdm::bank {

/// Throws Error if the file is no bank or is damaged.
std::unique_ptr<engine::FeatureBank> open_bank(const std::filesystem::path& path, const engine::Compute& compute);

}  // namespace gdm::bank
