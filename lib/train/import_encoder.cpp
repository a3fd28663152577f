#include "train/import_encoder.hpp"

#include <fmt/format.h>

#include <set>

#include "io/json.hpp"
#include "nn/device.hpp"
#include "nn/layered_encoder.hpp"
#include "nn/script_encoder.hpp"
#include "sys/error.hpp"
#include "train/encoder_statistics.hpp"

namespace gdm::train {
namespace {

constexpr std::size_t largest_json_bytes = 16 << 20;

void require_keys(const Json& json, const std::string& what, const std::set<std::string>& known) {
  if (!json.is_object()) throw Error(what + " is " + json_kind(json) + ", expected an object");
  for (const auto& [key, value] : json.items()) {
    if (known.count(key) == 0) throw Error(fmt::format("unknown key '{}' in {}", key, what));
  }
}

/// The keys that describe both kinds of network, checked; "layers" and "ignore" only where there are layers.
Json card_of(const std::string& text, bool layers) {
  Json json = parse_json(text);
  std::set<std::string> known{"gdm_encoder", "name", "card", "licence", "source", "input"};
  if (layers) known.insert({"layers", "ignore"});
  require_keys(json, "the description", known);
  if (json.value("gdm_encoder", Json()) != 1) throw Error("'gdm_encoder' is not 1, the version of this format");
  for (const char* key : {"name", "card", "licence", "source"}) {
    if (json.contains(key) && !json[key].is_string()) throw Error(fmt::format("'{}' is not text", key));
  }
  if (!json.contains("input")) throw Error("the key 'input' is missing");
  require_keys(json["input"], "'input'", {"scaling", "hu_range", "units", "spacing_mm", "axes"});
  try {
    json["input"] = with_context("'input'", [&] { return nn::InputConvention::from_json(json["input"]).json(); });
  } catch (const JsonError& error) {
    throw Error(std::string("'input': ") + error.what());
  }
  return json;
}

std::vector<std::string> ignored_patterns(const Json& json) {
  std::vector<std::string> patterns;
  if (!json.contains("ignore")) return patterns;
  if (!json["ignore"].is_array()) throw Error("'ignore' is not a list of patterns");
  for (const Json& pattern : json["ignore"]) {
    if (!pattern.is_string()) throw Error("'ignore' is not a list of patterns");
    patterns.push_back(pattern.get<std::string>());
  }
  return patterns;
}

struct Imported {
  std::shared_ptr<nn::EncoderNetwork> network;
  Json encoder, card = Json::object();
};

Imported read_network(const engine::ImportOptions& options) {
  const bool script = options.layers.empty();
  const fs::path& path = script ? options.input : options.layers;
  Imported imported;
  const std::string text = read_file(path, largest_json_bytes);
  const Json json = with_context(path.string(), [&] { return card_of(text, !script); });
  for (const char* key : {"name", "card", "licence", "source"}) {
    if (json.contains(key)) imported.card[key] = json[key];
  }
  if (script) {
    const auto network = nn::ScriptEncoder::from_file(options.source);
    imported.encoder = network->json();
    imported.network = network;
  } else {
    const SafetensorsFile file(options.source);
    const auto network = with_context(path.string(), [&] {
      if (!json.contains("layers")) throw Error("the key 'layers' is missing");
      auto made = std::make_shared<nn::LayeredEncoder>(nn::layers_from_json(json["layers"]));
      nn::load_foreign_weights(file, ignored_patterns(json), *made);
      return made;
    });
    imported.encoder = {{"architecture", "layers"}, {"layers", json["layers"]}};
    imported.network = network;
  }
  imported.encoder["input"] = json["input"];
  return imported;
}

}  // namespace

void import_encoder(const Manifest* statistics, const engine::ImportOptions& options, const engine::Compute& compute,
                    Provenance& provenance) {
  Imported imported = read_network(options);
  provenance.add_source(options.source);
  provenance.add_source(options.layers.empty() ? options.input : options.layers);
  Json description{{"encoder", imported.encoder}};
  if (!imported.card.empty()) description["card"] = imported.card;
  if (statistics != nullptr) {
    const nn::FrozenEncoder encoder = nn::freeze(imported.network, description, nn::device_from_text(compute.device));
    description["statistics"] = add_statistics(*statistics, options.statistics, compute, encoder, provenance);
  }
  description["provenance"] = provenance.json();
  nn::write_encoder(options.output, *imported.network, description, options.overwrite);
}

}  // namespace gdm::train
