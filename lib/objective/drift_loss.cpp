#include "objective/drift_loss.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nn/host.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::objective {
namespace {

constexpr const char* ring_name = "ring.";
constexpr double least_scale = 1e-6;  // features that do not vary tell nothing

Tensor no_vectors(const Tensor& like) {
  return like.new_zeros({like.size(0), 0, like.size(2)});
}

/// One float64, as scalars of a state are.
Tensor number(double value, torch::Device device) {
  return nn::to_device(torch::full({}, value, torch::kFloat64), device);
}

/// Appends the same (n, C) vectors to the set of every problem (R, P, C).
Tensor append_to_all(const Tensor& set, const Tensor& vectors) {
  return torch::cat({set, vectors.unsqueeze(0).expand({set.size(0), -1, -1})}, 1);
}

/// Gradient-free weights: `pairs` columns of weight `pair_weight`, then bank columns of weight 1.
Tensor positive_weights(std::int64_t pairs, std::int64_t all, double pair_weight, const Tensor& like) {
  if (pair_weight == 1.0 || pair_weight == 0.0) return {};
  Tensor weights = torch::ones({all}, like.options().requires_grad(false));
  weights.slice(0, 0, pairs).fill_(pair_weight);
  return weights;
}

}  // namespace

DriftLoss::DriftLoss(const bank::RealBank& bank, const DriftOptions& options) : options_(options), bank_(bank) {
  const auto& taps = bank_.encoder().taps();
  const std::size_t all = taps.size();
  const std::size_t used = options_.finest_taps == 0 ? all : static_cast<std::size_t>(options_.finest_taps);
  for (const auto& [key, level] : bank_.description().at("keys").items()) {
    const std::string name = bank::level_of(key);
    if (weight_of(name) <= 0 || bank_.scale(key) < least_scale || bank::tap_number(key, taps) >= used) continue;
    // Cells of one block lie closer together than cells of the bank, which come from everywhere: learnt at the start.
    states_[key].scale = number(name == "spatial" ? 0.0 : bank_.scale(key), bank_.device());
    ++keys_per_level_[name];
    if (name == "global") rings_.emplace(key, bank::Ring(options_.bank_global, options_.ring_batches));
    if (name == "local") rings_.emplace(key, bank::Ring(options_.bank_local, options_.ring_batches));
  }
  if (states_.empty()) throw Error("nothing in it has a weight above zero, so there is no drift");
}

std::size_t DriftLoss::taps() const {
  std::size_t count = 0;
  for (const auto& item : states_) count = std::max(count, bank::tap_number(item.first, bank_.encoder().taps()) + 1);
  return count;
}

double DriftLoss::weight_of(const std::string& level) const {
  if (level == "global") return options_.weight_global;
  if (level == "local") return options_.weight_local;
  return level == "spatial" ? options_.weight_spatial : 0.0;  // upright patches are not what the drift sees
}

/// Each block is a problem of its own cells. Blocks of all volumes stand in one row, so that each is compared if it
/// lies inside, however few a volume has.
FieldSets DriftLoss::spatial_sets(const bank::Candidates& gen, const bank::Candidates& real,
                                  at::Generator& generator) const {
  const Tensor inside = gen.inside.reshape({1, -1});  // in the host's memory, as all that decides on numbers of rows
  const Tensor blocks = bank::choose(inside, options_.blocks * gen.inside.size(0), generator).indices;
  FieldSets sets;
  sets.gen = bank::gather_blocks(gen.vectors.reshape({1, -1, gen.vectors.size(2)}), blocks);
  sets.pos = bank::gather_blocks(real.vectors.reshape({1, -1, real.vectors.size(2)}), blocks);
  sets.neg = no_vectors(sets.gen);
  return sets;
}

