// The levels of net::FeatureExtractor.
#pragma once

#include <array>

namespace gdm::net {

/// Their names, in their order.
constexpr std::array<const char*, 4> feature_levels{"window", "global", "local", "spatial"};

}  // namespace gdm::net
