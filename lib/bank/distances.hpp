// Euclidean distances between sets of vectors: what the field, the bank's statistics and queries all stand on.
#pragma once

#include <cstdint>
#include <vector>

#include "nn/tensor.hpp"

namespace gdm::bank {

using torch::Tensor;

/// a (R, G, C), b (R, M, C), float32 -> (R, G, M), by one matrix product. Both are centred on the mean of b, which
/// keeps the cancellation of |x|^2 + |y|^2 - 2xy small; no distance is below 1e-4.
Tensor distances(const Tensor& a, const Tensor& b);

struct Nearest {
  Tensor distance;  ///< (n, k) float32, rising; infinite where fewer entries were allowed
  Tensor entry;     ///< (n, k) int64 rows of the entries
};

/// The k nearest entries of each query, (n, C) and (m, C) float32. A query (patient q) does not see entries of the same
/// patient where q >= 0; both patient lists are int32 on the CPU, (n) and (m). Memory: blocks of 512 queries.
Nearest nearest(const Tensor& queries, const Tensor& query_patients, const Tensor& entries,
                const Tensor& entry_patients, std::int64_t k);

}  // namespace gdm::bank
