#include "train/generator_description.hpp"

#include <algorithm>
#include <set>

#include "ct/acquisition.hpp"
#include "net/acquisition.hpp"

namespace gdm::train {

using Json = nlohmann::ordered_json;

std::string fbp_filter(const fs::path& volume) {
  return ct::fbp_acquisition(volume).value("filter", "");
}

Json settings_json(const net::TrainOptions& o, const net::Compute& compute) {
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
    json["drift"] = {{"rho", o.rho},
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

Json data_json(const std::vector<Sample>& samples, const std::vector<Case>& cases, const std::string& digest) {
  std::set<std::string> patients;
  std::vector<Json> acquisitions;
  std::vector<double> edges;
  for (const Sample& sample : samples) {
    patients.insert(sample.patient);
    edges.push_back(sample.grid.mean_edge_mm());
  }
  std::sort(edges.begin(), edges.end());
  for (const Case& item : cases) {
    const auto fbp = item.inputs.find("fbp");
    if (fbp != item.inputs.end()) acquisitions.push_back(ct::fbp_acquisition(fbp->second));
  }
  Json json{
      {"sha256", digest},
      {"cases", samples.size()},
      {"patients", patients.size()},
      {"voxel_edge_mm", {{"least", edges.front()}, {"median", edges[edges.size() / 2]}, {"largest", edges.back()}}}};
  const Json scans = net::merged_acquisitions(acquisitions);
  if (!scans.empty()) json["fbp"] = scans;
  return json;
}

}  // namespace gdm::train
