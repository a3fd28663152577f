#include "train/generator_training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "data/case_store.hpp"
#include "data/conditions.hpp"
#include "data/samples.hpp"
#include "data/scanned_cases.hpp"
#include "engine/training_options.hpp"
#include "model/generator_shape.hpp"
#include "nn/device.hpp"
#include "nn/noise.hpp"
#include "synth/sampler.hpp"
#include "synth/sliding_window.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/memory.hpp"
#include "sys/signals.hpp"
#include "sys/stopwatch.hpp"
#include "train/earlier_models.hpp"
#include "train/generator_description.hpp"
#include "train/objectives.hpp"
#include "train/paired_method.hpp"
#include "train/process_method.hpp"
#include "train/session.hpp"
#include "train/validation.hpp"

namespace gdm::train {
namespace {

constexpr std::size_t most_validation_cases = 6;
constexpr std::int64_t spread_patches = 32;

model::Process process_of(const engine::TrainOptions& options, const nn::HuMap& units) {
  model::Process process;
  process.kind = value_named<model::ProcessKind>(name_of(options.objective));
  process.source =
      options.has_base() ? model::ProcessSource::regression : value_named<model::ProcessSource>(options.source);
  const bool from_image = process.source != model::ProcessSource::noise;
  if (process.kind == model::ProcessKind::bridge && !from_image) {
    throw Error("a bridge begins with an image: --source input, or the file of a regression", Exit::usage);
  }
  if (process.kind == model::ProcessKind::diffusion && from_image) {
    throw Error("a diffusion begins with noise; --objective flow and bridge can begin with an image", Exit::usage);
  }
  if (process.kind == model::ProcessKind::flow && from_image) {
    process.source_noise = options.source_noise_hu / units.hu_per_unit();
  }
  process.bridge_beta = options.bridge_beta;
  process.bridge_is_ode = options.bridge_ode;
  process.schedule = options.schedule;
  process.evaluations = options.evaluations;
  return process;
}

nn::GeneratorConfig generator_config(const Manifest& manifest, const engine::TrainOptions& options) {
  nn::GeneratorConfig config;
  config.widths = options.widths;
  config.blocks = options.blocks;
  config.noise_channels = options.noise_channels;
  config.patch = options.patch;
  if (options.learns_process()) config.process = process_of(options, config.hu_map);
  if (options.draws > 1 && options.noise_channels == 0) {
    throw Error("--draws needs --noise-channels: without noise all draws are the same", Exit::usage);
  }
  data::choose_conditions(manifest, options.conditions, options.scalings, config);
  if (config.process) {
    if (options.noise_channels > 0) throw Error("--noise-channels: a process has its own noise", Exit::usage);
    if (options.consistency > 0) {
      throw Error("--consistency follows a volume that is predicted; behind a process: gdm-recon consistency",
                  Exit::usage);
    }
    if (config.process->source == model::ProcessSource::input && config.conditions.front().scaling != "hu") {
      throw Error("--source input begins with '" + config.conditions.front().name +
                      "', which is not in HU; --source noise, or the file of a regression",
                  Exit::usage);
    }
    config.residual_on_first = false;
  }
  if (!config.patch.is_multiple_of(config.size_multiple())) {
    throw Error(fmt::format("--patch {} is not a multiple of {}, which {} levels need", config.patch.text(),
                            config.size_multiple(), config.widths.size()),
                Exit::usage);
  }
  return config;
}

/// Half of what is free is left to the network and to others.
std::uint64_t cache_bytes(const engine::TrainOptions& options) {
  return options.cache_bytes < 0 ? available_memory_bytes() / 2 : static_cast<std::uint64_t>(options.cache_bytes);
}

/// Fresh noise takes the filter of the first case's FBP.
data::PatchChanges patch_changes(const engine::TrainOptions& options, const nn::GeneratorConfig& config,
                                 const Case& first) {
  const auto fbp = first.inputs.find("fbp");
  return {options.augment, options.fresh_noise_hu, fbp == first.inputs.end() ? "" : fbp_filter(fbp->second), config};
}

class Training {
 public:
  Training(const Manifest& manifest, const engine::TrainOptions& options, const engine::Compute& compute,
           Provenance& provenance)
      : options_(options),
        compute_(compute),
        provenance_(provenance),
        device_(nn::device_from_text(compute.device)),
        config_(generator_config(manifest, options)),
        held_out_(manifest, options.allow_leak) {
    if (options.needs_rays() && options.augment != "none") {
      throw Error("--augment turns patients away from their rays, which other options ask for", Exit::usage);
    }
    const std::vector<Case> validation = validation_cases(manifest, most_validation_cases);
    if (validation.empty() && options.keep == engine::Keep::best) {
      throw Error("--keep best needs cases in split 'val'", Exit::usage);
    }
    nn::set_arithmetic(options.precision, device_);
    torch::manual_seed(compute.seed);
    network_ = nn::Generator(config_);
    if (!options.init.empty()) begin_from(options.init);
    if (options.has_base()) open_base(options.source);
    network_->to(device_);
    Objectives::check_files(options, held_out_);
    cases_ = data::usable_cases(manifest, "train");
    data::PatchChanges changes = patch_changes(options, config_, cases_.front());
    train_ =
        std::make_unique<data::CaseStore>(cases_, config_.conditions, config_.hu_map, cache_bytes(options), provenance);
    warn_of_mixed_voxels(train_->headers());
    if (options.needs_rays()) {
      scans_ = std::make_shared<data::ScannedCases>(cases_, train_->headers(), config_.hu_map, provenance);
      if (options.consistency > 0) scans_->require_whole_slices(options.patch);
    }
    const auto cut = [this](std::size_t index, const auto& start, const auto& shape) {
      return train_->cut(index, start, shape);
    };
    patches_ = std::make_unique<data::PatchSampler>(train_->headers(), cut, options.patch, options.batch, compute.seed,
                                                    std::move(changes));
    if (config_.process && options.init.empty()) measure_spread();
    make_method();
    load_validation(validation);
    begin_session();
  }

