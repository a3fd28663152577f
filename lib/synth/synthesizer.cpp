#include "synth/synthesizer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "image/grid_match.hpp"
#include "image/hu_check.hpp"
#include "io/sidecar.hpp"
#include "model/feature_levels.hpp"
#include "nn/device.hpp"
#include "nn/encoder.hpp"
#include "nn/generator.hpp"
#include "nn/plain_errors.hpp"
#include "nn/volume_tensors.hpp"
#include "synth/sampler.hpp"
#include "synth/sliding_window.hpp"
#include "sys/error.hpp"
#include "sys/signals.hpp"

namespace gdm::synth {
namespace {

using nn::tensor_of;

constexpr const char* more_memory = "a machine with more is needed";

class GeneratorOnVolumes : public engine::Synthesizer {
 public:
  GeneratorOnVolumes(const std::filesystem::path& path, const engine::SynthOptions& options,
                     const engine::Compute& compute)
      : device_(nn::device_from_text(compute.device)),
        generator_(nn::load_generator(path, device_)),
        sampler_(make_sampler(generator_.config, generator_.network, generator_.base, options.sampling)),
        precision_(options.precision),
        seed_(compute.seed) {
    // Warns before the first volume, whose name a warning would have before it otherwise.
    { const nn::ArithmeticGuard warns(precision_, device_); }
    plan_.patch = options.patch.value_or(generator_.config.patch);
    plan_.overlap = options.overlap;
    const std::int64_t multiple = generator_.config.size_multiple();
    if (!plan_.patch.is_multiple_of(multiple)) {
      throw Error(
          fmt::format("--patch {} is not a multiple of {}, which this model needs", plan_.patch.text(), multiple),
          Exit::usage);
    }
    names_ = generator_.config.condition_names();
  }

  const std::vector<std::string>& condition_names() const override { return names_; }
  const Json& description() const override { return generator_.description; }
  const std::string& digest() const override { return generator_.digest; }
  std::int64_t evaluations() const override { return evaluations_; }
  std::int64_t noise_channels() const override { return sampler_->noise_channels(); }
  std::int64_t patch_places() const override { return patch_stride(plan_.patch.least(), plan_.overlap); }
  bool fills_half_a_patch(const Grid& grid) const override {
    const Index3 shape = shape_along_network_axes(grid);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (2 * shape[2 - axis] < plan_.patch[axis]) return false;
    }
    return true;
  }

  std::int64_t patches_of(const Grid& grid) const override {
    const Index3 shape = shape_along_network_axes(grid);
    std::int64_t patches = 1;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto starts = patch_starts(shape[2 - axis], plan_.patch[axis], plan_.overlap);
      patches *= static_cast<std::int64_t>(starts.size());
    }
    return patches;
  }
  std::int64_t patches_at_once() const override {
    return plan_.at_once > 0 ? plan_.at_once : synth::patches_at_once(plan_.patch, device_);
  }
  void set_patches_at_once(std::int64_t patches) override { plan_.at_once = patches; }

  double peak_mib_of_patches(std::int64_t patches) override {
    return nn::with_plain_errors("a smaller --patch needs less", [&] {
      const c10::InferenceMode inference;
      const model::PatchShape& patch = plan_.patch;
      const auto channels = static_cast<std::int64_t>(names_.size()) + noise_channels();
      const std::int64_t group = patches_of_group(patches, patches_at_once(), device_);
      const nn::ArithmeticGuard guard(precision_, device_);
      // Patches as they were cut, together, and what is blended of them, which stand beside one another in a run.
      const Tensor cut = torch::full({group, channels, patch[0], patch[1], patch[2]}, nn::air_units);
      const Tensor made = sampler_->sample(cut.clone().to(device_));
      const Tensor blended = made * 0.5;
      return peak_rss_mib();
    });
  }

  bool makes_slabs(const Grid& grid) const override {
    const AxisMap map = axis_map(grid, nn::network_orientation);
    return map.source[2] == 2 && !map.flipped[2] &&
           std::all_of(generator_.config.conditions.begin(), generator_.config.conditions.end(),
                       [this](const auto& c) { return nn::fixed_range(c, generator_.config.hu_map).has_value(); });
  }
  std::int64_t slab_slices(const Grid& grid) const override { return std::min(grid.shape_ijk[2], plan_.patch[0]); }

  void predict_slabs(const engine::SliceStreams& streams, const std::string& draw,
                     const std::string& progress_title) override {
    nn::with_plain_errors("a smaller --patch needs less", [&] { run_in_slabs(streams, draw, progress_title); });
  }

  Volume predict(const std::vector<Volume>& conditions, const std::string& draw, const std::string& progress_title,
                 const engine::PatchShift& shift) override {
    return nn::with_plain_errors("a smaller --patch needs less",
                                 [&] { return run(conditions, draw, progress_title, shift); });
  }

 private:
  /// Voxels along nn::network_orientation, first axis first; patches have them last axis first.
  static Index3 shape_along_network_axes(const Grid& grid) {
    return reoriented(grid, axis_map(grid, nn::network_orientation)).shape_ijk;
  }

