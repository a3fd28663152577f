// Sampling rows of which any number arrives in any order: each row has a priority that is a hash of where it comes
// from, and the rows of lowest priority stay. What stays does not depend on the order, and the sketch of a union is the
// sketch of the union of sketches, so shards merge to what a single run gives (bottom-k sampling: Cohen & Kaplan, PODC
// 2007).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nn/tensor.hpp"

namespace gdm::bank {

using torch::Tensor;

/// Uniform in [0, 2^63): SHA-256 of what names a row. Rows of levels with one
/// row for each patch give the level as `key`, so that all keys of the level keep the same patches.
std::int64_t row_priority(std::uint64_t seed, const std::string& case_id, std::int64_t patch, const std::string& key,
                          std::int64_t token);

/// Rows of one key.
struct BankRows {
  Tensor vectors;           ///< (n, C) float16
  Tensor priority;          ///< (n) int64
  Tensor patient, stratum;  ///< (n) int32: numbers into lists of names
  Tensor weight;            ///< (n) float32, sum 1 (row_weights()); undefined before a bank is written
  std::int64_t size() const { return vectors.defined() ? vectors.size(0) : 0; }
  BankRows select(const Tensor& rows) const;
};

struct SketchLimits {
  std::int64_t per_stratum = 4096;  ///< rows kept of each stratum
  std::int64_t per_patient = 0;     ///< of these at most so many from one patient; 0: no limit
};

/// How many rows came of each (patient, stratum), whatever stayed of them.
using SeenRows = std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t>;

/// The rows of one key that stay. Memory: at most about three times what stays.
class RowSketch {
 public:
  explicit RowSketch(const SketchLimits& limits) : limits_(limits) {}
  void add(const BankRows& rows);
  /// Adds what another sketch kept, of all that it had seen.
  void merge(const BankRows& kept, const SeenRows& seen);
  /// What stays, by rising priority.
  const BankRows& rows();
  const SeenRows& seen() const { return seen_; }

 private:
  void compact();

  SketchLimits limits_;
  BankRows kept_;
  SeenRows seen_;
  std::vector<BankRows> pending_;
  std::int64_t pending_size_ = 0;
};

/// Weights (n) float32 of sum 1 under which the rows that stayed have the proportions of all that came: each patient
/// counts alike, as in the draws of a training, and each stratum by its share of the patients' rows, however many of
/// them its limits let stay (post-stratification: Holt & Smith, J. R. Stat. Soc. A 142, 1979). What a patient had in a
/// stratum of which nothing stayed goes to the stratum's other patients.
Tensor row_weights(const BankRows& rows, const SeenRows& seen);

/// Row numbers of `count` draws with these weights, whose order is random: each row comes count * weight times on
/// average, and no more than one time more or less than that (systematic sampling: Madow, Ann. Math. Stat. 20, 1949).
Tensor weighted_draw(const Tensor& weight, std::int64_t count, at::Generator& generator);

/// Greedy farthest points (Gonzalez, Theor. Comput. Sci. 38, 1985): row numbers, rising, of `count` of the n rows of
/// vectors (n, C) float32, beginning with row 0; every other row is then within twice the least possible radius.
Tensor k_centre(const Tensor& vectors, std::int64_t count);

}  // namespace gdm::bank
