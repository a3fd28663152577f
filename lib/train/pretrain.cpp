#include "train/pretrain.hpp"

#include <fmt/format.h>

#include "engine/pretrain_options.hpp"
#include "model/encoder_text.hpp"
#include "nn/device.hpp"
#include "nn/encoder.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "train/encoder_method.hpp"
#include "train/probe.hpp"
#include "train/session.hpp"

namespace gdm::train {
namespace {

constexpr double ema_decay = 0.999;
constexpr std::size_t most_validation_cases = 20;
constexpr std::int64_t probe_patches_per_patient = 8;

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
    begin_session();
  }

  bool run() {
    return session_->run({[this] { write_encoder(); }, {}});
  }

 private:
  void load(const Manifest& manifest) {
    const std::vector<Case> train = data::usable_cases(manifest, "train"),
                            val = validation_cases(manifest, most_validation_cases);
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

  void begin_session() {
    method_ = std::make_unique<EncoderMethod>(net_, *tasks_, compute_.seed);
    validator_ = std::make_unique<EncoderValidator>(*method_, *val_sampler_, options_.batch, device_);
    SessionPlan plan = session_plan(options_, "pretraining (" + options_.task + ")",
                                    {{"encoder", encoder_json()},
                                     {"training", settings()},
                                     {"data", {data::data_digest(train_), data::data_digest(validation_)}}});
    plan.ema = ema_decay;
    const auto draw = [this](std::int64_t number) { return train_sampler_->draw(number, torch::kCPU); };
    session_ = std::make_unique<Session>(std::move(plan), *net_, device_, *method_, draw,
                                         validation_.empty() ? nullptr : validator_.get());
  }

  Json validation_json() const {
    const Json& curve = validator_->curve();
    if (curve.empty()) return nullptr;
    Json best = curve.front();
    for (const Json& point : curve) {
      if (point.at("loss").get<double>() < best.at("loss").get<double>()) best = point;
    }
    return {{"patches", EncoderValidator::patches},
            {"kept", "last"},
            {"last", curve.back()},
            {"best", best},
            {"curve", curve}};
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
    const torch::NoGradGuard no_grad;
    // Rounded before anything is measured, so that what is measured is what a reader of the file gets.
    for (auto& parameter : net_->encoder->parameters()) parameter.copy_(parameter.to(torch::kFloat16));
    Json training = settings(), description{{"encoder", encoder_json()}};
    training["final_loss"] = session_->average_loss();
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
  std::unique_ptr<EncoderMethod> method_;
  std::unique_ptr<EncoderValidator> validator_;
  std::unique_ptr<Session> session_;  ///< last: it uses the others
};

}  // namespace

bool pretrain_encoder(const Manifest& manifest, const engine::PretrainOptions& options, const engine::Compute& compute,
                      Provenance& provenance) {
  return unless_stopped([&] { return Pretraining(manifest, options, compute, provenance).run(); });
}

}  // namespace gdm::train
