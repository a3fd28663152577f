#include "synth/synthesizer.hpp"

#include <fmt/format.h>

#include "nn/encoder.hpp"
#include "nn/generator.hpp"
#include "nn/windows.hpp"
#include "synth/sliding_window.hpp"
#include "sys/error.hpp"
#include "sys/signals.hpp"

namespace gdm::synth {
namespace {

using nn::tensor_of;

class GeneratorOnVolumes : public net::Synthesizer {
 public:
  GeneratorOnVolumes(const std::filesystem::path& path, const net::SynthOptions& options, const net::Compute& compute)
      : device_(nn::device_from_text(compute.device)), generator_(nn::load_generator(path, device_)) {
    plan_.window = options.window > 0 ? options.window : generator_.config.window;
    plan_.overlap = options.overlap;
    const std::int64_t multiple = generator_.config.size_multiple();
    if (plan_.window % multiple != 0) {
      throw Error(fmt::format("--window {} is not a multiple of {}, which this model needs", plan_.window, multiple),
                  Exit::usage);
    }
    names_ = generator_.config.condition_names();
  }

  const std::vector<std::string>& condition_names() const override { return names_; }
  const nlohmann::ordered_json& description() const override { return generator_.description; }
  const std::string& digest() const override { return generator_.digest; }
  std::int64_t evaluations() const override { return evaluations_; }

  Volume predict(const std::vector<Volume>& conditions, const std::string& progress_title) override {
    return nn::with_plain_errors([&] { return run(conditions, progress_title); });
  }

 private:
  Volume run(const std::vector<Volume>& conditions, const std::string& progress_title) {
    const c10::InferenceMode inference;
    const nn::GeneratorConfig& config = generator_.config;
    std::vector<Tensor> channels;
    for (std::size_t c = 0; c < conditions.size(); ++c) {
      if (!same_grid(conditions[c].grid, conditions[0].grid)) {
        throw Error(fmt::format("input '{}' has {}, '{}' has {}", names_[c], describe(conditions[c].grid), names_[0],
                                describe(conditions[0].grid)));
      }
      const Volume turned = nn::turned_for_network(conditions[c]);
      const Tensor raw = tensor_of(turned);
      if (!torch::isfinite(raw).all().item<bool>()) {
        throw Error("input '" + names_[c] + "' contains NaN or infinite voxels");
      }
      channels.push_back(nn::scale_condition(raw, config.conditions[c], config.hu_map));
    }
    const Tensor stacked = channels.size() == 1 ? channels[0].unsqueeze(0) : torch::stack(channels);
    channels.clear();
    Tensor out = slide(
        stacked, [this](const Tensor& x) { return generator_.network(x); }, plan_, -1.0, device_, progress_title,
        &evaluations_);
    if (!torch::isfinite(out).all().item<bool>()) throw Error("the model's output is not finite; is it a whole model?");
    config.hu_map.to_hu_(out);
    const Grid& wanted = conditions[0].grid;
    Volume predicted = nn::volume_of(out, reoriented(wanted, axis_map(wanted, nn::network_orientation)));
    if (wanted.orientation() != nn::network_orientation) predicted = reoriented(predicted, wanted.orientation());
    predicted.grid = wanted;  // the same but for rounding
    return predicted;
  }

  torch::Device device_;
  nn::LoadedGenerator generator_;
  WindowPlan plan_;
  std::vector<std::string> names_;
  std::int64_t evaluations_ = 0;
};

class EncoderOnVolumes : public net::FeatureExtractor {
 public:
  EncoderOnVolumes(const std::filesystem::path& path, const net::Compute& compute)
      : device_(nn::device_from_text(compute.device)), encoder_(nn::load_encoder(path, device_)) {}

  const nlohmann::ordered_json& description() const override { return encoder_.description; }
  const std::string& digest() const override { return encoder_.digest; }

  net::FeatureMatrix window_features(const Volume& ct_hu, const Mask& mask) override {
    return nn::with_plain_errors([&] { return run(ct_hu, mask); });
  }

 private:
  net::FeatureMatrix run(const Volume& ct_hu, const Mask& mask) {
    const c10::InferenceMode inference;
    const Volume turned = nn::turned_for_network(ct_hu);
    const Mask turned_mask = nn::turned_for_network(mask);
    const Tensor image = encoder_.input.hu_map.to_unit(tensor_of(turned)).unsqueeze(0);
    const Tensor inside = tensor_of(turned_mask).unsqueeze(0).to(torch::kFloat32);
    const Point3 edges_mm = ct_hu.grid.spacing_mm();
    spacing_mm_ = (edges_mm[0] + edges_mm[1] + edges_mm[2]) / 3;
    net::FeatureMatrix features;
    for (std::int64_t d = 0; d < image.size(1); d += tile) {
      for (std::int64_t h = 0; h < image.size(2); h += tile) {
        for (std::int64_t w = 0; w < image.size(3); w += tile) {
          throw_if_stop_requested();
          const Tensor share = pooled(nn::cut_window(inside, {d, h, w}, tile, 0.0).unsqueeze(0), edge);
          const Tensor chosen = (share.flatten() >= 0.5).nonzero().flatten();
          if (chosen.numel() == 0) continue;
          append(nn::cut_window(image, {d, h, w}, tile, -1.0).unsqueeze(0), chosen, features);
        }
      }
    }
    return features;
  }

  static constexpr std::int64_t edge = 16, tile = 3 * edge;

  static Tensor pooled(const Tensor& map, std::int64_t cells) { return torch::avg_pool3d(map, cells); }

  void append(const Tensor& window, const Tensor& chosen, net::FeatureMatrix& features) {
    std::vector<Tensor> parts;
    constexpr std::int64_t cells = tile / edge;
    const auto maps = encoder_.features(window.to(device_), encoder_.input.hu_map, spacing_mm_);
    for (std::size_t tap = 0; tap < maps.size(); ++tap) {
      if (encoder_.taps()[tap].stride > edge) continue;
      parts.push_back(torch::adaptive_avg_pool3d(maps[tap], {cells, cells, cells}).flatten(2).squeeze(0));  // (C, 27)
    }
    if (parts.empty()) throw Error(fmt::format("the encoder has no tap with a stride of at most {} voxels", edge));
    const Tensor rows = torch::cat(parts).transpose(0, 1).to(torch::kCPU).index_select(0, chosen).contiguous();
    features.dims = rows.size(1);
    const float* data = rows.data_ptr<float>();
    features.values.insert(features.values.end(), data, data + rows.numel());
  }

  torch::Device device_;
  nn::FrozenEncoder encoder_;
  double spacing_mm_ = 0;  ///< mean voxel edge of the volume at hand
};

}  // namespace

std::unique_ptr<net::Synthesizer> open_generator(const std::filesystem::path& path, const net::SynthOptions& options,
                                                 const net::Compute& compute) {
  return std::make_unique<GeneratorOnVolumes>(path, options, compute);
}

std::unique_ptr<net::FeatureExtractor> open_encoder(const std::filesystem::path& path, const net::Compute& compute) {
  return std::make_unique<EncoderOnVolumes>(path, compute);
}

}  // namespace gdm::synth
