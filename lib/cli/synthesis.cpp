#include "cli/synthesis.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <set>

#include "cli/bank.hpp"
#include "cli/resume.hpp"
#include "cli/run.hpp"
#include "ct/acquisition.hpp"
#include "engine/engine.hpp"
#include "image/mask.hpp"
#include "model/acquisition.hpp"
#include "model/generator_text.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/parallel.hpp"
#include "sys/stopwatch.hpp"

namespace gdm::cli {
namespace {

double mean_inside(const Volume& volume, const Mask& mask) {
  double sum = 0, count = 0;
  for (std::size_t v = 0; v < mask.voxels.size(); ++v) {
    if (mask.voxels[v] == 0) continue;
    sum += static_cast<double>(volume.voxels[v]);
    count += 1;
  }
  return count > 0 ? sum / count : 0.0;
}

EnsembleOptions chosen(const SynthesisOptions& options) {
  EnsembleOptions ensemble = options.ensemble;
  ensemble.patches.sampling.solver = value_named<model::Solver>(options.solver);
  ensemble.patches.precision = value_named<engine::Precision>(options.precision);
  ensemble.resample = options.resample == "auto";
  ensemble.bank = !options.bank.empty();
  if (!options.memory.empty()) ensemble.memory_bytes = bytes_from_text(options.memory);
  return ensemble;
}

}  // namespace

std::string Synthesis::title_of(const fs::path& output) {
  return output == "-" ? "the prediction" : without_nifti_suffix(output).filename().string();
}

std::string Synthesis::source_title(const fs::path& source) {
  return source == "-" ? input_name(source) : source.filename().string();
}

std::vector<fs::path> SynthesisOutputs::files() const {
  std::vector<fs::path> files{ct};
  for (const fs::path& beside : {spread, bank_map}) {
    if (!beside.empty()) files.push_back(beside);
  }
  return files;
}

void add_synthesis_options(CLI::App& command, SynthesisOptions& options) {
  command
      .add_option("--model", options.ensemble.models,
                  "Generator from gdm-drift-train, or one that gdm comes with; repeatable: the mean of an ensemble")
      ->transform(CLI::Validator(
          [](std::string& name) {
            return refusal_of([&name](const std::string& text) { name = model_path(text).string(); }, name);
          },
          ""))
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
            options.ensemble.patches.patch.reset();
            if (text != "0") options.ensemble.patches.patch = model::PatchShape::from_text(text);
          },
          "Patch in voxels, the edge of a cube or a shape such as 128x128x8; 0: as trained")
      ->default_str("0")
      ->type_name("N|IxJxK");
  command.add_option("--overlap", options.ensemble.patches.overlap, "Part of a patch shared with the next")
      ->transform(range(0.0, 0.9));
  command
      .add_option("--nfe", options.ensemble.patches.sampling.evaluations,
                  "Network evaluations for each patch of a flow, bridge or diffusion; 0: as the model says")
      ->transform(range(0, 1000));
  takes_one_of(command.add_option("--solver", options.solver,
                                  "How a flow is integrated: heun evaluates twice a step but the last"),
               names_of<model::Solver>());
  takes_one_of(command.add_option("--precision", options.precision,
                                  "Arithmetic of the network; bf16 is faster where the processor has it"),
               names_of<engine::Precision>());
  takes_one_of(
      command.add_option("--dtype", options.dtype, "Voxels of the CT: int16 HU clamped to [-1024, 3071], or float32"),
      {"int16", "float32"});
  takes_one_of(command.add_option("--resample", options.resample,
                                  "Bring volumes of other voxels to those of the training, and the CT back"),
               {"auto", "never"});
  command.add_option("--memory", options.memory, "What the run may take, such as 4G: less at a time, or refused")
      ->check(check_bytes)
      ->type_name("SIZE");
  command.add_option("--bank", options.bank, "Warn of outputs that lie far from this bank of real features")
      ->type_name("FILE");
}

