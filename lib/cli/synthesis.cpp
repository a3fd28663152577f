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

}  // namespace

void add_synthesis_options(CLI::App& command, SynthesisOptions& options) {
  command.add_option("--model", options.model, "Generator from gdm-drift-train")->required()->type_name("FILE");
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
    : model_(engine::services().open_generator(options.model, options.patches, compute_of(program))),
      consistency_(model::consistency_of(model_->description())),
      type_(voxel_type_from_name(options.dtype)),
      overwrite_(options.replace ? Overwrite::replace : program.standard().overwrite()),
      seed_(program.standard().seed),
      options_({{"patch", Json(options.patches.patch.value_or(model::PatchShape(0)))},
                {"overlap", options.patches.overlap},
                {"dtype", options.dtype},
                {"resample", options.resample},
                {"device", program.standard().device}}),
      any_acquisition_(options.any_acquisition),
      resample_(options.resample == "auto"),
      provenance_(provenance) {
  if (!options.bank.empty()) {
    bank_ = engine::services().open_bank(options.bank, compute_of(program));
    provenance_.add_source(options.bank);
  }
  engine::services().describe(compute_of(program), provenance_);
  provenance_.add_source(options.model);
}

std::int64_t Synthesis::noise_channels() const {
  return model_->description().at("generator").value("noise_channels", std::int64_t{0});
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
  const auto difference =
      model::compare_acquisition(model::trained_acquisition(model_->description(), input), acquisition);
  if (!difference.refusal.empty() && !any_acquisition_) {
    throw Error(fmt::format("{}: {} (--any-acquisition goes on)", name, difference.refusal));
  }
  for (const std::string& text : {difference.refusal, difference.warning}) {
    if (!text.empty() && differences_.insert(text).second) log_warning(name + ": " + text);
  }
}

Json Synthesis::options_json() const {
  Json options = options_;
  options["model"] = model_->digest();
  if (bank_) options["bank"] = bank_->digest();
  if (noise_channels() > 0) options["seed"] = seed_;
  return options;
}

Json Synthesis::recipe(const std::string& work, std::vector<fs::path> sources, const std::optional<fs::path>& mask,
                       const std::string& draw, Json more) const {
  Json options = options_;
  options["model"] = model_->digest();
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

void Synthesis::run(const Case& item, const fs::path& output) {
  const std::vector<fs::path> sources = sources_of(item);
  const bool single = item.id.empty();
  const Stopwatch watch;
  const std::vector<Volume> conditions = read_conditions(model_->description(), condition_files(item));
  std::optional<Mask> mask;
  if (item.mask && (bank_ || single)) mask = read_mask(*item.mask, &conditions.front().grid);
  log_verbose(fmt::format("{}: read in {:.2f} s", title_of(output), watch.seconds()));
  write(conditions, sources, output, item.id, single ? "synthesis" : "", mask, {{"recipe", case_recipe(item)}},
        needs_rays() ? item.input("sinogram") : fs::path());
}

void Synthesis::write(const std::vector<Volume>& conditions, const std::vector<fs::path>& sources,
                      const fs::path& output, const std::string& draw, const std::string& progress_title,
                      const std::optional<Mask>& mask, Json details, const fs::path& sinogram) {
  const std::string title = title_of(output);
  const Grid& grid = conditions.front().grid;
  const std::optional<Grid> working = with_context(title, [&] { return working_grid(grid); });
  say_voxels(title, grid, working);
  if (working) details["resampled"] = {{"from", describe(grid)}, {"to", describe(*working)}};
  const Stopwatch watch;
  Volume predicted;
  with_warning_prefix(title, [&] {
    predicted = model_->predict(working ? engine::on_grid(conditions, *working) : conditions, draw, progress_title);
    if (working) predicted = engine::ct_on_grid(predicted, grid);
  });
  if (needs_rays()) {
    IterativeOutcome outcome = consistent_with_rays(std::move(predicted), "the prediction", sinogram,
                                                    consistency_choice(consistency_.iterations, consistency_.pull_mm2));
    predicted = std::move(outcome.hu);
    details["consistency"] = std::move(outcome.record);
    details["consistency"]["seconds"] = outcome.seconds;
  }
  const double seconds = watch.seconds();
  details["model_sha256"] = model_->digest();
  if (noise_channels() > 0) details["noise"] = {{"channels", noise_channels()}, {"seed", seed_}, {"draw", draw}};
  add_effort(details, provenance_, seconds, model_->evaluations());
  if (bank_) {
    details["bank_sha256"] = bank_->digest();
    details["outliers"] = outliers(title, mask ? *mask : body_mask_from_ct(predicted), predicted, conditions);
  }
  Provenance own = provenance_;  // a sidecar lists this case's sources, not those of the whole batch
  for (const fs::path& source : sources) {
    if (source != "-") own.add_source(source);
  }
  const Stopwatch writing;
  const WriteReport report = write_volume(output, predicted, type_, overwrite_);
  log_verbose(fmt::format("{}: network {:.2f} s, written in {:.2f} s", title, seconds, writing.seconds()));
  if (output != "-") write_sidecar(output, own, sources, report, details, overwrite_);
}

std::optional<Grid> Synthesis::working_grid(const Grid& grid) const {
  if (!resample_ || needs_rays()) return {};
  return model::working_grid(model_->description(), grid);
}

void Synthesis::say_voxels(const std::string& title, const Grid& grid, const std::optional<Grid>& working) const {
  const std::optional<std::string> misfit = model::voxel_edge_warning(model_->description(), grid);
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
  return fmt::format("model     {} ({}), patches of {}, sha256 {:.16}\n", generator.value("architecture", ""),
                     generator.value("task", ""), model::patch_text(generator), model_->digest());
}

std::string Synthesis::plan(const Case& item, const fs::path& output) const {
  const Grid grid = grid_of_conditions(condition_files(item));
  const std::optional<Grid> working = with_context(title_of(output), [&] { return working_grid(grid); });
  const std::int64_t voxels = std::max(grid.voxels(), working ? working->voxels() : 0);
  // Input copies, the output and its blending buffer, float32 each; the network itself needs about 0.5 GB.
  const double mib =
      static_cast<double>(voxels * 4 * static_cast<std::int64_t>(2 * condition_names().size() + 2)) / 1048576.0;
  return fmt::format("{:<9} {}{} -> {}, {:.0f} MiB of volumes\n", item.id.empty() ? "volume" : item.id, describe(grid),
                     working ? " (resampled to " + describe(*working) + ")" : "", output.string(), mib);
}

void repeat_cases(Manifest& manifest, std::int64_t samples) {
  if (samples == 1) return;
  std::vector<Case> repeated;
  std::set<std::string> ids;
  for (const Case& item : manifest.cases) {
    for (std::int64_t sample = 1; sample <= samples; ++sample) {
      Case copy = item;
      copy.id = fmt::format("{}_s{}", item.id, sample);
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

}  // namespace gdm::cli
