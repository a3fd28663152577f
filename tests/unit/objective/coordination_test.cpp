// Gradient coordination at the predicted volume (row F2).
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "objective/coordination.hpp"

using namespace gdm;
using gdm::objective::Coordination;
using gdm::objective::CoordinationOptions;
using gdm::objective::CoordinationState;
using torch::Tensor;

namespace {
Tensor random_volumes(std::uint64_t seed, double size) {
  torch::manual_seed(seed);
  return torch::randn({3, 1, 4, 4, 4}) * size;
}
/// One objective beside fidelity, as its report and the whole.
struct Both : objective::Coordinated::Side {
  Tensor gradient;
};
Both coordinate(const Tensor& f, const Tensor& d, double share, double conflict, CoordinationState& state,
                Coordination mode = Coordination::norm_pcgrad, std::int64_t edge = 0) {
  const auto all = objective::coordinate(f, {{"d", d, share}}, {mode, conflict, edge}, state);
  return {all.sides.at("d"), all.gradient};
}
Tensor flat_dot(const Tensor& a, const Tensor& b) {
  return (a.flatten(1) * b.flatten(1)).sum(1);
}
}  // namespace

TEST_CASE("coordination: the effective share is rho, whatever the size of the drift gradient") {
  for (const double size : {1e-4, 1.0, 1e5}) {
    CoordinationState state;
    Tensor f = random_volumes(1, 1.0), d = random_volumes(2, 1.0);
    d = d - f * (flat_dot(f, d) / flat_dot(f, f)).view({3, 1, 1, 1, 1});  // orthogonal: nothing is projected away
    f = f / f.flatten(1).norm(2, 1).view({3, 1, 1, 1, 1});
    d = d / d.flatten(1).norm(2, 1).view({3, 1, 1, 1, 1}) * size;
    const auto result = coordinate(f, d, 0.3, 1.0, state);
    CHECK(result.effective_share.item<double>() == doctest::Approx(0.3).epsilon(1e-5));
    CHECK((result.gradient - f).flatten(1).norm(2, 1).mean().item<double>() == doctest::Approx(0.3).epsilon(1e-5));
  }
}

TEST_CASE("coordination: after projection no volume's fidelity is opposed") {
  CoordinationState state;
  const Tensor f = random_volumes(3, 1.0), d = -0.7 * f + random_volumes(4, 0.5);
  const auto result = coordinate(f, d, 0.5, 1.0, state);
  CHECK(result.conflict_rate.item<double>() == doctest::Approx(1.0));
  CHECK(result.cosine.item<double>() < -0.5);
  const Tensor with = flat_dot(result.gradient, f), alone = flat_dot(f, f);
  CHECK((with - alone >= -1e-4 * alone).all().item<bool>());
  CoordinationState other;
  const auto unprojected = coordinate(f, d, 0.5, 0.0, other);
  CHECK((flat_dot(unprojected.gradient, f) < alone).all().item<bool>());
}

TEST_CASE("coordination: a gradient that agrees is not changed in direction") {
  CoordinationState state;
  const Tensor f = random_volumes(5, 2.0);
  const auto result = coordinate(f, f * 7, 0.25, 1.0, state);
  CHECK((result.gradient - f * 1.25).abs().max().item<double>() < 1e-4);
}

TEST_CASE("coordination: zero or non-finite drift leaves the fidelity gradient exactly") {
  const Tensor f = random_volumes(6, 1.0);
  CoordinationState state;
  const auto zero = coordinate(f, torch::zeros_like(f), 0.3, 1.0, state);
  CHECK(torch::equal(zero.gradient, f));
  CHECK_FALSE(zero.used.item<bool>());
  Tensor bad = random_volumes(7, 1.0);
  bad.view(-1)[5] = std::numeric_limits<float>::quiet_NaN();
  const auto nan = coordinate(f, bad, 0.3, 1.0, state);
  CHECK(torch::equal(nan.gradient, f));
  CHECK(state.sides.at("d").value().item<double>() == 0);
}

TEST_CASE("coordination: one wild volume is cut to five times the usual norm") {
  CoordinationState state;
  const Tensor f = random_volumes(8, 1.0);
  for (int i = 0; i < 300; ++i) coordinate(f, random_volumes(100 + i, 1.0), 1.0, 0.0, state);
  const double usual_fidelity = state.fidelity.value().item<double>(),
               usual_drift = state.sides.at("d").value().item<double>();
  Tensor wild = random_volumes(9, 1.0);
  wild[0].mul_(1000.0);
  const auto result = coordinate(f, wild, 1.0, 0.0, state);
  const double moved = (result.gradient - f)[0].norm().item<double>();
  CHECK(moved < 5.05 * usual_fidelity);
  CHECK(state.sides.at("d").value().item<double>() < 1.05 * usual_drift);  // and the others keep their share
}

