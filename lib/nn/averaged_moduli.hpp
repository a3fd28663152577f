// Means over cubes of the moduli of small filters' responses, in one pass: the responses themselves, 64 times larger
// than what is kept of them, are never written to memory.
#pragma once

#include <array>
#include <vector>

#include "nn/tensor.hpp"

namespace gdm::nn {

using torch::Tensor;

/// One value of a filter: at `place` of 3^3 voxels, each 0 to 2 along D, H, W.
struct FilterValue {
  std::int64_t filter;
  std::array<std::int64_t, 3> place;
  double value;
};

/// Filters by those of their values that are not 0, ordered by filter. Graphs share them.
struct SparseFilters : torch::CustomClassHolder {
  std::vector<FilterValue> values;
  std::int64_t count() const { return values.back().filter + 1; }
};
using SharedFilters = c10::intrusive_ptr<SparseFilters>;

/// Of filters (F, 1, 3, 3, 3). Throws Error if one has no value but 0.
SharedFilters sparse_filters(const Tensor& filters);

/// x (B, 1, D + 2, H + 2, W + 2) -> (B, F, D / edge, H / edge, W / edge): means over edge^3 voxels of the moduli of
/// what the filters make of x without padding. Throws Error unless D, H, W are multiples of `edge`. Differentiable
/// once. Does not depend on the number of threads. Its loops are for
/// fp32 on a CPU; elsewhere tensor operations do the same.
Tensor averaged_moduli(const Tensor& x, const SharedFilters& filters, std::int64_t edge);

}  // namespace gdm::nn
