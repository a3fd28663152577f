#include "nn/encoder.hpp"

#include "nn/tensor_io.hpp"

namespace gdm::nn {

nlohmann::ordered_json EncoderConfig::json() const {
  return {{"architecture", "residual-cnn3d"}, {"stem", stem}, {"widths", widths}, {"hu_range", hu_map.json()}};
}

EncoderConfig EncoderConfig::from_json(const nlohmann::ordered_json& json) {
  EncoderConfig config;
  try {
    if (json.at("architecture") != "residual-cnn3d") {
      throw Error("unknown encoder architecture " + json.at("architecture").dump());
    }
    config.stem = json.at("stem").get<std::string>();
    config.widths = json.at("widths").get<std::vector<std::int64_t>>();
    config.hu_map = HuMap::from_json(json.at("hu_range"));
    check_widths(config.widths);
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("incomplete encoder description: ") + error.what());
  }
  return config;
}

EncoderImpl::EncoderImpl(const EncoderConfig& config) : space_to_depth_stem(config.stem == "space-to-depth") {
  const std::int64_t width = config.widths.at(0);
  stem = register_module("stem", space_to_depth_stem ? convolution(8, width, 3) : convolution(1, width, 3, 2));
  down = register_module("down", DownPath(config.widths, 1));
}

std::vector<Tensor> EncoderImpl::forward(const Tensor& x) {
  return down(stem(space_to_depth_stem ? space_to_depth(x) : x));
}

std::vector<Tensor> FrozenEncoder::features(const Tensor& x, const HuMap& units_of_x) const {
  const Tensor own_units = config.hu_map.to_unit(units_of_x.to_hu(x)).clamp(-1.0, 1.0);
  return Encoder(network)->forward(own_units);
}

FrozenEncoder load_encoder(const SafetensorsFile& file, const nlohmann::ordered_json& description,
                           const std::string& prefix, torch::Device device) {
  FrozenEncoder encoder;
  with_context(file.path().string(), [&] {
    if (!description.contains("encoder")) throw Error("no description of an encoder in it");
    encoder.config = EncoderConfig::from_json(description.at("encoder"));
  });
  encoder.network = Encoder(encoder.config);
  load_state(file, prefix, *encoder.network);
  encoder.network->to(device);
  encoder.network->eval();
  for (auto& parameter : encoder.network->parameters()) parameter.requires_grad_(false);
  encoder.description = description;
  encoder.digest = state_digest(*encoder.network);
  return encoder;
}

FrozenEncoder load_encoder(const std::filesystem::path& path, torch::Device device) {
  const SafetensorsFile file(path);
  file.require_kind("encoder");
  return load_encoder(file, file.description(), "", device);
}

}  // namespace gdm::nn
