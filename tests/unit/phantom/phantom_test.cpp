// Phantoms: repeatable, on one grid, and with the tissues that they claim.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "image/grid_match.hpp"
#include "phantom/noise.hpp"
#include "phantom/phantom.hpp"
#include "phantom/shape.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

using namespace gdm;
using phantom::Kind;

namespace {

double fraction_between(const phantom::PairedCase& pair, float low_hu, float high_hu, bool inside) {
  std::int64_t found = 0, all = 0;
  for (std::size_t n = 0; n < pair.body.voxels.size(); ++n) {
    if ((pair.body.voxels[n] != 0) != inside) continue;
    ++all;
    if (pair.ct_hu.voxels[n] >= low_hu && pair.ct_hu.voxels[n] <= high_hu) ++found;
  }
  return static_cast<double>(found) / static_cast<double>(all);
}

double mean_mr_between(const phantom::PairedCase& pair, float low_hu, float high_hu) {
  double sum = 0, count = 0;
  for (std::size_t n = 0; n < pair.body.voxels.size(); ++n) {
    if (pair.body.voxels[n] == 0 || pair.ct_hu.voxels[n] < low_hu || pair.ct_hu.voxels[n] > high_hu) continue;
    sum += pair.mr.voxels[n];
    count += 1;
  }
  return sum / count;
}

}  // namespace

TEST_CASE("phantom: the same seed gives the same bits with one thread and with two, other cases differ") {
  for (const Kind kind : {Kind::head, Kind::pelvis, Kind::thorax}) {
    set_thread_count(1);
    const auto a = phantom::make_case(kind, 40, 4.0, 7, 2);
    set_thread_count(2);
    const auto b = phantom::make_case(kind, 40, 4.0, 7, 2);
    set_thread_count(0);
    CHECK(a.mr.voxels == b.mr.voxels);
    CHECK(a.ct_hu.voxels == b.ct_hu.voxels);
    CHECK(a.body.voxels == b.body.voxels);
    for (const auto& other : {phantom::make_case(kind, 40, 4.0, 7, 3), phantom::make_case(kind, 40, 4.0, 8, 2)}) {
      double difference = 0;
      for (std::size_t n = 0; n < a.ct_hu.voxels.size(); ++n) {
        difference += std::abs(a.ct_hu.voxels[n] - other.ct_hu.voxels[n]);
      }
      CHECK(difference / static_cast<double>(a.ct_hu.voxels.size()) > 20.0);  // noise alone gives about 10
      CHECK(a.body.voxels != other.body.voxels);
    }
  }
}

TEST_CASE("phantom: tissues have their values") {
  for (const Kind kind : {Kind::head, Kind::pelvis, Kind::thorax}) {
    const auto pair = phantom::make_case(kind, 64, 3.0, 1, 0);
    CHECK(same_grid(pair.mr.grid, pair.ct_hu.grid));
    CHECK(same_grid(pair.mr.grid, pair.body.grid));
    CHECK(pair.mr.grid.spacing_mm()[2] == doctest::Approx(3.0));
    const auto inside = static_cast<double>(std::count(pair.body.voxels.begin(), pair.body.voxels.end(), 1)) /
                        static_cast<double>(pair.body.grid.voxels());
    CHECK(inside > 0.15);
    CHECK(inside < 0.7);
    CHECK(fraction_between(pair, -1024, -900, false) > 0.93);  // the rest is the anti-aliased skin
    CHECK(fraction_between(pair, 300, 3071, false) == 0.0);
    CHECK(fraction_between(pair, 300, 3071, true) > 0.02);
    CHECK(fraction_between(pair, -130, -70, true) > 0.02);
    CHECK(fraction_between(pair, -1024, -500, true) > (kind == Kind::thorax ? 0.15 : 0.0003));
    CHECK(mean_mr_between(pair, -120, -85) > 1.5 * mean_mr_between(pair, 40, 70));  // fat above muscle
    CHECK(mean_mr_between(pair, 600, 3071) <
          0.8 * mean_mr_between(pair, 40, 70));  // compact bone is dark, also of low density
    CHECK(*std::min_element(pair.mr.voxels.begin(), pair.mr.voxels.end()) >= 0.0F);
    for (const float hu : {*std::min_element(pair.ct_hu.voxels.begin(), pair.ct_hu.voxels.end()),
                           *std::max_element(pair.ct_hu.voxels.begin(), pair.ct_hu.voxels.end())}) {
      CHECK(hu == std::round(hu));
      CHECK(std::abs(hu) <= 3071.0F);
    }
  }
}

