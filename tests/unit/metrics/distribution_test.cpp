// Row D2: Frechet distance of identical sets and of Gaussians whose distance has a closed form; kernel distance;
// summary statistics.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "metrics/distribution.hpp"
#include "metrics/summary.hpp"
#include "sys/error.hpp"
#include "sys/random.hpp"

using namespace gdm;
using namespace gdm::metrics;

namespace {

constexpr double angle_rad = 0.6;

/// Draws with the given means and standard deviations along axes turned by `turn_rad` in the first two dimensions.
FeatureMoments draws(std::uint64_t seed, std::int64_t rows, const std::vector<double>& mean,
                     const std::vector<double>& sd, double turn_rad) {
  Random random(seed);
  FeatureMoments moments;
  const std::size_t dims = mean.size();
  std::vector<float> row(dims);
  std::vector<double> z(dims);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::size_t d = 0; d < dims; ++d) z[d] = sd[d] * random.normal();
    const double x = std::cos(turn_rad) * z[0] - std::sin(turn_rad) * z[1];
    const double y = std::sin(turn_rad) * z[0] + std::cos(turn_rad) * z[1];
    z[0] = x;
    z[1] = y;
    for (std::size_t d = 0; d < dims; ++d) row[d] = static_cast<float>(mean[d] + z[d]);
    moments.add(row.data(), 1, static_cast<std::int64_t>(dims));
  }
  return moments;
}

std::vector<float> random_rows(std::int64_t rows, std::int64_t dims) {
  Random random(5);
  std::vector<float> values(static_cast<std::size_t>(rows * dims));
  for (float& v : values) v = static_cast<float>(3.0 + 10.0 * random.normal());
  return values;
}

}  // namespace

TEST_CASE("frechet: identical sets are at distance 0, also with fewer rows than dimensions") {
  for (const std::int64_t rows : {300, 20}) {
    const std::vector<float> values = random_rows(rows, 60);
    FeatureMoments a, b;
    a.add(values.data(), rows, 60);
    b.add(values.data(), 7, 60);
    b.add(values.data() + 7 * 60, rows - 7, 60);
    CHECK(frechet_distance(a, a) < 1e-6);
    CHECK(frechet_distance(a, b) < 1e-6);
    CHECK(frechet_distance(a, b) >= 0);
  }
}

TEST_CASE("frechet: closed forms within 1 %") {
  const std::vector<double> ma{0, 1, -2, 0.5}, mb{1, 1, -1, 0.5}, sa{1, 2, 0.5, 3}, sb{2, 1, 1.5, 3};
  double diagonal = 0;
  for (std::size_t d = 0; d < 4; ++d) diagonal += std::pow(ma[d] - mb[d], 2) + std::pow(sa[d] - sb[d], 2);
  CHECK(frechet_distance(draws(1, 100000, ma, sa, 0), draws(2, 100000, mb, sb, 0)) ==
        doctest::Approx(diagonal).epsilon(0.01));
  // In two dimensions tr sqrt(M) = sqrt(tr M + 2 sqrt(det M)), here with M = Sa^1/2 Sb Sa^1/2 and Sb turned.
  const double c = std::cos(angle_rad), s = std::sin(angle_rad), b0 = 25.0, b1 = 1.0, a0 = 1.0, a1 = 9.0;
  const double b00 = c * c * b0 + s * s * b1, b11 = s * s * b0 + c * c * b1;
  const double root = std::sqrt(a0 * b00 + a1 * b11 + 2.0 * std::sqrt(a0 * a1 * b0 * b1));
  const double turned = a0 + a1 + b0 + b1 - 2.0 * root;
  CHECK(frechet_distance(draws(3, 100000, {0, 0}, {1, 3}, 0), draws(4, 100000, {0, 0}, {5, 1}, angle_rad)) ==
        doctest::Approx(turned).epsilon(0.01));
}

TEST_CASE("frechet: too few rows, other dimensions and NaN are errors") {
  const std::vector<float> values = random_rows(4, 3);
  FeatureMoments one, two, other;
  one.add(values.data(), 1, 3);
  two.add(values.data(), 4, 3);
  other.add(values.data(), 3, 4);
  CHECK_THROWS_WITH_AS(frechet_distance(one, two), "a covariance needs at least 2 feature vectors, there are 1", Error);
  CHECK_THROWS_AS(frechet_distance(two, FeatureMoments()), Error);
  CHECK_THROWS_AS(frechet_distance(two, other), Error);
  CHECK_THROWS_AS(two.merge(other), Error);
  const float bad[3] = {0, std::numeric_limits<float>::quiet_NaN(), 0};
  CHECK_THROWS_AS(two.add(bad, 1, 3), Error);
  CHECK(two.rows() == 4);
}

TEST_CASE("frechet: merging equals adding at once") {
  const std::vector<float> values = random_rows(50, 8);
  FeatureMoments whole, first, second;
  whole.add(values.data(), 50, 8);
  first.add(values.data(), 13, 8);
  second.add(values.data() + 13 * 8, 37, 8);
  first.merge(second);
  CHECK(first.rows() == 50);
  const std::vector<double> a = whole.covariance(), b = first.covariance();
  for (std::size_t n = 0; n < a.size(); ++n) CHECK(b[n] == doctest::Approx(a[n]).epsilon(1e-12));
}

TEST_CASE("summary: quartiles as numpy.percentile, gaps and single values") {
  const Summary s = summarize({3.0, std::nullopt, 1.0, 10.0, std::numeric_limits<double>::infinity(), 4.0});
  CHECK(s.n == 4);
  CHECK(*s.mean == 4.5);
  CHECK(*s.sd == doctest::Approx(3.872983346207417));  // numpy.std([1, 3, 4, 10], ddof=1)
  CHECK(*s.median == 3.5);
  CHECK(*s.q1 == 2.5);
  CHECK(*s.iqr() == 3.0);
  const Summary one = summarize({2.0});
  CHECK(*one.median == 2.0);
  CHECK_FALSE(one.sd.has_value());
  CHECK_FALSE(summarize({}).mean.has_value());
}
