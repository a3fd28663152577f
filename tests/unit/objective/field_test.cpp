// The drift field against its defining properties (row F1): anti-symmetry, equilibrium, direction, no gradient through
// the force, and a small problem that converges.
#include <doctest/doctest.h>

#include <cmath>

#include "objective/field.hpp"

using namespace gdm;
using gdm::objective::drift_field;
using gdm::objective::drift_loss;
using gdm::objective::Field;
using gdm::objective::FieldOptions;
using gdm::objective::FieldState;
using torch::Tensor;

namespace {

Tensor none_like(const Tensor& x) {
  return x.new_zeros({x.size(0), 0, x.size(2)});
}

/// No siblings and a fixed scale and RMS: the force is then a plain function of the three sets.
Tensor plain_force(const Tensor& gen, const Tensor& neg, const Tensor& pos, double floor = 0) {
  FieldOptions options;
  options.siblings = false;
  options.affinity_floor = floor;
  FieldState state;
  return drift_field({gen, neg, pos, {}, {}}, options, state).force;
}

/// Squared maximum mean discrepancy with a Gaussian kernel of width 1.
double mmd(const Tensor& a, const Tensor& b) {
  const auto kernel = [](const Tensor& x, const Tensor& y) {
    return torch::exp(-0.5 * torch::cdist(x, y).square()).mean().item<double>();
  };
  return kernel(a, a) + kernel(b, b) - 2 * kernel(a, b);
}

}  // namespace

TEST_CASE("field: swapping real and generated sets turns the force round") {
  torch::manual_seed(1);
  const Tensor x = torch::randn({3, 5, 4}), p = torch::randn({3, 7, 4}), q = torch::randn({3, 7, 4}) + 0.5;
  const Tensor forward = plain_force(x, q, p), backward = plain_force(x, p, q);
  CHECK((forward + backward).abs().max().item<double>() < 1e-5 * forward.abs().max().item<double>());
  CHECK(forward.abs().max().item<double>() > 0.1);
}

TEST_CASE("field: no force where both sets are the same") {
  torch::manual_seed(2);
  const Tensor x = torch::randn({2, 6, 3}), p = torch::randn({2, 9, 3});
  FieldOptions options;
  options.siblings = false;
  FieldState state;
  const Field field = drift_field({x, p, p, {}, {}}, options, state);
  for (const Tensor& rms : field.raw_rms) CHECK(rms.item<double>() < 1e-6);
}

TEST_CASE("field: one generated and one real sample attract along their difference") {
  const Tensor x = torch::tensor({{{1.0F, -2.0F, 0.5F}}}), y = torch::tensor({{{3.0F, 1.0F, 0.0F}}});
  FieldState state;
  const Field field = drift_field({x, none_like(x), y, {}, {}}, {}, state);
  const Tensor direction = y - x;
  const double cosine = ((field.force * direction).sum() / (field.force.norm() * direction.norm())).item<double>();
  CHECK(cosine == doctest::Approx(1.0).epsilon(1e-5));
}

TEST_CASE("field: a sample does not repel itself") {
  // With siblings on, one generated sample far from a pair of reals must move to their weighted mean exactly as it
  // would if its own copy among the negatives were absent: the self mask removes it.
  torch::manual_seed(3);
  const Tensor x = torch::randn({1, 1, 2}), pos = torch::randn({1, 4, 2}) + 3;
  FieldOptions options;
  options.affinity_floor = 0;
  FieldState state;
  const Field field = drift_field({x, none_like(x), pos, {}, {}}, options, state);
  // Repulsion has no mass at all without floor and without other negatives, so the cross-weighted force vanishes.
  for (const Tensor& rms : field.raw_rms) CHECK(rms.item<double>() == doctest::Approx(0.0));
}

TEST_CASE("field: scaling all features leaves the normalised force unchanged, and permutation permutes it") {
  torch::manual_seed(4);
  const Tensor x = torch::randn({2, 4, 3}), neg = torch::randn({2, 6, 3}), pos = torch::randn({2, 5, 3});
  FieldState first, second, third;
  const Field one = drift_field({x, neg, pos, {}, {}}, {}, first);
  const Field ten = drift_field({x * 10, neg * 10, pos * 10, {}, {}}, {}, second);
  CHECK((one.force - ten.force).abs().max().item<double>() < 1e-4);
  CHECK(ten.unit.item<double>() == doctest::Approx(10 * one.unit.item<double>()).epsilon(1e-5));
  const Tensor order = torch::tensor({2, 0, 3, 1});
  const Field mixed = drift_field({x.index_select(1, order), neg, pos, {}, {}}, {}, third);
  CHECK((mixed.force - one.force.index_select(1, order)).abs().max().item<double>() < 1e-5);
}

TEST_CASE("field: the loss moves the features along the force and nothing else") {
  torch::manual_seed(5);
  const Tensor x = torch::randn({2, 4, 3}).requires_grad_(true), pos = torch::randn({2, 5, 3}).requires_grad_(true);
  FieldState state;
  const Field field = drift_field({x, none_like(x), pos, {}, {}}, {}, state);
  CHECK_FALSE(field.force.requires_grad());
  const auto gradients = torch::autograd::grad({drift_loss({x, {}, {}, {}, {}}, field)}, {x, pos}, {}, {}, false, true);
  const Tensor expected = field.force * (-2.0 / (field.unit * static_cast<double>(x.numel())));
  CHECK((gradients[0] - expected).abs().max().item<double>() < 1e-6);
  CHECK_FALSE(gradients[1].defined());
}

