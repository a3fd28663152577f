#include "train/pretrain.hpp"

#include <fmt/format.h>

#include <cmath>

#include "bank/levels.hpp"
#include "engine/pretrain_options.hpp"
#include "model/encoder_text.hpp"
#include "nn/residual_encoder.hpp"
#include "nn/step_generator.hpp"
#include "sys/log.hpp"
#include "sys/signals.hpp"
#include "train/contrast.hpp"
#include "train/loop.hpp"
#include "train/probe.hpp"
#include "train/tasks.hpp"

namespace gdm::train {
namespace {

using Json = nlohmann::ordered_json;

constexpr double ema_decay = 0.999;
constexpr std::int64_t validation_patches = 32;
constexpr std::size_t most_validation_cases = 20;
constexpr std::int64_t probe_patches_per_patient = 8;

/// Encoder with the decoder that its training task needs.
struct PretrainNetImpl : torch::nn::Module {
  PretrainNetImpl(const nn::ResidualEncoderConfig& config, std::int64_t outputs) {
    encoder = register_module("encoder", std::make_shared<nn::ResidualEncoder>(config));
    up = register_module("up", nn::UpPath(config.widths));
    head = register_module("head", nn::convolution(config.widths[0], 8 * outputs, 3));
  }
  Tensor decoded(const std::vector<Tensor>& maps) { return nn::depth_to_space(head(torch::silu(up(maps)))); }

  std::shared_ptr<nn::ResidualEncoder> encoder;
  nn::UpPath up{nullptr};
  torch::nn::Conv3d head{nullptr};
};
TORCH_MODULE(PretrainNet);

data::Strength strength_of(const engine::PretrainOptions& options) {
  const bool contrast = options.task == "segment+contrast";
  const std::string automatic = contrast ? "medium" : options.task == "masked" ? "light" : "strong";
  data::Strength strength = data::strength_from_name(options.augment == "auto" ? automatic : options.augment);
  if (contrast) {  // how sharp a place is, is what it is to be known by
    strength.blur = 0;
    strength.resolution = 1;
  }
  return strength;
}

/// The first cases of the val split that can be used; none is no error.
std::vector<Case> validation_cases(const Manifest& manifest) {
  std::vector<Case> cases;
  for (const Case& item : manifest.cases) {
    if (item.split == "val" && !item.error && cases.size() < most_validation_cases) cases.push_back(item);
  }
  return cases;
}

class Pretraining {
 public:
  Pretraining(const Manifest& manifest, const engine::PretrainOptions& options, const engine::Compute& compute,
              Provenance& provenance)
      : options_(options),
        compute_(compute),
        provenance_(provenance),
        device_(nn::device_from_text(compute.device)),
        strength_(strength_of(options)) {
    config_.stem = options.stem;
    config_.widths = options.widths;
    load(manifest);
    torch::manual_seed(compute.seed);
    net_ = PretrainNet(config_, tasks_->outputs());
    net_->to(device_);
    trainee_ = std::make_unique<Trainee>(*net_, ema_decay);
  }

  bool run() {
    const LoopPlan plan = loop_plan();
    if (!run_loop(plan, *trainee_, extra(), [this](std::int64_t n) { return step(n); })) return false;
    write_encoder();
    fs::remove(plan.checkpoint);
    return true;
  }

 private:
  void load(const Manifest& manifest) {
    const std::vector<Case> train = data::usable_cases(manifest, "train"), val = validation_cases(manifest);
    source_ = data::choose_source(train, options_.volumes, options_.scaling, segments());
    check_source();
    source_.spacing_mm = options_.spacing_mm;
    input_.scaling = source_.scaling == "percentile" ? "percentile" : "hu";  // painted images are like any other
    train_ = data::load_images(train, source_, input_.hu_map, provenance_);
    if (val.empty()) {
      log_info("no case in split 'val': no validation curve, and the probe uses train cases");
    } else {
      data::choose_source(val, source_.name, options_.scaling, false);
      validation_ = data::load_images(val, source_, input_.hu_map, provenance_, Provenance::validation);
    }
    const auto edges = data::edge_range_mm(train_);
    input_.spacing_mm = {edges[0], edges[1] * strength_.resolution};  // larger voxels were simulated, smaller not
    if (source_.scaling == "labels") {
      labels_ =
          data::classes_of({&train_, &validation_},
                           options_.classes.is_null() ? manifest.extra.value("classes", Json()) : options_.classes);
      data::to_places(train_, *labels_);
      data::to_places(validation_, *labels_);
    }
    tasks_ = std::make_unique<TaskMaker>(options_, strength_, labels_, data::ValueClasses(source_, input_.hu_map));
    const std::int64_t patch = tasks_->drawn_patch();
    train_sampler_ = std::make_unique<data::PatchSampler>(train_, patch, options_.batch, compute_.seed);
    val_sampler_ = std::make_unique<data::PatchSampler>(validation_, patch, options_.batch, compute_.seed);
    describe_data();
  }