  bool run() {
    return session_->run({[this] { write_model(); }, options_.log_grew});
  }

  Json plan() {
    const std::int64_t first = session_->first_step(), steps = options_.steps;
    const Objectives& objectives = *objectives_;
    const double step_s = timed([&] { make_step(0); });
    const auto start = static_cast<std::int64_t>(options_.drift_start * static_cast<double>(steps));
    const std::int64_t together = objectives.empty() ? 0 : steps - std::max(first, std::min(start, steps));
    double objective_step_s = 0;
    const std::int64_t late = std::min((start + steps) / 2, steps - 1);  // at the last, shares may have ended at 0
    if (!objectives.empty()) {  // the mean over turns; without remembered features, a first step is a shorter one
      for (std::int64_t turn = 0; turn < objectives.turns(); ++turn) {
        const std::int64_t n = std::max<std::int64_t>(0, late - turn);
        make_step(n);
        objective_step_s += timed([&] { make_step(n); }) / static_cast<double>(objectives.turns());
      }
    }
    const double validation_s = timed_validation();
    const std::int64_t validations = (steps - first + options_.validate_every - 1) / options_.validate_every;
    Json json{{"first_step", first}, {"steps", steps}, {"step_s", step_s}};
    json["objective_step_s"] = objectives.empty() ? Json() : Json(objective_step_s);
    json["validation_s"] = validation_s;
    json["remaining_s"] = static_cast<double>(steps - first - together) * step_s +
                          static_cast<double>(together) * objective_step_s +
                          static_cast<double>(validations) * validation_s;
    json["peak_memory_mib"] = peak_rss_mib();
    json["model"] = description();
    json["writes"] = Json::array();
    for (const fs::path& path : {options_.output, session_->plan().loop.checkpoint, options_.log, options_.plot}) {
      if (!path.empty()) json["writes"].push_back(path.string());
    }
    return json;
  }

 private:
  /// By the first patches of the training.
  void measure_spread() {
    std::vector<data::Batch> batches;
    for (std::int64_t drawn = 0; drawn < spread_patches; drawn += options_.batch) {
      batches.push_back(patches_->draw(static_cast<std::int64_t>(batches.size()), device_));
    }
    config_.process->spread = spread_about_source(*config_.process, base_.network, batches);
  }

