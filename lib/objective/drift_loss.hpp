// The drift as a loss: from the features of a predicted and a real patch, through the levels, the banks and the field.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bank/bank.hpp"
#include "io/json.hpp"
#include "objective/feature_pair.hpp"
#include "objective/field.hpp"

namespace gdm::objective {

/// What the levels compare, and what follows from it:
///   global   the patches of a batch are one set of as many rows; with the bank's rows and remembered ones
///   local    each patch is a problem of its own tokens; with the same
///   spatial  each block is a problem of its own cells, and the positives are the cells of the same block of the same
///            patient: paired texture, which never meets the bank
/// Rows of the bank are drawn from all strata in the proportions of the training's patches; the field itself does not
/// know strata.
struct DriftOptions {
  FieldOptions field;
  std::int64_t finest_taps = 0;  ///< keys of the encoder's finest taps alone, so many; 0: of all
  double weight_global = 0.25, weight_local = 0.5, weight_spatial = 1.0;
  /// Affinity weight of the paired real features among the positives of levels global and local. 0: a marginal field,
  /// in which neither these nor the volume's other generated features stand.
  double pair_weight = 1.0;
  /// Bank vectors per problem and step, and generated ones that are remembered at most. With own pairs the first are as
  /// many as are remembered.
  std::int64_t bank_global = 64, bank_local = 256;
  std::int64_t ring_batches = 64;  ///< the training's batches after which generated vectors are forgotten
  std::int64_t tokens = 128;       ///< local tokens of each volume that are compared
  std::int64_t blocks = 32;        ///< spatial blocks of each volume that are compared
};

class DriftLoss {
 public:
  /// Throws Error if no key of the bank has a weight above zero.
  DriftLoss(const bank::RealBank& bank, const DriftOptions& options);

  struct Result {
    Tensor loss;  ///< carries a graph to the predicted features; undefined if nothing of the patch is compared
    /// How many keys had features or distances that are not finite, one element; so is the loss then, and nobody
    /// follows it. Undefined if nothing is compared.
    Tensor not_finite;
    /// RMS of the raw force for each level and temperature, mean over the level's keys: {"local": [..], ...}.
    std::map<std::string, std::vector<Tensor>> raw_rms;
  };
  /// How many of the encoder's finest taps loss() looks at.
  std::size_t taps() const;
  /// `pair`: features of patches by the bank's encoder, at least of the first taps(). All draws come from `generator`;
  /// the rings advance. `batch`: number among all batches of the training. Waits for no device.
  Result loss(const FeaturePair& pair, std::int64_t batch, at::Generator& generator);
  /// When all of that is computed: rows that are not finite are forgotten again, and a warning tells of them.
  void settle();

  /// Everything that a resumed run needs: rings as tensors whose names begin with `prefix`, scales and averages as
  /// JSON.
  void save(nn::TensorWriter& writer, const std::string& prefix, Json& json) const;
  void load(const SafetensorsFile& file, const std::string& prefix, const Json& json);

 private:
  double weight_of(const std::string& level) const;
  FieldSets spatial_sets(const bank::Candidates& gen, const bank::Candidates& real, at::Generator& generator) const;
  /// `host_valid` becomes FieldSets::valid in the host's memory.
  FieldSets bank_sets(const bank::Candidates& gen, const bank::Candidates& real, std::int64_t batch,
                      at::Generator& generator, Tensor& host_valid) const;
  void remember(const FieldSets& sets, const Tensor& host_valid, const std::string& key, std::int64_t batch);
  Tensor problem_loss(const bank::Candidates& gen, const bank::Candidates& real, std::int64_t batch,
                      at::Generator& generator, Result& result, std::vector<Tensor>& finite);

  DriftOptions options_;
  const bank::RealBank& bank_;
  std::map<std::string, FieldState> states_;
  std::map<std::string, bank::Ring> rings_;
  std::map<std::string, std::int64_t> keys_per_level_;
  struct Unsettled {
    std::int64_t batch = 0;
    std::vector<std::string> keys;
    Tensor finite;  ///< (keys) bool
  };
  std::vector<Unsettled> unsettled_;
};

}  // namespace gdm::objective
