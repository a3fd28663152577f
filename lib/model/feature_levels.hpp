// The levels of engine::FeatureExtractor.
#pragma once

#include <array>

namespace gdm::model {

/// Their names, in their order.
constexpr std::array<const char*, 4> feature_levels{"patch", "global", "local", "spatial"};

}  // namespace gdm::model
