#include "train/validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "metrics/ssim.hpp"
#include "sys/log.hpp"

namespace gdm::train {

using torch::Tensor;
namespace {

/// Sum over cases that one missing value makes missing.
struct Mean {
  double sum = 0;
  bool missing = false;
  void add(std::optional<double> value) {
    missing = missing || !value || !std::isfinite(*value);
    sum += value.value_or(0.0);
  }
  Json over(std::size_t cases) const { return missing ? Json() : Json(sum / static_cast<double>(cases)); }
};

Mask mask_of(const data::Sample& sample) {
  Mask mask(sample.grid, 0);
  const Tensor plain = sample.mask.contiguous();
  std::memcpy(mask.voxels.data(), plain.data_ptr(), mask.voxels.size());
  return mask;
}

/// Name in the log and whether more is better.
std::pair<const char*, bool> score_key(const std::string& score) {
  if (score == "mae") return {"mae_hu", false};
  return {score == "psnr" ? "psnr_db" : "ssim", true};
}

}  // namespace

Validation::Validation(std::vector<data::Sample> samples, const nn::GeneratorConfig& config, torch::Device device)
    : samples_(std::move(samples)), config_(config), device_(device) {}

/// (D, H, W) of a case after data consistency, if there is one.
torch::Tensor Validation::toward_rays(const torch::Tensor& volume, std::size_t sample) const {
  return layer_(volume.unsqueeze(0).unsqueeze(0), {{sample, {0, 0, 0}, false}})[0][0];
}

void Validation::bring_one_to_rays() const {
  if (!samples_.empty()) toward_rays(samples_.front().target[0], 0);
}

synth::PatchPlan Validation::patch_plan() const {
  synth::PatchPlan plan;
  plan.patch = config_.patch;
  return plan;
}

std::int64_t Validation::patches() const {
  std::int64_t sum = 0;
  for (const data::Sample& sample : samples_) {
    std::int64_t patches = 1;
    for (std::int64_t axis = 1; axis < 4; ++axis) {
      const synth::PatchPlan plan = patch_plan();
      const auto starts = synth::patch_starts(sample.conditions.size(axis),
                                              plan.patch[static_cast<std::size_t>(axis - 1)], plan.overlap);
      patches *= static_cast<std::int64_t>(starts.size());
    }
    sum += patches;
  }
  return sum;
}

Json Validation::run(synth::Sampler& sampler) const {
  Mean mae, psnr, ssim;
  for (std::size_t n = 0; n < samples_.size(); ++n) {
    const data::Sample& sample = samples_[n];
    const nn::NoiseField noise(sampler.noise_channels(), 0, "validation " + sample.id);  // the same each time
    synth::PatchPlan plan = patch_plan();
    plan.noise = &noise;
    Tensor out = synth::slide(sample.conditions, sampler, plan, device_, "", nullptr);
    if (!torch::isfinite(out).all().item<bool>()) {
      log_warning("validation: the prediction of case '" + sample.id + "' is not finite");
      for (Mean* mean : {&mae, &psnr, &ssim}) mean->missing = true;
      break;
    }
    out = toward_rays(out, n);
    const Volume predicted = nn::volume_of(config_.hu_map.to_hu(out), sample.grid),
                 target = nn::volume_of(config_.hu_map.to_hu(sample.target[0]), sample.grid);
    const Mask mask = mask_of(sample);
    const metrics::PixelMetrics pixels = metrics::pixel_metrics(predicted, target, mask, {});
    mae.add(pixels.mae_hu);
    psnr.add(pixels.psnr_db);
    ssim.add(metrics::ssim_synthrad2023(predicted, target, mask, {}));
  }
  return {{"cases", samples_.size()},
          {"mae_hu", mae.over(samples_.size())},
          {"psnr_db", psnr.over(samples_.size())},
          {"ssim", ssim.over(samples_.size())}};
}

BestWeights::BestWeights(std::string score) : score_(std::move(score)) {}

void BestWeights::offer(std::int64_t steps, const Json& figures, const torch::nn::Module& module) {
  const auto [key, rising] = score_key(score_);
  if (figures.at(key).is_null()) return;
  if (!json_.is_null()) {
    const auto now = figures.at(key).get<double>(), kept = json_.at("validation").at(key).get<double>();
    if (rising ? now <= kept : now >= kept) return;
  }
  json_ = {{"steps", steps}, {"score", score_}, {"validation", figures}};
  weights_.clear();
  for (const auto& [name, tensor] : nn::named_state(module)) {
    weights_.emplace_back(name, tensor.detach().to(torch::kCPU, /*non_blocking=*/false, /*copy=*/true));
  }
}

void BestWeights::save(nn::TensorWriter& writer, Json& json) const {
  json = json_;
  writer.add("best.", weights_);
}

void BestWeights::load(const SafetensorsFile& file, const Json& json, const torch::nn::Module& module) {
  json_ = json;
  weights_.clear();
  if (json_.is_null()) return;
  for (const auto& item : nn::named_state(module)) {
    weights_.emplace_back(item.first, nn::load_tensor(file, "best." + item.first));
  }
}

GeneratorValidator::GeneratorValidator(const Validation& validation, synth::Sampler& sampler,
                                       const torch::nn::Module& network, BestWeights best,
                                       std::function<bool(std::int64_t)> may_win)
    : validation_(validation),
      sampler_(sampler),
      network_(network),
      best_(std::move(best)),
      may_win_(std::move(may_win)) {}

Json GeneratorValidator::judge(std::int64_t done) {
  Json figures = validation_.run(sampler_);
  last_ = figures;
  last_["steps"] = done;
  if (may_win_ && may_win_(done)) best_.offer(done, figures, network_);
  return figures;
}

std::string GeneratorValidator::text() const {
  const Json mae = last_.is_null() ? Json() : last_.at("mae_hu");
  return mae.is_null() ? "" : fmt::format("validation MAE {:.1f} HU", mae.get<double>());
}

void GeneratorValidator::save(nn::TensorWriter& writer, Json& json) const {
  json["last"] = last_;
  best_.save(writer, json["best"]);
}

void GeneratorValidator::load(const SafetensorsFile& file, const Json& json) {
  last_ = json.at("last");
  best_.load(file, json.at("best"), network_);
}

}  // namespace gdm::train
