#include "cli/synthesis.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/bank.hpp"
#include "cli/iterative.hpp"
#include "cli/resume.hpp"
#include "cli/run.hpp"
#include "ct/acquisition.hpp"
#include "engine/engine.hpp"
#include "engine/prediction.hpp"
#include "image/mask.hpp"
#include "image/running_spread.hpp"
#include "model/acquisition.hpp"
#include "model/generator_text.hpp"
#include "model/trained_voxels.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/stopwatch.hpp"

namespace gdm::cli {
namespace {

/// What messages about an output begin with.
std::string title_of(const fs::path& output) {
  return output == "-" ? "the prediction" : without_nifti_suffix(output).filename().string();
}

double mean_inside(const Volume& volume, const Mask& mask) {
  double sum = 0, count = 0;
  for (std::size_t v = 0; v < mask.voxels.size(); ++v) {
    if (mask.voxels[v] == 0) continue;
    sum += static_cast<double>(volume.voxels[v]);
    count += 1;
  }
  return count > 0 ? sum / count : 0.0;
}

engine::SynthOptions with_solver(const SynthesisOptions& options) {
  engine::SynthOptions patches = options.patches;
  patches.sampling.solver = value_named<model::Solver>(options.solver);
  return patches;
}

/// Models whose outputs have a mean: of the same inputs, and followed by the same iterations.
void require_ensemble(const engine::Synthesizer& first, const engine::Synthesizer& other, const std::string& name) {
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

void add_synthesis_options(CLI::App& command, SynthesisOptions& options) {
  command.add_option("--model", options.models, "Generator from gdm-drift-train; repeatable: the mean of an ensemble")
      ->required()
      ->allow_extra_args(false)
      ->default_str("")
      ->type_name("FILE");
  command.add_flag("--any-acquisition", options.any_acquisition,
                   "Go on with scans of other views or another filter than the model was trained on");
  command
      .add_option_function<std::string>(
          "--patch",
          [&options](const std::string& text) {
            options.patches.patch.reset();
            if (text != "0") options.patches.patch = model::PatchShape::from_text(text);
          },
          "Patch in voxels, the edge of a cube or a shape such as 128x128x8; 0: as trained")
      ->default_str("0")
      ->type_name("N|IxJxK");
  command.add_option("--overlap", options.patches.overlap, "Part of a patch shared with the next")
      ->transform(range(0.0, 0.9));
  command
      .add_option("--nfe", options.patches.sampling.evaluations,
                  "Network evaluations for each patch of a flow, bridge or diffusion; 0: as the model says")
      ->transform(range(0, 1000));
  takes_one_of(command.add_option("--solver", options.solver, "How a flow is integrated: heun evaluates twice a step"),
               names_of<model::Solver>());
  takes_one_of(
      command.add_option("--dtype", options.dtype, "Voxels of the CT: int16 HU clamped to [-1024, 3071], or float32"),
      {"int16", "float32"});
  takes_one_of(command.add_option("--resample", options.resample,
                                  "Bring volumes of other voxels to those of the training, and the CT back"),
               {"auto", "never"});
  command.add_option("--bank", options.bank, "Warn of outputs that lie far from this bank of real features")
      ->type_name("FILE");
}

Synthesis::Synthesis(const Program& program, const SynthesisOptions& options, Provenance& provenance)
    : model_(engine::services().open_generator(options.models.front(), with_solver(options), compute_of(program))),
      consistency_(model::consistency_of(model_->description())),
      type_(voxel_type_from_name(options.dtype)),
      overwrite_(options.replace ? Overwrite::replace : program.standard().overwrite()),
      seed_(program.standard().seed),
      options_({{"patch", Json(options.patches.patch.value_or(model::PatchShape(0)))},
                {"overlap", options.patches.overlap},
                {"dtype", options.dtype},
                {"resample", options.resample},
                {"device", program.standard().device}}),
      draws_(options.draws),
      flips_(options.flips),
      any_acquisition_(options.any_acquisition),
      resample_(options.resample == "auto"),
      provenance_(provenance) {
  if (model_->description().at("generator").contains("process")) {
    options_["nfe"] = options.patches.sampling.evaluations;
    options_["solver"] = options.solver;
  }
  if (!options.bank.empty()) {
    bank_ = engine::services().open_bank(options.bank, compute_of(program));
    provenance_.add_source(options.bank);
  }
  engine::services().describe(compute_of(program), provenance_);
  for (const fs::path& model : options.models) provenance_.add_source(model);
  for (std::size_t n = 1; n < options.models.size(); ++n) {
    others_.push_back(engine::services().open_generator(options.models[n], with_solver(options), compute_of(program)));
    require_ensemble(*model_, *others_.back(), options.models[n].string());
  }
  if (members() > 1) options_["mean_of"] = {{"draws", draws_}, {"flips", flips_}};
  for (std::size_t n = 0; draws_ > 1 && n <= others_.size(); ++n) {
    if ((n == 0 ? *model_ : *others_[n - 1]).noise_channels() > 0) continue;
    throw Error(options.models[n].string() + ": takes no noise, all --samples would be equal", Exit::usage);
  }
}

std::int64_t Synthesis::noise_channels() const {
  std::int64_t most = model_->noise_channels();
  for (const auto& other : others_) most = std::max(most, other->noise_channels());
  return most;
}

std::int64_t Synthesis::members() const {
  return static_cast<std::int64_t>(1 + others_.size()) * draws_ * (flips_ ? 2 : 1);
}

Json Synthesis::digests_json() const {
  if (others_.empty()) return model_->digest();
  Json digests = Json::array({model_->digest()});
  for (const auto& other : others_) digests.push_back(other->digest());
  return digests;
}

void Synthesis::check(const Case& item, const fs::path& output) {
  for (const std::string& name : condition_names()) item.input(name);
  if (needs_rays()) check_sinogram(item.input("sinogram"));
  if (fs::exists(output.parent_path())) check_volume_writable(output, overwrite_);
  for (const std::string& name : condition_names()) {
    const fs::path& input = item.input(name);
    const Json acquisition = ct::reconstruction_acquisition(input);
    const bool is_reconstruction =
        name == "fbp" || !acquisition.empty() || !model::trained_acquisition(model_->description(), name).empty();
    if (is_reconstruction)
      check_acquisition(name, acquisition, input == "-" ? input_name(input) : input.filename().string());
  }
}

void Synthesis::check_sinogram(const fs::path& sinogram) {
  if (!fs::exists(sinogram)) throw Error(sinogram.string() + ": no such file");
  for (const std::string& name : condition_names()) {
    const Json trained = model::trained_acquisition(model_->description(), name);
    if (trained.empty()) continue;
    // What a reconstruction of it for this input would tell.
    Json acquisition = ct::sinogram_acquisition(sinogram);
    for (const auto& [key, values] : trained.items()) {
      if (!acquisition.contains(key)) acquisition[key] = values.is_array() ? values.front() : values;
    }
    check_acquisition(name, acquisition, sinogram.filename().string());
  }
}

void Synthesis::check_acquisition(const std::string& input, const Json& acquisition, const std::string& name) {
  check_acquisition(*model_, input, acquisition, name);
  for (const auto& other : others_) check_acquisition(*other, input, acquisition, name);
}

void Synthesis::check_acquisition(const engine::Synthesizer& model, const std::string& input, const Json& acquisition,
                                  const std::string& name) {
  const auto difference =
      model::compare_acquisition(model::trained_acquisition(model.description(), input), acquisition);
  if (!difference.refusal.empty() && !any_acquisition_) {
    throw Error(fmt::format("{}: {} (--any-acquisition goes on)", name, difference.refusal));
  }
  for (const std::string& text : {difference.refusal, difference.warning}) {
    if (!text.empty() && differences_.insert(text).second) log_warning(name + ": " + text);
  }
}

Json Synthesis::options_json() const {
  Json options = options_;
  options["model"] = digests_json();
  if (bank_) options["bank"] = bank_->digest();
  if (noise_channels() > 0) options["seed"] = seed_;
  return options;
}

Json Synthesis::recipe(const std::string& work, std::vector<fs::path> sources, const std::optional<fs::path>& mask,
                       const std::string& draw, Json more) const {
  Json options = options_;
  options["model"] = digests_json();
  if (bank_) options["bank"] = bank_->digest();
  if (bank_ && mask) sources.push_back(*mask);
  if (noise_channels() > 0) options["draw"] = fmt::format("{} of seed {}", draw, seed_);
  options.update(more);
  return recipe_json(work, options, sources);
}

std::vector<std::string> Synthesis::wanted_names() const {
  std::vector<std::string> names = condition_names();
  if (needs_rays()) names.emplace_back("sinogram");
  return names;
}

std::vector<fs::path> Synthesis::sources_of(const Case& item) const {
  std::vector<fs::path> sources;
  for (const std::string& name : wanted_names()) sources.push_back(item.input(name));
  return sources;
}

std::vector<ConditionFile> Synthesis::condition_files(const Case& item) const {
  std::vector<ConditionFile> files;
  for (const std::string& name : condition_names()) files.emplace_back(name, item.input(name));
  return files;
}

Json Synthesis::case_recipe(const Case& item) const {
  std::vector<fs::path> sources = sources_of(item);
  if (needs_rays()) sources.push_back(sidecar_path(item.input("sinogram")));
  return recipe("synthesis", std::move(sources), item.mask, item.id);
}

void Synthesis::run(const Case& item, const SynthesisOutputs& outputs) {
  const std::vector<fs::path> sources = sources_of(item);
  const bool single = item.id.empty();
  const Stopwatch watch;
  const std::vector<Volume> conditions = read_conditions(model_->description(), condition_files(item));
  std::optional<Mask> mask;
  if (item.mask && (bank_ || single || !outputs.spread.empty())) mask = read_mask(*item.mask, &conditions.front().grid);
  log_verbose(fmt::format("{}: read in {:.2f} s", title_of(outputs.ct), watch.seconds()));
  write(conditions, sources, outputs, item.id, single ? "synthesis" : "", mask, {{"recipe", case_recipe(item)}},
        needs_rays() ? item.input("sinogram") : fs::path());
}

void Synthesis::write(const std::vector<Volume>& conditions, const std::vector<fs::path>& sources,
                      const SynthesisOutputs& outputs, const std::string& draw, const std::string& progress_title,
                      const std::optional<Mask>& mask, Json details, const fs::path& sinogram) {
  Making making{title_of(outputs.ct), draw, progress_title, sinogram, std::move(details)};
  const Stopwatch watch;
  Volume deviation;
  const Volume predicted = mean(conditions, making, outputs.spread.empty() ? nullptr : &deviation);
  const double seconds = watch.seconds();
  Json& told = making.details;
  told[others_.empty() ? "model_sha256" : "models_sha256"] = digests_json();
  if (noise_channels() > 0) told["noise"] = {{"channels", noise_channels()}, {"seed", seed_}, {"draw", draw}};
  if (members() > 1) {
    told["mean_of"] = {
        {"predictions", members()}, {"models", 1 + others_.size()}, {"draws", draws_}, {"flips", flips_}};
  }
  add_effort(told, provenance_, seconds, making.evaluations);
  const Mask body = mask ? *mask : bank_ || !outputs.spread.empty() ? body_mask_from_ct(predicted) : Mask();
  if (bank_) {
    told["bank_sha256"] = bank_->digest();
    told["outliers"] = outliers(making.title, body, predicted, conditions);
  }
  Provenance own = provenance_;  // a sidecar lists this case's sources, not those of the whole batch
  for (const fs::path& source : sources) {
    if (source != "-") own.add_source(source);
  }
  const Stopwatch writing;
  const auto save = [&](const fs::path& output, const Volume& volume, VoxelType type) {
    const WriteReport report = write_volume(output, volume, type, overwrite_);
    if (output != "-") write_sidecar(output, own, sources, report, told, overwrite_);
  };
  if (!outputs.spread.empty()) told["spread_hu"] = {{"mean_in_body", mean_inside(deviation, body)}};
  save(outputs.ct, predicted, type_);
  if (!outputs.spread.empty()) save(outputs.spread, deviation, VoxelType::float32);
  log_verbose(fmt::format("{}: network {:.2f} s, written in {:.2f} s", making.title, seconds, writing.seconds()));
}

Volume Synthesis::mean(const std::vector<Volume>& conditions, Making& making, Volume* deviation) const {
  Volume only;
  RunningSpread spread;
  const auto use = [&](Volume made) {
    if (members() > 1) {
      spread.add(made);
    } else {
      only = std::move(made);
    }
  };
  predict(*model_, conditions, making, use);
  for (const auto& other : others_) predict(*other, conditions, making, use);
  if (deviation != nullptr) *deviation = spread.deviation();
  if (members() > 1) return spread.mean();
  return only;
}

void Synthesis::predict(engine::Synthesizer& model, const std::vector<Volume>& conditions, Making& making,
                        const std::function<void(Volume)>& use) const {
  const Grid& grid = conditions.front().grid;
  const std::optional<Grid> working = with_context(making.title, [&] { return working_grid(model, grid); });
  say_voxels(model, making.title, grid, working);
  if (working) making.details["resampled"] = {{"from", describe(grid)}, {"to", describe(*working)}};
  const std::vector<Volume> moved = working ? engine::on_grid(conditions, *working) : std::vector<Volume>();
  const std::vector<Volume>& seen = working ? moved : conditions;
  for (std::int64_t n = 0; n < (flips_ ? 2 : 1) * draws_; ++n) {
    const bool flipped = n >= draws_;
    const std::string draw = draws_ > 1 ? sample_name(making.draw, n % draws_ + 1) : making.draw;
    std::string progress = making.progress_title;
    if (members() > 1 && !progress.empty()) progress += fmt::format(" {} of {}", making.made + 1, members());
    std::optional<WarningCapture> heard;  // of the same inputs a model says the same each time
    if (n > 0) heard.emplace();
    Volume made;
    with_warning_prefix(making.title, [&] {
      made = model.predict(flipped ? engine::mirrored(seen) : seen, draw, progress);
      if (flipped) made = engine::mirrored(made);
      if (working) made = engine::ct_on_grid(made, grid);
    });
    making.evaluations += model.evaluations();
    ++making.made;
    if (needs_rays()) {
      IterativeOutcome outcome =
          consistent_with_rays(std::move(made), "the prediction", making.sinogram,
                               consistency_choice(consistency_.iterations, consistency_.pull_mm2));
      made = std::move(outcome.hu);
      making.details["consistency"] = std::move(outcome.record);
      making.details["consistency"]["seconds"] = outcome.seconds;
    }
    use(std::move(made));
  }
}

std::optional<Grid> Synthesis::working_grid(const engine::Synthesizer& model, const Grid& grid) const {
  if (!resample_ || needs_rays()) return {};
  return model::working_grid(model.description(), grid);
}

void Synthesis::say_voxels(const engine::Synthesizer& model, const std::string& title, const Grid& grid,
                           const std::optional<Grid>& working) const {
  const std::optional<std::string> misfit = model::voxel_edge_warning(model.description(), grid);
  if (working) {
    log_info(fmt::format("{}: {}: resampled to {}, and the CT is brought back", title, *misfit, describe(*working)));
  } else if (misfit) {
    log_warning(fmt::format("{}: {}{}", title, *misfit,
                            resample_ ? "; not resampled, as its rays are followed on the grid of the input" : ""));
  }
}

Json Synthesis::outliers(const std::string& id, const Mask& mask, const Volume& predicted,
                         const std::vector<Volume>& conditions) const {
  Json scores;
  std::vector<std::string> far;
  engine::BankSubject subject;
  subject.id = id;
  subject.mask = &mask;
  subject.patches = bank_->description().at("build").at("patches_per_case").get<std::int64_t>();
  const auto add = [&](const std::string& name, const Volume& volume) {
    subject.ct_hu = &volume;
    const engine::OutlierScore score = bank_->score(subject);
    scores[name] = score_json(score);
    if (score.outlier()) far.push_back(fmt::format("{} ({:.2f} times the median of real CT)", name, score.ratio));
  };
  if (count_inside(mask) == 0) {
    log_warning(id + ": no body in the output, so it was not compared with the bank");
    return scores;
  }
  add("output", predicted);
  const Json& declared = model_->description().at("generator").at("conditions");
  for (std::size_t c = 0; c < conditions.size(); ++c) {
    if (declared.at(c).value("scaling", "") == "hu") add("input " + condition_names()[c], conditions[c]);
  }
  if (!far.empty()) log_warning(fmt::format("{}: out of the bank's distribution: {}", id, fmt::join(far, ", ")));
  return scores;
}

std::string Synthesis::plan() const {
  const Json& generator = model_->description().at("generator");
  std::string text =
      fmt::format("model     {} ({}), patches of {}, sha256 {:.16}\n", generator.value("architecture", ""),
                  generator.value("task", ""), model::patch_text(generator), model_->digest());
  if (members() > 1) text += fmt::format("mean      of {} predictions\n", members());
  return text;
}

std::string Synthesis::plan(const Case& item, const fs::path& output) const {
  const Grid grid = grid_of_conditions(condition_files(item));
  const std::optional<Grid> working = with_context(title_of(output), [&] { return working_grid(*model_, grid); });
  const std::int64_t voxels = std::max(grid.voxels(), working ? working->voxels() : 0);
  // Input copies, the output and its blending buffer, float32 each, and what a mean of several needs; the network
  // itself needs about 0.5 GB.
  const std::size_t volumes = 2 * condition_names().size() + (members() > 1 ? 5 : 2);
  const double mib = static_cast<double>(voxels) * 4.0 * static_cast<double>(volumes) / 1048576.0;
  return fmt::format("{:<9} {}{} -> {}, {:.0f} MiB of volumes\n", item.id.empty() ? "volume" : item.id, describe(grid),
                     working ? " (resampled to " + describe(*working) + ")" : "", output.string(), mib);
}

std::string sample_name(const std::string& id, std::int64_t sample) {
  return fmt::format("{}_s{}", id, sample);
}

void repeat_cases(Manifest& manifest, std::int64_t samples) {
  if (samples == 1) return;
  std::vector<Case> repeated;
  std::set<std::string> ids;
  for (const Case& item : manifest.cases) {
    for (std::int64_t sample = 1; sample <= samples; ++sample) {
      Case copy = item;
      copy.id = sample_name(item.id, sample);
      if (!ids.insert(copy.id).second) throw Error("--samples makes the id '" + copy.id + "' twice");
      if (!copy.meta.contains("patient")) copy.meta["patient"] = item.patient();
      copy.meta["sample"] = sample;
      repeated.push_back(std::move(copy));
    }
  }
  manifest.cases = std::move(repeated);
}

fs::path prediction_path(const fs::path& folder, const Case& item) {
  return folder / (item.id + "_pred.nii.gz");
}

fs::path spread_path(const fs::path& folder, const Case& item) {
  return folder / (item.id + "_spread.nii.gz");
}

}  // namespace gdm::cli
