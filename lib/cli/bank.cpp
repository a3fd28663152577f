#include "cli/bank.hpp"

#include <fmt/format.h>

#include "image/hu_check.hpp"
#include "image/mask.hpp"
#include "io/nifti/nifti.hpp"
#include "sys/error.hpp"

namespace gdm::cli {
namespace {

std::string key_table(const Json& keys) {
  std::string text = fmt::format("{:<20} {:>9} {:>9} {:>9} {:>14} {:>10} {:>30}\n", "key", "vectors", "channels",
                                 "patients", "mean distance", "eff. rank", "nearest other patient 5/50/95 %");
  for (const auto& [key, level] : keys.items()) {
    std::string nearest = "-";
    if (level.contains("nearest_other_patient")) {
      const Json& n = level.at("nearest_other_patient");
      nearest =
          fmt::format("{:.3g} / {:.3g} / {:.3g}", n.at(0).get<double>(), n.at(1).get<double>(), n.at(2).get<double>());
    }
    text +=
        fmt::format("{:<20} {:>9} {:>9} {:>9} {:>14.4f} {:>10.1f} {:>30}\n", key, level.at("count").get<std::int64_t>(),
                    level.at("channels").get<std::int64_t>(), level.at("patients").get<std::int64_t>(),
                    level.at("mean_distance").get<double>(), level.at("effective_rank").get<double>(), nearest);
  }
  return text;
}

}  // namespace

std::string bank_text(const Json& d, const std::string& digest) {
  const Json& build = d.at("build");
  const Json& edge = d.at("voxel_edge_mm");
  const auto cap = build.at("patient_cap").get<std::int64_t>();
  const double spacing = build.at("spacing_mm").get<double>();
  std::string text = fmt::format(
      "encoder   {}, {} (digest {:.16})\npatients  {}, {} cases of split {}\n"
      "patches   {} of {}^3 voxels of each case, views of training patches of {}, {} tokens of each\n"
      "spacing   {}, mean voxel edges {:.2f} to {:.2f} "
      "mm, "
      "median {:.2f}\nsampling  {}, at most {} rows of a key and stratum{}, seed {}\nsha256    {}\n\n",
      d.at("encoder_file").value("training", Json::object()).value("task", "imported"),
      d.at("encoder_file").at("encoder").value("architecture", "?"), d.value("encoder_digest", ""),
      d.at("patients").size(), d.at("cases").get<std::int64_t>(), build.at("split").get<std::string>(),
      build.at("patches_per_case").get<std::int64_t>(), build.at("patch_voxels").get<std::int64_t>(),
      build.at("training_patch_voxels").get<model::PatchShape>().text(),
      build.at("tokens_per_patch").get<std::int64_t>(),
      spacing > 0 ? fmt::format("resampled to {:g} mm", spacing) : "as it is", edge.at("least").get<double>(),
      edge.at("largest").get<double>(), edge.at("median").get<double>(), build.at("sampling").get<std::string>(),
      build.at("capacity").get<std::int64_t>(), cap > 0 ? fmt::format(", {} of a patient", cap) : "",
      build.at("seed").get<std::uint64_t>(), digest);
  text += key_table(d.at("keys"));
  text += fmt::format("\n{:<32} {:>8} {:>8}\n", "stratum", "patches", "weight");
  for (std::size_t s = 0; s < d.at("strata").size(); ++s) {
    for (const auto& [key, level] : d.at("keys").items()) {
      if (key.rfind("upright", 0) != 0) continue;
      text += fmt::format("{:<32} {:>8} {:>7.1f}%\n", d.at("strata").at(s).at("name").get<std::string>(),
                          level.at("strata").at(s).get<std::int64_t>(),
                          100 * level.at("strata_weights").at(s).get<double>());
      break;
    }
  }
  return text;
}

BankCase::BankCase(const Case& item, const std::string& input, const engine::FeatureBank& bank, std::int64_t patches) {
  with_context("case '" + item.id + "'", [&] {
    if (input.empty() && !item.target) throw Error("no target");
    volume_ = read_volume(input.empty() ? *item.target : item.input(input));
    warn_unless_hu(volume_, (input.empty() ? *item.target : item.input(input)).string());
    mask_ = item.mask ? read_mask(*item.mask, &volume_.grid) : body_mask_from_ct(volume_);
    if (count_inside(mask_) == 0) throw Error("the mask is empty");
  });
  const Json& build = bank.description().at("build");
  subject_.id = item.id;
  subject_.patient = item.patient();
  subject_.anatomy = item.meta_text(build.at("anatomy_key").get<std::string>(), "any");
  subject_.user = item.meta_text(build.at("stratum_key").get<std::string>(), "");
  subject_.ct_hu = &volume_;
  subject_.mask = &mask_;
  subject_.patches = patches > 0 ? patches : build.at("patches_per_case").get<std::int64_t>();
}

std::string query_text(const Json& query) {
  std::string text = fmt::format("{}\n", query.at("id").get<std::string>());
  if (query.contains("resampled_from_mm")) {
    text += fmt::format("  resampled from voxel edges of {:.2f} mm to {:.2f} mm\n",
                        query.at("resampled_from_mm").get<double>(), query.at("voxel_edge_mm").get<double>());
  }
  if (query.contains("outlier")) {
    const Json& o = query.at("outlier");
    text += fmt::format(
        "  {}: score {:.4f}, {:.2f} times the bank's median patient, above {:.1f} % of them (limit {:.4f})\n",
        o.at("is_outlier").get<bool>() ? "OUT OF DISTRIBUTION" : "in distribution", o.at("score").get<double>(),
        o.at("ratio").get<double>(), o.at("percentile").get<double>(), o.at("limit").get<double>());
  }
  const Json& axial = query.at("axial_stratum");
  text += fmt::format("  axial position of the nearest patch right in {} of {} patches\n",
                      axial.at("right").get<std::int64_t>(), axial.at("patches").get<std::int64_t>());
  for (const auto& [level, found] : query.at("levels").items()) {
    for (const Json& entry : found.at("entries")) {
      text += fmt::format("  {:<8} {:<20} {:<16} {:<24} {:.4f}\n", level, entry.at("key").get<std::string>(),
                          entry.at("patient").get<std::string>(), entry.at("stratum").get<std::string>(),
                          entry.at("distance").get<double>());
    }
  }
  return text;
}

Json score_json(const engine::OutlierScore& score) {
  return {{"score", score.score},
          {"ratio", score.ratio},
          {"percentile", score.percentile},
          {"limit", score.limit},
          {"is_outlier", score.outlier()}};
}

}  // namespace gdm::cli
