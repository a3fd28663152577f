// Sampling rows of which any number arrives in any order: each row has a priority that is a hash of where it comes
// from, and the rows of lowest priority stay. What stays does not depend on the order, and the sketch of a union is the
// sketch of the union of sketches, so shards merge to what a single run gives (bottom-k sampling: Cohen & Kaplan, PODC
// 2007).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/compat.hpp"

namespace gdm::drift {

using torch::Tensor;

/// Uniform in [0, 2^63): SHA-256 of what names a row. Rows of levels with one
/// row for each window give the level as `key`, so that all keys of the level keep the same windows.
std::int64_t row_priority(std::uint64_t seed, const std::string& case_id, std::int64_t window, const std::string& key,
                          std::int64_t token);

/// Rows of one key.
struct BankRows {
  Tensor vectors;           ///< (n, C) float16
  Tensor priority;          ///< (n) int64
  Tensor patient, stratum;  ///< (n) int32: numbers into lists of names
  std::int64_t size() const { return vectors.defined() ? vectors.size(0) : 0; }
  BankRows select(const Tensor& rows) const;
};

struct SketchLimits {
  std::int64_t per_stratum = 4096;  ///< rows kept of each stratum
  std::int64_t per_patient = 0;     ///< of these at most so many from one patient; 0: no limit
};

/// The rows of one key that stay. Memory: at most about three times what stays.
class RowSketch {
 public:
  explicit RowSketch(const SketchLimits& limits) : limits_(limits) {}
  void add(const BankRows& rows);
  /// What stays, by rising priority.
  const BankRows& rows();

 private:
  void compact();

  SketchLimits limits_;
  BankRows kept_;
  std::vector<BankRows> pending_;
  std::int64_t pending_size_ = 0;
};

/// Greedy farthest points (Gonzalez, Theor. Comput. Sci. 38, 1985): row numbers, rising, of `count` of the n rows of
/// vectors (n, C) float32, beginning with row 0; every other row is then within twice the least possible radius.
Tensor k_centre(const Tensor& vectors, std::int64_t count);

}  // namespace gdm::drift
