#include "train/objectives.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nn/host.hpp"
#include "nn/step_generator.hpp"
#include "objective/adversarial_objective.hpp"
#include "objective/encoder_objective.hpp"
#include "objective/gradient_l1_loss.hpp"
#include "objective/projection_objective.hpp"
#include "objective/ssim_loss.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::train {
namespace {

constexpr double least_part = 0.01;            // of the schedule: below it objectives are not computed
constexpr std::int64_t unseen_iterations = 8;  // so few leave also what rays tell faintly
constexpr std::int64_t view_margin = 8;        // voxels that a view may shift where no bank says how large it is

/// Whether an objective in features has a share.
bool out_of_features(const engine::TrainOptions& options) {
  const bool drifts = options.objective == engine::Objective::gdm && options.drift > 0;
  return options.compares_features() && (drifts || options.perceptual > 0 || options.frechet > 0);
}

objective::AdversarialOptions adversarial_options(const engine::TrainOptions& options) {
  objective::AdversarialOptions out;
  out.share = options.adversarial;
  out.loss = options.adversarial_loss;
  out.r1 = options.r1;
  out.rate = options.discriminator_rate;
  out.bfloat16 = options.precision == engine::Precision::bf16;
  return out;
}

objective::EncoderObjectiveOptions encoder_options(const engine::TrainOptions& options, const nn::HuMap& units,
                                                   double edge_mm) {
  objective::EncoderObjectiveOptions out;
  out.drift_share = options.objective == engine::Objective::gdm ? options.drift : 0.0;
  out.perceptual_share = options.perceptual;
  out.frechet_share = options.objective == engine::Objective::frechet ? options.frechet : 0.0;
  out.frechet = {options.weight_global, options.weight_local, options.weight_spatial, options.taps,
                 options.ring_batches};
  out.drift.field.temperatures = options.temperatures;
  out.drift.finest_taps = options.taps;
  out.drift.weight_global = options.weight_global;
  out.drift.weight_local = options.weight_local;
  out.drift.weight_spatial = options.weight_spatial;
  out.drift.pair_weight = options.pair_weight;
  out.drift.bank_global = options.set_global;
  out.drift.bank_local = options.set_local;
  out.drift.ring_batches = options.ring_batches;
  out.seeing.units = units;
  out.seeing.edge_mm = edge_mm;
  out.seeing.bfloat16 = options.precision == engine::Precision::bf16;
  return out;
}

}  // namespace

Objectives::Objectives(const engine::TrainOptions& options, std::uint64_t seed, const nn::HuMap& units, double edge_mm,
                       torch::Device device, Provenance& provenance, std::shared_ptr<const data::ScannedCases> scans,
                       std::int64_t conditions)
    : options_(options), scans_(std::move(scans)), seed_(seed), device_(device) {
  if (options.plain_regression()) return;
  coordination_ = {options.coordination, options.conflict, options.conflict_edge};
  const auto add_loss = [this](const char* name, objective::PairedObjective::Loss loss, double share) {
    if (share > 0) always_.push_back(std::make_unique<objective::PairedObjective>(name, loss, share));
  };
  add_loss("ssim", objective::ssim_loss, options.ssim);
  add_loss("gradient_l1", objective::gradient_l1_loss, options.gradient_l1);
  if (options.projection > 0) {
    always_.push_back(std::make_unique<objective::ProjectionObjective>(scans_, options.projection));
  }
  if (options.objective == engine::Objective::gan && options.adversarial > 0) {
    if (options.patch.least() < nn::PatchDiscriminatorImpl::least_edge) {
      throw Error(fmt::format("--objective gan needs patches of {} voxels at least along each axis",
                              nn::PatchDiscriminatorImpl::least_edge),
                  Exit::usage);
    }
    always_.push_back(
        std::make_unique<objective::AdversarialObjective>(conditions, adversarial_options(options), device));
  }
  const bool used = out_of_features(options) || !always_.empty();
  if (!used || schedule(options.steps - 1) <= least_part) {
    log_warning("shares of 0 or so late a --drift-start leave plain regression: no other objective is ever used");
  }
  if (!options.compares_features()) return;
  for (const fs::path& path : options.banks) {
    with_context(path.string(), [&] { add_bank(path, units, edge_mm, device); });
    provenance.add_source(path);
  }
  for (const fs::path& path : options.encoders) {
    with_context(path.string(), [&] { add_encoder(path, units, edge_mm, device); });
    provenance.add_source(path);
  }
}

void Objectives::check_files(const engine::TrainOptions& options, data::HeldOut& held_out) {
  if (!options.compares_features()) return;
  const auto check = [&](const fs::path& path, const char* kind) {
    const SafetensorsFile file(path);
    file.require_kind(kind);
    held_out.check_files(path, file.description());
    held_out.check_patients(path, file.description().value("patients", std::vector<std::string>{}));
  };
  for (const fs::path& path : options.banks) check(path, "bank");
  for (const fs::path& path : options.encoders) check(path, "encoder");
}

void Objectives::add_bank(const fs::path& path, const nn::HuMap& units, double edge_mm, torch::Device device) {
  const auto bank = std::make_shared<const bank::RealBank>(path, device);
  if (bank->training_patch() != options_.patch) {
    throw Error(fmt::format(
        "made of views of patches of {0} voxels, this training's have {1}: their features have another distribution, "
        "so "
        "a generator could do no right; build the bank with --training-patch {1}, or train with --patch {0}",
        bank->training_patch().text(), options_.patch.text()));
  }
  bank->require_edge(edge_mm);
  const std::string name = std::to_string(members_.size() + 1);
  members_.push_back(
      std::make_unique<objective::EncoderObjective>(name, bank, encoder_options(options_, units, edge_mm)));
  description_.push_back({{"name", name}, {"bank_sha256", bank->digest()}, {"encoder", bank->encoder().digest}});
}

