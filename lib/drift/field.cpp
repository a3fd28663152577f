#include "drift/field.hpp"

#include <algorithm>
#include <cmath>

#include "drift/distances.hpp"

namespace gdm::drift {
namespace {

constexpr double ema = 0.99;
constexpr double self_mask = 1e5;  // added to a normalised distance: no affinity to oneself at any temperature
constexpr double smallest_scale = 1e-3, smallest_rms = 1e-4;
// The current RMS may exceed its average; this share of it bounds the normalised force at 4 times its usual size.
constexpr double rms_guard = 0.25;

double update_ema(double old, double now) {
  if (!std::isfinite(now)) return old;
  return old > 0 ? ema * old + (1 - ema) * now : now;
}

/// exp(logits - their maximum along `dim`), and 1 / its sum along `dim`: a softmax but for the division.
std::pair<Tensor, Tensor> exponentials(const Tensor& logits, std::int64_t dim) {
  Tensor e = (logits - logits.amax(dim, true)).exp_();
  Tensor factor = e.sum(dim, true).reciprocal_();
  return {std::move(e), std::move(factor)};
}

/// Affinities (R, G, M) between G queries and M targets.
Tensor affinities(const Tensor& logits, const FieldOptions& options) {
  if (options.sinkhorn_rounds == 0) {  // softmax() along columns takes half as long again as these passes in place
    auto [rows, row_factor] = exponentials(logits, 2);
    const auto [columns, column_factor] = exponentials(logits, 1);
    return rows.mul_(row_factor).mul_(columns).mul_(column_factor).clamp_min_(options.affinity_floor).sqrt_();
  }
  Tensor log_affinity = logits;
  for (std::int64_t round = 0; round < options.sinkhorn_rounds; ++round) {
    log_affinity = torch::log_softmax(log_affinity, 1);
    log_affinity = torch::log_softmax(log_affinity, 2);
  }
  return log_affinity.exp_();
}

}  // namespace

Field drift_field(const Tensor& gen_in, const Tensor& neg_in, const Tensor& pos_in, const Tensor& pos_weight,
                  const FieldOptions& options, FieldState& state) {
  const torch::NoGradGuard no_grad;
  const Tensor gen = gen_in.detach().to(torch::kFloat32), pos = pos_in.detach().to(torch::kFloat32);
  Tensor negatives = neg_in.detach().to(torch::kFloat32);
  const std::int64_t own = options.siblings ? gen.size(1) : 0;
  if (own > 0) negatives = torch::cat({gen, negatives}, 1);
  const Tensor targets = torch::cat({negatives, pos}, 1);
  const std::int64_t n_negatives = negatives.size(1), channels = gen.size(2);

  Tensor distance = distances(gen, targets);
  const Tensor self = own > 0 ? torch::eye(own, distance.options()) : Tensor();
  double sum = distance.sum().item<double>();
  auto count = static_cast<double>(distance.numel());
  if (own > 0) {
    sum -= (distance.narrow(2, 0, own) * self).sum().item<double>();
    count -= static_cast<double>(gen.size(0) * own);
  }
  if (count > 0) state.scale = update_ema(state.scale, sum / count);
  const double scale = std::max(state.scale, smallest_scale);

  Field field;
  field.unit = scale / std::sqrt(static_cast<double>(channels));
  distance.div_(scale);
  if (own > 0) distance.narrow(2, 0, own).add_(self, self_mask);

  state.rms.resize(options.temperatures.size(), 0.0);
  field.force = torch::zeros_like(gen);
  for (std::size_t t = 0; t < options.temperatures.size(); ++t) {
    const Tensor logits = distance * (-1.0 / options.temperatures[t]);
    const Tensor affinity = affinities(logits, options);
    Tensor to_negatives = affinity.narrow(2, 0, n_negatives),
           to_positives = affinity.narrow(2, n_negatives, pos.size(1));
    if (pos_weight.defined()) to_positives.mul_(pos_weight.to(to_positives.options()).view({1, 1, -1}));
    const Tensor of_positives = to_positives.sum(2, true);
    to_positives.mul_(to_negatives.sum(2, true));  // attraction
    to_negatives.mul_(of_positives.neg());         // repulsion
    const Tensor force = torch::bmm(affinity, targets).div_(field.unit);
    const double rms = std::sqrt(force.square().mean().item<double>());
    state.rms[t] = update_ema(state.rms[t], rms);
    field.raw_rms.push_back(rms);
    field.force.add_(force, 1.0 / std::max({state.rms[t], rms_guard * rms, smallest_rms}));
  }
  return field;
}

Tensor drift_loss(const Tensor& gen, const Field& field) {
  const Tensor x = gen.to(torch::kFloat32) / field.unit;
  return (x - (x.detach() + field.force)).square().mean();
}

}  // namespace gdm::drift
