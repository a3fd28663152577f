// Intervals of means: against draws counted by hand, with patients of several cases.
#include <doctest/doctest.h>

#include <cmath>

#include "metrics/mean_intervals.hpp"
#include "sys/error.hpp"

using namespace gdm;
using namespace gdm::metrics;

TEST_CASE("mean intervals: patients are drawn with all of their cases") {
  const std::vector<std::size_t> places = places_of_patients({"b", "a", "b", "c"});
  CHECK(places == std::vector<std::size_t>{0, 1, 0, 2});
  const std::vector<std::optional<double>> values{1.0, 5.0, 3.0, 12.0};
  const PatientDraws draws(3, 500, 7);
  std::vector<double> means;
  for (std::size_t b = 0; b < draws.draws(); ++b) {
    const int* n = draws.counts(b);
    means.push_back((n[0] * (1.0 + 3.0) + n[1] * 5.0 + n[2] * 12.0) / (2 * n[0] + n[1] + n[2]));
  }
  const auto expected = percentile_interval(means), found = mean_interval(values, places, draws);
  CHECK(found->low == doctest::Approx(expected->low));
  CHECK(found->high == doctest::Approx(expected->high));
  CHECK(found->low == doctest::Approx(2.0));  // patient b alone
  CHECK(found->high == doctest::Approx(12.0));
}

TEST_CASE("mean intervals: constant values, values that are missing, one patient, other draws") {
  const PatientDraws draws(4, 300, 1);
  const std::vector<std::size_t> places{0, 1, 2, 3};
  const auto constant = mean_interval({2.5, 2.5, 2.5, 2.5}, places, draws);
  CHECK(constant->low == 2.5);
  CHECK(constant->high == 2.5);
  const auto gap = mean_interval({2.5, std::nullopt, NAN, 2.5}, places, draws);
  CHECK(gap->high == 2.5);
  CHECK_FALSE(mean_interval({std::nullopt, std::nullopt, INFINITY, NAN}, places, draws));
  CHECK_FALSE(mean_interval({1.0}, {0}, PatientDraws(1, 300, 1)));
  CHECK_FALSE(mean_interval({1.0, 2.0}, {0, 1}, PatientDraws(2, 0, 1)));
  CHECK_THROWS_AS(mean_interval({1.0, 2.0, 3.0, 4.0, 5.0}, {0, 1, 2, 3, 4}, draws), Error);
}
