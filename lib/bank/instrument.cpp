#include "bank/instrument.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "bank/distances.hpp"
#include "bank/patches.hpp"
#include "bank/regions.hpp"
#include "bank/statistics.hpp"
#include "nn/device.hpp"
#include "nn/plain_errors.hpp"
#include "nn/resample.hpp"
#include "sys/error.hpp"
#include "sys/quantile.hpp"

namespace gdm::bank {
namespace {

constexpr const char* level = "upright";  // what retrieval and scores stand on
constexpr double outlier_quantile = 0.99;
constexpr std::int64_t most_pictured = 512;  // rows of a key in a histogram

/// A volume's patches in the bank's features.
struct Projected {
  std::map<std::string, Tensor> vectors;      ///< by key, (n, C) float32
  std::vector<Stratum> strata;                ///< of each patch
  std::vector<std::int64_t> patches;          ///< number of each patch
  Tensor points;                              ///< upright rows in the common space, (patches, D)
  double edge_mm = 0, resampled_from_mm = 0;  ///< the latter 0 if voxels stayed as they are
};

Tensor patients_of(std::int64_t rows, std::int32_t patient) {
  return torch::full({rows}, patient, torch::kInt32);
}

metrics::FeatureMatrix matrix_of(const Tensor& vectors) {
  const Tensor plain = vectors.to(torch::kCPU).to(torch::kFloat32).contiguous();
  const float* data = plain.data_ptr<float>();
  return {plain.size(1), std::vector<float>(data, data + plain.numel())};
}

template <class Function>
auto guarded(Function function) {
  const c10::InferenceMode inference;
  return nn::with_plain_errors("a smaller bank or a machine with more is needed", function);
}

class BankOnVolumes : public engine::FeatureBank {
 public:
  BankOnVolumes(const std::filesystem::path& path, const engine::Compute& compute)
      : device_(nn::device_from_text(compute.device)), bank_(path, device_) {
    const c10::InferenceMode inference;
    with_context(path.string(), [&] {
      try {
        recipe_ = BankRecipe::from_json(bank_.description().at("build"));
        reference_ = bank_.description().value("left_out_scores", std::vector<double>{});
      } catch (const JsonError& error) {
        throw Error(std::string("incomplete bank description: ") + error.what());
      }
      if (bank_.vectors_of(level).empty()) throw Error("the bank has no upright patches");
    });
    const auto vectors = bank_.vectors_of(level);
    upright_ = &bank_.rows(vectors.begin()->first);
    space_.emplace(vectors);
    entries_ = space_->project(vectors);
  }

  const Json& description() const override { return bank_.description(); }
  const std::string& digest() const override { return bank_.digest(); }

  engine::OutlierScore score(const engine::BankSubject& subject) override {
    return guarded([&] { return score_of(project(subject, PatchLevels::upright), subject.patient); });
  }
  engine::DistanceMap map(const engine::BankSubject& subject) override {
    return guarded([&] { return map_of(subject); });
  }
  Json query(const engine::BankSubject& subject, std::int64_t neighbours) override {
    return guarded([&] { return query_of(subject, neighbours); });
  }
  std::map<std::string, metrics::FeatureMatrix> features(const engine::BankSubject& subject) override {
    return guarded([&] {
      std::map<std::string, metrics::FeatureMatrix> found;
      for (const auto& [key, vectors] : project(subject, PatchLevels::all).vectors) found[key] = matrix_of(vectors);
      return found;
    });
  }
  metrics::FeatureMatrix entries(const std::string& key, std::int64_t most) override {
    return guarded([&] { return matrix_of(bank_.rows(key).vectors.slice(0, 0, most)); });
  }
  engine::BankPicture picture() override {
    return guarded([&] { return picture_of(); });
  }

 private:
  /// A volume as the bank's patches are cut from it, and the recipe by which they are.
  struct Prepared {
    BankVolume volume;
    BankRecipe recipe;
    Grid grid;  ///< of the volume turned for the network, before any resampling
  };

  Prepared prepared(const engine::BankSubject& subject) const {
    const nn::HuMap& units = bank_.encoder().input.hu_map;
    const bool lies_so = subject.ct_hu->grid.orientation() == nn::network_orientation;
    const Volume turned = lies_so ? Volume() : reoriented(*subject.ct_hu, nn::network_orientation);
    const Volume& ct_hu = lies_so ? *subject.ct_hu : turned;
    const Mask inside = nn::turned_for_network(*subject.mask);
    if (!nn::all_finite(nn::tensor_of(ct_hu))) throw Error("contains NaN or infinite voxels");
    Tensor image = nn::tensor_of(ct_hu).clone().unsqueeze(0);
    units.to_unit_(image);
    const Tensor mask = nn::tensor_of(inside).unsqueeze(0);
    Prepared out;
    out.grid = ct_hu.grid;
    out.recipe = recipe_;
    out.recipe.patches_per_case = subject.patches;
    const double edge_mm = ct_hu.grid.mean_edge_mm();
    if (recipe_.spacing_mm == 0 && !bank_.fits_edge(edge_mm)) out.recipe.spacing_mm = bank_.edges_mm()[1];
    out.volume = bank_volume(image, mask.clone(), ct_hu.grid, out.recipe.spacing_mm);
    out.volume.id = subject.id;
    out.volume.anatomy = subject.anatomy;
    out.volume.user = subject.user;
    return out;
  }