  // Of the size of the volumes the output alone is made: patches are turned and scaled, not volumes.
  Volume run(const std::vector<Volume>& conditions, const std::string& draw, const std::string& progress_title,
             const engine::PatchShift& shift) {
    const c10::InferenceMode inference;
    const PatchSource source = for_network(conditions);
    const nn::NoiseField noise(sampler_->noise_channels(), seed_, draw);
    PatchPlan plan = plan_;
    plan.noise = &noise;
    plan.shift = shift;
    Volume predicted(conditions[0].grid, 0.0F);
    const nn::ArithmeticGuard guard(precision_, device_);
    slide_into(turned_view(predicted, predicted.grid), source, *sampler_, plan, device_, progress_title, &evaluations_);
    to_hu(tensor_of(predicted));
    return predicted;
  }

  void to_hu(Tensor out) const {
    if (!nn::all_finite(out)) throw Error("the model's output is not finite; is it a whole model?");
    generator_.config.hu_map.to_hu_(out);
  }

  void run_in_slabs(const engine::SliceStreams& streams, const std::string& draw, const std::string& progress_title) {
    const c10::InferenceMode inference;
    const std::int64_t depth = streams.grid.shape_ijk[2];
    Grid slab = streams.grid;
    slab.shape_ijk[2] = slab_slices(streams.grid);
    Volume made(slab, 0.0F);
    std::vector<SlabOfCondition> held;
    held.reserve(names_.size());  // views of volumes that must stay where they are
    PatchSource source;
    for (const nn::Condition& condition : generator_.config.conditions) {
      const nn::ValueScale scale{*nn::fixed_range(condition, generator_.config.hu_map),
                                 nn::scaled_range(condition.scaling)};
      held.push_back({Volume(slab, 0.0F), nn::OutsideCount(condition, scale)});
      source.add(turned_view(held.back().volume, slab), scale);
    }
    const nn::NoiseField noise(sampler_->noise_channels(), seed_, draw);
    PatchPlan plan = plan_;
    plan.noise = &noise;
    SlabSteps steps;
    std::int64_t read = 0;  // slices of each condition
    steps.advance = [&](std::int64_t first) {
      const std::int64_t fresh = first + slab.shape_ijk[2] - read;
      for (std::size_t c = 0; c < held.size(); ++c) held[c].advance(fresh, c, streams);
      read += fresh;
    };
    steps.take = [&](std::int64_t count) {
      to_hu(tensor_of(made).narrow(0, 0, count));
      streams.take(count, made.voxels.data());
    };
    const nn::ArithmeticGuard guard(precision_, device_);
    slide_in_slabs(turned_view(made, slab), source, depth, steps, *sampler_, plan, device_, progress_title,
                   &evaluations_);
    for (const SlabOfCondition& condition : held) condition.outside.warn();
  }

  /// As many slices of a condition as a patch has.
  struct SlabOfCondition {
    Volume volume;
    nn::OutsideCount outside;

    /// The last slices move to the front, and the next of the stream follow them.
    void advance(std::int64_t fresh, std::size_t condition, const engine::SliceStreams& streams) {
      const auto count = static_cast<std::ptrdiff_t>(fresh * volume.grid.slice_voxels());
      std::copy(volume.voxels.begin() + count, volume.voxels.end(), volume.voxels.begin());
      float* const next = &*(volume.voxels.end() - count);
      streams.read(condition, fresh, next);
      outside.add(next, static_cast<std::size_t>(count));
    }
  };

  PatchSource for_network(const std::vector<Volume>& conditions) const {
    const nn::GeneratorConfig& config = generator_.config;
    PatchSource source;
    for (std::size_t c = 0; c < conditions.size(); ++c) {
      const std::string input = "input '" + names_[c] + "'";
      if (c > 0) require_same_grid(conditions[c].grid, input, conditions[0].grid, "'" + names_[0] + "'");
      const Tensor raw = tensor_of(conditions[c]);
      if (!nn::all_finite(raw)) throw Error(input + " contains NaN or infinite voxels");
      // Grids that are the same but for rounding must not be turned in two ways.
      source.add(turned_view(conditions[c], conditions[0].grid),
                 nn::scale_of(raw, config.conditions[c], config.hu_map));
    }
    return source;
  }

  torch::Device device_;
  nn::LoadedGenerator generator_;
  std::unique_ptr<Sampler> sampler_;
  engine::Precision precision_;
  std::uint64_t seed_;
  PatchPlan plan_;
  std::vector<std::string> names_;
  std::int64_t evaluations_ = 0;
};

class EncoderOnVolumes : public engine::FeatureExtractor {
 public:
  EncoderOnVolumes(const std::filesystem::path& path, const engine::Compute& compute)
      : device_(nn::device_from_text(compute.device)), encoder_(nn::load_encoder(path, device_)) {}

  const Json& description() const override { return encoder_.description; }
  const std::string& digest() const override { return encoder_.digest; }

  std::vector<engine::LevelFeatures> features(const Volume& ct_hu, const Mask& mask) override {
    return nn::with_plain_errors(more_memory, [&] { return run(ct_hu, mask); });
  }

