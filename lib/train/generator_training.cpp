#include "train/generator_training.hpp"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <set>

#include "drift/coordination.hpp"
#include "drift/objective.hpp"
#include "synth/sliding_window.hpp"
#include "sys/log.hpp"
#include "sys/signals.hpp"
#include "train/data.hpp"
#include "train/loop.hpp"

namespace gdm::train {
namespace {

constexpr double background_weight = 0.05;
constexpr double least_part = 0.01;  // below this part of rho the drift is not computed
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

drift::ObjectiveOptions drift_options(const net::TrainOptions& options) {
  drift::ObjectiveOptions out;
  out.field.temperatures = options.temperatures;
  out.weight_global = options.weight_global;
  out.weight_local = options.weight_local;
  out.weight_spatial = options.weight_spatial;
  out.pair_weight = options.pair_weight;
  return out;
}

nlohmann::ordered_json settings(const net::TrainOptions& o, const net::Compute& compute) {
  nlohmann::ordered_json json{{"objective", o.objective},         {"steps", o.steps}, {"batch", o.batch},
                              {"learning_rate", o.learning_rate}, {"ema", o.ema},     {"seed", compute.seed}};
  if (o.objective == "gdm") {
    json["drift"] = {{"start", o.drift_start},         {"rho", o.rho},
                     {"conflict", o.conflict},         {"weight_global", o.weight_global},
                     {"weight_local", o.weight_local}, {"weight_spatial", o.weight_spatial},
                     {"pair_weight", o.pair_weight},   {"temperatures", o.temperatures}};
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
    if (options.objective == "gdm") {
      open_drift();
      check_leak(manifest);
    }
    torch::manual_seed(compute.seed);
    network_ = nn::Generator(config_);
    network_->to(device_);
    trainee_ = std::make_unique<Trainee>(*network_, options.ema);
    train_ = load_samples(usable_cases(manifest, "train"), config_.conditions, config_.hu_map, provenance);
    if (drift_) with_context(options.bank.string(), [&] { drift_->bank().require_edge(median_edge_mm(train_)); });
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
  /// A bank that has seen a patient of the val or test split would leak into what those splits measure.
  void check_leak(const Manifest& manifest) const {
    std::set<std::string> in_bank;
    for (const auto& patient : drift_->bank().description().at("patients")) in_bank.insert(patient.get<std::string>());
    for (const Case& item : manifest.cases) {
      if ((item.split == "val" || item.split == "test") && in_bank.count(item.patient()) != 0) {
        throw Error(fmt::format("{}: holds features of patient '{}', who is in the {} split", options_.bank.string(),
                                item.patient(), item.split));
      }
    }
  }

  void open_drift() {
    drift_ = std::make_unique<drift::DriftObjective>(options_.bank, drift_options(options_), config_.hu_map, device_);
    const drift::RealBank& bank = drift_->bank();
    if (bank.window() > options_.window) {
      throw Error(fmt::format("{}: made from windows of {} voxels, training windows have only {}",
                              options_.bank.string(), bank.window(), options_.window));
    }
    if (!options_.encoder.empty()) {
      const auto encoder = nn::load_encoder(options_.encoder, torch::Device(torch::kCPU));
      if (encoder.digest != bank.encoder().digest) {
        throw Error(fmt::format("{}: made with another encoder than {} (digest {:.12} instead of {:.12})",
                                options_.bank.string(), options_.encoder.string(), bank.encoder().digest,
                                encoder.digest));
      }
    }
    provenance_.add_source(options_.bank);
    if (rho_at(options_.steps - 1) <= least_part * options_.rho) {
      log_warning("--rho 0 or so late a --drift-start leaves plain regression: the drift is never used");
    }
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
    if (drift_) plan.configuration["bank"] = drift_->bank().digest();
    return plan;
  }

  Extra extra() {
    Extra extra;
    extra.save = [this](nn::TensorWriter& writer, nlohmann::ordered_json& json) {
      json["average_l1_hu"] = average_l1_hu_;
      json["validation_mae_hu"] = validation_mae_hu_;
      json["coordination"] = {{"fidelity_norm", coordination_.fidelity_norm},
                              {"drift_norm", coordination_.drift_norm},
                              {"updates", coordination_.updates}};
      if (drift_) drift_->save(writer, json["drift"]);
    };
    extra.load = [this](const SafetensorsFile& file, const nlohmann::ordered_json& json) {
      average_l1_hu_ = json.at("average_l1_hu").get<double>();
      validation_mae_hu_ = json.at("validation_mae_hu").get<double>();
      const auto& state = json.at("coordination");
      coordination_ = {state.at("fidelity_norm").get<double>(), state.at("drift_norm").get<double>(),
                       state.at("updates").get<std::int64_t>()};
      if (drift_) drift_->load(file, json.at("drift"));
    };
    extra.begin = [this](std::int64_t first) { log_ = std::make_unique<JsonLog>(options_.log, first); };
    return extra;
  }

  /// Share of the drift at this step: a sigmoid that reaches rho soon after drift_start.
  double rho_at(std::int64_t n) const {
    if (!drift_) return 0;
    const auto steps = static_cast<double>(options_.steps);
    const double middle = options_.drift_start + 0.025;
    return options_.rho / (1 + std::exp(-(static_cast<double>(n) / steps - middle) / 0.006));
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
    const double rho = rho_at(n);
    if (rho > least_part * options_.rho) gradient = add_drift(n, rho, batch, leaf, gradient, line);
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

  Tensor add_drift(std::int64_t n, double rho, const Batch& batch, const Tensor& predicted, const Tensor& fidelity,
                   nlohmann::ordered_json& line) {
    at::Generator generator = drift::step_generator(compute_.seed, n);
    const auto drift = drift_->gradient(predicted, batch.target, batch.mask, generator);
    const Tensor inside = drift.gradient * batch.mask.to(torch::kFloat32);
    const auto together = drift::coordinate(fidelity, inside, {rho, options_.conflict}, coordination_);
    line["drift"] = {{"rho", rho},
                     {"loss", drift.loss},
                     {"raw_force_rms", drift.raw_rms},
                     {"fidelity_norm", together.fidelity_norm},
                     {"drift_norm", together.drift_norm},
                     {"cosine", together.cosine},
                     {"conflict_rate", together.conflict_rate},
                     {"effective_share", together.effective_share},
                     {"used", together.drift_used}};
    return together.gradient;
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
    if (drift_) training["bank_sha256"] = drift_->bank().digest();
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
  std::unique_ptr<drift::DriftObjective> drift_;
  drift::CoordinationState coordination_;
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
