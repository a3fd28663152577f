// A bank held against volumes: outlier scores, nearest entries, features, and what a picture of it needs.
#pragma once

#include <filesystem>
#include <memory>

#include "net/network.hpp"

namespace gdm::train {

/// Throws Error if the file is no bank or is damaged.
std::unique_ptr<net::FeatureBank> open_bank(const std::filesystem::path& path, const net::Compute& compute);

}  // namespace gdm::train
