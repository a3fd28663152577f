// The drift as an objective: from a predicted and a real window to the gradient of the drift loss with respect to the
// predicted voxels, through the levels, the banks and the field.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "drift/bank.hpp"
#include "drift/field.hpp"
#include "drift/levels.hpp"

namespace gdm::drift {

struct ObjectiveOptions {
  FieldOptions field;
  double weight_global = 0.25, weight_local = 0.5, weight_spatial = 1.0;
  double pair_weight = 1.0;  ///< affinity weight of the paired real features among the positives
  /// Bank vectors per problem and step, and remembered generated ones. The two must be alike: a volume's own vectors
  /// stand among both, and a different share of them would leave a force even where both distributions agree.
  std::int64_t bank_global = 64, bank_local = 256;
  std::int64_t push_local = 16;  ///< about so many generated tokens of a step enter the ring, so that it spans 16 steps
  std::int64_t tokens = 128;     ///< local tokens of each volume that are compared
  std::int64_t blocks = 32;      ///< spatial blocks of each volume that are compared
};

class DriftObjective {
 public:
  DriftObjective(const std::filesystem::path& bank, const ObjectiveOptions& options, nn::HuMap units,
                 torch::Device device);

  struct Result {
    Tensor gradient;  ///< shape of `predicted`
    double loss = 0;
    /// RMS of the raw force for each level and temperature, mean over the level's keys: {"local": [..], ...}.
    std::map<std::string, std::vector<double>> raw_rms;
  };
  /// predicted, target, mask: (B, 1, D, H, W) in `units`, D = H = W >= bank().window(). All draws come from
  /// `generator`.
  Result gradient(const Tensor& predicted, const Tensor& target, const Tensor& mask, at::Generator& generator);

  const RealBank& bank() const { return bank_; }

  /// Everything that a resumed run needs: rings as tensors, scales and averages as JSON.
  void save(nn::TensorWriter& writer, nlohmann::ordered_json& json) const;
  void load(const SafetensorsFile& file, const nlohmann::ordered_json& json);

 private:
  double weight_of(const std::string& level) const;
  Tensor problem_loss(const Candidates& gen, const Candidates& real, at::Generator& generator, Result& result);

  ObjectiveOptions options_;
  nn::HuMap units_;
  torch::Device device_;
  RealBank bank_;
  std::map<std::string, FieldState> states_;
  std::map<std::string, Ring> rings_;
  std::map<std::string, std::int64_t> keys_per_level_;
};

}  // namespace gdm::drift
