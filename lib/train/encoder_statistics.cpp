#include "train/encoder_statistics.hpp"

#include <fmt/format.h>

#include "bank/levels.hpp"
#include "data/samples.hpp"
#include "nn/device.hpp"
#include "nn/encoder_network.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::train {
namespace {

using torch::Tensor;
constexpr double least_deviation = 1e-6;  // of a feature that tells something

/// Sums over cells inside the patients, for each tap.
struct Moments {
  Tensor sum, square;  ///< (channels) float64
  double cells = 0;

  void add(const Tensor& map, const Tensor& mask) {
    const Tensor part = torch::adaptive_avg_pool3d(mask.to(torch::kFloat32), map.sizes().slice(2));
    const Tensor inside = (part.flatten() >= bank::least_inside).nonzero().flatten();
    const Tensor values = map.transpose(0, 1).flatten(1).index_select(1, inside).to(torch::kFloat64);
    const Tensor added = values.sum(1).to(torch::kCPU), added_square = values.square().sum(1).to(torch::kCPU);
    sum = sum.defined() ? sum + added : added;
    square = square.defined() ? square + added_square : added_square;
    cells += static_cast<double>(inside.numel());
  }
  Tensor mean() const { return sum / cells; }
  Tensor deviation() const { return (square / cells - mean().square()).clamp_min(0).sqrt(); }
};

}  // namespace

Json add_statistics(const Manifest& manifest, const engine::StatisticsOptions& options, const engine::Compute& compute,
                    const nn::FrozenEncoder& encoder, Provenance& provenance) {
  const torch::NoGradGuard no_grad;
  if (encoder.input.scaling != "hu") throw Error("--statistics are of CT targets, but this encoder does not expect HU");
  const torch::Device device = nn::device_from_text(compute.device);
  const std::vector<Case> cases = data::usable_cases(manifest, options.split);
  std::vector<Moments> moments(encoder.taps().size());
  Progress progress("statistics", static_cast<std::int64_t>(cases.size()), "case");
  for (std::size_t c = 0; c < cases.size(); ++c) {
    const std::vector<data::Sample> samples{data::load_sample(cases[c], {}, encoder.input.hu_map, provenance)};
    const data::PatchSampler sampler(samples, options.patch, 1, compute.seed + c);
    for (std::int64_t w = 0; w < options.patches_per_case; ++w) {
      throw_if_stop_requested();
      const data::Batch batch = sampler.draw(w, device);
      const auto maps = encoder.features(batch.target, encoder.input.hu_map, samples[0].grid.mean_edge_mm());
      for (std::size_t tap = 0; tap < maps.size(); ++tap) moments[tap].add(maps[tap], batch.mask);
    }
    progress.advance();
  }
  encoder.network->add_statistics();
  for (std::size_t tap = 0; tap < moments.size(); ++tap) {
    if (moments[tap].cells == 0) throw Error("tap " + encoder.taps()[tap].name + " has no cell inside a patient");
    const Tensor deviation = moments[tap].deviation();
    const auto constant = (deviation < least_deviation).sum().item<std::int64_t>();
    if (constant > 0) {
      log_warning(fmt::format("tap {}: {} of {} channels do not vary in these patches, so elsewhere they may be huge",
                              encoder.taps()[tap].name, constant, deviation.numel()));
    }
    encoder.network->set_statistics(tap, moments[tap].mean(), deviation);
  }
  return {{"split", options.split},
          {"cases", cases.size()},
          {"patches_per_case", options.patches_per_case},
          {"patch_voxels", options.patch},
          {"seed", compute.seed}};
}

}  // namespace gdm::train
