#include "train/scattering.hpp"

#include <algorithm>

#include "nn/device.hpp"
#include "nn/scattering_encoder.hpp"
#include "train/encoder_statistics.hpp"

namespace gdm::train {
namespace {

/// The network's units are HU, so that its ranges mean what they say.
nn::InputConvention input_over(const std::vector<std::array<double, 2>>& ranges_hu) {
  nn::InputConvention input;
  input.hu_map = {ranges_hu.at(0)[0], ranges_hu[0][1]};
  for (const auto& [low, high] : ranges_hu) {
    input.hu_map = {std::min(input.hu_map.low_hu, low), std::max(input.hu_map.high_hu, high)};
  }
  input.units = {input.hu_map.low_hu, input.hu_map.high_hu};
  return input;
}

}  // namespace

void make_scattering(const Manifest* statistics, const engine::ScatteringOptions& options,
                     const engine::Compute& compute, Provenance& provenance) {
  const nn::ScatteringConfig config{options.ranges_hu, options.octaves};
  const auto network = std::make_shared<nn::ScatteringEncoder>(config);
  Json description{{"encoder", config.json()}};
  description["encoder"]["input"] = input_over(options.ranges_hu).json();
  if (!options.card.empty()) description["card"] = {{"card", options.card}};
  const nn::FrozenEncoder encoder = nn::freeze(network, description, nn::device_from_text(compute.device));
  if (statistics != nullptr) {
    description["statistics"] = add_statistics(*statistics, options.statistics, compute, encoder, provenance);
  }
  description["provenance"] = provenance.json();
  nn::write_encoder(options.output, *network, description, options.overwrite);
}

}  // namespace gdm::train
