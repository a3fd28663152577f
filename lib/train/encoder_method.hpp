// How an encoder is trained: with a decoder, thrown away at the end, on a task of tasks.hpp.
#pragma once

#include <memory>
#include <vector>

#include "io/json.hpp"
#include "nn/residual_encoder.hpp"
#include "train/method.hpp"
#include "train/tasks.hpp"
#include "train/validator.hpp"

namespace gdm::train {

/// Encoder with the decoder that its training task needs.
struct PretrainNetImpl : torch::nn::Module {
  PretrainNetImpl(const nn::ResidualEncoderConfig& config, std::int64_t outputs);
  Tensor decoded(const std::vector<Tensor>& maps);

  std::shared_ptr<nn::ResidualEncoder> encoder;
  nn::UpPath up{nullptr};
  torch::nn::Conv3d head{nullptr};
};
TORCH_MODULE(PretrainNet);

class EncoderMethod : public Method {
 public:
  /// `tasks` outlives the method. What a task draws depends on (seed, number of the batch).
  EncoderMethod(PretrainNet net, const TaskMaker& tasks, std::uint64_t seed);

  /// The loss of the task that is made from the batch ("loss" in the log).
  nn::LogLine add_gradients(const data::Batch& batch, const BatchPlace& place) override;
  std::string loss_key() const override { return "loss"; }
  std::string loss_text(double loss) const override;

  /// The loss on a batch that is not learned from, with draws that no step makes for numbers below 0.
  double loss_of(const data::Batch& batch, std::int64_t number);

 private:
  Tensor loss(const Task& task);

  PretrainNet net_;
  const TaskMaker& tasks_;
  std::uint64_t seed_;
};

/// The loss on the same patches, appearances and masks of the val split each time, as a curve over the steps.
class EncoderValidator : public Validator {
 public:
  static constexpr std::int64_t patches = 32;

  /// `method` and `val` outlive the validator; `batch` is the number of patches in those of `val`.
  EncoderValidator(EncoderMethod& method, const data::PatchSampler& val, std::int64_t batch, torch::Device device);

  Json judge(std::int64_t done) override;
  std::string text() const override;
  void save(nn::TensorWriter& writer, Json& json) const override;
  void load(const SafetensorsFile& file, const Json& json) override;

  /// [{"step": steps done, "loss"}..] of the losses that were finite.
  const Json& curve() const { return curve_; }

 private:
  EncoderMethod& method_;
  const data::PatchSampler& val_;
  std::int64_t batch_;
  torch::Device device_;
  Json curve_ = Json::array();
};

}  // namespace gdm::train