 private:
  std::vector<engine::LevelFeatures> run(const Volume& ct_hu, const Mask& mask) {
    const c10::InferenceMode inference;
    const Volume turned = nn::turned_for_network(ct_hu);
    const Mask turned_mask = nn::turned_for_network(mask);
    const Tensor image = encoder_.input.hu_map.to_unit(tensor_of(turned)).unsqueeze(0);
    const Tensor inside = tensor_of(turned_mask).unsqueeze(0).to(torch::kFloat32);
    spacing_mm_ = ct_hu.grid.mean_edge_mm();
    std::vector<engine::LevelFeatures> levels;
    for (const char* name : model::feature_levels) levels.push_back({name, {}});
    for (std::int64_t d = 0; d < image.size(1); d += tile) {
      for (std::int64_t h = 0; h < image.size(2); h += tile) {
        for (std::int64_t w = 0; w < image.size(3); w += tile) {
          throw_if_stop_requested();
          const Tensor share =
              torch::avg_pool3d(nn::cut_patch(inside, {d, h, w}, tile, 0.0).unsqueeze(0), edge).flatten();
          const Tensor cubes = (share >= least_of_cube).nonzero().flatten();
          const bool whole = share.mean().item<double>() >= least_of_tile;
          if (cubes.numel() == 0 && !whole) continue;
          append(nn::cut_patch(image, {d, h, w}, tile, -1.0).unsqueeze(0), cubes, whole, levels);
        }
      }
    }
    return levels;
  }

  static constexpr std::int64_t edge = 16, cubes_along = 3, tile = cubes_along * edge;
  static constexpr double least_of_cube = 0.5, least_of_tile = 0.25;

  /// What a level takes of the maps, each part (channels, places).
  using Parts = std::vector<Tensor>;

  /// Mean of a map over `places` cubes along each axis, and its standard deviation there.
  static std::pair<Tensor, Tensor> moments(const Tensor& map, std::int64_t places) {
    const std::vector<std::int64_t> size(3, places);
    const Tensor mean = torch::adaptive_avg_pool3d(map, size), square = torch::adaptive_avg_pool3d(map.square(), size);
    const Tensor deviation = (square - mean.square()).clamp_min(0.0).sqrt();
    return {mean.flatten(2).squeeze(0), deviation.flatten(2).squeeze(0)};
  }

  /// The cells that hold the middle of each cube.
  static Tensor middles(const Tensor& map) {
    Tensor cells = map;
    for (const std::int64_t dim : {2, 3, 4}) {
      const Tensor cube = torch::arange(cubes_along, torch::TensorOptions(map.device()).dtype(torch::kLong));
      cells = cells.index_select(dim, ((2 * cube + 1) * map.size(dim)).floor_divide(2 * cubes_along));
    }
    return cells.flatten(2).squeeze(0);
  }

  void append(const Tensor& patch, const Tensor& cubes, bool whole, std::vector<engine::LevelFeatures>& levels) {
    const auto maps = encoder_.features(patch.to(device_), encoder_.input.hu_map, spacing_mm_);
    Parts means, global, local, spatial;
    for (std::size_t tap = 0; tap < maps.size(); ++tap) {
      const std::int64_t stride = encoder_.taps()[tap].stride;
      const auto [mean, deviation] = moments(maps[tap], cubes_along);
      if (stride <= edge) means.push_back(mean);
      if (stride == 4 || stride == 8) local.insert(local.end(), {mean, deviation});
      if (stride <= 8) spatial.push_back(middles(maps[tap]));
      if (!whole) continue;
      const auto [tile_mean, tile_deviation] = moments(maps[tap], 1);
      global.insert(global.end(), {tile_mean, tile_deviation});
    }
    if (means.empty()) throw Error(fmt::format("the encoder has no tap with a stride of at most {} voxels", edge));
    add_rows(means, cubes, levels[0].features);
    if (whole) add_rows(global, torch::zeros({1}, torch::kLong), levels[1].features);
    add_rows(local, cubes, levels[2].features);
    add_rows(spatial, cubes, levels[3].features);
  }

  static void add_rows(const Parts& parts, const Tensor& places, metrics::FeatureMatrix& features) {
    if (parts.empty() || places.numel() == 0) return;
    const Tensor rows = torch::cat(parts).transpose(0, 1).to(torch::kCPU).index_select(0, places).contiguous();
    features.dims = rows.size(1);
    const float* data = rows.data_ptr<float>();
    features.values.insert(features.values.end(), data, data + rows.numel());
  }

  torch::Device device_;
  nn::FrozenEncoder encoder_;
  double spacing_mm_ = 0;  ///< mean voxel edge of the volume at hand
};

}  // namespace

std::unique_ptr<engine::Synthesizer> open_generator(const std::filesystem::path& path,
                                                    const engine::SynthOptions& options,
                                                    const engine::Compute& compute) {
  return std::make_unique<GeneratorOnVolumes>(path, options, compute);
}

std::unique_ptr<engine::FeatureExtractor> open_encoder(const std::filesystem::path& path,
                                                       const engine::Compute& compute) {
  return std::make_unique<EncoderOnVolumes>(path, compute);
}

}  // namespace gdm::synth
