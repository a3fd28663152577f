#include "train/generator_training.hpp"

#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "synth/sliding_window.hpp"
#include "sys/log.hpp"
#include "sys/signals.hpp"
#include "train/data.hpp"
#include "train/loop.hpp"
#include "train/objectives.hpp"

namespace gdm::train {
namespace {

constexpr double background_weight = 0.05;
constexpr std::size_t most_validation_cases = 6;

/// Conditions of a task: CT-like inputs in HU, anything else by percentile. "sparse-ct" starts from the FBP.
nn::GeneratorConfig generator_config(const Manifest& manifest, const net::TrainOptions& options) {
  nn::GeneratorConfig config;
  config.task = manifest.task;
  config.widths = options.widths;
  config.window = options.window;
  const Case first = usable_cases(manifest, "train").front();
  if (manifest.task == "sparse-ct") {
    config.conditions = {{"fbp", "hu"}};
    config.residual_on_first = true;
    first.input("fbp");
  } else if (manifest.task == "mr2ct") {
    for (const auto& [name, path] : first.inputs) config.conditions.push_back({name, "percentile"});
    if (config.conditions.empty()) throw Error("case '" + first.id + "': no inputs to learn from");
  } else {
    throw Error(fmt::format("task '{}' is not one that can be trained; expected sparse-ct or mr2ct", manifest.task));
  }
  if (config.window % config.size_multiple() != 0) {
    throw Error(fmt::format("--window {} is not a multiple of {}, which {} levels need", config.window,
                            config.size_multiple(), config.widths.size()),
                Exit::usage);
  }
  return config;
}

nlohmann::ordered_json settings(const net::TrainOptions& o, const net::Compute& compute) {
  nlohmann::ordered_json json{{"objective", o.objective},         {"steps", o.steps}, {"batch", o.batch},
                              {"learning_rate", o.learning_rate}, {"ema", o.ema},     {"seed", compute.seed}};
  if (!o.init.empty()) json["init"] = o.init.filename().string();
  if (o.objective == "regression") return json;
  json["coordination"] = {{"mode", o.coordination}, {"conflict", o.conflict}, {"conflict_edge", o.conflict_edge}};
  json["start"] = o.drift_start;
  json["perceptual"] = o.perceptual;
  json["taps"] = o.taps;
  if (o.objective == "gdm") {
    json["drift"] = {{"rho", o.rho},
                     {"weight_global", o.weight_global},
                     {"weight_local", o.weight_local},
                     {"weight_spatial", o.weight_spatial},
                     {"pair_weight", o.pair_weight},
                     {"temperatures", o.temperatures},
                     {"sinkhorn", o.sinkhorn}};
  }
  return json;
}

Tensor weighted_l1(const Tensor& predicted, const Tensor& target, const Tensor& mask) {
  const Tensor weight = mask.to(torch::kFloat32) * (1 - background_weight) + background_weight;
  return ((predicted - target).abs() * weight).sum() / weight.sum();
}

class Training {
 public:
  Training(const Manifest& manifest, const net::TrainOptions& options, const net::Compute& compute,
           Provenance& provenance)
      : options_(options),
        compute_(compute),
        provenance_(provenance),
        device_(nn::device_from_text(compute.device)),
        config_(generator_config(manifest, options)) {
    torch::manual_seed(compute.seed);
    network_ = nn::Generator(config_);
    if (!options.init.empty()) begin_from(options.init);
    network_->to(device_);
    trainee_ = std::make_unique<Trainee>(*network_, options.ema);
    train_ = load_samples(usable_cases(manifest, "train"), config_.conditions, config_.hu_map, provenance);
    objectives_ = std::make_unique<Objectives>(options, compute.seed, manifest, config_.hu_map, median_edge_mm(train_),
                                               device_, provenance);
    std::vector<Case> validation;
    for (const Case& item : manifest.cases) {
      if (item.split == "val" && !item.error && validation.size() < most_validation_cases) validation.push_back(item);
    }
    if (!validation.empty()) validation_ = load_samples(validation, config_.conditions, config_.hu_map, provenance);
    sampler_ = std::make_unique<WindowSampler>(train_, options.window, options.batch, compute.seed);
  }

  bool run() {
    LoopPlan plan = loop_plan();
    if (!run_loop(plan, *trainee_, extra(), [this](std::int64_t n) { return step(n); })) return false;
    write_model();
    fs::remove(plan.checkpoint);
    return true;
  }

 private:
  /// Takes over the weights of a trained generator of the same architecture.
  void begin_from(const fs::path& path) {
    const nn::LoadedGenerator trained = nn::load_generator(path, torch::Device(torch::kCPU));
    auto same = [](nlohmann::ordered_json config) {
      config.erase("window");  // what it was trained with; the weights do not depend on it
      return config;
    };
    if (same(trained.config.json()) != same(config_.json())) {
      throw Error(fmt::format("{}: a generator of another task or architecture: {} instead of {}", path.string(),
                              same(trained.config.json()).dump(), same(config_.json()).dump()));
    }
    const torch::NoGradGuard no_grad;
    auto parameters = network_->named_parameters();
    for (const auto& item : trained.network->named_parameters()) parameters[item.key()].copy_(item.value());
    init_digest_ = trained.digest;
    provenance_.add_source(path);
  }

