// Tail of Student's distribution by a continued fraction.
#include "metrics/student.hpp"

#include <fmt/format.h>

#include <cmath>

#include "sys/error.hpp"

namespace gdm::metrics {
namespace {

/// The continued fraction of the incomplete beta function, evaluated from its front (Lentz, Applied Optics 15, 1976).
double beta_fraction(double x, double a, double b) {
  constexpr double tiny = 1e-300, precision = 1e-15;
  const auto away_from_zero = [](double v) { return std::abs(v) < tiny ? tiny : v; };
  double c = 1.0, d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0)), fraction = d;
  for (int n = 1; n < 500; ++n) {
    const double even = n * (b - n) * x / ((a + 2.0 * n - 1.0) * (a + 2.0 * n));
    d = 1.0 / away_from_zero(1.0 + even * d);
    c = away_from_zero(1.0 + even / c);
    fraction *= c * d;
    const double odd = -(a + n) * (a + b + n) * x / ((a + 2.0 * n) * (a + 2.0 * n + 1.0));
    d = 1.0 / away_from_zero(1.0 + odd * d);
    c = away_from_zero(1.0 + odd / c);
    fraction *= c * d;
    if (std::abs(c * d - 1.0) < precision) break;
  }
  return fraction;
}

/// `y` is 1 - x, which holds more digits where x is near 1.
double incomplete_beta(double x, double y, double a, double b) {
  if (x <= 0) return 0.0;
  if (y <= 0) return 1.0;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log(y));
  if (x < (a + 1.0) / (a + b + 2.0)) return front * beta_fraction(x, a, b) / a;
  return 1.0 - front * beta_fraction(y, b, a) / b;
}

}  // namespace

double student_two_sided(double t, double degrees) {
  if (!(degrees > 0)) throw Error(fmt::format("{} degrees of freedom, expected more than 0", degrees));
  if (std::isnan(t)) return t;
  if (std::isinf(t)) return 0.0;
  const double sum = degrees + t * t;
  return incomplete_beta(degrees / sum, t * t / sum, 0.5 * degrees, 0.5);
}

double student_reach(double level, double degrees) {
  if (!(level > 0 && level < 1)) {
    throw Error(fmt::format("the level of an interval is {}, expected between 0 and 1", level));
  }
  double low = 0.0, high = 1.0;
  while (student_two_sided(high, degrees) > 1.0 - level) high *= 2.0;
  for (int n = 0; n < 80; ++n) {
    const double middle = 0.5 * (low + high);
    (student_two_sided(middle, degrees) > 1.0 - level ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace gdm::metrics