Synthesis::Synthesis(const Program& program, const SynthesisOptions& options, Provenance& provenance)
    : bank_(options.bank.empty() ? nullptr : engine::services().open_bank(options.bank, compute_of(program))),
      ensemble_(chosen(options), compute_of(program)),
      acquisitions_(options.any_acquisition),
      type_(voxel_type_from_name(options.dtype)),
      overwrite_(options.replace ? Overwrite::replace : program.standard().overwrite()),
      seed_(program.standard().seed),
      options_({{"patch", Json(options.ensemble.patches.patch.value_or(model::PatchShape(0)))},
                {"overlap", options.ensemble.patches.overlap},
                {"dtype", options.dtype},
                {"resample", options.resample},
                {"device", program.standard().device}}),
      provenance_(provenance) {
  if (ensemble_.has_process()) {
    options_["nfe"] = options.ensemble.patches.sampling.evaluations;
    options_["solver"] = options.solver;
  }
  // Batches that were begun before there was a choice do not name it.
  if (options.precision != "fp32") options_["precision"] = options.precision;
  if (bank_) provenance_.add_source(options.bank);
  engine::services().describe(compute_of(program), provenance_);
  for (const fs::path& model : options.ensemble.models) provenance_.add_source(model);
  if (ensemble_.members() > 1) {
    options_["mean_of"] = {
        {"draws", options.ensemble.draws}, {"flips", options.ensemble.flips}, {"shifts", options.ensemble.shifts}};
  }
}

void Synthesis::check(const Case& item, const fs::path& output) {
  for (const std::string& name : condition_names()) item.input(name);
  if (ensemble_.needs_rays()) {
    for (const auto& model : ensemble_.models()) {
      acquisitions_.check_sinogram(model->description(), condition_names(), item.input("sinogram"));
    }
  }
  if (fs::exists(output.parent_path())) check_volume_writable(output, overwrite_);
  for (const std::string& name : condition_names()) {
    const fs::path& input = item.input(name);
    if (!ct::sinogram_acquisition(input).empty()) {
      throw Error(fmt::format("{}: is a sinogram, which `gdm-recon gdm` reconstructs and gives to the model",
                              source_title(input)));
    }
    const Json acquisition = ct::reconstruction_acquisition(input);
    const bool is_reconstruction =
        name == "fbp" || !acquisition.empty() || !model::trained_acquisition(description(), name).empty();
    if (is_reconstruction) check_acquisition(name, acquisition, source_title(input));
  }
  check_headers(item);
}

void Synthesis::check_headers(const Case& item) const {
  const std::vector<ConditionFile> files = condition_files(item);
  const auto streams = [](const fs::path& file) {
    std::error_code unknown;  // what cannot be looked at is told by the reader
    const fs::file_type type = fs::status(file, unknown).type();
    return file == "-" || type == fs::file_type::fifo || type == fs::file_type::character ||
           type == fs::file_type::socket;
  };
  if (std::any_of(files.begin(), files.end(), [&](const ConditionFile& file) { return streams(file.second); })) return;
  const WarningCapture said_when_read;
  const Grid grid = grid_of_conditions(files);
  if (item.mask && !streams(*item.mask)) require_grid_of_mask(*item.mask, grid);
}

void Synthesis::check_acquisition(const std::string& input, const Json& acquisition, const std::string& name) {
  for (const auto& model : ensemble_.models()) acquisitions_.check(model->description(), input, acquisition, name);
}

Json Synthesis::options_and_files() const {
  Json options = options_;
  options["model"] = ensemble_.digests_json();
  if (bank_) options["bank"] = bank_->digest();
  return options;
}

Json Synthesis::options_json() const {
  Json options = options_and_files();
  if (ensemble_.noise_channels() > 0) options["seed"] = seed_;
  return options;
}

Json Synthesis::recipe(const std::string& work, std::vector<fs::path> sources, const std::optional<fs::path>& mask,
                       const std::string& draw, Json more) const {
  Json options = options_and_files();
  if (bank_ && mask) sources.push_back(*mask);
  if (ensemble_.noise_channels() > 0) options["draw"] = fmt::format("{} of seed {}", draw, seed_);
  options.update(more);
  return recipe_json(work, options, sources);
}

std::vector<std::string> Synthesis::wanted_names() const {
  std::vector<std::string> names = condition_names();
  if (ensemble_.needs_rays()) names.emplace_back("sinogram");
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
  if (ensemble_.needs_rays()) sources.push_back(sidecar_path(item.input("sinogram")));
  return recipe("synthesis", std::move(sources), item.mask, item.id);
}

bool Synthesis::sees_mask(const Case& item, const SynthesisOutputs& outputs) const {
  return item.mask && (bank_ || item.id.empty() || !outputs.spread.empty());
}

bool Synthesis::overlaps() const {
  return thread_count() > 1 && !ensemble_.has_memory_limit();
}

SynthesisSubject Synthesis::subject_of(const Case& item) const {
  SynthesisSubject subject{
      item.id, item.patient(), item.id.empty() ? "synthesis" : "", {}, {{"recipe", case_recipe(item)}}, {}};
  if (ensemble_.needs_rays()) subject.sinogram = item.input("sinogram");
  return subject;
}