/// Global: the patches of the batch are one set. Local: each patch is a problem of up to options.tokens of its own.
/// Both meet the bank's real vectors and the ring's generated ones.
FieldSets DriftLoss::bank_sets(const bank::Candidates& gen, const bank::Candidates& real, std::int64_t batch,
                               at::Generator& generator, Tensor& host_valid) const {
  const bool global = bank::level_of(gen.key) == "global";
  const Tensor inside = global ? gen.inside.transpose(0, 1) : gen.inside;
  const auto row_of = [global](const bank::Candidates& c) { return global ? c.vectors.transpose(0, 1) : c.vectors; };
  const auto [indices, valid] = bank::choose(inside, global ? inside.size(1) : options_.tokens, generator);
  FieldSets sets;
  sets.gen = bank::gather_rows(row_of(gen), indices);
  sets.pos = bank::gather_rows(row_of(real), indices);
  sets.neg = no_vectors(sets.gen);
  if (sets.gen.size(1) == 0) return sets;
  host_valid = valid;
  if (!nn::host_value<bool>(valid.all())) sets.valid = nn::to_device(valid, sets.gen.device());
  const Tensor remembered = rings_.at(gen.key).remembered(batch);
  if (remembered.defined()) sets.neg = append_to_all(sets.neg, remembered);
  const std::int64_t pairs = options_.pair_weight > 0 ? sets.pos.size(1) : 0;
  std::int64_t real_rows = global ? options_.bank_global : options_.bank_local;
  // A volume's own vectors are the same share of both sets: else a force is left where both distributions agree.
  if (pairs > 0) real_rows = std::min(real_rows, remembered.defined() ? remembered.size(0) : 0);
  sets.pos = append_to_all(sets.pos.narrow(1, 0, pairs), bank_.sample(gen.key, real_rows, generator));
  sets.pos_weight = positive_weights(pairs, sets.pos.size(1), options_.pair_weight, sets.pos);
  return sets;
}

/// As many rows of each patch as the bank keeps of one, so that both hold the same mixture of patches.
void DriftLoss::remember(const FieldSets& sets, const Tensor& host_valid, const std::string& key, std::int64_t batch) {
  const bool global = bank::level_of(key) == "global";
  const std::int64_t most = global ? sets.gen.size(1) : std::min(bank_.tokens_per_patch(), sets.gen.size(1));
  Tensor rows = sets.gen.detach().slice(1, 0, most).reshape({-1, sets.gen.size(2)});
  const Tensor valid = host_valid.slice(1, 0, most).reshape({-1});
  if (!nn::host_value<bool>(valid.all())) {
    rows = rows.index_select(0, nn::to_device(valid.nonzero().flatten(), rows.device()));
  }
  rings_.at(key).push(rows, batch);
}

/// One key's share of the loss. Undefined if nothing of the patches lies inside the patient, or nothing is remembered
/// yet that a marginal field could repel from. `finite` gets one bool of each problem that is looked at.
Tensor DriftLoss::problem_loss(const bank::Candidates& gen, const bank::Candidates& real, std::int64_t batch,
                               at::Generator& generator, Result& result, std::vector<Tensor>& finite) {
  const std::string level = bank::level_of(gen.key);
  const bool spatial = level == "spatial";
  Tensor host_valid;
  const FieldSets sets =
      spatial ? spatial_sets(gen, real, generator) : bank_sets(gen, real, batch, generator, host_valid);
  if (sets.gen.numel() == 0) return {};
  FieldOptions field_options = options_.field;
  // A volume's own vectors stand in both sets or in none: else a force would be left where both distributions agree.
  field_options.siblings = spatial || options_.pair_weight > 0;
  Field field;
  const bool repels = field_options.siblings || sets.neg.size(1) > 0;
  if (repels) field = drift_field(sets, field_options, states_.at(gen.key));
  finite.push_back(repels ? field.finite() : torch::isfinite(sets.gen.detach()).all());
  if (!spatial) remember(sets, host_valid, gen.key, batch);
  if (!repels) return {};
  auto& rms = result.raw_rms[level];
  const auto keys = static_cast<double>(keys_per_level_.at(level));
  for (std::size_t t = 0; t < field.raw_rms.size(); ++t) {
    if (t < rms.size()) {
      rms[t] = rms[t] + field.raw_rms[t] / keys;
    } else {
      rms.push_back(field.raw_rms[t] / keys);
    }
  }
  return drift_loss(sets, field) * (weight_of(level) / keys);
}