  Projected project(const engine::BankSubject& subject, PatchLevels levels) const {
    const auto [volume, recipe, grid] = prepared(subject);
    Projected out;
    out.edge_mm = volume.edge_mm;
    if (recipe.spacing_mm > 0) out.resampled_from_mm = grid.mean_edge_mm();
    std::map<std::string, std::vector<Tensor>> found;
    const nn::HuMap& units = bank_.encoder().input.hu_map;
    for_each_patch(bank_.encoder(), volume, recipe, units, device_, levels, [&](PatchRows&& rows) {
      if (!bank_.has(rows.key)) return;
      if (level_of(rows.key) == level && (out.patches.empty() || out.patches.back() != rows.patch)) {
        out.patches.push_back(rows.patch);
        out.strata.push_back(rows.stratum);
      }
      found[rows.key].push_back(rows.vectors);
    });
    for (const auto& [key, parts] : found) out.vectors[key] = torch::cat(parts);
    out.points = space_->project(out.vectors);
    return out;
  }

  engine::OutlierScore score_of(const Projected& found, const std::string& patient) const {
    if (reference_.empty()) throw Error("the bank has fewer than two patients, so there is nothing to compare with");
    const Tensor distance = nearest(found.points, patients_of(found.points.size(0), bank_.patient_number(patient)),
                                    entries_, upright_->patient, nearest_rows)
                                .distance;
    engine::OutlierScore out;
    out.score = outlier_score(distance);
    out.ratio = out.score / quantile_of_sorted(reference_, 0.5);
    const auto below = std::lower_bound(reference_.begin(), reference_.end(), out.score) - reference_.begin();
    out.percentile = 100.0 * static_cast<double>(below) / static_cast<double>(reference_.size());
    out.limit = quantile_of_sorted(reference_, outlier_quantile);
    return out;
  }

  /// Mean distances to the nearest entries, of the bank's own patches to those of other patients, rising.
  const std::vector<double>& own_distances() {
    if (own_distances_.empty()) {
      const Tensor found = nearest(entries_, upright_->patient, entries_, upright_->patient, nearest_rows).distance;
      own_distances_ = rising_values(found.mean(1));
    }
    if (own_distances_.empty()) {
      throw Error(fmt::format("no patch of the bank has {} of other patients to compare with", nearest_rows));
    }
    return own_distances_;
  }

  engine::DistanceMap map_of(const engine::BankSubject& subject) {
    const auto [volume, recipe, grid] = prepared(subject);
    const double median = quantile_of_sorted(own_distances(), 0.5);
    const std::vector<PatchStart> starts = covering_patches(volume.mask, recipe.patch);
    auto rows = upright_rows(bank_.encoder(), volume, starts, recipe.patch, bank_.encoder().input.hu_map, device_);
    const Tensor points = space_->project(rows);
    const Tensor distance = nearest(points, patients_of(points.size(0), bank_.patient_number(subject.patient)),
                                    entries_, upright_->patient, nearest_rows)
                                .distance.mean(1)
                                .to(torch::kCPU, torch::kFloat64);
    std::vector<double> ratios;
    for (std::int64_t n = 0; n < distance.size(0); ++n) ratios.push_back(distance[n].item<double>() / median);
    engine::DistanceMap map;
    map.limit = own_distances().back() / median;
    const auto farthest = std::max_element(ratios.begin(), ratios.end());
    map.largest = *farthest;
    const auto sizes = volume.mask.sizes();
    const std::array<std::int64_t, 3> size_dhw{sizes[1], sizes[2], sizes[3]};
    const PatchStart& start = starts[static_cast<std::size_t>(farthest - ratios.begin())];
    Point3 index{};
    for (std::size_t dim = 0; dim < 3; ++dim) {  // axis 2 of a grid is dimension 0; voxels fill the same field
      const double centre = static_cast<double>(start[dim]) + 0.5 * static_cast<double>(recipe.patch);
      index[2 - dim] = centre * static_cast<double>(grid.shape_ijk[2 - dim]) / static_cast<double>(size_dhw[dim]) - 0.5;
    }
    map.farthest_ras_mm = grid.ras_of_index(index);
    map.ratio = on_subject(interpolated(starts, ratios, recipe.patch, size_dhw), grid, subject);
    return map;
  }

