#include "nn/scattering_encoder.hpp"

#include <cmath>

namespace gdm::nn {
namespace {

namespace F = torch::nn::functional;

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

using FilterValue = ScatteringEncoder::FilterValue;
using FilterValues = std::vector<FilterValue>;

FilterValues values_of(const Tensor& filters) {
  FilterValues values;
  const Tensor on_cpu = filters.to(torch::kCPU, torch::kFloat32).contiguous();
  const float* value = on_cpu.data_ptr<float>();
  for (std::int64_t filter = 0; filter < filters.size(0); ++filter) {
    for (std::int64_t n = 0; n < 27; ++n, ++value) {
      if (*value != 0) values.push_back({filter, {n / 9, n / 3 % 3, n % 3}, *value});
    }
  }
  return values;
}

/// The part of x (B, 1, D + 2, H + 2, W + 2) that a filter value meets, (B, 1, D, H, W); shares memory.
Tensor met_by(const Tensor& x, const Place& place) {
  Tensor part = x;
  for (std::int64_t axis = 0; axis < 3; ++axis) {
    part = part.narrow(axis + 2, place[static_cast<std::size_t>(axis)], x.size(axis + 2) - 2);
  }
  return part;
}

/// conv3d by sums of shifted copies: filters of one channel that are mostly zero are no case for convolution libraries,
/// whose backward pass took four times longer.
class Filtered : public torch::autograd::Function<Filtered> {
 public:
  /// x (B, 1, D + 2, ...) -> (B, F, D, ...) by the values of F filters, which must outlive the graph.
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const FilterValues* values) {
    context->saved_data["values"] = reinterpret_cast<std::int64_t>(values);
    const std::int64_t count = values->back().filter + 1;
    Tensor y = torch::zeros({x.size(0), count, x.size(2) - 2, x.size(3) - 2, x.size(4) - 2}, x.options());
    for (const FilterValue& v : *values) y.narrow(1, v.filter, 1).add_(met_by(x, v.place), v.value);
    return y;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto* values = reinterpret_cast<const FilterValues*>(context->saved_data["values"].toInt());
    const Tensor g = gradients.at(0);
    Tensor x = torch::zeros({g.size(0), 1, g.size(2) + 2, g.size(3) + 2, g.size(4) + 2}, g.options());
    for (const FilterValue& v : *values) met_by(x, v.place).add_(g.narrow(1, v.filter, 1), v.value);
    return {x, Tensor()};
  }
};

}  // namespace

nlohmann::ordered_json ScatteringConfig::json() const {
  return {{"architecture", "scattering"}, {"ranges", ranges}, {"octaves", octaves}};
}

ScatteringConfig ScatteringConfig::from_json(const nlohmann::ordered_json& json) {
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
  values_ = values_of(filters_);
  const auto channels = static_cast<std::int64_t>(config.ranges.size()) * config.octaves * filters_.size(0);
  for (const std::int64_t stride : {finest_stride, 2 * finest_stride}) {
    // The coarsest octave's filters reach one of its cells beyond the cells that are averaged.
    taps_.push_back(
        {"e" + std::to_string(stride), channels, stride, stride + (std::int64_t{2} << (config.octaves - 1))});
  }
}

void ScatteringEncoder::prepare(torch::Device) {
  values_ = values_of(filters_);
  if (values_.empty() || values_.back().filter + 1 != filters_.size(0)) {
    throw Error("the last filter of a scattering encoder is zero");
  }
}

std::vector<Tensor> ScatteringEncoder::first_maps(const Tensor& x, std::size_t count) {
  std::vector<Tensor> in_range;
  for (const auto& [low, high] : config_.ranges) in_range.push_back(x.clamp(low, high) / (high - low));
  Tensor seen = torch::cat(in_range).to(torch::kFloat32);  // ranges as further volumes of the batch
  std::vector<Tensor> moduli;
  for (std::int64_t octave = 0; octave < config_.octaves; ++octave) {
    if (octave > 0) seen = torch::avg_pool3d(seen, 2);
    const Tensor padded = F::pad(seen, F::PadFuncOptions({1, 1, 1, 1, 1, 1}).mode(torch::kReplicate));
    Tensor modulus = Filtered::apply(padded, &values_).abs();
    const std::int64_t edge = finest_stride >> octave;
    if (edge > 1) modulus = torch::avg_pool3d(modulus, edge);
    const auto ranges = modulus.split(x.size(0));
    moduli.insert(moduli.end(), ranges.begin(), ranges.end());
  }
  std::vector<Tensor> maps{torch::cat(moduli, 1)};
  if (count > 1) maps.push_back(torch::avg_pool3d(maps.front(), 2));
  return maps;
}

}  // namespace gdm::nn