  void make_method() {
    const bool bfloat16 = options_.precision == engine::Precision::bf16;
    objectives_ = std::make_shared<Objectives>(options_, compute_.seed, config_.hu_map,
                                               data::median_edge_mm(train_->headers()), device_, provenance_, scans_,
                                               static_cast<std::int64_t>(config_.conditions.size()));
    if (config_.process) {
      method_ = std::make_unique<ProcessMethod>(network_, base_.network, config_, compute_.seed, device_, bfloat16);
      return;
    }
    auto paired = std::make_unique<PairedMethod>(network_, config_, objectives_, compute_.seed, options_.draws, device_,
                                                 bfloat16);
    if (options_.consistency > 0) paired->follow_with({scans_, consistency()});
    method_ = std::move(paired);
  }

  void load_validation(const std::vector<Case>& cases) {
    std::vector<data::Sample> samples;
    std::shared_ptr<const data::ScannedCases> scans;
    if (!cases.empty()) {
      samples = data::load_samples(cases, config_.conditions, config_.hu_map, provenance_, Provenance::validation);
      if (options_.consistency > 0) {
        scans =
            std::make_shared<data::ScannedCases>(cases, samples, config_.hu_map, provenance_, Provenance::validation);
      }
    }
    validation_ = std::make_unique<Validation>(std::move(samples), config_, device_);
    if (scans) validation_->follow_with({std::move(scans), consistency()});
    sampler_ = synth::make_sampler(config_, network_, base_.network);
    std::function<bool(std::int64_t)> may_win;
    if (options_.keep == engine::Keep::best) may_win = [this](std::int64_t done) { return counts(done); };
    validator_ = std::make_unique<GeneratorValidator>(*validation_, *sampler_, *network_,
                                                      BestWeights(name_of(options_.score)), std::move(may_win));
  }

  model::RayConsistency consistency() const { return {options_.consistency, options_.consistency_pull_mm2}; }

  void begin_session() {
    Json configuration{{"generator", config_.json()},
                       {"training", engine::training_settings(options_, compute_.seed)},
                       {"data", train_->digest()}};
    if (scans_) configuration["rays"] = scans_->digest();
    if (!objectives_->empty()) configuration["objectives"] = objectives_->description();
    if (!init_digest_.empty()) configuration["init"] = init_digest_;
    if (base_.network) configuration["base"] = base_.digest;
    SessionPlan plan =
        session_plan(options_, "training (" + name_of(options_.objective) + ")", std::move(configuration));
    plan.accumulate = options_.accumulate;
    plan.ema = options_.ema;
    const auto draw = [this](std::int64_t number) { return patches_->draw(number, torch::kCPU); };
    session_ = std::make_unique<Session>(std::move(plan), *network_, device_, *method_, draw,
                                         validation_->empty() ? nullptr : validator_.get());
  }

  void make_step(std::int64_t n) {
    session_->make_step(n, [this](std::int64_t number) { return patches_->draw(number, device_); });
  }

  double timed_validation() {
    if (validation_->empty()) return 0;
    const torch::NoGradGuard no_grad;
    const std::int64_t at_once = synth::patches_at_once(config_.patch, device_);
    const Tensor conditions =
        nn::with_step_noise(patches_->draw(0, device_).conditions, sampler_->noise_channels(), compute_.seed, 0);
    const Tensor together = conditions.slice(0, 0, 1).repeat({at_once, 1, 1, 1, 1});
    const double once = timed([&] { sampler_->sample(together).sum().item<double>(); });
    const double iterations = timed([&] { validation_->bring_one_to_rays(); });
    return once * static_cast<double>(validation_->patches()) / static_cast<double>(at_once) +
           iterations * static_cast<double>(validation_->cases());
  }

  /// The least of a few, as the first allocates and other work on the machine only adds.
  template <class Function>
  static double timed(Function function) {
    double least = std::numeric_limits<double>::infinity();
    for (int run = 0; run < 4; ++run) {
      throw_if_stop_requested();
      const Stopwatch watch;
      function();
      least = std::min(least, watch.seconds());
    }
    return least;
  }

  /// Takes over the weights of a trained generator of the same architecture. It may have fewer noise channels: what
  /// others do is learnt, from small random weights as all others.
  void begin_from(const fs::path& path) {
    const nn::LoadedGenerator trained = nn::load_generator(path, torch::Device(torch::kCPU));
    if (config_.process && trained.config.process) config_.process->spread = trained.config.process->spread;
    with_context(path.string(), [&] { require_start(trained.config, config_); });
    const torch::NoGradGuard no_grad;
    auto parameters = network_->named_parameters();
    for (const auto& item : trained.network->named_parameters()) {
      Tensor& own = parameters[item.key()];
      // Noise stands behind the other inputs of the first convolution.
      (own.sizes() == item.value().sizes() ? own : own.narrow(1, 0, item.value().size(1))).copy_(item.value());
    }
    held_out_.check_files(path, trained.description);
    init_digest_ = trained.digest;
    provenance_.add_source(path);
  }

