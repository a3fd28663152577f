// The half turn, and what a degree is of it.
#pragma once

namespace gdm {

inline constexpr double pi = 3.14159265358979323846;
inline constexpr double radians_per_degree = pi / 180.0;

}  // namespace gdm