  LoopPlan loop_plan() const {
    LoopPlan plan;
    plan.title = "training (" + options_.objective + ")";
    plan.steps = options_.steps;
    plan.checkpoint = checkpoint_path(options_.output);
    plan.checkpoint_every = options_.checkpoint_every;
    plan.max_time_s = options_.max_time_s;
    plan.restart = options_.restart;
    plan.configuration = {
        {"generator", config_.json()}, {"training", settings(options_, compute_)}, {"data", data_digest(train_)}};
    if (!objectives_->empty()) plan.configuration["objectives"] = objectives_->description();
    if (!init_digest_.empty()) plan.configuration["init"] = init_digest_;
    return plan;
  }

  Extra extra() {
    Extra extra;
    extra.save = [this](nn::TensorWriter& writer, nlohmann::ordered_json& json) {
      json["average_l1_hu"] = average_l1_hu_;
      json["validation_mae_hu"] = validation_mae_hu_;
      objectives_->save(writer, json["objectives"]);
    };
    extra.load = [this](const SafetensorsFile& file, const nlohmann::ordered_json& json) {
      average_l1_hu_ = json.at("average_l1_hu").get<double>();
      validation_mae_hu_ = json.at("validation_mae_hu").get<double>();
      objectives_->load(file, json.at("objectives"));
    };
    extra.begin = [this](std::int64_t first) { log_ = std::make_unique<JsonLog>(options_.log, first); };
    return extra;
  }

  std::string step(std::int64_t n) {
    const Batch batch = sampler_->draw(n, device_);
    nlohmann::ordered_json line{{"step", n}};
    const Tensor predicted = network_(batch.conditions);
    const Tensor leaf = predicted.detach().requires_grad_(true);
    const Tensor fidelity = weighted_l1(leaf, batch.target, batch.mask);
    Tensor gradient = torch::autograd::grad({fidelity}, {leaf})[0];
    const double l1_hu = fidelity.item<double>() * config_.hu_map.hu_per_unit();
    line["l1_hu"] = l1_hu;
    if (!objectives_->empty()) {
      gradient = objectives_->coordinated(n, {leaf, batch.target, batch.mask}, gradient, line);
    }
    trainee_->zero_grad();
    predicted.backward(gradient);
    const double rate = learning_rate(options_.learning_rate, n, options_.steps);
    line["parameter_gradient_norm"] = trainee_->step(rate);
    line["learning_rate"] = rate;
    if (std::isfinite(l1_hu)) average_l1_hu_ = n == 0 ? l1_hu : 0.98 * average_l1_hu_ + 0.02 * l1_hu;
    if (!validation_.empty() && ((n + 1) % options_.validate_every == 0 || n + 1 == options_.steps)) validate(line);
    log_->write(line);
    return fmt::format("L1 {:.1f} HU", average_l1_hu_) +
           (validation_mae_hu_ > 0 ? fmt::format(", validation MAE {:.1f} HU", validation_mae_hu_) : "");
  }

  /// Masked MAE of whole volumes with the averaged weights.
  void validate(nlohmann::ordered_json& line) {
    const Trainee::AverageGuard averaged(*trainee_);
    const synth::WindowPlan plan{config_.window, 0.25};
    double sum = 0;
    try {
      for (const Sample& sample : validation_) {
        const Tensor out = synth::slide(
            sample.conditions, [this](const Tensor& x) { return network_(x); }, plan, -1.0, device_, "", nullptr);
        const Tensor mask = sample.mask[0].to(torch::kBool);
        sum += (out - sample.target[0]).abs().masked_select(mask).mean().item<double>();
      }
    } catch (const StopRequested&) {
      return;  // the loop sees the same request and saves
    }
    validation_mae_hu_ = sum / static_cast<double>(validation_.size()) * config_.hu_map.hu_per_unit();
    line["validation"] = {{"cases", validation_.size()}, {"mae_hu", validation_mae_hu_}};
  }

  void write_model() {
    const Trainee::AverageGuard averaged(*trainee_);
    nn::TensorWriter writer;
    writer.add("", nn::named_state(*network_));
    auto training = settings(options_, compute_);
    training["cases"] = train_.size();
    if (validation_mae_hu_ > 0) training["validation_mae_hu"] = validation_mae_hu_;
    if (!objectives_->empty()) training["objectives"] = objectives_->description();
    if (!init_digest_.empty()) training["init_sha256"] = init_digest_;
    writer.write(options_.output,
                 {{"kind", "generator"},
                  {"generator", config_.json()},
                  {"training", training},
                  {"provenance", provenance_.json()}},
                 options_.overwrite);
  }

  const net::TrainOptions& options_;
  const net::Compute& compute_;
  Provenance& provenance_;
  torch::Device device_;
  nn::GeneratorConfig config_;
  nn::Generator network_{nullptr};
  std::unique_ptr<Trainee> trainee_;
  std::unique_ptr<Objectives> objectives_;
  std::string init_digest_;  ///< of the generator it began from; empty: none
  std::vector<Sample> train_, validation_;
  std::unique_ptr<WindowSampler> sampler_;
  std::unique_ptr<JsonLog> log_;
  double average_l1_hu_ = 0, validation_mae_hu_ = 0;
};

}  // namespace

bool train_generator(const Manifest& manifest, const net::TrainOptions& options, const net::Compute& compute,
                     Provenance& provenance) {
  try {
    return Training(manifest, options, compute, provenance).run();
  } catch (const StopRequested&) {
    log_info("stopped by a signal before the first step; the same command begins again");
    return false;
  }
}

}  // namespace gdm::train
