#include "nn/encoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "nn/encoder_network.hpp"
#include "nn/layered_encoder.hpp"
#include "nn/residual_encoder.hpp"
#include "nn/scattering_encoder.hpp"
#include "nn/script_encoder.hpp"
#include "nn/tensor_io.hpp"
#include "nn/volume_tensors.hpp"
#include "sys/error.hpp"

namespace gdm::nn {
namespace {

constexpr double least_deviation = 1e-6;
constexpr const char* canonical_axes = "SAR";

/// Place of a direction's axis among D, H, W of a patch, and whether it points the other way.
std::pair<std::int64_t, bool> place_of(char direction) {
  static const std::string forward = canonical_axes, backward = "IPL";
  const auto same = forward.find(direction);
  if (same != std::string::npos) return {static_cast<std::int64_t>(same), false};
  return {static_cast<std::int64_t>(backward.find(direction)), true};
}

bool are_axes(const std::string& axes) {
  if (axes.size() != 3 || axes.find_first_not_of("SIAPRL") != std::string::npos) return false;
  std::array<bool, 3> seen{};
  for (const char direction : axes) seen[static_cast<std::size_t>(place_of(direction).first)] = true;
  return seen[0] && seen[1] && seen[2];
}

/// Trilinear, to the nearer end of the range of voxel edges; sizes become multiples of the coarsest stride.
Tensor with_spacing(const Tensor& x, const std::array<double, 2>& range_mm, double spacing_mm, std::int64_t stride) {
  if (spacing_mm <= 0 || range_mm[1] <= 0) return x;
  const double wanted_mm = std::clamp(spacing_mm, range_mm[0], range_mm[1]);
  if (wanted_mm == spacing_mm) return x;
  std::vector<std::int64_t> size;
  for (std::int64_t dim = 2; dim < 5; ++dim) {
    const double cells = static_cast<double>(x.size(dim)) * spacing_mm / wanted_mm / static_cast<double>(stride);
    size.push_back(stride * std::max<std::int64_t>(1, std::llround(cells)));
  }
  return torch::upsample_trilinear3d(x, size, /*align_corners=*/false);
}

/// In half precision if that keeps every value.
Tensor halved_if_exact(const Tensor& tensor) {
  if (tensor.scalar_type() != torch::kFloat32) return tensor;
  const Tensor half = tensor.to(torch::kFloat16);
  return torch::equal(half.to(torch::kFloat32), tensor) ? half : tensor;
}

}  // namespace

Tensor with_axes(const Tensor& x, const std::string& axes) {
  if (axes == "any" || axes == canonical_axes) return x;
  std::array<std::int64_t, 3> order{};
  std::array<bool, 3> backward{};
  for (std::size_t axis = 0; axis < 3; ++axis) std::tie(order[axis], backward[axis]) = place_of(axes[axis]);
  return with_turned_axes(x, order, backward);
}

const std::vector<Tap>& FrozenEncoder::taps() const {
  return network->taps();
}

std::vector<Tensor> EncoderNetwork::features(const Tensor& x, std::size_t count) {
  std::vector<Tensor> found = maps(x, count);
  for (std::size_t tap = 0; tap < (has_statistics() ? found.size() : 0); ++tap) {
    const std::vector<std::int64_t> shape{1, -1, 1, 1, 1};
    found[tap] = (found[tap] - means_[tap].view(shape)) / deviations_[tap].view(shape);
  }
  return found;
}

void EncoderNetwork::add_statistics() {
  if (has_statistics()) return;
  for (const Tap& tap : taps()) {
    means_.push_back(register_buffer("mean_" + tap.name, torch::zeros({tap.channels})));
    deviations_.push_back(register_buffer("deviation_" + tap.name, torch::ones({tap.channels})));
  }
}

void EncoderNetwork::set_statistics(std::size_t tap, const Tensor& mean, const Tensor& deviation) {
  const torch::NoGradGuard no_grad;
  means_.at(tap).copy_(mean);
  deviations_.at(tap).copy_(deviation.clamp_min(least_deviation));
}

Tensor with_canonical_axes(const Tensor& x, const std::string& axes) {
  if (!are_axes(axes)) throw Error("'" + axes + "' are no three anatomical axes");
  std::array<std::int64_t, 3> order{};
  std::array<bool, 3> backward{};
  for (std::int64_t axis = 0; axis < 3; ++axis) {
    const auto [place, against] = place_of(axes[static_cast<std::size_t>(axis)]);
    order[static_cast<std::size_t>(place)] = axis;
    backward[static_cast<std::size_t>(place)] = against;
  }
  return with_turned_axes(x, order, backward);
}

Json InputConvention::json() const {
  Json json{{"scaling", scaling}, {"units", units}, {"spacing_mm", spacing_mm}, {"axes", axes}};
  if (scaling == "hu") json["hu_range"] = hu_map.json();
  return json;
}

InputConvention InputConvention::from_json(const Json& json) {
  InputConvention input;
  input.scaling = json.at("scaling").get<std::string>();
  if (input.scaling != "hu" && input.scaling != "percentile") {
    throw Error("scaling is '" + input.scaling + "', expected hu or percentile");
  }
  if (input.scaling == "hu") input.hu_map = HuMap::from_json(json.at("hu_range"));
  input.units = json.value("units", input.units);
  input.spacing_mm = json.value("spacing_mm", input.spacing_mm);
  input.axes = json.value("axes", input.axes);
  const auto rising = [](double low, double high) { return std::isfinite(low) && std::isfinite(high) && low < high; };
  if (!rising(input.hu_map.low_hu, input.hu_map.high_hu)) throw Error("hu_range is not a range");
  if (!rising(input.units[0], input.units[1])) throw Error("units is not a range");
  const auto [least, largest] = std::pair(input.spacing_mm[0], input.spacing_mm[1]);
  if (!(least == 0 && largest == 0) && !(least > 0 && largest >= least && std::isfinite(largest))) {
    throw Error(fmt::format("spacing_mm is {} to {}, expected a range of voxel edges", least, largest));
  }
  if (input.axes != "any" && !are_axes(input.axes)) {
    throw Error("axes is '" + input.axes + "', expected three directions such as SAR, or any");
  }
  return input;
}

std::vector<Tensor> FrozenEncoder::features(const Tensor& x, const HuMap& units_of_x, double spacing_mm,
                                            std::size_t count) const {
  Tensor unit = input.scaling == "hu" ? input.hu_map.to_unit(units_of_x.to_hu(x)) : x;
  unit = unit.clamp(-1.0, 1.0);
  if (input.units[0] != -1.0 || input.units[1] != 1.0) {
    unit = (unit + 1.0) * (0.5 * (input.units[1] - input.units[0])) + input.units[0];
  }
  std::int64_t coarsest = 1;
  for (const Tap& tap : taps()) coarsest = std::max(coarsest, tap.stride);
  const Tensor resampled = with_spacing(unit, input.spacing_mm, spacing_mm, coarsest);
  std::vector<Tensor> maps = network->features(with_axes(resampled, input.axes), count);
  if (input.axes != "any" && input.axes != canonical_axes) {
    for (Tensor& map : maps) map = with_canonical_axes(map, input.axes);
  }
  return maps;
}

std::shared_ptr<EncoderNetwork> make_encoder_network(const Json& description) {
  try {
    const auto architecture = description.at("architecture").get<std::string>();
    std::shared_ptr<EncoderNetwork> network;
    if (architecture == "residual-cnn3d") {
      network = std::make_shared<ResidualEncoder>(ResidualEncoderConfig::from_json(description));
    } else if (architecture == "scattering") {
      network = std::make_shared<ScatteringEncoder>(ScatteringConfig::from_json(description));
    } else if (architecture == "layers") {
      network = LayeredEncoder::from_json(description);
    } else if (architecture == "torchscript") {
      network = ScriptEncoder::from_json(description);
    } else {
      throw Error("unknown encoder architecture '" + architecture + "'");
    }
    if (description.value("statistics", false)) network->add_statistics();
    return network;
  } catch (const JsonError& error) {
    throw Error(std::string("incomplete encoder description: ") + error.what());
  }
}

FrozenEncoder freeze(std::shared_ptr<EncoderNetwork> network, const Json& description, torch::Device device) {
  FrozenEncoder encoder;
  try {
    encoder.input = InputConvention::from_json(description.at("encoder").at("input"));
  } catch (const JsonError& error) {
    throw Error(std::string("incomplete encoder description: ") + error.what());
  }
  encoder.network = std::move(network);
  encoder.network->to(device);
  encoder.network->eval();
  for (auto& parameter : encoder.network->parameters()) parameter.requires_grad_(false);
  encoder.network->prepare(device);
  encoder.description = description;
  encoder.digest = state_digest(*encoder.network);
  return encoder;
}

std::string write_encoder(const std::filesystem::path& path, const EncoderNetwork& network, Json description,
                          Overwrite overwrite) {
  Json& encoder = description.at("encoder");
  encoder["taps"] = Json::array();
  for (const Tap& tap : network.taps()) {
    encoder["taps"].push_back({{"name", tap.name},
                               {"channels", tap.channels},
                               {"stride", tap.stride},
                               {"receptive_field", tap.receptive_field}});
  }
  if (network.has_statistics()) encoder["statistics"] = true;
  description["kind"] = "encoder";
  description["encoder_digest"] = state_digest(network);
  TensorWriter writer;
  for (const auto& [name, tensor] : named_state(network)) writer.add(name, halved_if_exact(tensor));
  return writer.write(path, description, overwrite);
}

FrozenEncoder load_encoder(const SafetensorsFile& file, const Json& description, const std::string& prefix,
                           torch::Device device) {
  return with_context(file.path().string(), [&] {
    if (!description.contains("encoder")) throw Error("no description of an encoder in it");
    auto network = make_encoder_network(description.at("encoder"));
    load_state(file, prefix, *network);
    return freeze(std::move(network), description, device);
  });
}

FrozenEncoder load_encoder(const std::filesystem::path& path, torch::Device device) {
  const SafetensorsFile file(path);
  file.require_kind("encoder");
  return load_encoder(file, file.description(), "", device);
}

}  // namespace gdm::nn
