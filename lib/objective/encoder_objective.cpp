#include "objective/encoder_objective.hpp"

#include <algorithm>

namespace gdm::objective {
namespace {

Tensor gradient_of(const Tensor& loss, const Tensor& leaf, bool keep_graph) {
  if (!loss.defined() || !loss.requires_grad()) return torch::zeros_like(leaf);
  return torch::autograd::grad({loss}, {leaf}, {}, keep_graph)[0];
}

nn::LogLine log_of(const Tensor& loss) {
  nn::LogLine log;
  if (loss.defined()) {
    log.set("/loss", loss);
  } else {
    log.set("/loss", 0.0);
  }
  return log;
}

}  // namespace

EncoderObjective::EncoderObjective(std::string name, std::shared_ptr<const bank::RealBank> bank,
                                   const EncoderObjectiveOptions& options)
    : name_(std::move(name)), options_(options), bank_(std::move(bank)), encoder_(bank_->encoder()) {
  options_.seeing.size = bank_->patch();
  if (options_.drift_share > 0) drift_ = std::make_unique<DriftLoss>(*bank_, options_.drift);
  if (options_.frechet_share > 0) frechet_ = std::make_unique<FrechetLoss>(*bank_, options_.frechet);
  choose_taps();
}

EncoderObjective::EncoderObjective(std::string name, nn::FrozenEncoder encoder, std::int64_t size,
                                   const EncoderObjectiveOptions& options)
    : name_(std::move(name)), options_(options), encoder_(std::move(encoder)) {
  options_.seeing.size = size;
  choose_taps();
}

/// The perceptual loss looks at all taps that options allow, drift and distance at those that a level of weight needs.
/// Taps are ordered from fine to coarse.
void EncoderObjective::choose_taps() {
  const auto finest = static_cast<std::size_t>(options_.drift.finest_taps);
  if (options_.perceptual_share > 0) {
    options_.seeing.taps = finest == 0 ? nn::all_taps : finest;
  } else if (drift_ || frechet_) {
    options_.seeing.taps = std::max(drift_ ? drift_->taps() : 0, frechet_ ? frechet_->taps() : 0);
  }
}

std::vector<ObjectiveGradient> EncoderObjective::gradients(const OutputPatch& patch, at::Generator& generator) {
  const FeaturePair pair = feature_pair(encoder_, patch, options_.seeing, generator);
  std::vector<ObjectiveGradient> out;
  if (options_.perceptual_share > 0) {
    const Tensor loss = perceptual_loss(pair);
    out.push_back({"perceptual." + name_, gradient_of(loss, patch.predicted, drift_ || frechet_),
                   options_.perceptual_share, log_of(loss)});
  }
  if (frechet_) {
    const Tensor loss = frechet_->loss(pair, generator);
    out.push_back({"frechet." + name_, gradient_of(loss, patch.predicted, drift_ != nullptr), options_.frechet_share,
                   log_of(loss)});
  }
  if (drift_) {
    const DriftLoss::Result result = drift_->loss(pair, patch.batch, generator);
    nn::LogLine log = log_of(result.loss);
    log.set("/raw_force_rms", Json::object());
    for (const auto& [level, rms] : result.raw_rms) {
      for (std::size_t t = 0; t < rms.size(); ++t) {
        log.set("/raw_force_rms/" + level + "/" + std::to_string(t), rms[t]);
      }
    }
    if (result.not_finite.defined()) log.set_if_any("/not_finite", result.not_finite);
    out.push_back(
        {"drift." + name_, gradient_of(result.loss, patch.predicted, false), options_.drift_share, std::move(log)});
  }
  return out;
}

void EncoderObjective::settle() {
  if (drift_) drift_->settle();
}

void EncoderObjective::save(nn::TensorWriter& writer, const std::string& prefix, Json& json) const {
  json = Json::object();
  if (drift_) drift_->save(writer, prefix, json);
  if (frechet_) frechet_->save(writer, prefix, json);
}

void EncoderObjective::load(const SafetensorsFile& file, const std::string& prefix, const Json& json) {
  if (drift_) drift_->load(file, prefix, json);
  if (frechet_) frechet_->load(file, prefix, json);
}

}  // namespace gdm::objective
