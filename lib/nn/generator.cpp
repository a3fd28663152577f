#include "nn/generator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "nn/compat.hpp"
#include "nn/tensor_io.hpp"
#include "nn/volume_tensors.hpp"
#include "sys/error.hpp"

namespace gdm::nn {

Json GeneratorConfig::json() const {
  Json list = Json::array();
  for (const auto& condition : conditions) list.push_back(condition.json());
  Json json{{"architecture", "residual-unet3d"},      {"task", task},          {"conditions", list},
            {"residual_on_first", residual_on_first}, {"widths", widths},      {"blocks", blocks},
            {"noise_channels", noise_channels},       {"patch_voxels", patch}, {"hu_range", hu_map.json()},
            {"orientation", network_orientation}};
  if (process) json["process"] = process->json();
  return json;
}

GeneratorConfig GeneratorConfig::from_json(const Json& json) {
  GeneratorConfig config;
  try {
    if (json.at("architecture") != "residual-unet3d") {
      throw Error("unknown architecture " + json.at("architecture").dump());
    }
    config.task = json.at("task").get<std::string>();
    for (const auto& item : json.at("conditions")) config.conditions.push_back(Condition::from_json(item));
    config.residual_on_first = json.at("residual_on_first").get<bool>();
    config.widths = json.at("widths").get<std::vector<std::int64_t>>();
    config.blocks = json.value("blocks", std::int64_t{1});  // files from before there was a choice lack these two
    config.noise_channels = json.value("noise_channels", std::int64_t{0});
    config.patch = json.at("patch_voxels").get<model::PatchShape>();
    config.hu_map = HuMap::from_json(json.at("hu_range"));
    const std::string orientation = json.value("orientation", std::string(network_orientation));  // older files lack it
    if (orientation != network_orientation) {
      throw Error(
          fmt::format("its patches lie {}, and volumes are turned to {} here", orientation, network_orientation));
    }
    if (json.contains("process")) config.process = model::Process::from_json(json.at("process"));
    check_widths(config.widths);
    if (config.conditions.empty()) throw Error("a generator without conditions");
    if (config.blocks < 1 || config.blocks > 64) throw Error("the blocks of a generator must be 1 to 64");
    if (config.noise_channels < 0 || config.noise_channels > 64) throw Error("a generator has 0 to 64 noise channels");
  } catch (const JsonError& error) {
    throw Error(std::string("incomplete generator description: ") + error.what());
  }
  return config;
}

std::vector<std::string> GeneratorConfig::condition_names() const {
  std::vector<std::string> names;
  for (const auto& condition : conditions) names.push_back(condition.name);
  return names;
}

GeneratorImpl::GeneratorImpl(const GeneratorConfig& config) : residual_on_first(config.residual_on_first) {
  const auto& widths = config.widths;
  const std::int64_t own = config.process ? config.process->own_channels() : config.noise_channels;
  const std::int64_t inputs = static_cast<std::int64_t>(config.conditions.size()) + own;
  const std::int64_t time_width = config.process ? model::time_width : 0;
  stem = register_module("stem", convolution(8 * inputs, widths[0], 3));
  down = register_module("down", DownPath(widths, config.blocks, config.blocks + 1, time_width));
  up = register_module("up", UpPath(widths, config.blocks, time_width));
  if (config.process) time = register_module("time", TimeEmbedding(model::time_sinusoids, time_width));
  head_norm = register_module("head_norm", group_norm(widths[0]));
  head = register_module("head", convolution(widths[0], 8, 3));
  // Small but not zero: a constant first output would send constant patches through the encoder's normalisation.
  const torch::NoGradGuard no_grad;
  head->weight.mul_(0.1);
  head->bias.zero_();
}

Tensor GeneratorImpl::forward(const Tensor& inputs, const Tensor& times) {
  const Tensor moment = time ? time(times) : Tensor();
  const Tensor features =
      up(down(stem(space_to_depth(inputs)), std::numeric_limits<std::size_t>::max(), moment), moment);
  const Tensor last = torch::silu(normalised(head_norm, features));
  const Float32Guard guard;  // the eight bits of a bf16 would round bone to steps of some HU
  const Tensor change = depth_to_space(head(last));
  return residual_on_first ? inputs.slice(1, 0, 1) + change : change;
}

LoadedGenerator load_generator(const std::filesystem::path& path, torch::Device device) {
  const SafetensorsFile file(path);
  file.require_kind("generator");
  LoadedGenerator loaded;
  with_context(path.string(), [&] { loaded.config = GeneratorConfig::from_json(file.description().at("generator")); });
  std::size_t tensors = 0;
  const auto load = [&](const GeneratorConfig& config, const std::string& prefix) {
    Generator network(config);
    load_state(file, prefix, *network);
    tensors += named_state(*network).size();
    network->to(device);
    network->eval();
    return network;
  };
  loaded.network = load(loaded.config, "");
  if (loaded.config.process && loaded.config.process->source == model::ProcessSource::regression) {
    const Json base = file.description().value("base", Json::object());
    GeneratorConfig config;
    with_context(path.string() + ": its regression",
                 [&] { config = GeneratorConfig::from_json(base.value("generator", Json::object())); });
    loaded.base = load(config, base_prefix);
  }
  if (file.tensors().size() != tensors) {
    throw Error(fmt::format("{}: holds {} tensors, the generator it describes has {}", path.string(),
                            file.tensors().size(), tensors));
  }
  loaded.description = file.description();
  loaded.digest = file.payload_sha256();
  return loaded;
}

}  // namespace gdm::nn