void Synthesis::require_scales_of_others(const std::vector<Volume>& conditions,
                                         const std::vector<fs::path>& sources) const {
  const Json& first = description().at("generator").at("conditions");
  for (const auto& model : ensemble_.models()) {
    const Json& declared = model->description().at("generator").at("conditions");
    for (std::size_t c = 0; c < conditions.size(); ++c) {
      if (declared.at(c) != first.at(c)) require_scale(declared.at(c), conditions[c], source_title(sources.at(c)));
    }
  }
}

Batch::Computing Synthesis::read(const Case& item, const SynthesisOutputs& outputs) const {
  if (in_slabs(item, outputs)) return stream(item, outputs);
  std::vector<fs::path> sources = sources_of(item);
  const Stopwatch watch;
  std::vector<Volume> conditions = read_conditions(description(), condition_files(item));
  require_scales_of_others(conditions, sources);
  SynthesisSubject subject = subject_of(item);
  if (sees_mask(item, outputs)) subject.mask = read_mask_of(*item.mask, conditions.front().grid);
  log_verbose(fmt::format("{}: read in {:.2f} s", title_of(outputs.ct), watch.seconds()));
  return [this, conditions = std::move(conditions), sources = std::move(sources), outputs,
          subject = std::move(subject)] { return predict(conditions, sources, outputs, subject); };
}

Json Synthesis::told(const SynthesisSubject& subject, double seconds, std::int64_t evaluations) const {
  Json told = subject.details;
  told[ensemble_.models().size() == 1 ? "model_sha256" : "models_sha256"] = ensemble_.digests_json();
  told["objective"] = ensemble_.objectives_json();
  if (ensemble_.noise_channels() > 0) {
    told["noise"] = {{"channels", ensemble_.noise_channels()}, {"seed", seed_}, {"draw", subject.draw}};
  }
  if (const Json mean = ensemble_.mean_json(); !mean.is_null()) told["mean_of"] = mean;
  add_effort(told, provenance_, seconds, evaluations);
  return told;
}

Batch::Saving Synthesis::predict(const std::vector<Volume>& conditions, const std::vector<fs::path>& sources,
                                 const SynthesisOutputs& outputs, const SynthesisSubject& subject) const {
  const std::string title = title_of(outputs.ct);
  const Stopwatch watch;
  Ensemble::Prediction made =
      ensemble_.predict(conditions, {source_title(sources.front()), subject.draw, subject.progress, subject.sinogram},
                        !outputs.spread.empty());
  const double seconds = watch.seconds();
  Json told = this->told(subject, seconds, made.evaluations);
  told.update(made.details);
  const Mask body = subject.mask                       ? *subject.mask
                    : bank_ || !outputs.spread.empty() ? body_mask_from_ct(made.hu)
                                                       : Mask();
  Volume bank_map;
  if (bank_) {
    told["bank_sha256"] = bank_->digest();
    told["outliers"] =
        outliers(title, subject.patient, body, made.hu, conditions, outputs.bank_map.empty() ? nullptr : &bank_map);
  }
  if (!outputs.spread.empty()) told["spread_hu"] = {{"mean_in_body", mean_inside(made.deviation, body)}};
  log_verbose(fmt::format("{}: network {:.2f} s", title, seconds));
  return [this, title, sources, outputs, told = std::move(told), ct_hu = std::move(made.hu),
          deviation_hu = std::move(made.deviation),
          bank_map = std::move(bank_map)] { save(title, sources, outputs, told, ct_hu, deviation_hu, bank_map); };
}

void Synthesis::write_record(const fs::path& output, const std::vector<fs::path>& sources, const WriteReport& report,
                             const Json& told) const {
  if (output == "-") return;
  Provenance own = provenance_;  // a sidecar lists this case's sources, not those of the whole batch
  for (const fs::path& source : sources) {
    if (source != "-") own.add_source(source);
  }
  write_sidecar(output, own, sources, report, told, overwrite_);
}

void Synthesis::save(const std::string& title, const std::vector<fs::path>& sources, const SynthesisOutputs& outputs,
                     const Json& told, const Volume& ct_hu, const Volume& deviation_hu, const Volume& bank_map) const {
  const Stopwatch watch;
  const auto write = [&](const fs::path& output, const Volume& volume, VoxelType type) {
    write_record(output, sources, write_volume(output, volume, type, overwrite_), told);
  };
  write(outputs.ct, ct_hu, type_);
  if (!outputs.spread.empty()) write(outputs.spread, deviation_hu, VoxelType::float32);
  if (!outputs.bank_map.empty()) write(outputs.bank_map, bank_map, VoxelType::float32);
  log_verbose(fmt::format("{}: written in {:.2f} s", title, watch.seconds()));
}

