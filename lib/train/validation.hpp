// Validation of a generator on whole volumes, with the metrics that gdm-metrics reports, and the weights that did best.
#pragma once

#include "data/samples.hpp"
#include "nn/generator.hpp"
#include "nn/tensor_io.hpp"

namespace gdm::train {

class Validation {
 public:
  Validation(std::vector<data::Sample> samples, const nn::GeneratorConfig& config, torch::Device device);

  bool empty() const { return samples_.empty(); }
  std::size_t cases() const { return samples_.size(); }
  /// Network evaluations of one run().
  std::int64_t evaluations() const;
  /// Means over the cases: {"cases", "mae_hu", "psnr_db", "ssim"}, as metrics/pixel.hpp and ssim_synthrad2023() define
  /// them, inside the mask; null where a volume is too small for it or a prediction is not finite. Throws
  /// StopRequested.
  nlohmann::ordered_json run(nn::Generator& network) const;

 private:
  std::vector<data::Sample> samples_;
  const nn::GeneratorConfig& config_;
  torch::Device device_;
};

/// The weights with the best score so far, on the CPU.
class BestWeights {
 public:
  /// "mae", "psnr" or "ssim" of Validation::run().
  explicit BestWeights(std::string score);

  /// Takes the module's weights if `figures` are better than what is kept; equal ones are not.
  void offer(std::int64_t steps, const nlohmann::ordered_json& figures, const torch::nn::Module& module);
  /// {"steps", "score", "validation": figures}; null if nothing is kept.
  const nlohmann::ordered_json& json() const { return json_; }
  const nn::NamedTensors& weights() const { return weights_; }

  void save(nn::TensorWriter& writer, nlohmann::ordered_json& json) const;
  void load(const SafetensorsFile& file, const nlohmann::ordered_json& json, const torch::nn::Module& module);

 private:
  std::string score_;
  nlohmann::ordered_json json_;
  nn::NamedTensors weights_;
};

}  // namespace gdm::train
