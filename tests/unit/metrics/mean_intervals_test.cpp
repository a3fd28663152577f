// Means over patients: cases averaged first, Student's interval and tail against printed tables.
#include <doctest/doctest.h>

#include <cmath>

#include "metrics/mean_intervals.hpp"
#include "metrics/student.hpp"
#include "sys/error.hpp"

using namespace gdm;
using namespace gdm::metrics;

using Values = std::vector<std::optional<double>>;

TEST_CASE("student: printed quantiles, tails in closed form, limits") {
  CHECK(student_reach(0.95, 1) == doctest::Approx(12.7062047364).epsilon(1e-9));
  CHECK(student_reach(0.95, 5) == doctest::Approx(2.5705818356).epsilon(1e-9));
  CHECK(student_reach(0.95, 29) == doctest::Approx(2.0452296421).epsilon(1e-9));
  CHECK(student_reach(0.99, 10) == doctest::Approx(3.1692726726).epsilon(1e-9));
  CHECK(student_reach(0.95, 1e7) == doctest::Approx(1.9599639845).epsilon(1e-6));
  for (const double t : {0.01, 0.3, 1.0, 4.0, 50.0}) {
    CHECK(student_two_sided(t, 1) == doctest::Approx(1.0 - 2.0 * std::atan(t) / std::acos(-1.0)).epsilon(1e-9));
    CHECK(student_two_sided(-t, 2) == doctest::Approx(1.0 - t / std::sqrt(2.0 + t * t)).epsilon(1e-9));
  }
  CHECK(student_two_sided(0.0, 7) == 1.0);
  CHECK(student_two_sided(INFINITY, 7) == 0.0);
  CHECK(std::isnan(student_two_sided(NAN, 7)));
  CHECK(student_two_sided(20.0, 29) < 1e-17);
  CHECK(student_two_sided(20.0, 29) > 0);
  CHECK_THROWS_AS(student_two_sided(1.0, 0), Error);
  CHECK_THROWS_AS(student_reach(1.0, 5), Error);
}

TEST_CASE("patient means: cases are averaged within patients, gaps and infinities") {
  const std::vector<std::size_t> places = places_of_patients({"b", "a", "b", "c"});
  CHECK(places == std::vector<std::size_t>{0, 1, 0, 2});
  CHECK(patient_means({1.0, 5.0, 3.0, 12.0}, places) == Values{2.0, 5.0, 12.0});
  CHECK(patient_means({INFINITY, INFINITY, 3.0, NAN}, places) == Values{3.0, INFINITY, std::nullopt});
  CHECK(patient_means({}, {}).empty());
  CHECK_THROWS_AS(patient_means({1.0}, places), Error);
}

TEST_CASE("mean intervals: by hand, constant values, too few") {
  const auto interval = mean_interval({2.0, 5.0, std::nullopt, 11.0, INFINITY});  // mean 6, variance 21, two degrees
  REQUIRE(interval.has_value());
  const double reach = 4.3026527299 * std::sqrt(21.0 / 3.0);
  CHECK(interval->low == doctest::Approx(6.0 - reach));
  CHECK(interval->high == doctest::Approx(6.0 + reach));
  CHECK(mean_interval({2.5, 2.5, 2.5})->low == 2.5);
  CHECK(mean_interval({2.5, 2.5, 2.5})->high == 2.5);
  CHECK_FALSE(mean_interval({1.0, NAN}).has_value());
  CHECK_FALSE(mean_interval({}).has_value());
}
