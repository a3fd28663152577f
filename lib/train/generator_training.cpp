#include "train/generator_training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>

#include "data/case_store.hpp"
#include "data/conditions.hpp"
#include "data/prefetch.hpp"
#include "data/samples.hpp"
#include "engine/training_options.hpp"
#include "model/generator_shape.hpp"
#include "nn/noise.hpp"
#include "report/training_plot.hpp"
#include "synth/sliding_window.hpp"
#include "sys/log.hpp"
#include "sys/memory.hpp"
#include "sys/signals.hpp"
#include "train/generator_description.hpp"
#include "train/log_mean.hpp"
#include "train/loop.hpp"
#include "train/objectives.hpp"
#include "train/validation.hpp"

namespace gdm::train {
namespace {

using Json = nlohmann::ordered_json;

constexpr double background_weight = 0.05;
constexpr std::size_t most_validation_cases = 6;

nn::GeneratorConfig generator_config(const Manifest& manifest, const engine::TrainOptions& options) {
  nn::GeneratorConfig config;
  config.widths = options.widths;
  config.blocks = options.blocks;
  config.noise_channels = options.noise_channels;
  config.patch = options.patch;
  data::choose_conditions(manifest, options.conditions, options.scalings, config);
  if (config.patch % config.size_multiple() != 0) {
    throw Error(fmt::format("--patch {} is not a multiple of {}, which {} levels need", config.patch,
                            config.size_multiple(), config.widths.size()),
                Exit::usage);
  }
  return config;
}

std::vector<Case> validation_cases(const Manifest& manifest, const engine::TrainOptions& options) {
  std::vector<Case> cases;
  for (const Case& item : manifest.cases) {
    if (item.split == "val" && !item.error && cases.size() < most_validation_cases) cases.push_back(item);
  }
  if (cases.empty() && options.keep == engine::Keep::best) {
    throw Error("--keep best needs cases in split 'val'", Exit::usage);
  }
  return cases;
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

Tensor weighted_l1(const Tensor& predicted, const Tensor& target, const Tensor& mask) {
  const Tensor weight = mask.to(torch::kFloat32) * (1 - background_weight) + background_weight;
  return ((predicted - target).abs() * weight).sum() / weight.sum();
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
        held_out_(manifest, options.allow_leak),
        best_(name_of(options.score)) {
    const std::vector<Case> validation = validation_cases(manifest, options);
    if (options.precision == engine::Precision::bf16 && device_.is_cpu())
      log_warning("--precision bf16 is slower than fp32 on most CPUs");
    torch::manual_seed(compute.seed);
    network_ = nn::Generator(config_);
    if (!options.init.empty()) begin_from(options.init);
    network_->to(device_);
    Objectives::check_files(options, held_out_);
    trainee_ = std::make_unique<Trainee>(*network_, options.ema);
    cases_ = data::usable_cases(manifest, "train");
    data::PatchChanges changes = patch_changes(options, config_, cases_.front());
    train_ =
        std::make_unique<data::CaseStore>(cases_, config_.conditions, config_.hu_map, cache_bytes(options), provenance);
    warn_of_mixed_voxels(train_->headers());
    objectives_ = std::make_unique<Objectives>(options, compute.seed, config_.hu_map,
                                               data::median_edge_mm(train_->headers()), device_, provenance);
    std::vector<data::Sample> samples;
    if (!validation.empty()) {
      samples = data::load_samples(validation, config_.conditions, config_.hu_map, provenance, Provenance::validation);
    }
    validation_ = std::make_unique<Validation>(std::move(samples), config_, device_);
    const auto cut = [this](std::size_t index, const auto& start, auto edge) {
      return train_->cut(index, start, edge);
    };
    sampler_ = std::make_unique<data::PatchSampler>(train_->headers(), cut, options.patch, options.batch, compute.seed,
                                                    std::move(changes));
  }

  bool run() {
    const LoopPlan plan = loop_plan();
    const bool finished = run_loop(plan, *trainee_, extra(), [this](std::int64_t n) { return step(n); });
    if (batches_) {
      log_verbose(fmt::format("waited {:.2f} s for patches in {:.2f} s of steps", batches_->waited_s(), step_s_));
      batches_.reset();
    }
    if (!finished) return false;
    if (!pending_.is_null()) {
      log_info("stopped by a signal in the last validation; the same command goes on with it");
      return false;
    }
    write_model();
    draw();
    fs::remove(plan.checkpoint);
    return true;
  }

  Json plan() {
    const LoopPlan plan = loop_plan();
    const std::int64_t first = first_step(plan), steps = options_.steps;
    const BatchOf drawn = [this](std::int64_t number) { return sampler_->draw(number, device_); };
    const double step_s = timed([&] { train_step(0, drawn); });
    const auto start = static_cast<std::int64_t>(options_.drift_start * static_cast<double>(steps));
    const std::int64_t together = objectives_->empty() ? 0 : steps - std::max(first, std::min(start, steps));
    double objective_step_s = 0, validation_s = 0;
    const std::int64_t late = std::min((start + steps) / 2, steps - 1);  // at the last, shares may have ended at 0
    if (!objectives_->empty()) {  // the mean over turns; without remembered features, a first step is a shorter one
      for (std::int64_t turn = 0; turn < objectives_->turns(); ++turn) {
        const std::int64_t n = std::max<std::int64_t>(0, late - turn);
        train_step(n, drawn);
        objective_step_s += timed([&] { train_step(n, drawn); }) / static_cast<double>(objectives_->turns());
      }
    }
    if (!validation_->empty()) {
      const torch::NoGradGuard no_grad;
      const std::int64_t at_once = synth::patches_at_once(config_.patch);
      const Tensor patches =
          with_noise(sampler_->draw(0, device_).conditions, 0).slice(0, 0, 1).repeat({at_once, 1, 1, 1, 1});
      const double once = timed([&] { network_(patches).sum().item<double>(); });
      validation_s = once * static_cast<double>(validation_->evaluations()) / static_cast<double>(at_once);
    }
    const std::int64_t validations = (steps - first + options_.validate_every - 1) / options_.validate_every;
    Json json{{"first_step", first}, {"steps", steps}, {"step_s", step_s}};
    json["objective_step_s"] = objectives_->empty() ? Json() : Json(objective_step_s);
    json["validation_s"] = validation_s;
    json["remaining_s"] = static_cast<double>(steps - first - together) * step_s +
                          static_cast<double>(together) * objective_step_s +
                          static_cast<double>(validations) * validation_s;
    json["peak_memory_mib"] = peak_rss_mib();
    json["model"] = description();
    json["writes"] = Json::array();
    for (const fs::path& path : {options_.output, plan.checkpoint, options_.log, options_.plot}) {
      if (!path.empty()) json["writes"].push_back(path.string());
    }
    return json;
  }

 private:
  using BatchOf =
      std::function<data::Batch(std::int64_t number)>;  ///< of all batches, several to a step if accumulated

  /// The least of a few, as the first allocates and other work on the machine only adds.
  template <class Function>
  static double timed(Function function) {
    double least = std::numeric_limits<double>::infinity();
    for (int run = 0; run < 4; ++run) {
      throw_if_stop_requested();
      const auto start = std::chrono::steady_clock::now();
      function();
      least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return least;
  }

  /// Takes over the weights of a trained generator of the same architecture.
  void begin_from(const fs::path& path) {
    const nn::LoadedGenerator trained = nn::load_generator(path, torch::Device(torch::kCPU));
    auto same = [](Json config) {
      config.erase("patch_voxels");  // what it was trained with; the weights do not depend on it
      return config;
    };
    if (same(trained.config.json()) != same(config_.json())) {
      throw Error(fmt::format("{}: a generator of another task or architecture: {} instead of {}", path.string(),
                              same(trained.config.json()).dump(), same(config_.json()).dump()));
    }
    const torch::NoGradGuard no_grad;
    auto parameters = network_->named_parameters();
    for (const auto& item : trained.network->named_parameters()) parameters[item.key()].copy_(item.value());
    held_out_.check_files(path, trained.description);
    init_digest_ = trained.digest;
    provenance_.add_source(path);
  }

  LoopPlan loop_plan() const {
    LoopPlan plan;
    plan.title = "training (" + name_of(options_.objective) + ")";
    plan.steps = options_.steps;
    plan.checkpoint = checkpoint_path(options_.output);
    plan.checkpoint_every = options_.checkpoint_every;
    plan.max_time_s = options_.max_time_s;
    plan.restart = options_.restart;
    plan.configuration = {{"generator", config_.json()},
                          {"training", engine::training_settings(options_, compute_.seed)},
                          {"data", train_->digest()}};
    if (!objectives_->empty()) plan.configuration["objectives"] = objectives_->description();
    if (!init_digest_.empty()) plan.configuration["init"] = init_digest_;
    return plan;
  }

  Extra extra() {
    Extra extra;
    extra.state.save = [this](nn::TensorWriter& writer, Json& json) { objectives_->save(writer, json); };
    extra.state.load = [this](const SafetensorsFile& file, const Json& json) { objectives_->load(file, json); };
    extra.record.save = [this](nn::TensorWriter& writer, Json& json) {
      json["average_l1_hu"] = average_l1_hu_;
      json["validation"] = validated_;
      json["pending"] = pending_;
      best_.save(writer, json["best"]);
    };
    extra.record.load = [this](const SafetensorsFile& file, const Json& json) {
      average_l1_hu_ = json.at("average_l1_hu").get<double>();
      validated_ = json.at("validation");
      pending_ = json.at("pending");
      best_.load(file, json.at("best"), *network_);
    };
    extra.begin = [this](std::int64_t first) {
      log_ = std::make_unique<JsonLog>(options_.log, pending_.is_null() ? first : first - 1);
      if (!pending_.is_null()) finish_step(pending_);
      if (!pending_.is_null()) throw StopRequested{stop_signal()};
      const auto draw = [this](std::int64_t number) { return sampler_->draw(number, torch::kCPU); };
      batches_ = std::make_unique<data::Prefetcher>(draw, first * options_.accumulate,
                                                    options_.steps * options_.accumulate, device_);
    };
    return extra;
  }

  std::string step(std::int64_t n) {
    const auto start = std::chrono::steady_clock::now();
    Json line = train_step(n, [this](std::int64_t) { return batches_->next(); });
    step_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    finish_step(std::move(line));
    const Json mae = validated_.is_null() ? Json() : validated_.at("mae_hu");
    return fmt::format("L1 {:.1f} HU", average_l1_hu_) +
           (mae.is_null() ? "" : fmt::format(", validation MAE {:.1f} HU", mae.get<double>()));
  }

  Tensor with_noise(const Tensor& conditions, std::int64_t number) const {
    return nn::with_step_noise(conditions, config_.noise_channels, compute_.seed, number);
  }

  Tensor predict(const Tensor& conditions) {
    const nn::Bfloat16Guard guard(device_, options_.precision == engine::Precision::bf16);
    return network_(conditions).to(torch::kFloat32);
  }

  /// Adds the gradients of one of the batches of step `n`, number `number` of all, to the parameters'. Returns what the
  /// log says of it.
  Json add_gradients(std::int64_t n, std::int64_t number, const data::Batch& batch) {
    Json line{{"step", n}};
    const Tensor predicted = predict(with_noise(batch.conditions, number));
    const Tensor leaf = predicted.detach().requires_grad_(true);
    const Tensor fidelity = weighted_l1(leaf, batch.target, batch.mask);
    Tensor gradient = torch::autograd::grad({fidelity}, {leaf})[0];
    line["l1_hu"] = fidelity.item<double>() * config_.hu_map.hu_per_unit();
    if (!objectives_->empty()) {
      gradient = objectives_->coordinated(n, {leaf, batch.target, batch.mask, number}, gradient, line);
    }
    if (options_.accumulate > 1) gradient = gradient / static_cast<double>(options_.accumulate);
    predicted.backward(gradient);
    return line;
  }

  /// Returns the step's line of the log.
  Json train_step(std::int64_t n, const BatchOf& batch_of) {
    trainee_->zero_grad();
    std::vector<Json> lines;
    for (std::int64_t part = 0; part < options_.accumulate; ++part) {
      const std::int64_t number = n * options_.accumulate + part;
      lines.push_back(add_gradients(n, number, batch_of(number)));
    }
    Json line = mean_of(lines);
    const auto l1_hu = line.at("l1_hu").get<double>();
    const double rate = learning_rate(options_.learning_rate, n, options_.steps);
    line["parameter_gradient_norm"] = trainee_->step(rate, l1_hu);
    line["learning_rate"] = rate * trainee_->rate_factor();
    if (trainee_->skipped() > 0) line["skipped_steps"] = trainee_->skipped();
    if (std::isfinite(l1_hu)) average_l1_hu_ = n == 0 ? l1_hu : 0.98 * average_l1_hu_ + 0.02 * l1_hu;
    return line;
  }

  /// Validates if it is time to, and logs. If a signal stops the validation, the line waits for the resumed run: in
  /// the end its log is that of a run that was never stopped.
  void finish_step(Json line) {
    const auto done = line.at("step").get<std::int64_t>() + 1;
    const bool due = done % options_.validate_every == 0 || done == options_.steps;
    if (due && !validation_->empty()) {
      try {
        const Trainee::AverageGuard averaged(*trainee_);
        const Json figures = validation_->run(network_);
        line["validation"] = figures;
        validated_ = figures;
        validated_["steps"] = done;
        if (options_.keep == engine::Keep::best && counts(done)) best_.offer(done, figures, *network_);
      } catch (const StopRequested&) {
        pending_ = line;
        return;
      }
    }
    pending_ = nullptr;
    log_->write(line);
    if (due && done < options_.steps) draw();
  }

  /// Weights from before the other objectives have their share would win by fidelity alone.
  bool counts(std::int64_t done) const {
    return objectives_->empty() || done == options_.steps || objectives_->schedule(done - 1) > 0.99;
  }

  void draw() const {
    if (options_.plot.empty()) return;
    try {
      picture::write_png(options_.plot, report::training_plot(report::read_training_log(options_.log)),
                         Overwrite::replace);
    } catch (const Error& error) {  // no reason to lose the training
      log_warning(std::string("the curves were not drawn: ") + error.what());
    }
  }

  /// What a model's file says before there are figures.
  Json description() const {
    Json training = engine::training_settings(options_, compute_.seed);
    training["data"] = data_json(train_->headers(), cases_, train_->digest());
    training["data"]["validation_cases"] = validation_->cases();
    if (!objectives_->empty()) training["objectives"] = objectives_->description();
    if (!init_digest_.empty()) training["init_sha256"] = init_digest_;
    Json description{{"kind", "generator"},
                     {"generator", config_.json()},
                     {"network", model::generator_figures(config_.json())},
                     {"training", training},
                     {"options", options_.options}};
    if (!held_out_.inherited().empty()) description[data::inherited_key] = held_out_.inherited();
    return description;
  }

  void write_model() {
    const Trainee::AverageGuard averaged(*trainee_);
    const bool best = !best_.json().is_null();
    nn::TensorWriter writer;
    writer.add("", best ? best_.weights() : nn::named_state(*network_));
    Json description = this->description();
    Json& training = description["training"];
    training["kept_steps"] = best ? best_.json().at("steps") : Json(options_.steps);
    if (best) training["validation"] = best_.json().at("validation");
    if (!validated_.is_null()) training[best ? "last_validation" : "validation"] = validated_;
    training["skipped_steps"] = trainee_->skipped();
    training["rollbacks"] = trainee_->rollbacks();
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
  std::unique_ptr<Trainee> trainee_;
  std::unique_ptr<Objectives> objectives_;
  std::string init_digest_;  ///< of the generator it began from; empty: none
  std::vector<Case> cases_;
  std::unique_ptr<data::CaseStore> train_;
  std::unique_ptr<data::PatchSampler> sampler_;
  std::unique_ptr<Validation> validation_;
  BestWeights best_;
  std::unique_ptr<JsonLog> log_;
  double average_l1_hu_ = 0;
  Json validated_;                             ///< figures of the last validation; null before the first
  Json pending_;                               ///< line of a step whose validation was stopped; else null
  double step_s_ = 0;                          ///< steps without validations
  std::unique_ptr<data::Prefetcher> batches_;  ///< last: its thread uses the others
};

}  // namespace

bool train_generator(const Manifest& manifest, const engine::TrainOptions& options, const engine::Compute& compute,
                     Provenance& provenance) {
  try {
    return Training(manifest, options, compute, provenance).run();
  } catch (const StopRequested&) {
    log_info("stopped by a signal before a step was made; the same command begins again, or continues");
    return false;
  }
}

Json plan_training(const Manifest& manifest, const engine::TrainOptions& options, const engine::Compute& compute,
                   Provenance& provenance) {
  return Training(manifest, options, compute, provenance).plan();
}

}  // namespace gdm::train
