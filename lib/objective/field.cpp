#include "objective/field.hpp"

#include <cmath>

#include "bank/distances.hpp"

namespace gdm::objective {
namespace {

constexpr double memory = 0.99;
constexpr double self_mask = 1e5;  // added to a normalised distance: no affinity to oneself at any temperature
constexpr double smallest_scale = 1e-3, smallest_rms = 1e-4;
// The current RMS may exceed its average; this share of it bounds the normalised force at 4 times its usual size.
constexpr double rms_guard = 0.25;

/// One float64, as scalars of a state are.
Tensor number(double value, const Tensor& like) {
  return torch::full({}, value, like.options().dtype(torch::kFloat64).requires_grad(false));
}

/// The average with a new value in it, unless that is not finite.
Tensor updated(const Tensor& old, const Tensor& now) {
  return torch::where(torch::isfinite(now), torch::where(old > 0, memory * old + (1 - memory) * now, now), old);
}

/// exp(logits - their maximum along `dim`), and 1 / its sum along `dim`: a softmax but for the division.
std::pair<Tensor, Tensor> exponentials(const Tensor& logits, std::int64_t dim) {
  Tensor e = (logits - logits.amax(dim, true)).exp_();
  Tensor factor = e.sum(dim, true).reciprocal_();
  return {std::move(e), std::move(factor)};
}

/// Affinities (R, G, M) between G queries and M targets. softmax() along columns takes half as long again as these
/// passes in place.
Tensor affinities(const Tensor& logits, double floor) {
  auto [rows, row_factor] = exponentials(logits, 2);
  const auto [columns, column_factor] = exponentials(logits, 1);
  return rows.mul_(row_factor).mul_(columns).mul_(column_factor).clamp_min_(floor).sqrt_();
}

/// Which of the pairs (R, G, M) of queries and targets count: valid queries, and of the first `own` targets, which are
/// the queries themselves, other valid ones. Undefined: all do.
Tensor counted_pairs(const Tensor& valid, std::int64_t own, const Tensor& distance) {
  if (!valid.defined() && own == 0) return {};
  Tensor counted = torch::ones_like(distance);
  if (own > 0) counted.narrow(2, 0, own).sub_(torch::eye(own, distance.options()));
  if (!valid.defined()) return counted;
  const Tensor part = valid.to(distance.options());
  counted.mul_(part.unsqueeze(2));
  if (own > 0) counted.narrow(2, 0, own).mul_(part.unsqueeze(1));
  return counted;
}

/// The mean distance of the pairs that count; not finite if none does.
Tensor mean_distance(const Tensor& distance, const Tensor& counted) {
  if (!counted.defined()) return distance.sum().to(torch::kFloat64) / static_cast<double>(distance.numel());
  return (distance * counted).sum().to(torch::kFloat64) / counted.sum(torch::kFloat64);
}

}  // namespace

Tensor Field::finite() const {
  return torch::isfinite(torch::stack(raw_rms)).all();
}

Field drift_field(const FieldSets& sets, const FieldOptions& options, FieldState& state) {
  const torch::NoGradGuard no_grad;
  const Tensor gen = sets.gen.detach().to(torch::kFloat32), pos = sets.pos.detach().to(torch::kFloat32);
  Tensor negatives = sets.neg.detach().to(torch::kFloat32);
  const std::int64_t own = options.siblings ? gen.size(1) : 0;
  if (own > 0) negatives = torch::cat({gen, negatives}, 1);
  const Tensor targets = torch::cat({negatives, pos}, 1);
  const std::int64_t n_negatives = negatives.size(1), channels = gen.size(2);

  Tensor distance = bank::distances(gen, targets);
  const Tensor counted = counted_pairs(sets.valid, own, distance);
  if (!state.scale.defined()) state.scale = number(0, gen);
  state.scale = updated(state.scale, mean_distance(distance, counted));
  const Tensor scale = state.scale.clamp_min(smallest_scale);

  Field field;
  field.unit = scale / std::sqrt(static_cast<double>(channels));
  distance.div_(scale);
  if (counted.defined()) distance.add_(1.0 - counted, self_mask);

  state.rms.resize(options.temperatures.size(), number(0, gen));
  field.force = torch::zeros_like(gen);
  const Tensor of_query = sets.valid.defined() ? sets.valid.to(gen.options()).unsqueeze(2) : Tensor();
  const Tensor queries = sets.valid.defined() ? of_query.sum().to(torch::kFloat64).clamp_min(1.0)
                                              : number(static_cast<double>(gen.size(0) * gen.size(1)), gen);
  for (std::size_t t = 0; t < options.temperatures.size(); ++t) {
    const Tensor logits = distance * (-1.0 / options.temperatures[t]);
    const Tensor affinity = affinities(logits, options.affinity_floor);
    // The floor would let rows that only fill up act on others.
    if (sets.valid.defined() && own > 0) affinity.narrow(2, 0, own).mul_(of_query.transpose(1, 2));
    Tensor to_negatives = affinity.narrow(2, 0, n_negatives),
           to_positives = affinity.narrow(2, n_negatives, pos.size(1));
    if (sets.pos_weight.defined()) to_positives.mul_(sets.pos_weight.to(to_positives.options()).view({1, 1, -1}));
    const Tensor of_positives = to_positives.sum(2, true);
    to_positives.mul_(to_negatives.sum(2, true));  // attraction
    to_negatives.mul_(of_positives.neg());         // repulsion
    Tensor force = torch::bmm(affinity, targets).div_(field.unit);
    if (sets.valid.defined()) force = torch::where(sets.valid.unsqueeze(2), force, torch::zeros_like(force));
    const Tensor square = force.square().sum().to(torch::kFloat64);
    const Tensor rms = (square / (queries * static_cast<double>(channels))).sqrt();
    state.rms[t] = updated(state.rms[t], rms);
    field.raw_rms.push_back(rms);
    field.force.add_(force / torch::maximum(state.rms[t], rms_guard * rms).clamp_min(smallest_rms));
  }
  return field;
}

Tensor drift_loss(const FieldSets& sets, const Field& field) {
  const Tensor x = sets.gen.to(torch::kFloat32) / field.unit;
  const Tensor square = (x - (x.detach() + field.force)).square();
  if (!sets.valid.defined()) return square.mean();
  const Tensor rows = sets.valid.to(torch::kFloat32).sum(1);  // the force of the others is 0
  const Tensor of_problem = square.sum({1, 2}) / (rows.clamp_min(1) * static_cast<double>(square.size(2)));
  return of_problem.sum() / (rows > 0).sum().clamp_min(1);
}

}  // namespace gdm::objective
