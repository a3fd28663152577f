#include "cli/ensemble.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/iterative.hpp"
#include "engine/engine.hpp"
#include "engine/prediction.hpp"
#include "image/grid_match.hpp"
#include "image/running_spread.hpp"
#include "io/sidecar.hpp"
#include "model/generator_text.hpp"
#include "model/process.hpp"
#include "model/trained_voxels.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

/// What reading, compressing and the allocator take beside volumes and patches: 12 MiB of a small network, 19 of the
/// base preset, volumes of 64^3 to 160^3.
constexpr double beside_mib = 20;

/// Models whose outputs have a mean.
void require_alike(const engine::Synthesizer& first, const engine::Synthesizer& other, const std::string& name) {
  const auto refuse = [&name](const std::string& what) {
    throw Error(fmt::format("{}: {}, unlike the first --model, so they make no ensemble", name, what), Exit::usage);
  };
  if (first.condition_names() != other.condition_names()) {
    refuse(fmt::format("takes {}", fmt::join(other.condition_names(), ", ")));
  }
  const model::RayConsistency a = model::consistency_of(first.description()),
                              b = model::consistency_of(other.description());
  if (a.iterations != b.iterations || a.pull_mm2 != b.pull_mm2) {
    refuse(fmt::format("has {} iterations of data consistency", b.iterations));
  }
}

}  // namespace

void refuse_equal_draws(const engine::Synthesizer& model, const fs::path& path) {
  const Json& generator = model.description().at("generator");
  const bool later =
      generator.contains("process") && model::Process::from_json(generator.at("process")).noise_channels(2) > 0;
  throw Error(fmt::format("{}: takes no noise{}, all --samples would be equal", path.string(),
                          later ? " by one evaluation (it does from --nfe 2 on)" : ""),
              Exit::usage);
}

Ensemble::Ensemble(const EnsembleOptions& options, const engine::Compute& compute)
    : memory_bytes_(options.memory_bytes),
      draws_(options.draws),
      shifts_(options.shifts),
      flips_(options.flips),
      resample_(options.resample),
      bank_(options.bank) {
  for (const fs::path& model : options.models) {
    models_.push_back(engine::services().open_generator(model, options.patches, compute));
    require_alike(first(), *models_.back(), model.string());
    for (std::size_t n = 0; n + 1 < models_.size(); ++n) {
      if (models_[n]->digest() != models_.back()->digest()) continue;
      throw Error(fmt::format("{}: this --model is given twice, and its predictions are equal", model.string()),
                  Exit::usage);
    }
    if (shifts_ >= models_.back()->patch_places()) {
      throw Error(fmt::format("--shifts {}: patches of {} can begin at {} places alone", shifts_, model.string(),
                              models_.back()->patch_places()),
                  Exit::usage);
    }
    if (draws_ > 1 && models_.back()->noise_channels() == 0) {
      refuse_equal_draws(*models_.back(), model);
    }
  }
  const engine::Sampling& asked = options.patches.sampling;
  if (!has_process() && (asked.evaluations > 1 || asked.solver != model::Solver::euler)) {
    throw Error(fmt::format("--nfe and --solver are for flows, bridges and diffusions; {} one evaluation",
                            models_.size() == 1 ? "this model takes" : "these models take"),
                Exit::usage);
  }
  consistency_ = model::consistency_of(first().description());
  if (memory_bytes_ == 0) return;
  const double before_mib = peak_rss_mib();
  base_mib_ = before_mib + beside_mib;
  most_at_once_ = first().patches_at_once();
  // A single small patch takes LibTorch's slow path, which needs more memory than two.
  least_at_once_ = std::min<std::int64_t>(2, most_at_once_);
  for (const auto& model : models_) {  // a peak never falls, so that what is left is that of the most demanding
    const double added = model->peak_mib_of_patches(least_at_once_) - before_mib;
    patch_mib_ = std::max(1.0, added / static_cast<double>(least_at_once_));
  }
}

bool Ensemble::has_process() const {
  return std::any_of(models_.begin(), models_.end(),
                     [](const auto& model) { return model->description().at("generator").contains("process"); });
}

std::int64_t Ensemble::noise_channels() const {
  std::int64_t most = 0;
  for (const auto& model : models_) most = std::max(most, model->noise_channels());
  return most;
}