  /// A map (D, H, W) of the turned and resampled volume on the subject's grid, inside its mask.
  static Volume on_subject(const Tensor& map, const Grid& turned, const engine::BankSubject& subject) {
    const Index3& shape = turned.shape_ijk;
    const Tensor whole = nn::area_mean(map.unsqueeze(0), {shape[2], shape[1], shape[0]}).squeeze(0);
    Volume ratio = reoriented(nn::volume_of(whole, turned), subject.ct_hu->grid.orientation());
    ratio.grid = subject.ct_hu->grid;
    for (std::size_t v = 0; v < ratio.voxels.size(); ++v) {
      if (subject.mask->voxels[v] == 0) ratio.voxels[v] = 0;
    }
    return ratio;
  }

  /// A row of a query and the nearest entry.
  struct Hit {
    double distance = 0;  ///< in units of the mean distance
    std::string key;
    std::int64_t row = 0;
    const BankRows* rows = nullptr;
  };

  static void add_hits(const std::string& key, const BankRows& rows, const Tensor& queries, const Tensor& entries,
                       double scale, std::vector<Hit>& hits) {
    if (!(scale > 0)) return;
    const auto near = nearest(queries, patients_of(queries.size(0), -1), entries, rows.patient, 1);
    const Tensor distance = near.distance.to(torch::kCPU), entry = near.entry.to(torch::kCPU);
    for (std::int64_t n = 0; n < distance.size(0); ++n) {
      hits.push_back({distance[n][0].item<double>() / scale, key, entry[n][0].item<std::int64_t>(), &rows});
    }
  }

  /// Of level upright whole patches are compared, of the others each key for itself.
  std::vector<Hit> hits_of(const Projected& found, const std::string& name) const {
    std::vector<Hit> hits;
    if (name == level) {
      add_hits("patch", *upright_, found.points, entries_, mean_distance(entries_), hits);
    } else {
      for (const auto& [key, vectors] : found.vectors) {
        if (level_of(key) != name) continue;
        const BankRows& rows = bank_.rows(key);
        add_hits(key, rows, vectors, rows.vectors.to(torch::kFloat32), bank_.scale(key), hits);
      }
    }
    std::stable_sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.distance < b.distance; });
    return hits;
  }

  const std::string& patient_of(const Hit& hit) const {
    return bank_.patients()[static_cast<std::size_t>(hit.rows->patient[hit.row].item<std::int32_t>())];
  }

  /// How often each patient is the nearest, most often first.
  Json patients_json(const std::vector<Hit>& hits, std::int64_t most) const {
    std::map<std::string, std::int64_t> votes;
    for (const Hit& hit : hits) ++votes[patient_of(hit)];
    std::vector<std::pair<std::int64_t, std::string>> ranked;
    for (const auto& [patient, count] : votes) ranked.emplace_back(-count, patient);
    std::sort(ranked.begin(), ranked.end());
    auto json = Json::array();
    for (std::size_t n = 0; n < ranked.size() && n < static_cast<std::size_t>(most); ++n) {
      const double share = -static_cast<double>(ranked[n].first) / static_cast<double>(hits.size());
      json.push_back({{"patient", ranked[n].second}, {"share", share}});
    }
    return json;
  }

  static double median_distance(const std::vector<Hit>& hits) {
    std::vector<double> distances;
    for (const Hit& hit : hits) distances.push_back(hit.distance);
    return median_of(std::move(distances));
  }

  Json level_json(const Projected& found, const std::string& name, std::int64_t neighbours) const {
    const std::vector<Hit> hits = hits_of(found, name);
    Json json{{"rows", hits.size()}, {"median_nearest_distance", Json()}, {"entries", Json::array()}};
    if (!hits.empty()) json["median_nearest_distance"] = median_distance(hits);
    std::set<std::pair<std::string, std::int64_t>> listed;
    for (const Hit& hit : hits) {
      if (static_cast<std::int64_t>(json["entries"].size()) == neighbours) break;
      if (!listed.emplace(hit.key, hit.row).second) continue;
      const auto stratum = static_cast<std::size_t>(hit.rows->stratum[hit.row].item<std::int32_t>());
      json["entries"].push_back({{"patient", patient_of(hit)},
                                 {"stratum", bank_.strata()[stratum].name()},
                                 {"key", hit.key},
                                 {"distance", hit.distance}});
    }
    json["patients"] = patients_json(hits, neighbours);
    return json;
  }