TEST_CASE("field: bfloat16, non-contiguous and duplicate inputs give finite forces") {
  torch::manual_seed(6);
  const Tensor x = torch::randn({2, 3, 4}).transpose(1, 2), same = torch::ones({2, 4, 3});
  FieldState state;
  CHECK(torch::isfinite(drift_field({x, none_like(x), x + 1, {}, {}}, {}, state).force).all().item<bool>());
  FieldState other;
  CHECK(torch::isfinite(drift_field({same, same, same, {}, {}}, {}, other).force).all().item<bool>());
  FieldState low;
  const Tensor rounded = torch::randn({1, 4, 3}).to(torch::kBFloat16);
  CHECK(drift_field({rounded, none_like(rounded), rounded, {}, {}}, {}, low).force.dtype() == torch::kFloat32);
}

TEST_CASE("field: a weight on the positives pulls towards the weighted ones") {
  const Tensor x = torch::zeros({1, 2, 1});
  const Tensor pos = torch::tensor({{{-1.0F}, {1.0F}}}), weight = torch::tensor({1.0F, 4.0F});
  const Tensor start = x + torch::tensor({{{-0.1F}, {0.1F}}});
  FieldState plain, weighted;
  const double even = drift_field({start, none_like(start), pos, {}, {}}, {}, plain).force.mean().item<double>();
  const double pulled =
      drift_field({start, none_like(start), pos, weight, {}}, {}, weighted).force.mean().item<double>();
  CHECK(std::abs(even) < 1e-4);
  CHECK(pulled > 0.1);
}

TEST_CASE("field: rows that only fill up change nothing for the others") {
  torch::manual_seed(8);
  const Tensor few = torch::randn({1, 3, 4}), many = torch::randn({1, 5, 4}), neg = torch::randn({1, 6, 4}),
               pos = torch::randn({1, 7, 4}) + 0.5;
  const Tensor padded = torch::cat({few, torch::full({1, 2, 4}, 9.0)}, 1);
  const Tensor valid = torch::tensor({{1, 1, 1, 0, 0}, {1, 1, 1, 1, 1}}).to(torch::kBool);
  const auto twice = [](const Tensor& set) { return set.expand({2, -1, -1}); };
  for (const bool siblings : {true, false}) {
    CAPTURE(siblings);
    FieldOptions options;
    options.siblings = siblings;
    options.affinity_floor = 0;
    options.temperatures = {0.5};  // of several, the share of each would differ with the RMS of all rows
    FieldState together;
    drift_field({torch::cat({padded, many}), twice(neg), twice(pos), {}, valid}, options, together);
    FieldState alone = together, alone_too = together;  // scale and averages of all, but for what one step adds
    FieldState again = together;
    const Field both = drift_field({torch::cat({padded, many}), twice(neg), twice(pos), {}, valid}, options, again);
    const Tensor unit = both.unit;
    const auto direction = [&](const objective::FieldSets& sets, FieldState& state) {
      state.scale = unit * 2;  // sqrt(4) channels
      return drift_field(sets, options, state).force;
    };
    const Tensor three = direction({few, neg, pos, {}, {}}, alone),
                 five = direction({many, neg, pos, {}, {}}, alone_too);
    const auto cosine = [](const Tensor& a, const Tensor& b) {
      return ((a * b).sum() / (a.norm() * b.norm())).item<double>();
    };
    CHECK(cosine(both.force[0].slice(0, 0, 3), three[0]) > 0.99);
    CHECK(cosine(both.force[1], five[0]) > 0.99);
    CHECK(both.force[0].slice(0, 3).abs().max().item<double>() == 0);
  }
  const Tensor x = torch::randn({2, 2, 3}).requires_grad_(true);
  Field unit_force;
  unit_force.unit = torch::ones({}, torch::kFloat64);
  unit_force.force = torch::ones({2, 2, 3}) * torch::tensor({{1.0F, 0.0F}, {1.0F, 1.0F}}).unsqueeze(2);
  const Tensor rows = torch::tensor({{1, 0}, {1, 1}}).to(torch::kBool);
  CHECK(drift_loss({x, {}, {}, {}, rows}, unit_force).item<double>() == doctest::Approx(1.0));
}

TEST_CASE("field: points drift from one cloud to two, half of them to each, and the discrepancy falls tenfold") {
  torch::manual_seed(7);
  const Tensor real = torch::cat({torch::randn({1, 128, 2}) * 0.3 - 2, torch::randn({1, 128, 2}) * 0.3 + 2}, 1);
  Tensor x = torch::randn({1, 128, 2}) * 0.5;
  const double before = mmd(x[0], real[0]);
  FieldState state;
  double first_rms = 0, last_rms = 0;
  for (int step = 0; step < 300; ++step) {
    const Field field = drift_field({x, none_like(x), real, {}, {}}, {}, state);
    x = x + field.force * (0.05 * field.unit * (step < 200 ? 1.0 : 0.2));
    if (step == 0) first_rms = field.raw_rms[1].item<double>();
    last_rms = field.raw_rms[1].item<double>();
  }
  CHECK(mmd(x[0], real[0]) < 0.1 * before);
  CHECK(last_rms < 0.5 * first_rms);
  // Each cloud has its half of the points, nearly all within three of its deviations.
  const Tensor side = x[0].select(1, 0), other = x[0].select(1, 1);
  CHECK(std::abs((side > 0).to(torch::kFloat32).mean().item<double>() - 0.5) < 0.1);
  const Tensor away = torch::maximum((side.abs() - 2).abs(), (side.sign() * other - 2).abs());
  CHECK((away < 3 * 0.3).to(torch::kFloat32).mean().item<double>() > 0.9);
}
