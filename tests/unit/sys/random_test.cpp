// Random draws: moments of the distributions and independence of streams.
#include <doctest/doctest.h>

#include <cmath>

#include "sys/random.hpp"

using gdm::Random;

TEST_CASE("random: normal has mean 0 and variance 1, Poisson mean equals variance") {
  Random random(7);
  double sum = 0, squares = 0;
  constexpr int n = 200000;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  CHECK(std::abs(sum / n) < 0.01);
  CHECK(std::abs(squares / n - 1) < 0.02);
  for (const double mean : {0.5, 8.0, 200.0}) {
    double total = 0, total_squares = 0;
    for (int i = 0; i < n; ++i) {
      const double x = random.poisson(mean);
      total += x;
      total_squares += x * x;
    }
    CHECK(total / n == doctest::Approx(mean).epsilon(0.02));
    CHECK(total_squares / n - total / n * total / n == doctest::Approx(mean).epsilon(0.03));
  }
}

TEST_CASE("random: same seed repeats, other stream differs, state restores") {
  Random a(3, 1), b(3, 1), c(3, 2);
  CHECK(a.bits() == b.bits());
  CHECK(a.bits() != c.bits());
  const auto state = a.state();
  const auto next = a.bits();
  a.set_state(state);
  CHECK(a.bits() == next);
}