  /// Share of patches whose nearest patch of another patient lies in the same axial bin.
  Json axial_json(const Projected& found, const std::string& patient) const {
    const Tensor entry = nearest(found.points, patients_of(found.points.size(0), bank_.patient_number(patient)),
                                 entries_, upright_->patient, 1)
                             .entry.to(torch::kCPU);
    std::int64_t right = 0;
    for (std::size_t n = 0; n < found.strata.size(); ++n) {
      const auto row = entry[static_cast<std::int64_t>(n)][0].item<std::int64_t>();
      const auto stratum = static_cast<std::size_t>(upright_->stratum[row].item<std::int32_t>());
      if (bank_.strata()[stratum].axial_bin == found.strata[n].axial_bin) ++right;
    }
    const auto patches = static_cast<double>(found.strata.size());
    return {{"patches", found.strata.size()}, {"right", right}, {"share", static_cast<double>(right) / patches}};
  }

  Json query_of(const engine::BankSubject& subject, std::int64_t neighbours) const {
    const Projected found = project(subject, PatchLevels::all);
    Json json{{"id", subject.id}, {"patches", found.patches.size()}, {"voxel_edge_mm", found.edge_mm}};
    if (found.resampled_from_mm > 0) json["resampled_from_mm"] = found.resampled_from_mm;
    if (!reference_.empty()) {
      const engine::OutlierScore score = score_of(found, subject.patient);
      json["outlier"] = {{"score", score.score},
                         {"ratio", score.ratio},
                         {"percentile", score.percentile},
                         {"limit", score.limit},
                         {"is_outlier", score.outlier()}};
    }
    json["axial_stratum"] = axial_json(found, subject.patient);
    for (const char* name : {"upright", "global", "local", "spatial"})
      json["levels"][name] = level_json(found, name, neighbours);
    return json;
  }

  engine::BankPicture picture_of() const {
    engine::BankPicture picture;
    const Tensor all = space_->standardised(bank_.vectors_of(level)).to(torch::kCPU, torch::kFloat64);
    const Tensor x = all - all.mean(0, true);
    const auto [values, vectors] = torch::linalg_eigh(x.t().mm(x), "L");  // rising
    const std::int64_t dims = values.size(0);
    for (std::int64_t axis = 0; axis < 2; ++axis) {
      picture.variance_share[static_cast<std::size_t>(axis)] =
          std::max(values[dims - 1 - axis].item<double>(), 0.0) /
          std::max(values.clamp_min(0).sum().item<double>(), 1e-30);
    }
    Tensor axes = vectors.narrow(1, dims - 2, 2).flip({1});
    // The sign of an eigenvector is arbitrary: its largest component is made positive.
    const Tensor largest = axes.gather(0, axes.abs().argmax(0, true));
    const Tensor points = x.mm(axes * largest.sign()).to(torch::kFloat32).contiguous();
    for (std::int64_t n = 0; n < points.size(0); ++n) {
      picture.points.push_back({points[n][0].item<float>(), points[n][1].item<float>()});
      picture.strata.push_back(upright_->stratum[n].item<std::int32_t>());
    }
    for (const Stratum& stratum : bank_.strata()) {
      picture.stratum_names.push_back(stratum.name());
    }
    for (const char* name : {"upright", "global", "local", "spatial"}) {
      engine::BankPicture::Distances distances{name, {}, {}};
      for (const auto& [key, scale] : bank_.keys()) {
        if (level_of(key) == name && scale > 0) add_distances(bank_.rows(key), scale, distances);
      }
      if (!distances.pairs.empty()) picture.distances.push_back(std::move(distances));
    }
    return picture;
  }

  static void add_distances(const BankRows& rows, double scale, engine::BankPicture::Distances& out) {
    const Tensor some = rows.vectors.slice(0, 0, most_pictured).to(torch::kFloat32);
    const Tensor owner = rows.patient.slice(0, 0, most_pictured);
    const auto append = [scale](const Tensor& values, std::vector<float>& to) {
      const Tensor plain = (values.to(torch::kCPU) / scale).contiguous();
      to.insert(to.end(), plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel());
    };
    const Tensor all = distances(some.unsqueeze(0), some.unsqueeze(0)).squeeze(0).to(torch::kCPU);
    append(all.masked_select(owner.unsqueeze(0).lt(owner.unsqueeze(1))), out.pairs);
    const Tensor near = nearest(some, owner, some, owner, 1).distance.to(torch::kCPU);
    append(near.masked_select(torch::isfinite(near)), out.nearest);
  }

  torch::Device device_;
  RealBank bank_;
  std::optional<PatchSpace> space_;
  BankRecipe recipe_;
  std::vector<double> reference_;
  std::vector<double> own_distances_;  ///< own_distances(), once asked for
  const BankRows* upright_ = nullptr;  ///< any key of the level: all keep the same patches
  Tensor entries_;                     ///< upright rows in the common space
};

}  // namespace

std::unique_ptr<engine::FeatureBank> open_bank(const std::filesystem::path& path, const engine::Compute& compute) {
  return std::make_unique<BankOnVolumes>(path, compute);
}

}  // namespace gdm::bank