std::int64_t Ensemble::members() const {
  return static_cast<std::int64_t>(models_.size()) * draws_ * (flips_ ? 2 : 1) * (1 + shifts_);
}

template <class Property>
Json Ensemble::of_models(Property property) const {
  if (models_.size() == 1) return property(first());
  Json all = Json::array();
  for (const auto& model : models_) all.push_back(property(*model));
  return all;
}

Json Ensemble::digests_json() const {
  return of_models([](const engine::Synthesizer& model) { return Json(model.digest()); });
}

Json Ensemble::objectives_json() const {
  const Json::json_pointer place("/training/objective");
  return of_models([&](const engine::Synthesizer& model) {
    return model.description().contains(place) ? model.description().at(place) : Json(nullptr);
  });
}

Json Ensemble::mean_json() const {
  if (members() == 1) return {};
  return {{"predictions", members()},
          {"models", models_.size()},
          {"draws", draws_},
          {"flips", flips_},
          {"shifts", shifts_}};
}

double Ensemble::volumes_mib(const Grid& grid, bool with_deviation) const {
  double most = 0;
  for (const auto& model : models_) {
    most = std::max(most, volumes_mib(grid, working_grid(*model, grid), with_deviation));
  }
  return most;
}

double Ensemble::volumes_mib(const Grid& grid, const std::optional<Grid>& working, bool with_deviation) const {
  const double iterations = consistency_.pull_mm2 > 0 ? 5 : 4;  // what conjugate gradients hold
  constexpr double with_bank = 4.5;  // the CT turned, scaled and masked, and what lists or maps its places
  const auto own = static_cast<double>(grid.voxels());
  const double seen = working ? static_cast<double>(working->voxels()) : own;
  const auto inputs = static_cast<double>(condition_names().size());
  const double kept = members() > 1 ? (with_deviation ? 3 : 2) * own : 0;
  double voxels = inputs * own + seen + kept;
  if (working) voxels += inputs * seen + own;  // the CT on both grids
  if (flips_) voxels += (inputs + 1) * seen;
  if (needs_rays()) voxels += iterations * own;
  if (bank_) voxels = std::max(voxels, (inputs + 1 + with_bank) * own + kept);
  // What reading and writing leave in the heap: half a small volume, no more of a large one, which is freed at once.
  constexpr double kept_mib = 8;
  const double mib_of_a_voxel = sizeof(float) / 1048576.0;
  return voxels * mib_of_a_voxel + std::min(kept_mib, 0.5 * own * mib_of_a_voxel);
}

double Ensemble::slabs_mib(const Grid& grid) const {
  constexpr double waiting_mib = 2;  // for a whole piece of the file
  const auto slabs = static_cast<double>(condition_names().size() + 1);
  return slabs * static_cast<double>(grid.slice_voxels() * slab_slices(grid)) * sizeof(float) / 1048576.0 + waiting_mib;
}

bool Ensemble::fits(double volumes_mib) const {
  const double limit = static_cast<double>(memory_bytes_) / 1048576.0;
  return memory_bytes_ == 0 || limit - base_mib_ - volumes_mib >= patch_mib_ * static_cast<double>(least_at_once_);
}

bool Ensemble::in_slabs(const Grid& grid, bool with_deviation) const {
  if (fits(volumes_mib(grid, with_deviation))) return false;
  return members() == 1 && !needs_rays() && !bank_ && !working_grid(first(), grid) && first().makes_slabs(grid) &&
         slabs_mib(grid) < volumes_mib(grid, with_deviation);
}

double Ensemble::peak_mib(const Grid& grid, bool with_deviation, bool slabs) {
  // What a dry run lets pass must fit when it comes to it, and a group of patches does not take the same twice: 37 to
  // 54 MiB of two patches of the base preset, by how the heap happens to lie.
  constexpr double unsteady_mib = 16;
  const double volumes = slabs ? slabs_mib(grid) : volumes_mib(grid, with_deviation);
  fit_into_memory("", volumes + unsteady_mib, slabs ? "" : why_whole(grid));
  fit_into_memory("", volumes, "");  // with as many patches as a run takes
  std::int64_t group = 0;
  for (const auto& model : models_) {
    const std::int64_t patches = model->patches_of(working_grid(*model, grid).value_or(grid));
    group = std::max(group, std::min(model->patches_at_once(), patches));
  }
  if (memory_bytes_ > 0) {
    return volumes + base_mib_ + patch_mib_ * static_cast<double>(std::max(group, least_at_once_));
  }
  // Of volumes with fewer patches than one before, the statement is a little more than they need.
  if (group > sampled_patches_) {
    for (const auto& model : models_) patches_peak_mib_ = model->peak_mib_of_patches(group);
    sampled_patches_ = group;
  }
  return volumes + patches_peak_mib_;
}

