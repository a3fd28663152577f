#include "train/generator_description.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "ct/acquisition.hpp"
#include "model/acquisition.hpp"
#include "sys/log.hpp"
#include "sys/quantile.hpp"

namespace gdm::train {

using Json = nlohmann::ordered_json;

std::string fbp_filter(const fs::path& volume) {
  return ct::fbp_acquisition(volume).value("filter", "");
}

Json settings_json(const engine::TrainOptions& o, const engine::Compute& compute) {
  Json json{
      {"objective", o.objective},         {"steps", o.steps}, {"batch", o.batch},         {"accumulate", o.accumulate},
      {"learning_rate", o.learning_rate}, {"ema", o.ema},     {"precision", o.precision}, {"seed", compute.seed}};
  if (!o.init.empty()) json["init"] = o.init.filename().string();
  json["keep"] = o.keep == "best" ? "best " + o.score : o.keep;
  if (o.augment != "none") json["augment"] = o.augment;
  if (o.fresh_noise_hu > 0) json["fresh_noise_hu"] = o.fresh_noise_hu;
  if (o.plain_regression()) return json;
  json["coordination"] = {{"mode", o.coordination}, {"conflict", o.conflict}, {"conflict_edge", o.conflict_edge}};
  json["start"] = o.drift_start;
  json["share_end"] = o.share_end;
  json["ssim"] = o.ssim;
  if (o.gradient_l1 > 0) json["gradient_l1"] = o.gradient_l1;
  if (o.objective == "regression") return json;
  json["perceptual"] = o.perceptual;
  json["taps"] = o.taps;
  if (o.objective == "gdm") {
    json["drift"] = {{"share", o.drift},
                     {"weight_global", o.weight_global},
                     {"weight_local", o.weight_local},
                     {"weight_spatial", o.weight_spatial},
                     {"pair_weight", o.pair_weight},
                     {"temperatures", o.temperatures},
                     {"sinkhorn", o.sinkhorn},
                     {"set_global", o.set_global},
                     {"set_local", o.set_local},
                     {"ring_batches", o.ring_batches}};
  }
  return json;
}

Json data_json(const std::vector<data::Sample>& samples, const std::vector<Case>& cases, const std::string& digest) {
  std::set<std::string> patients;
  std::vector<Json> acquisitions;
  std::vector<double> edges, ratios;
  for (const data::Sample& sample : samples) {
    patients.insert(sample.patient);
    edges.push_back(sample.grid.mean_edge_mm());
    ratios.push_back(sample.grid.anisotropy());
  }
  std::sort(edges.begin(), edges.end());
  std::sort(ratios.begin(), ratios.end());
  for (const Case& item : cases) {
    const auto fbp = item.inputs.find("fbp");
    if (fbp != item.inputs.end()) acquisitions.push_back(ct::fbp_acquisition(fbp->second));
  }
  Json json{{"sha256", digest},
            {"cases", samples.size()},
            {"patients", patients.size()},
            {"voxel_edge_mm",
             {{"least", edges.front()}, {"median", quantile_of_sorted(edges, 0.5)}, {"largest", edges.back()}}},
            {"anisotropy", {{"least", ratios.front()}, {"largest", ratios.back()}}}};
  const Json scans = model::merged_acquisitions(acquisitions);
  if (!scans.empty()) json["fbp"] = scans;
  return json;
}

void warn_of_mixed_voxels(const std::vector<data::Sample>& samples) {
  constexpr double most_ratio = 1.5;  // two or three scanners' protocols of one body part lie closer together
  std::array<double, 2> edges{0, 0}, ratios{0, 0};
  const auto widen = [](std::array<double, 2>& range, double value) {
    range[0] = range[0] == 0 ? value : std::min(range[0], value);
    range[1] = std::max(range[1], value);
  };
  for (const data::Sample& sample : samples) {
    widen(edges, sample.grid.mean_edge_mm());
    widen(ratios, sample.grid.anisotropy());
  }
  if (edges[1] > most_ratio * edges[0]) {
    log_warning(
        fmt::format("voxels of the training cases have edges of {:.3g} to {:.3g} mm on average; gdm-prep resample "
                    "brings them to one size",
                    edges[0], edges[1]));
  }
  if (ratios[1] > most_ratio * ratios[0]) {
    log_warning(
        fmt::format("voxels of the training cases are {:.3g} to {:.3g} times as long as wide; gdm-prep resample "
                    "brings them to one shape",
                    ratios[0], ratios[1]));
  }
}

}  // namespace gdm::train
