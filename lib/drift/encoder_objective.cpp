#include "drift/encoder_objective.hpp"

namespace gdm::drift {
namespace {

Tensor gradient_of(const Tensor& loss, const Tensor& leaf, bool keep_graph) {
  if (!loss.defined() || !loss.requires_grad()) return torch::zeros_like(leaf);
  return torch::autograd::grad({loss}, {leaf}, {}, keep_graph)[0];
}

/// Taps are ordered from fine to coarse.
void keep_finest(FeaturePair& pair, std::int64_t taps) {
  if (taps == 0 || static_cast<std::size_t>(taps) >= pair.predicted.size()) return;
  pair.predicted.resize(static_cast<std::size_t>(taps));
  pair.real.resize(static_cast<std::size_t>(taps));
}

}  // namespace

EncoderObjective::EncoderObjective(std::string name, std::shared_ptr<const RealBank> bank,
                                   const EncoderObjectiveOptions& options)
    : name_(std::move(name)),
      options_(options),
      bank_(std::move(bank)),
      encoder_(bank_->encoder()),
      size_(bank_->window()) {
  if (options_.drift_share > 0) drift_ = std::make_unique<DriftLoss>(*bank_, options_.drift);
}

EncoderObjective::EncoderObjective(std::string name, nn::FrozenEncoder encoder, std::int64_t size,
                                   const EncoderObjectiveOptions& options)
    : name_(std::move(name)), options_(options), encoder_(std::move(encoder)), size_(size) {}

std::vector<ObjectiveGradient> EncoderObjective::gradients(const OutputWindow& window, at::Generator& generator) {
  FeaturePair pair = feature_pair(encoder_, window.predicted, window.target, window.mask, size_, options_.units,
                                  options_.edge_mm, generator);
  keep_finest(pair, options_.drift.finest_taps);
  std::vector<ObjectiveGradient> out;
  if (options_.perceptual_share > 0) {
    const Tensor loss = perceptual_loss(pair);
    out.push_back({"perceptual." + name_,
                   gradient_of(loss, window.predicted, drift_ != nullptr),
                   options_.perceptual_share,
                   {{"loss", loss.defined() ? loss.item<double>() : 0.0}}});
  }
  if (drift_) {
    const DriftLoss::Result result = drift_->loss(pair, generator);
    out.push_back(
        {"drift." + name_,
         gradient_of(result.loss, window.predicted, false),
         options_.drift_share,
         {{"loss", result.loss.defined() ? result.loss.item<double>() : 0.0}, {"raw_force_rms", result.raw_rms}}});
  }
  return out;
}

void EncoderObjective::save(nn::TensorWriter& writer, const std::string& prefix, nlohmann::ordered_json& json) const {
  json = nlohmann::ordered_json::object();
  if (drift_) drift_->save(writer, prefix, json);
}

void EncoderObjective::load(const SafetensorsFile& file, const std::string& prefix,
                            const nlohmann::ordered_json& json) {
  if (drift_) drift_->load(file, prefix, json);
}

}  // namespace gdm::drift