DriftLoss::Result DriftLoss::loss(const FeaturePair& pair, std::int64_t batch, at::Generator& generator) {
  Result result;
  auto taps = bank_.encoder().taps();
  taps.resize(pair.predicted.size());  // a pair may hold the finest alone
  const bank::KeyFilter wanted = [this](const std::string& key) { return states_.count(key) != 0; };
  const auto gen = bank::candidates(taps, pair.predicted, pair.mask, wanted);
  std::vector<bank::Candidates> real;
  {
    const torch::NoGradGuard no_grad;
    real = bank::candidates(taps, pair.real, pair.mask, wanted);
  }
  Unsettled looked_at{batch, {}, {}};
  std::vector<Tensor> finite;
  for (std::size_t i = 0; i < gen.size(); ++i) {
    const Tensor part = problem_loss(gen[i], real[i], batch, generator, result, finite);
    if (finite.size() > looked_at.keys.size()) looked_at.keys.push_back(gen[i].key);
    if (part.defined()) result.loss = result.loss.defined() ? result.loss + part : part;
  }
  if (finite.empty()) return result;
  looked_at.finite = torch::stack(finite);
  result.not_finite = looked_at.finite.logical_not().sum();
  unsettled_.push_back(std::move(looked_at));
  return result;
}

void DriftLoss::settle() {
  for (const Unsettled& looked_at : unsettled_) {
    const Tensor finite = looked_at.finite.to(torch::kCPU);
    std::vector<std::string> bad;
    for (std::size_t i = 0; i < looked_at.keys.size(); ++i) {
      if (!nn::host_value<bool>(finite[static_cast<std::int64_t>(i)])) bad.push_back(looked_at.keys[i]);
    }
    for (const std::string& key : bad) {
      if (rings_.count(key) != 0) rings_.at(key).forget(looked_at.batch);
    }
    if (bad.empty()) continue;
    log_warning(fmt::format("batch {}: no drift, as {} of its features, {} first, are not finite", looked_at.batch,
                            bad.size(), bad.front()));
  }
  unsettled_.clear();
}

void DriftLoss::save(nn::TensorWriter& writer, const std::string& prefix, Json& json) const {
  for (const auto& [key, state] : states_) {
    json["states"][key] = {{"scale", state.scale.item<double>()}, {"rms", Json::array()}};
    for (const Tensor& rms : state.rms) json["states"][key]["rms"].push_back(rms.item<double>());
  }
  for (const auto& [key, ring] : rings_) {
    json["rings"][key] = {{"pushed", ring.pushed()}, {"batches", ring.batches()}};
    if (ring.pushed() > 0) writer.add(prefix + ring_name + key, ring.rows());
  }
}

void DriftLoss::load(const SafetensorsFile& file, const std::string& prefix, const Json& json) {
  for (auto& [key, state] : states_) {
    state.scale = number(json.at("states").at(key).at("scale").get<double>(), bank_.device());
    state.rms.clear();
    for (const Json& rms : json.at("states").at(key).at("rms")) {
      state.rms.push_back(number(rms.get<double>(), bank_.device()));
    }
  }
  for (auto& [key, ring] : rings_) {
    const auto& state = json.at("rings").at(key);
    const auto pushed = state.at("pushed").get<std::int64_t>();
    ring.forget();
    if (pushed == 0) continue;
    ring.restore(nn::load_tensor(file, prefix + ring_name + key).to(bank_.device()),
                 state.at("batches").get<std::vector<std::int64_t>>(), pushed);
  }
}

}  // namespace gdm::objective
