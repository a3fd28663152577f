#include "model/generator_shape.hpp"

#include <algorithm>

#include "model/process.hpp"
#include "sys/error.hpp"

namespace gdm::model {
namespace {

std::int64_t convolution(std::int64_t in, std::int64_t out, std::int64_t kernel) {
  return kernel * kernel * kernel * in * out;
}

/// Weights of the convolutions of the residual blocks of a level on one way.
std::int64_t block_weights(std::int64_t width, std::int64_t blocks) {
  return blocks * 2 * convolution(width, width, 3);
}

}  // namespace

std::int64_t GeneratorShape::parameters() const {
  const std::size_t deepest = widths.size() - 1;
  // Beside its weights a convolution has a bias for each channel it makes, a normalisation two numbers for each.
  std::int64_t sum = convolution(8 * input_channels, widths[0], 3) + 3 * widths[0] + convolution(widths[0], 8, 3) + 8;
  if (time_width > 0) sum += (time_sinusoids + 1 + time_width + 1) * time_width;
  for (std::size_t level = 0; level <= deepest; ++level) {
    const std::int64_t width = widths[level], count = level == deepest ? blocks + 1 : 2 * blocks;
    sum += block_weights(width, count) + count * 6 * width;
    if (time_width > 0) sum += count * (time_width + 1) * width;
    if (level == deepest) continue;
    sum += convolution(width, widths[level + 1], 3) + widths[level + 1];  // down
    sum += convolution(widths[level + 1], width, 1) + width;              // up
  }
  return sum;
}

double GeneratorShape::gflop(const PatchShape& patch) const {
  const std::size_t deepest = widths.size() - 1;
  double products = 0;
  for (std::size_t level = 0; level <= deepest; ++level) {
    const double of_patch = 1.0 / static_cast<double>(std::int64_t{8} << (3 * level));
    std::int64_t weights = block_weights(widths[level], level == deepest ? blocks + 1 : 2 * blocks);
    weights += level == 0 ? convolution(8 * input_channels + 8, widths[0], 3)
                          : convolution(widths[level - 1], widths[level], 3);
    if (level > 0) weights += convolution(widths[level], widths[level - 1], 1);
    products += static_cast<double>(patch.voxels()) * of_patch * static_cast<double>(weights);
  }
  return 2e-9 * products;
}

std::int64_t GeneratorShape::receptive_field_voxels() const {
  const std::size_t coarsest = widths.size() - 1;
  const std::int64_t period = std::int64_t{1} << coarsest;
  const std::int64_t reach = 2 * blocks;  // of a level's blocks on one way
  std::int64_t largest = 0;
  for (std::int64_t place = 0; place < period; ++place) {  // within a voxel of the coarsest level
    std::int64_t low = place - 1, high = place + 1;        // head, then backwards along the deepest path
    for (std::size_t level = 0; level < coarsest; ++level) {
      low = (low - reach + 1024 * period) / 2 - 512 * period;  // rounds down, also below 0
      high = (high + reach + 1024 * period) / 2 - 512 * period;
    }
    low -= reach + 2;  // one block more
    high += reach + 2;
    for (std::size_t level = 0; level < coarsest; ++level) {
      low = 2 * low - 1 - reach;
      high = 2 * high + 1 + reach;
    }
    largest = std::max(largest, high + 1 - (low - 1) + 1);  // stem
  }
  return 2 * largest;
}

GeneratorShape generator_shape(const Json& generator) {
  try {
    GeneratorShape shape;
    shape.widths = generator.at("widths").get<std::vector<std::int64_t>>();
    shape.blocks = generator.value("blocks", std::int64_t{1});
    const auto noise = generator.value("noise_channels", std::int64_t{0});
    shape.input_channels = static_cast<std::int64_t>(generator.at("conditions").size()) + noise;
    if (generator.contains("process")) {
      shape.input_channels += Process::from_json(generator.at("process")).own_channels();
      shape.time_width = model::time_width;
    }
    const auto outside = [](std::int64_t value, std::int64_t least, std::int64_t most) {
      return value < least || value > most;
    };
    if (shape.widths.empty() || shape.widths.size() > 6 || outside(shape.blocks, 1, 64) || outside(noise, 0, 64) ||
        outside(shape.input_channels, 1, 4096) ||
        std::any_of(shape.widths.begin(), shape.widths.end(), [&](std::int64_t w) { return outside(w, 1, 4096); })) {
      throw Error("impossible generator description: " + generator.dump());
    }
    return shape;
  } catch (const JsonError& error) {
    throw Error(std::string("incomplete generator description: ") + error.what());
  }
}

Json generator_figures(const Json& generator) {
  const GeneratorShape shape = generator_shape(generator);
  Json figures{{"parameters", shape.parameters()}, {"receptive_field_voxels", shape.receptive_field_voxels()}};
  const auto patch = generator.find("patch_voxels");
  if (patch != generator.end() && (patch->is_number_integer() || patch->is_array())) {
    figures["gflop_per_patch"] = shape.gflop(patch->get<PatchShape>());
  }
  return figures;
}

const std::vector<GeneratorPreset>& generator_presets() {
  static const std::vector<GeneratorPreset> presets{
      {"small", {16, 32, 64}, 1, 48, 2}, {"base", {32, 64, 128}, 1, 48, 2}, {"large", {64, 128, 256, 512}, 2, 96, 4}};
  return presets;
}

const GeneratorPreset& generator_preset(const std::string& name) {
  for (const GeneratorPreset& preset : generator_presets()) {
    if (preset.name == name) return preset;
  }
  throw Error("unknown preset '" + name + "'; expected small, base or large", Exit::usage);
}

}  // namespace gdm::model