  /// The regression whose output a process begins with.
  void open_base(const fs::path& path) {
    base_ = nn::load_generator(path, device_);
    with_context(path.string(), [&] { require_source(base_, config_); });
    for (Tensor& parameter : base_.network->parameters()) parameter.requires_grad_(false);
    held_out_.check_files(path, base_.description);
    provenance_.add_source(path);
  }

  /// Weights from before the other objectives have their share would win by fidelity alone.
  bool counts(std::int64_t done) const {
    const Objectives& objectives = *objectives_;
    return objectives.empty() || done == options_.steps || objectives.schedule(done - 1) > 0.99;
  }

  /// What a model's file says before there are figures.
  Json description() const {
    Json training = engine::training_settings(options_, compute_.seed);
    training["data"] = data_json(train_->headers(), cases_, config_.condition_names(), train_->digest());
    training["data"]["validation_cases"] = validation_->cases();
    if (!objectives_->empty()) training["objectives"] = objectives_->description();
    if (!init_digest_.empty()) training["init_sha256"] = init_digest_;
    Json description{{"kind", "generator"},
                     {"generator", config_.json()},
                     {"network", model::generator_figures(config_.json())},
                     {"training", training},
                     {"options", options_.options}};
    if (base_.network) {
      description["base"] = {{"generator", base_.config.json()}, {"sha256", base_.digest}};
      const Json::json_pointer objective("/training/objective");
      if (base_.description.contains(objective)) description["base"]["objective"] = base_.description.at(objective);
    }
    if (!held_out_.inherited().empty()) description[data::inherited_key] = held_out_.inherited();
    return description;
  }

  void write_model() {
    const BestWeights& kept = validator_->best();
    const Json& last = validator_->last();
    const bool best = !kept.json().is_null();
    nn::TensorWriter writer;
    writer.add("", best ? kept.weights() : nn::named_state(*network_));
    if (base_.network) writer.add(nn::base_prefix, nn::named_state(*base_.network));
    Json description = this->description();
    Json& training = description["training"];
    training["kept_steps"] = best ? kept.json().at("steps") : Json(options_.steps);
    if (best) training["validation"] = kept.json().at("validation");
    if (!last.is_null()) training[best ? "last_validation" : "validation"] = last;
    training["skipped_steps"] = session_->trainee().skipped();
    training["rollbacks"] = session_->trainee().rollbacks();
    description["provenance"] = provenance_.json();
    writer.write(options_.output, description, options_.overwrite);
  }

  const engine::TrainOptions& options_;
  const engine::Compute& compute_;
  Provenance& provenance_;
  torch::Device device_;
  nn::GeneratorConfig config_;
  data::HeldOut held_out_;
  nn::Generator network_{nullptr};
  nn::LoadedGenerator base_;  ///< that a process begins with; empty without one
  std::string init_digest_;   ///< of the generator it began from; empty: none
  std::vector<Case> cases_;
  std::unique_ptr<data::CaseStore> train_;
  std::shared_ptr<const data::ScannedCases> scans_;  ///< null where no ray is asked for
  std::unique_ptr<data::PatchSampler> patches_;
  std::shared_ptr<Objectives> objectives_;  ///< none of a process
  std::unique_ptr<Method> method_;
  std::unique_ptr<Validation> validation_;
  std::unique_ptr<synth::Sampler> sampler_;
  std::unique_ptr<GeneratorValidator> validator_;
  std::unique_ptr<Session> session_;  ///< last: it uses the others
};

}  // namespace

bool train_generator(const Manifest& manifest, const engine::TrainOptions& options, const engine::Compute& compute,
                     Provenance& provenance) {
  return unless_stopped([&] { return Training(manifest, options, compute, provenance).run(); });
}

Json plan_training(const Manifest& manifest, const engine::TrainOptions& options, const engine::Compute& compute,
                   Provenance& provenance) {
  return Training(manifest, options, compute, provenance).plan();
}

}  // namespace gdm::train
