// Means over cubes of the moduli of small filters' responses, in one pass: the responses themselves, 64 times larger
// than what is kept of them, are never written to memory.
#pragma once

#include <array>
#include <vector>

#include "nn/compat.hpp"

namespace gdm::nn {

using torch::Tensor;

/// One value of a filter: at `place` of 3^3 voxels, each 0 to 2 along D, H, W.
struct FilterValue {
  std::int64_t filter;
  std::array<std::int64_t, 3> place;
  double value;
};
using FilterValues = std::vector<FilterValue>;

/// Those values of filters (F, 1, 3, 3, 3) that are not 0, ordered by filter. Throws Error if there is none in the
/// last.
FilterValues values_of(const Tensor& filters);

/// x (B, 1, D + 2, H + 2, W + 2) -> (B, F, D / edge, H / edge, W / edge): means over edge^3 voxels of the moduli of
/// what `filters` make of x without padding. D, H, W are multiples of `edge`. `values` are values_of(filters) and
/// outlive the graph; fp32 on a CPU is computed from them, anything else by convolution. Differentiable once. Does not
/// depend on the number of threads.
Tensor averaged_moduli(const Tensor& x, const Tensor& filters, const FilterValues& values, std::int64_t edge);

}  // namespace gdm::nn
