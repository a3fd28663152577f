#include "nn/residual_encoder.hpp"

#include "sys/error.hpp"

namespace gdm::nn {

Json ResidualEncoderConfig::json() const {
  return {{"architecture", "residual-cnn3d"}, {"stem", stem}, {"widths", widths}};
}

ResidualEncoderConfig ResidualEncoderConfig::from_json(const Json& json) {
  ResidualEncoderConfig config;
  config.stem = json.at("stem").get<std::string>();
  config.widths = json.at("widths").get<std::vector<std::int64_t>>();
  if (config.stem != "space-to-depth" && config.stem != "conv") {
    throw Error("the stem is '" + config.stem + "', expected space-to-depth or conv");
  }
  check_widths(config.widths);
  return config;
}

ResidualEncoder::ResidualEncoder(const ResidualEncoderConfig& config)
    : space_to_depth_stem_(config.stem == "space-to-depth") {
  const std::int64_t width = config.widths.at(0);
  stem_ = register_module("stem", space_to_depth_stem_ ? convolution(8, width, 3) : convolution(1, width, 3, 2));
  down_ = register_module("down", DownPath(config.widths, 1, 1));
  std::int64_t stride = 2, field = space_to_depth_stem_ ? 6 : 3;
  for (std::size_t stage = 0; stage < config.widths.size(); ++stage) {
    if (stage > 0) {  // the strided convolution
      field += 2 * stride;
      stride *= 2;
    }
    field += 4 * stride;  // the two convolutions of the block
    taps_.push_back({"s" + std::to_string(stage + 1), config.widths[stage], stride, field});
  }
}

std::vector<Tensor> ResidualEncoder::first_maps(const Tensor& x, std::size_t count) {
  return down_(stem_(space_to_depth_stem_ ? space_to_depth(x) : x), count);
}

}  // namespace gdm::nn
