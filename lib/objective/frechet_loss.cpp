#include "objective/frechet_loss.hpp"

#include <algorithm>

#include "nn/host.hpp"
#include "sys/error.hpp"

namespace gdm::objective {
namespace {

constexpr double least_eigenvalue = 1e-8;  // as a part of the largest: what lies below is rounding
constexpr double least_spread = 1e-12;     // features that do not vary tell nothing

Tensor covariance(const Moments& m) {
  return m.second - torch::outer(m.mean, m.mean);
}

Tensor detached(const Tensor& tensor) {
  return tensor.detach().clone();
}

}  // namespace

Moments moments(const Tensor& rows, const Tensor& weight) {
  const Tensor x = rows.to(torch::kFloat64);
  if (!weight.defined()) return {x.mean(0), x.transpose(0, 1).matmul(x) / static_cast<double>(x.size(0))};
  const Tensor w = weight.to(x.device(), torch::kFloat64).unsqueeze(1);
  return {(x * w).sum(0), x.transpose(0, 1).matmul(x * w)};
}

FrechetDistance::FrechetDistance(const Moments& real) : mean_(real.mean) {
  const Tensor s = covariance(real);
  trace_ = s.trace();
  const auto [values, vectors] = torch::linalg_eigh(s, "L");
  root_ = (vectors * values.clamp_min(0).sqrt()).matmul(vectors.transpose(0, 1));
}

Tensor FrechetDistance::to(const Moments& generated) const {
  const Tensor s = covariance(generated);
  const Tensor between = root_.matmul(s).matmul(root_);
  const Tensor values = std::get<0>(torch::linalg_eigh(0.5 * (between + between.transpose(0, 1)), "L"));
  const Tensor least = values.detach().max().clamp_min(1e-300) * least_eigenvalue;
  const Tensor roots = torch::maximum(values, least).sqrt().sum();
  return (generated.mean - mean_).square().sum() + trace_ + s.trace() - 2 * roots;
}

FrechetLoss::FrechetLoss(const bank::RealBank& bank, const FrechetOptions& options) : options_(options), bank_(bank) {
  const auto& taps = bank.encoder().taps();
  std::map<std::string, double> keys_of;
  const auto weight_of = [&](const std::string& level) {
    return level == "global"    ? options.weight_global
           : level == "local"   ? options.weight_local
           : level == "spatial" ? options.weight_spatial
                                : 0.0;
  };
  const torch::NoGradGuard no_grad;
  for (const auto& [key, scale] : bank.keys()) {
    const std::string level = bank::level_of(key);
    const std::size_t tap = bank::tap_number(key, taps);
    if (weight_of(level) <= 0 || (options.finest_taps > 0 && tap >= static_cast<std::size_t>(options.finest_taps))) {
      continue;
    }
    const bank::BankRows& rows = bank.rows(key);
    const FrechetDistance real(moments(rows.vectors, rows.weight));
    if (nn::host_value<double>(real.spread().cpu()) < least_spread) continue;
    keys_.emplace(key, Key{real, weight_of(level), {}, 0});
    keys_of[level] += 1;
    taps_ = std::max(taps_, tap + 1);
  }
  if (keys_.empty()) throw Error("nothing in it has a weight above zero, so there is no Frechet distance");
  for (auto& [name, key] : keys_) key.weight /= keys_of.at(bank::level_of(name));
}

std::size_t FrechetLoss::taps() const {
  return taps_;
}

/// One key's share. Rows that are not finite leave the averages as they are, and make the loss what they are.
Tensor FrechetLoss::key_loss(Key& key, const bank::Candidates& gen, at::Generator& generator) const {
  const bool spatial = bank::level_of(gen.key) == "spatial";
  // Of blocks, as many as give the rows that are asked for.
  const std::int64_t cells = bank::block_edge * bank::block_edge * bank::block_edge;
  const std::int64_t most = spatial ? std::max<std::int64_t>(1, options_.rows / cells) : options_.rows;
  const auto [indices, valid] = bank::choose(gen.inside, most, generator);
  if (indices.size(1) == 0) return {};
  Tensor rows = spatial ? bank::gather_blocks(gen.vectors, indices) : bank::gather_rows(gen.vectors, indices);
  rows = rows.reshape({-1, rows.size(2)});
  const Tensor counts = spatial ? valid.reshape({-1, 1}).expand({-1, cells}).reshape({-1}) : valid.reshape({-1});
  if (!nn::host_value<bool>(counts.all())) {
    rows = rows.index_select(0, nn::to_device(counts.nonzero().flatten(), rows.device()));
  }
  if (rows.size(0) == 0) return {};
  const Moments now = moments(rows);
  // The first batches count alike, then old ones fade.
  const double part = 1.0 / static_cast<double>(std::min(key.batches + 1, options_.memory_batches));
  const auto joined = [&](const Tensor& average, const Tensor& fresh) {
    return average.defined() ? average * (1 - part) + fresh * part : fresh;
  };
  const Moments together{joined(key.generated.mean, now.mean), joined(key.generated.second, now.second)};
  const Tensor distance = key.real.to(together) / key.real.spread();
  const torch::NoGradGuard no_grad;
  const Tensor finite = torch::isfinite(together.mean).all();
  const auto kept = [&](const Tensor& average, const Tensor& fresh) {
    return detached(torch::where(finite, fresh, average.defined() ? average : torch::zeros_like(fresh)));
  };
  key.generated = {kept(key.generated.mean, together.mean), kept(key.generated.second, together.second)};
  ++key.batches;
  const torch::AutoGradMode with_grad(true);
  // The value is the distance; the gradient is as large as if the batch were alone, however long the memory.
  return (distance.detach() + (distance - distance.detach()) / part) * key.weight;
}

Tensor FrechetLoss::loss(const FeaturePair& pair, at::Generator& generator) {
  auto taps = bank_.encoder().taps();
  taps.resize(pair.predicted.size());
  const bank::KeyFilter wanted = [this](const std::string& key) { return keys_.count(key) != 0; };
  Tensor sum;
  for (const bank::Candidates& gen : bank::candidates(taps, pair.predicted, pair.mask, wanted)) {
    const Tensor part = key_loss(keys_.at(gen.key), gen, generator);
    if (part.defined()) sum = sum.defined() ? sum + part : part;
  }
  return sum;
}

void FrechetLoss::save(nn::TensorWriter& writer, const std::string& prefix, Json& json) const {
  json["moments"] = Json::object();
  for (const auto& [name, key] : keys_) {
    json["moments"][name] = key.batches;
    if (key.batches == 0) continue;
    writer.add(prefix + "mean." + name, key.generated.mean);
    writer.add(prefix + "second." + name, key.generated.second);
  }
}

void FrechetLoss::load(const SafetensorsFile& file, const std::string& prefix, const Json& json) {
  for (auto& [name, key] : keys_) {
    key.batches = json.at("moments").at(name).get<std::int64_t>();
    key.generated = {};
    if (key.batches == 0) continue;
    key.generated.mean = nn::load_tensor(file, prefix + "mean." + name).to(bank_.device());
    key.generated.second = nn::load_tensor(file, prefix + "second." + name).to(bank_.device());
  }
}

}  // namespace gdm::objective