std::string Ensemble::why_whole(const Grid& grid) const {
  if (slabs_mib(grid) >= volumes_mib(grid, false)) return {};  // which would gain nothing
  if (members() > 1) return "the mean of several predictions";
  if (needs_rays()) return "data consistency";
  if (bank_) return "--bank";
  if (working_grid(first(), grid)) return "another grid (--resample)";
  if (!first().makes_slabs(grid))
    return "an input that is scaled by its own values, or lies otherwise than the model's";
  return {};
}

void Ensemble::fit_into_memory(const std::string& title, double volumes_mib, const std::string& whole) const {
  if (memory_bytes_ == 0) return;
  const double limit = static_cast<double>(memory_bytes_) / 1048576.0;
  if (!fits(volumes_mib)) {
    const double patches_mib = patch_mib_ * static_cast<double>(least_at_once_);
    const bool of_patches = volumes_mib + base_mib_ < limit, of_volumes = base_mib_ + patches_mib < limit;
    throw Error(
        fmt::format("{}{} needs {:.0f} MiB of volumes, {:.0f} of programs and weights and {:.0f} for patches: "
                    "more than the {:.0f} MiB of --memory{}{}",
                    title, title.empty() ? "it" : ":", volumes_mib, base_mib_, patches_mib, limit,
                    of_patches ? "; a smaller --patch needs less" : "",
                    of_volumes && !whole.empty() ? "; slices one by one would need less, but for " + whole : ""));
  }
  const auto fitting = static_cast<std::int64_t>((limit - base_mib_ - volumes_mib) / patch_mib_);
  for (const auto& model : models_) model->set_patches_at_once(std::min(most_at_once_, fitting));
}

Ensemble::Prediction Ensemble::predict(const std::vector<Volume>& conditions, const Subject& subject,
                                       bool with_deviation) const {
  // A model that refuses these voxels does so before the others have worked.
  with_context(subject.title, [&] { return working_grids(conditions.front().grid); });
  fit_into_memory(subject.title, volumes_mib(conditions.front().grid, with_deviation),
                  why_whole(conditions.front().grid));
  Prediction told;
  RunningSpread spread;
  std::int64_t made = 0;
  const auto use = [&](Volume prediction) {
    if (members() > 1) {
      spread.add(prediction);
    } else {
      told.hu = std::move(prediction);
    }
  };
  for (const auto& model : models_) predict_each(*model, conditions, subject, made, told, use);
  if (with_deviation) told.deviation = spread.deviation();
  if (members() == 1) return told;
  told.hu = spread.mean();
  return told;
}

std::int64_t Ensemble::predict_slabs(const engine::SliceStreams& streams, const Subject& subject) const {
  engine::Synthesizer& model = *models_.front();
  fit_slabs_into_memory(subject.title, streams.grid);
  say_voxels(model, subject.title, streams.grid, {});
  with_warning_prefix(subject.title, [&] { model.predict_slabs(streams, subject.draw, subject.progress); });
  return model.evaluations();
}

