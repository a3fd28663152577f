// Gradient coordination at the predicted volume (row F2).
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "drift/coordination.hpp"

using gdm::drift::coordinate;
using gdm::drift::CoordinationState;
using torch::Tensor;

namespace {
Tensor random_volumes(std::uint64_t seed, double size) {
  torch::manual_seed(seed);
  return torch::randn({3, 1, 4, 4, 4}) * size;
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
    const auto result = coordinate(f, d, {0.3, 1.0}, state);
    CHECK(result.effective_share == doctest::Approx(0.3).epsilon(1e-5));
    CHECK((result.gradient - f).flatten(1).norm(2, 1).mean().item<double>() == doctest::Approx(0.3).epsilon(1e-5));
  }
}

TEST_CASE("coordination: after projection no volume's fidelity is opposed") {
  CoordinationState state;
  const Tensor f = random_volumes(3, 1.0), d = -0.7 * f + random_volumes(4, 0.5);
  const auto result = coordinate(f, d, {0.5, 1.0}, state);
  CHECK(result.conflict_rate == doctest::Approx(1.0));
  CHECK(result.cosine < -0.5);
  const Tensor with = flat_dot(result.gradient, f), alone = flat_dot(f, f);
  CHECK((with - alone >= -1e-4 * alone).all().item<bool>());
  CoordinationState other;
  const auto unprojected = coordinate(f, d, {0.5, 0.0}, other);
  CHECK((flat_dot(unprojected.gradient, f) < alone).all().item<bool>());
}

TEST_CASE("coordination: a gradient that agrees is not changed in direction") {
  CoordinationState state;
  const Tensor f = random_volumes(5, 2.0);
  const auto result = coordinate(f, f * 7, {0.25, 1.0}, state);
  CHECK((result.gradient - f * 1.25).abs().max().item<double>() < 1e-4);
}

TEST_CASE("coordination: zero or non-finite drift leaves the fidelity gradient exactly") {
  const Tensor f = random_volumes(6, 1.0);
  CoordinationState state;
  const auto zero = coordinate(f, torch::zeros_like(f), {0.3, 1.0}, state);
  CHECK(torch::equal(zero.gradient, f));
  CHECK_FALSE(zero.drift_used);
  Tensor bad = random_volumes(7, 1.0);
  bad.view(-1)[5] = std::numeric_limits<float>::quiet_NaN();
  const auto nan = coordinate(f, bad, {0.3, 1.0}, state);
  CHECK(torch::equal(nan.gradient, f));
  CHECK(state.updates == 0);
}

TEST_CASE("coordination: one wild volume is cut to five times the usual norm") {
  CoordinationState state;
  const Tensor f = random_volumes(8, 1.0);
  for (int i = 0; i < 300; ++i) coordinate(f, random_volumes(100 + i, 1.0), {1.0, 0.0}, state);
  const double usual_fidelity = state.fidelity_norm, usual_drift = state.drift_norm;
  Tensor wild = random_volumes(9, 1.0);
  wild[0].mul_(1000.0);
  const auto result = coordinate(f, wild, {1.0, 0.0}, state);
  const double moved = (result.gradient - f)[0].norm().item<double>();
  CHECK(moved < 5.05 * usual_fidelity / (1 - std::pow(0.99, 300)));
  CHECK(state.drift_norm < 1.05 * usual_drift);  // and the others keep their share
}