TEST_CASE("coordination: fixed adds the gradient as it is, pcgrad what does not oppose") {
  CoordinationState state;
  const Tensor f = random_volumes(10, 1.0), d = -0.7 * f + random_volumes(11, 0.5);
  const auto fixed = coordinate(f, d, 0.5, 1.0, state, Coordination::fixed);
  CHECK((fixed.gradient - (f + 0.5 * d)).abs().max().item<double>() < 1e-5);
  const auto projected = coordinate(f, d, 0.5, 1.0, state, Coordination::pcgrad);
  CHECK((flat_dot(projected.gradient - f, f).abs() < 1e-4 * flat_dot(f, f)).all().item<bool>());
}

TEST_CASE("coordination: conflicts in cubes are removed where they are") {
  CoordinationState state;
  const Tensor f = torch::ones({1, 1, 4, 4, 4});
  Tensor d = torch::ones({1, 1, 4, 4, 4}) * 2;
  d.slice(2, 0, 2).fill_(-1.0);  // opposes in one half, agrees more in the other
  const auto whole = coordinate(f, d, 1.0, 1.0, state, Coordination::norm_pcgrad, 0);
  CHECK((whole.gradient.slice(2, 0, 2) < 1).all().item<bool>());
  CoordinationState other;
  const auto cubes = coordinate(f, d, 1.0, 1.0, other, Coordination::norm_pcgrad, 2);
  CHECK((cubes.gradient.slice(2, 0, 2) - 1).abs().max().item<double>() < 1e-5);
  CHECK((cubes.gradient.slice(2, 2, 4) > 1.5).all().item<bool>());
  CHECK(cubes.conflict_rate.item<double>() == doctest::Approx(0.5));
}

TEST_CASE("coordination: the shortest convex combination") {
  // Orthogonal vectors of lengths 1 and 2: weights 4/5 and 1/5 (closed form for two).
  const auto two = objective::shortest_combination({1, 0, 0, 4}, 2);
  CHECK(two[0] == doctest::Approx(0.8).epsilon(1e-4));
  // One inside the cone of the others' difference: the shorter alone.
  const auto alone = objective::shortest_combination({1, 1, 1, 4}, 2);
  CHECK(alone[0] == doctest::Approx(1.0));
  const auto three = objective::shortest_combination({1, 0, 0, 0, 1, 0, 0, 0, 1}, 3);
  for (const double w : three) CHECK(w == doctest::Approx(1.0 / 3).epsilon(1e-3));
}

TEST_CASE("coordination: mgda and cagrad descend on every objective where the plain sum would not") {
  CoordinationState state;
  Tensor f = random_volumes(12, 1.0);
  Tensor d = -0.8 * f + random_volumes(13, 0.6);
  const double plain = flat_dot(f + 0.2 * d, d).min().item<double>();
  CHECK(plain < 0);
  const auto mgda = coordinate(f, d, 0.2, 1.0, state, Coordination::mgda);
  CHECK((flat_dot(mgda.gradient, f) > 0).all().item<bool>());
  CHECK((flat_dot(mgda.gradient, d) > 0).all().item<bool>());
  CoordinationState other;
  const auto cagrad = coordinate(f, d, 0.2, 1.0, other, Coordination::cagrad);
  CHECK((flat_dot(cagrad.gradient, d) > flat_dot(f + 0.2 * d, d)).all().item<bool>());
  CHECK((flat_dot(cagrad.gradient, f) > 0).all().item<bool>());
}

TEST_CASE("coordination: each of several objectives has its share") {
  CoordinationState state;
  const Tensor f = torch::zeros({1, 1, 2, 2, 2}), zero = torch::zeros_like(f);
  Tensor x = f.clone(), y = f.clone(), z = f.clone();
  x.view(-1)[0] = 3.0;
  y.view(-1)[1] = 50.0;
  z.view(-1)[2] = 0.1;
  const auto out = objective::coordinate(x, {{"y", y, 0.3}, {"z", z, 0.1}, {"none", zero, 0.5}}, {}, state);
  CHECK(out.gradient.view(-1)[0].item<double>() == doctest::Approx(3.0));
  CHECK(out.gradient.view(-1)[1].item<double>() == doctest::Approx(0.9));
  CHECK(out.gradient.view(-1)[2].item<double>() == doctest::Approx(0.3));
  CHECK_FALSE(out.sides.at("none").used.item<bool>());
  CHECK(out.sides.at("z").effective_share.item<double>() == doctest::Approx(0.1));
}