  bool segments() const { return options_.task != "masked"; }

  void check_source() const {
    const bool labels = source_.scaling == "labels";
    if (!segments() && labels) {
      throw Error("--task masked restores images, and the cases have label maps; they are for --task segment",
                  Exit::usage);
    }
    if (segments() && source_.scaling == "percentile") {
      throw Error("--task " + options_.task + " needs label maps or CT in HU, and '" + source_.name + "' is neither",
                  Exit::usage);
    }
    if (!labels && !options_.classes.is_null()) {
      throw Error("classes of labels are given, and the volumes used ('" + source_.name + "') are not label maps",
                  Exit::usage);
    }
  }

  void describe_data() {
    data_ = {{"volumes", source_.name},
             {"scaling", source_.scaling},
             {"train_cases", train_.size()},
             {"val_cases", validation_.size()},
             {"voxel_edge_mm", data::edge_range_mm(train_)}};
    if (options_.spacing_mm > 0) data_["resampled_to_mm"] = options_.spacing_mm;
    if (segments()) {
      data_["classes_from"] = labels_ ? "labels, images painted on them" : "HU, appearance of the CT randomised";
      data_["classes"] = labels_ ? labels_->json() : data::ValueClasses(source_, input_.hu_map).json(input_.hu_map);
      log_info(fmt::format("{} classes from {}", tasks_->outputs(), data_["classes_from"].get<std::string>()));
    }
  }

  Json encoder_json() const {
    Json json = config_.json();
    json["input"] = input_.json();
    return json;
  }

  Json settings() const {
    return engine::pretrain_settings(
        options_, {{"ema", ema_decay}, {"seed", compute_.seed}, {"augment", strength_.json()}, {"data", data_}});
  }

  LoopPlan loop_plan() const {
    LoopPlan plan;
    plan.title = "pretraining (" + options_.task + ")";
    plan.steps = options_.steps;
    plan.checkpoint = checkpoint_path(options_.output);
    plan.checkpoint_every = options_.checkpoint_every;
    plan.max_time_s = options_.max_time_s;
    plan.restart = options_.restart;
    plan.configuration = {{"encoder", encoder_json()},
                          {"training", settings()},
                          {"data", {data::data_digest(train_), data::data_digest(validation_)}}};
    return plan;
  }

  Extra extra() {
    Extra extra;
    extra.record.save = [this](nn::TensorWriter&, Json& json) {
      json["average_loss"] = average_loss_;
      json["curve"] = curve_;
    };
    extra.record.load = [this](const SafetensorsFile&, const Json& json) {
      average_loss_ = json.at("average_loss").get<double>();
      curve_ = json.at("curve");
    };
    extra.begin = [this](std::int64_t first) { log_ = std::make_unique<JsonLog>(options_.log, first); };
    return extra;
  }

  std::string step(std::int64_t n) {
    at::Generator generator = nn::step_generator(compute_.seed, n);
    const Task task = tasks_->make(train_sampler_->draw(n, device_), generator);
    const Tensor loss = loss_of(task);
    trainee_->zero_grad();
    loss.backward();
    const double rate = learning_rate(options_.learning_rate, n, options_.steps);
    const double value = loss.item<double>(), norm = trainee_->step(rate, value);
    if (std::isfinite(value)) average_loss_ = n == 0 ? value : 0.98 * average_loss_ + 0.02 * value;
    Json line{{"step", n},
              {"loss", value},
              {"parameter_gradient_norm", norm},
              {"learning_rate", rate * trainee_->rate_factor()}};
    if (!validation_.empty() && ((n + 1) % options_.validate_every == 0 || n + 1 == options_.steps)) {
      const double validation = validation_loss();
      if (std::isfinite(validation)) curve_.push_back({{"step", n + 1}, {"loss", validation}});
      line["validation"] = validation;
    }
    log_->write(line);
    return fmt::format("loss {:.4f}", average_loss_) +
           (curve_.empty() ? "" : fmt::format(", validation {:.4f}", curve_.back().at("loss").get<double>()));
  }