TEST_CASE("phantom: a head holds brain and CSF inside a closed skull") {
  const auto pair = phantom::make_case(Kind::head, 64, 3.0, 4, 1);
  CHECK(fraction_between(pair, 0, 60, true) > 0.4);
  double centre_hu = 0;
  for (std::int64_t k = 38; k < 42; ++k) {
    for (std::int64_t j = 28; j < 36; ++j) {
      for (std::int64_t i = 28; i < 36; ++i) centre_hu += pair.ct_hu.at(i, j, k) / 256.0;
    }
  }
  CHECK(centre_hu > 0.0);
  CHECK(centre_hu < 60.0);
  for (const int direction : {-1, 1}) {  // bone on both ways out of the head from left to right
    float densest_hu = -1000;
    for (std::int64_t i = 32; i >= 0 && i < 64; i += direction) {
      densest_hu = std::max(densest_hu, pair.ct_hu.at(i, 32, 40));
    }
    CHECK(densest_hu > 300.0F);
  }
}

TEST_CASE("phantom: left and right are those of the grid") {
  // Below the diaphragm the liver fills most of the patient's right, fat and a smaller stomach the left.
  double right = 0, left = 0;
  for (std::uint64_t number = 0; number < 3; ++number) {
    const auto pair = phantom::make_case(Kind::thorax, 48, 4.0, 2, number);
    for (std::int64_t k = 6; k < 10; ++k) {
      for (std::int64_t j = 18; j < 30; ++j) {
        for (std::int64_t i = 10; i < 38; ++i) {
          const double x = pair.mr.grid.ras_of_index({static_cast<double>(i), 0, 0})[0];
          if (pair.ct_hu.at(i, j, k) > 30 && pair.ct_hu.at(i, j, k) < 90) (x > 0 ? right : left) += 1;
        }
      }
    }
  }
  CHECK(right > 1.5 * left);
}

TEST_CASE("phantom: shapes have the distances they claim at their surface") {
  using namespace phantom;
  const Shape ball = ellipsoid({1, 2, 3}, {10, 10, 10});
  CHECK(distance_mm(ball, {14, 2, 3}) == doctest::Approx(3.0));
  const Shape turned = ellipsoid({0, 0, 0}, {20, 5, 8}, 2, {0, 0, 90});  // its long axis is now y
  CHECK(std::abs(distance_mm(turned, {0, 20, 0})) < 1e-3);
  CHECK(std::abs(distance_mm(turned, {5, 0, 0})) < 1e-3);
  const Shape box = ellipsoid({0, 0, 0}, {20, 5, 8}, 4);
  CHECK(distance_mm(box, {0, 6, 0}) == doctest::Approx(1.0).epsilon(0.2));
  const Shape cone = capsule({0, 0, 0}, {10, 0, 0}, 2, 4);
  CHECK(distance_mm(cone, {5, 7, 0}) == doctest::Approx(4.0));
  const Ball bound = bounding_ball(box);
  CHECK(length(Vec3{16, 4, 6} - bound.centre) < bound.radius_mm);
}

TEST_CASE("phantom: noise fields have unit variance and are smooth") {
  Random random(1);
  const phantom::NoiseField field(random, 60, 4.0);
  std::vector<float> a, b;
  double sum = 0, squares = 0, steps = 0;
  for (std::int64_t k = 0; k < 59; ++k) {
    field.slice(k, a);
    field.slice(k + 1, b);
    for (std::size_t n = 0; n < a.size(); ++n) {
      sum += a[n];
      squares += static_cast<double>(a[n]) * a[n];
      steps += std::pow(static_cast<double>(b[n]) - a[n], 2);
    }
  }
  const double count = 59.0 * 3600.0;
  CHECK(std::abs(sum / count) < 0.1);
  CHECK(squares / count == doctest::Approx(1.0).epsilon(0.15));
  CHECK(steps / count < 0.15);
}

TEST_CASE("phantom: impossible sizes and unknown kinds are refused") {
  CHECK_THROWS_AS(phantom::make_case(Kind::head, 8, 2.0, 1, 0), Error);
  CHECK_THROWS_AS(phantom::make_case(Kind::head, 32, 0.0, 1, 0), Error);
  CHECK_THROWS_AS(phantom::kind_from_name("foot"), Error);
}