void Objectives::add_encoder(const fs::path& path, const nn::HuMap& units, double edge_mm, torch::Device device) {
  nn::FrozenEncoder encoder = nn::load_encoder(path, device);
  std::int64_t multiple = 1;
  for (const nn::Tap& tap : encoder.taps()) multiple = std::max(multiple, tap.stride);
  const std::int64_t thinnest = options_.patch.least(), room = thinnest - view_margin;
  const std::int64_t size = room >= multiple ? room / multiple * multiple : thinnest / multiple * multiple;
  if (size == 0) throw Error(fmt::format("its coarsest stride of {} needs a larger --patch", multiple));
  const std::string name = std::to_string(members_.size() + 1);
  description_.push_back({{"name", name}, {"encoder", encoder.digest}});
  members_.push_back(std::make_unique<objective::EncoderObjective>(name, std::move(encoder), size,
                                                                   encoder_options(options_, units, edge_mm)));
}

double Objectives::schedule(std::int64_t step) const {
  const double part = static_cast<double>(step) / static_cast<double>(options_.steps);
  const double middle = options_.drift_start + 0.025;
  return 1 / (1 + std::exp(-(part - middle) / 0.006));
}

double Objectives::share_factor(std::int64_t step) const {
  const double start = options_.drift_start * static_cast<double>(options_.steps);
  const double length = static_cast<double>(options_.steps - 1) - start;
  if (length <= 0) return 1;
  return 1 + (options_.share_end - 1) * std::clamp((static_cast<double>(step) - start) / length, 0.0, 1.0);
}

Tensor Objectives::coordinated(std::int64_t step, const objective::OutputPatch& patch, const Tensor& fidelity,
                               nn::LogLine& line) {
  const double part = schedule(step) * share_factor(step);
  std::vector<objective::SideGradient> sides;
  if (part > least_part) {
    at::Generator generator = nn::step_generator(seed_, patch.batch);
    std::vector<objective::OutputObjective*> taking_part;
    if (!members_.empty())
      taking_part.push_back(members_[static_cast<std::size_t>(patch.batch) % members_.size()].get());
    for (const auto& objective : always_) taking_part.push_back(objective.get());
    for (objective::OutputObjective* objective : taking_part) {
      for (auto& side : objective->gradients(patch, generator)) {
        line.set("/objectives/" + side.name, side.log);
        Tensor gradient = side.gradient * patch.mask.to(torch::kFloat32);
        if (options_.coordination == engine::Coordination::null_space && !objective->speaks_for_rays()) {
          gradient = scans_->unseen(gradient, *patch.places, unseen_iterations);
        }
        sides.push_back({side.name, gradient, part * side.share});
      }
    }
  }
  const auto together = objective::coordinate(fidelity, sides, coordination_, state_);
  line.set("/fidelity_norm", together.fidelity_norm);
  for (const objective::SideGradient& side : sides) {
    const auto& report = together.sides.at(side.name);
    const std::string place = "/objectives/" + side.name;
    line.set(place + "/share", Json(side.share));
    line.set(place + "/norm", report.norm);
    line.set(place + "/cosine", report.cosine);
    line.set(place + "/conflict_rate", report.conflict_rate);
    line.set(place + "/effective_share", report.effective_share);
    line.set(place + "/used", report.used);
  }
  return together.gradient;
}

void Objectives::settle() {
  for (const auto& objective : members_) objective->settle();
  for (const auto& objective : always_) objective->settle();
}

void Objectives::save(nn::TensorWriter& writer, Json& json) const {
  const auto pair = [](const objective::NormAverage& norm) -> Json {
    if (!norm.sum.defined()) return {0.0, 0};
    return {norm.sum.item<double>(), static_cast<std::int64_t>(norm.updates.item<double>())};
  };
  json["fidelity"] = pair(state_.fidelity);
  json["sides"] = Json::object();
  for (const auto& [name, norm] : state_.sides) json["sides"][name] = pair(norm);
  json["members"] = Json::array();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    members_[i]->save(writer, fmt::format("objective{}.", i), json["members"].emplace_back());
  }
  json["always"] = Json::array();
  for (std::size_t i = 0; i < always_.size(); ++i) {
    always_[i]->save(writer, fmt::format("always{}.", i), json["always"].emplace_back());
  }
}

void Objectives::load(const SafetensorsFile& file, const Json& json) {
  const auto norm = [this](const Json& pair) {
    const auto number = [&](int n) {
      return nn::to_device(torch::tensor(pair.at(n).get<double>(), torch::kFloat64), device_);
    };
    return objective::NormAverage{number(0), number(1)};
  };
  state_.fidelity = norm(json.at("fidelity"));
  state_.sides.clear();
  for (const auto& [name, pair] : json.at("sides").items()) state_.sides[name] = norm(pair);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    members_[i]->load(file, fmt::format("objective{}.", i), json.at("members").at(i));
  }
  for (std::size_t i = 0; i < always_.size(); ++i) {
    always_[i]->load(file, fmt::format("always{}.", i), json.at("always").at(i));
  }
}

}  // namespace gdm::train
