// Validation of a generator on whole volumes, with the metrics that gdm-metrics reports, and the weights that did best.
#pragma once

#include <functional>

#include "data/samples.hpp"
#include "data/scanned_cases.hpp"
#include "io/json.hpp"
#include "nn/generator.hpp"
#include "nn/tensor.hpp"
#include "nn/tensor_io.hpp"
#include "synth/sampler.hpp"
#include "synth/sliding_window.hpp"
#include "train/validator.hpp"

namespace gdm::train {

class Validation {
 public:
  Validation(std::vector<data::Sample> samples, const nn::GeneratorConfig& config, torch::Device device);

  /// From now on this follows the network; its scans are those of the samples.
  void follow_with(data::RayLayer layer) { layer_ = std::move(layer); }

  /// The data consistency of one case, for its time; without it, nothing.
  void bring_one_to_rays() const;

  bool empty() const { return samples_.empty(); }
  std::size_t cases() const { return samples_.size(); }
  /// Patches that one run() asks the sampler for.
  std::int64_t patches() const;
  /// Means over the cases: {"cases", "mae_hu", "psnr_db", "ssim"}, as metrics/pixel.hpp and ssim_synthrad2023() define
  /// them, inside the mask; null where a volume is too small for it or a prediction is not finite. Throws
  /// StopRequested.
  Json run(synth::Sampler& sampler) const;

 private:
  synth::PatchPlan patch_plan() const;
  torch::Tensor toward_rays(const torch::Tensor& volume, std::size_t sample) const;

  std::vector<data::Sample> samples_;
  const nn::GeneratorConfig& config_;
  torch::Device device_;
  data::RayLayer layer_;
};

/// The weights with the best score so far, on the CPU.
class BestWeights {
 public:
  /// "mae", "psnr" or "ssim" of Validation::run().
  explicit BestWeights(std::string score);

  /// Takes the module's weights if `figures` are better than what is kept; equal ones are not.
  void offer(std::int64_t steps, const Json& figures, const torch::nn::Module& module);
  /// {"steps", "score", "validation": figures}; null if nothing is kept.
  const Json& json() const { return json_; }
  const nn::NamedTensors& weights() const { return weights_; }

  void save(nn::TensorWriter& writer, Json& json) const;
  void load(const SafetensorsFile& file, const Json& json, const torch::nn::Module& module);

 private:
  std::string score_;
  Json json_;
  nn::NamedTensors weights_;
};

/// The validation of a training of a generator: the figures of whole volumes, and the weights that did best.
class GeneratorValidator : public Validator {
 public:
  /// The weights of a judgement are kept if `may_win` says so of the steps done and they are better than what is kept;
  /// with `may_win` empty none are. All but `best` outlive the validator.
  GeneratorValidator(const Validation& validation, synth::Sampler& sampler, const torch::nn::Module& network,
                     BestWeights best, std::function<bool(std::int64_t done)> may_win);

  Json judge(std::int64_t done) override;
  std::string text() const override;
  void save(nn::TensorWriter& writer, Json& json) const override;
  void load(const SafetensorsFile& file, const Json& json) override;

  /// Figures of the last judgement and "steps"; null before the first.
  const Json& last() const { return last_; }
  const BestWeights& best() const { return best_; }

 private:
  const Validation& validation_;
  synth::Sampler& sampler_;
  const torch::nn::Module& network_;
  BestWeights best_;
  std::function<bool(std::int64_t)> may_win_;
  Json last_;
};

}  // namespace gdm::train
