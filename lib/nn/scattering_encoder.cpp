#include "nn/scattering_encoder.hpp"

#include <cmath>

#include "sys/error.hpp"

namespace gdm::nn {
namespace {

constexpr std::int64_t finest_stride = 4, most_octaves = 3;
constexpr double surroundings_sigma = 0.7;  // voxels

using Place = std::array<std::int64_t, 3>;

/// A filter from its values at places relative to the centre.
Tensor filter_of(const std::vector<std::pair<Place, float>>& values) {
  Tensor filter = torch::zeros({3, 3, 3});
  for (const auto& [place, value] : values) filter[place[0] + 1][place[1] + 1][place[2] + 1] = value;
  return filter / filter.norm();
}

Tensor second_difference(const Place& step) {
  return filter_of({{step, 1.0F}, {{0, 0, 0}, -2.0F}, {{-step[0], -step[1], -step[2]}, 1.0F}});
}

Tensor without_surroundings() {
  const Tensor line = torch::exp(torch::tensor({1.0, 0.0, 1.0}) * (-0.5 / (surroundings_sigma * surroundings_sigma)));
  const Tensor gaussian = line.view({3, 1, 1}) * line.view({1, 3, 1}) * line.view({1, 1, 3});
  Tensor filter = -(gaussian / gaussian.sum()).to(torch::kFloat32);
  filter[1][1][1] += 1;
  return filter / filter.norm();
}

Tensor filters() {
  std::vector<Tensor> all;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    Place step{};
    step[axis] = 1;
    all.push_back(filter_of({{step, 1.0F}, {{-step[0], -step[1], -step[2]}, -1.0F}}));
    all.push_back(second_difference(step));
    for (const std::int64_t sign : {1, -1}) {
      step[(axis + 1) % 3] = sign;
      all.push_back(second_difference(step));
    }
  }
  all.push_back(without_surroundings());
  return torch::stack(all).unsqueeze(1);
}

}  // namespace

Json ScatteringConfig::json() const {
  return {{"architecture", "scattering"}, {"ranges", ranges}, {"octaves", octaves}};
}

ScatteringConfig ScatteringConfig::from_json(const Json& json) {
  ScatteringConfig config;
  config.ranges = json.at("ranges").get<std::vector<std::array<double, 2>>>();
  config.octaves = json.at("octaves").get<std::int64_t>();
  if (config.ranges.empty()) throw Error("ranges is empty");
  for (const auto& [low, high] : config.ranges) {
    if (!std::isfinite(low) || !std::isfinite(high) || low >= high) throw Error("one of ranges is not a range");
  }
  if (config.octaves < 1 || config.octaves > most_octaves) throw Error("octaves is not 1, 2 or 3");
  return config;
}

ScatteringEncoder::ScatteringEncoder(const ScatteringConfig& config) : config_(config) {
  filters_ = register_buffer("filters", filters());
  shared_ = sparse_filters(filters_);
  const auto channels = static_cast<std::int64_t>(config.ranges.size()) * config.octaves * filters_.size(0);
  for (const std::int64_t stride : {finest_stride, 2 * finest_stride}) {
    // The coarsest octave's filters reach one of its cells beyond the cells that are averaged.
    taps_.push_back(
        {"e" + std::to_string(stride), channels, stride, stride + (std::int64_t{2} << (config.octaves - 1))});
  }
}

void ScatteringEncoder::prepare(torch::Device) {
  shared_ = sparse_filters(filters_);
}

std::vector<Tensor> ScatteringEncoder::first_maps(const Tensor& x, std::size_t count) {
  std::vector<Tensor> in_range;
  for (const auto& [low, high] : config_.ranges) in_range.push_back(x.clamp(low, high) / (high - low));
  Tensor seen = torch::cat(in_range).to(torch::kFloat32);  // ranges as further volumes of the batch
  std::vector<Tensor> moduli;
  for (std::int64_t octave = 0; octave < config_.octaves; ++octave) {
    if (octave > 0) seen = torch::avg_pool3d(seen, 2);
    const Tensor padded = torch::replication_pad3d(seen, {1, 1, 1, 1, 1, 1});
    const auto ranges = averaged_moduli(padded, shared_, finest_stride >> octave).split(x.size(0));
    moduli.insert(moduli.end(), ranges.begin(), ranges.end());
  }
  std::vector<Tensor> maps{torch::cat(moduli, 1)};
  if (count > 1) maps.push_back(torch::avg_pool3d(maps.front(), 2));
  return maps;
}

}  // namespace gdm::nn