Json Synthesis::outliers(const std::string& title, const std::string& patient, const Mask& mask,
                         const Volume& predicted, const std::vector<Volume>& conditions, Volume* map) const {
  Json scores;
  std::vector<std::string> far;
  engine::BankSubject subject;
  subject.id = title;
  subject.patient = patient;
  subject.mask = &mask;
  subject.patches = bank_->description().at("build").at("patches_per_case").get<std::int64_t>();
  const auto add = [&](const std::string& name, const Volume& volume) {
    subject.ct_hu = &volume;
    const engine::OutlierScore score = bank_->score(subject);
    scores[name] = score_json(score);
    if (score.outlier()) far.push_back(fmt::format("{} ({:.2f} times the median of real CT)", name, score.ratio));
  };
  if (count_inside(mask) == 0) {
    log_warning(title + ": no body in the output, so it was not compared with the bank");
    if (map != nullptr) *map = Volume(predicted.grid, 0.0F);
    return scores;
  }
  add("output", predicted);
  const Json& declared = description().at("generator").at("conditions");
  for (std::size_t c = 0; c < conditions.size(); ++c) {
    if (declared.at(c).value("scaling", "") == "hu") add("input " + condition_names()[c], conditions[c]);
  }
  if (map != nullptr) {
    subject.ct_hu = &predicted;
    engine::DistanceMap found = bank_->map(subject);
    const Point3& at = found.farthest_ras_mm;
    scores["farthest_place"] = {{"ratio", found.largest}, {"limit", found.limit}, {"ras_mm", at}};
    if (found.largest > found.limit) {
      far.push_back(
          fmt::format("output near {:.0f}, {:.0f}, {:.0f} mm (RAS; {:.2f} times, no patch of the bank more than "
                      "{:.2f})",
                      at[0], at[1], at[2], found.largest, found.limit));
    }
    *map = std::move(found.ratio);
  }
  if (!far.empty()) log_warning(fmt::format("{}: out of the bank's distribution: {}", title, fmt::join(far, ", ")));
  return scores;
}

std::string Synthesis::plan() const {
  const Json& generator = description().at("generator");
  std::string text =
      fmt::format("model     {} ({}), patches of {}, sha256 {:.16}\n", generator.value("architecture", ""),
                  generator.value("task", ""), model::patch_text(generator), ensemble_.first().digest());
  if (ensemble_.members() > 1) text += fmt::format("mean      of {} predictions\n", ensemble_.members());
  return text;
}

double Synthesis::neighbours_mib(const Grid& grid, const SynthesisOutputs& outputs) const {
  const double volume_mib = static_cast<double>(grid.voxels()) * sizeof(float) / 1048576.0;
  // What reading and writing leave in the heaps of their threads, as Ensemble counts it of its own.
  const double kept_mib = 2 * std::min(8.0, 0.5 * volume_mib);
  return static_cast<double>(condition_names().size() + outputs.files().size()) * volume_mib + kept_mib;
}

std::string Synthesis::plan(const Case& item, const SynthesisOutputs& outputs, bool overlapped) {
  const Grid grid = grid_of_conditions(condition_files(item));
  const fs::path& source = item.input(condition_names().front());
  const std::vector<Grid> working = with_context(source_title(source), [&] { return ensemble_.working_grids(grid); });
  std::vector<std::string> elsewhere;
  for (const Grid& other : working) elsewhere.push_back(describe(other));
  std::vector<std::string> files;
  for (const fs::path& file : outputs.files()) files.push_back(file.string());
  const bool slabs = in_slabs(item, outputs);
  ensemble_.warn_of_voxels(source_title(source), grid);
  return fmt::format(
      "{:<9} {}{}{} -> {}, about {:.0f} MiB of memory\n", item.id.empty() ? "volume" : item.id, describe(grid),
      elsewhere.empty() ? "" : fmt::format(" (resampled to {})", fmt::join(elsewhere, " and to ")),
      slabs ? fmt::format(" ({} slices at a time)", ensemble_.slab_slices(grid)) : "", fmt::join(files, ", "),
      ensemble_.peak_mib(grid, !outputs.spread.empty(), slabs) + (overlapped ? neighbours_mib(grid, outputs) : 0.0));
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

fs::path bank_map_path(const fs::path& folder, const Case& item) {
  return folder / (item.id + "_bank.nii.gz");
}

fs::path spread_path(const fs::path& folder, const Case& item) {
  return folder / (item.id + "_spread.nii.gz");
}

}  // namespace gdm::cli