void Ensemble::predict_each(engine::Synthesizer& model, const std::vector<Volume>& conditions, const Subject& subject,
                            std::int64_t& made, Prediction& told, const std::function<void(Volume)>& use) const {
  const Grid& grid = conditions.front().grid;
  const std::optional<Grid> working = with_context(subject.title, [&] { return working_grid(model, grid); });
  say_voxels(model, subject.title, grid, working);
  const bool adds = model::adds_to_first(model.description());
  if (working) {
    told.details["resampled"] = {
        {"from", describe(grid)}, {"to", describe(*working)}, {"brought_back", adds ? "change" : "ct"}};
  }
  const std::vector<Volume> moved = working ? engine::on_grid(conditions, *working) : std::vector<Volume>();
  const std::vector<Volume>& seen = working ? moved : conditions;
  // Draws, then the mirror images of all, then both for each shift.
  const std::int64_t straight = draws_, unmoved = straight * (flips_ ? 2 : 1);
  for (std::int64_t n = 0; n < unmoved * (1 + shifts_); ++n) {
    const bool flipped = n % unmoved >= straight;
    const std::string draw = draws_ > 1 ? sample_name(subject.draw, n % draws_ + 1) : subject.draw;
    std::string progress = subject.progress;
    if (members() > 1 && !progress.empty()) progress += fmt::format(" {} of {}", made + 1, members());
    std::optional<WarningCapture> heard;  // of the same inputs a model says the same each time
    if (n > 0) heard.emplace();
    Volume prediction;
    with_warning_prefix(subject.title, [&] {
      const std::vector<Volume> backwards = flipped ? engine::mirrored(seen) : std::vector<Volume>();
      // Both are lvalues, as a choice between a value and one would copy the volumes.
      prediction = model.predict(flipped ? backwards : seen, draw, progress, {n / unmoved, 1 + shifts_});
      if (flipped) prediction = engine::mirrored(prediction);
      if (working) {
        prediction = adds ? engine::with_change(conditions.front(), std::move(prediction), seen.front())
                          : engine::ct_on_grid(prediction, grid);
      }
    });
    told.evaluations += model.evaluations();
    ++made;
    if (needs_rays()) {
      IterativeOutcome outcome =
          consistent_with_rays(std::move(prediction), "the prediction", subject.sinogram,
                               consistency_choice(consistency_.iterations, consistency_.pull_mm2));
      prediction = std::move(outcome.hu);
      told.details["consistency"] = std::move(outcome.record);
      told.details["consistency"]["seconds"] = outcome.seconds;
    }
    use(std::move(prediction));
  }
}

std::vector<Grid> Ensemble::working_grids(const Grid& grid) const {
  std::vector<Grid> grids;
  for (const auto& model : models_) {
    const std::optional<Grid> working = working_grid(*model, grid);
    if (!working) continue;
    const auto same = [&](const Grid& other) { return same_grid(other, *working); };
    if (std::none_of(grids.begin(), grids.end(), same)) grids.push_back(*working);
  }
  return grids;
}

std::optional<Grid> Ensemble::working_grid(const engine::Synthesizer& model, const Grid& grid) const {
  if (!resample_ || needs_rays()) return {};
  return model::working_grid(model.description(), grid);
}

void Ensemble::warn_of_voxels(const std::string& title, const Grid& grid) const {
  for (const auto& model : models_) {
    const std::optional<Grid> working = working_grid(*model, grid);
    if (!working) warn_of_misfit(*model, title, grid);
    warn_of_air(*model, title, working.value_or(grid));
  }
}

void Ensemble::warn_of_misfit(const engine::Synthesizer& model, const std::string& title, const Grid& grid) const {
  const std::optional<std::string> misfit = model::voxel_edge_warning(model.description(), grid);
  if (!misfit) return;
  log_warning(fmt::format("{}: {}{}", title, *misfit,
                          resample_ ? "; not resampled, as its rays are followed on the grid of the input" : ""));
}

void Ensemble::warn_of_air(const engine::Synthesizer& model, const std::string& title, const Grid& seen) const {
  if (model.fills_half_a_patch(seen)) return;
  log_warning(
      fmt::format("{}: {}: less than half of a patch ({}) along an axis, and the rest of it is air to the network",
                  title, describe(seen), model::patch_text(model.description().at("generator"))));
}

void Ensemble::say_voxels(const engine::Synthesizer& model, const std::string& title, const Grid& grid,
                          const std::optional<Grid>& working) const {
  if (working) {
    log_info(fmt::format("{}: {}: resampled to {}, and {} is brought back", title,
                         *model::voxel_edge_warning(model.description(), grid), describe(*working),
                         model::adds_to_first(model.description()) ? "what the model adds" : "the CT"));
  } else {
    warn_of_misfit(model, title, grid);
  }
  warn_of_air(model, title, working ? *working : grid);
}

std::string sample_name(const std::string& id, std::int64_t sample) {
  return fmt::format("{}_s{}", id, sample);
}

}  // namespace gdm::cli