  Tensor loss_of(const Task& task) {
    nn::ResidualEncoder& encoder = *net_->encoder;
    const std::vector<Tensor> maps = encoder.maps(task.input);
    const Tensor loss = TaskMaker::loss(net_->decoded(maps), task);
    if (!task.rescan.defined()) return loss;
    return loss +
           contrast_loss(encoder.taps(), maps, encoder.maps(task.rescan), encoder.maps(task.altered), task.inside);
  }

  /// The averaged weights on the same patches, appearances and masks each time. Training never draws negative steps.
  double validation_loss() {
    const torch::NoGradGuard no_grad;
    const Trainee::AverageGuard averaged(*trainee_);
    const std::int64_t batches = (validation_patches + options_.batch - 1) / options_.batch;
    double sum = 0;
    for (std::int64_t b = 1; b <= batches; ++b) {
      at::Generator generator = nn::step_generator(compute_.seed, -b);
      sum += loss_of(tasks_->make(val_sampler_->draw(-1 - b, device_), generator)).item<double>();
    }
    return sum / static_cast<double>(batches);
  }

  Json validation_json() const {
    if (curve_.empty()) return nullptr;
    Json best = curve_.front();
    for (const Json& point : curve_) {
      if (point.at("loss").get<double>() < best.at("loss").get<double>()) best = point;
    }
    return {
        {"patches", validation_patches}, {"kept", "last"}, {"last", curve_.back()}, {"best", best}, {"curve", curve_}};
  }

  Json probe(const nn::FrozenEncoder& encoder) {
    const bool held_out = !validation_.empty();
    const ProbeSet set = probe_set(std::move(held_out ? validation_ : train_), source_, input_.hu_map,
                                   labels_ ? &*labels_ : nullptr, compute_.seed);
    Json result{{"split", held_out ? "val" : "train"}};
    try {
      result.update(probe_encoder(encoder, set, options_.patch, probe_patches_per_patient, compute_.seed, device_));
    } catch (const Error& error) {  // no reason to lose the training
      log_warning(std::string("the features were not probed: ") + error.what());
      return nullptr;
    }
    log_info(model::probe_text(result));
    return result;
  }

  void write_encoder() {
    const Trainee::AverageGuard averaged(*trainee_);
    const torch::NoGradGuard no_grad;
    // Rounded before anything is measured, so that what is measured is what a reader of the file gets.
    for (auto& parameter : net_->encoder->parameters()) parameter.copy_(parameter.to(torch::kFloat16));
    Json training = settings(), description{{"encoder", encoder_json()}};
    training["final_loss"] = average_loss_;
    training["validation"] = validation_json();
    description["training"] = training;
    const nn::FrozenEncoder frozen = nn::freeze(net_->encoder, description, device_);
    description["probe"] = probe(frozen);
    if (!options_.card.empty()) description["card"] = {{"card", options_.card}};
    description["provenance"] = provenance_.json();
    nn::write_encoder(options_.output, *net_->encoder, description, options_.overwrite);
  }

  const engine::PretrainOptions& options_;
  const engine::Compute& compute_;
  Provenance& provenance_;
  torch::Device device_;
  data::Strength strength_;
  nn::ResidualEncoderConfig config_;
  nn::InputConvention input_;
  data::Source source_;
  std::vector<data::Sample> train_, validation_;
  std::optional<data::LabelClasses> labels_;
  Json data_;
  std::unique_ptr<TaskMaker> tasks_;
  std::unique_ptr<data::PatchSampler> train_sampler_, val_sampler_;
  PretrainNet net_{nullptr};
  std::unique_ptr<Trainee> trainee_;
  std::unique_ptr<JsonLog> log_;
  double average_loss_ = 0;
  Json curve_ = Json::array();
};

}  // namespace

bool pretrain_encoder(const Manifest& manifest, const engine::PretrainOptions& options, const engine::Compute& compute,
                      Provenance& provenance) {
  try {
    return Pretraining(manifest, options, compute, provenance).run();
  } catch (const StopRequested&) {
    log_info("stopped by a signal; the same command begins again, or continues from its checkpoint");
    return false;
  }
}

}  // namespace gdm::train
