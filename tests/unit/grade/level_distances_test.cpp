// Distances of one level, and the gathering of feature rows by patient.
#include <doctest/doctest.h>

#include <algorithm>

#include "grade/encoder_distances.hpp"
#include "metrics_features.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

using namespace gdm;
using namespace gdm::metrics;
using namespace gdm::grade;
using test::gaussian_patients;

namespace {

constexpr std::size_t draws = 200;
const PatientDraws some_draws(8, draws, 3);

bool holds(const std::optional<Interval>& interval, double value) {
  return interval && interval->low <= value && value <= interval->high;
}

std::vector<Case> cases_of(const std::vector<std::pair<std::string, std::string>>& ids_and_patients) {
  std::vector<Case> cases;
  for (const auto& [id, patient] : ids_and_patients) {
    cases.emplace_back();
    cases.back().id = id;
    if (!patient.empty()) cases.back().meta["patient"] = patient;
  }
  return cases;
}

void check_same(const LevelDistances& a, const LevelDistances& b) {
  CHECK(a.patches == b.patches);
  CHECK(a.warning == b.warning);
  REQUIRE(a.methods.size() == b.methods.size());
  for (std::size_t m = 0; m < a.methods.size(); ++m) {
    const MethodDistances &x = a.methods[m], &y = b.methods[m];
    CHECK(x.frechet == y.frechet);
    CHECK(x.kernel == y.kernel);
    CHECK(x.precision == y.precision);
    CHECK(x.coverage == y.coverage);
    CHECK(x.frechet_interval->low == y.frechet_interval->low);
    CHECK(x.kernel_interval->high == y.kernel_interval->high);
    CHECK(x.coverage_interval->high == y.coverage_interval->high);
  }
}

}  // namespace

TEST_CASE("level distances: identical sets, shifts that grow, intervals that hold the value") {
  const PatientFeatures targets = gaussian_patients(1, 8, 30, 4, 0.0, 0.3);
  const PatientFeatures near = gaussian_patients(2, 8, 30, 4, 0.4, 0.3), far = gaussian_patients(2, 8, 30, 4, 2.0, 0.3);
  const LevelDistances found = level_distances("patch", targets, {targets, near, far}, some_draws);
  CHECK(found.level == "patch");
  CHECK(found.dims == 4);
  CHECK(found.patches == 240);
  CHECK(found.patients == 8);
  CHECK(found.warning.empty());
  const MethodDistances &same = found.methods[0], &a = found.methods[1], &b = found.methods[2];
  CHECK(*same.frechet < 1e-6);
  CHECK(same.frechet_interval->high < 1e-5);
  CHECK(std::abs(*same.kernel) < 1e-6);
  CHECK(*same.precision == 1.0);
  CHECK(*same.recall == 1.0);
  CHECK(*same.coverage == 1.0);
  CHECK(same.coverage_interval->low == 1.0);
  CHECK(*a.frechet > 0.1);
  CHECK(*b.frechet > 4 * *a.frechet);
  CHECK(*b.kernel > 4 * *a.kernel);
  CHECK(*b.coverage < *a.coverage);
  CHECK(*b.recall < *a.recall);
  for (const MethodDistances& m : found.methods) {
    CHECK(holds(m.frechet_interval, *m.frechet));
    CHECK(holds(m.kernel_interval, *m.kernel));
    CHECK(holds(m.precision_interval, *m.precision));
    CHECK(holds(m.recall_interval, *m.recall));
    CHECK(holds(m.density_interval, *m.density));
    CHECK(holds(m.coverage_interval, *m.coverage));
    CHECK(m.precision_interval->high <= 1);
    CHECK(m.frechet_interval->low >= 0);
  }
  CHECK(b.frechet_interval->low > a.frechet_interval->high);
  // With few rows every draw lies above the sample, but not the interval.
  const PatientFeatures few = gaussian_patients(4, 8, 5, 12, 0.0, 0.3),
                        others = gaussian_patients(5, 8, 5, 12, 0.2, 0.3);
  const LevelDistances small = level_distances("patch", few, {others}, some_draws);
  CHECK(small.warning.empty());
  CHECK(holds(small.methods[0].frechet_interval, *small.methods[0].frechet));
  const LevelDistances plain = level_distances("patch", targets, {near}, PatientDraws(8, 0, 3));
  CHECK(plain.methods[0].frechet == a.frechet);
  CHECK_FALSE(plain.methods[0].frechet_interval.has_value());
  CHECK_FALSE(plain.methods[0].kernel_interval.has_value());
}

TEST_CASE("level distances: the number of threads does not matter") {
  const PatientFeatures targets = gaussian_patients(1, 8, 20, 3, 0.0, 0.3),
                        other = gaussian_patients(2, 8, 20, 3, 1, 1);
  const int before = thread_count();
  set_thread_count(1);
  const LevelDistances one = level_distances("local", targets, {other}, some_draws);
  set_thread_count(3);
  const LevelDistances three = level_distances("local", targets, {other}, some_draws);
  set_thread_count(before);
  check_same(one, three);
}

TEST_CASE("level distances: small samples are skipped or warned of") {
  const PatientFeatures one = gaussian_patients(1, 1, 30, 4, 0, 0);
  const LevelDistances alone = level_distances("patch", one, {one}, PatientDraws(1, draws, 0));
  CHECK(alone.warning.find("skipped: 1 patient") == 0);
  CHECK_FALSE(alone.methods.at(0).frechet.has_value());
  CHECK_FALSE(alone.methods.at(0).coverage.has_value());

  const PatientFeatures none(3);
  CHECK(level_distances("local", none, {none}, PatientDraws(3, draws, 0)).warning.find("no patient") !=
        std::string::npos);

  const PatientFeatures few = gaussian_patients(1, 2, 2, 4, 0, 0);
  const LevelDistances small = level_distances("patch", few, {few}, PatientDraws(2, draws, 0));
  CHECK(*small.methods[0].frechet < 1e-6);
  CHECK_FALSE(small.methods[0].frechet_interval.has_value());
  CHECK_FALSE(small.methods[0].precision.has_value());
  CHECK(small.warning.find("4 patches for 4 dimensions are few, 4 fewer") == 0);
  CHECK(small.warning.find("singular") != std::string::npos);
  CHECK(small.warning.find("too few for precision") != std::string::npos);

  const PatientFeatures targets = gaussian_patients(1, 8, 20, 3, 0, 0.3);
  const LevelDistances bounded = level_distances("patch", targets, {targets}, some_draws, 1000);
  CHECK(bounded.warning.find("8 patients would take") != std::string::npos);
  CHECK_FALSE(bounded.methods[0].frechet_interval.has_value());
  CHECK(bounded.methods[0].kernel_interval.has_value());
  CHECK_THROWS_AS(level_distances("patch", targets, {gaussian_patients(1, 8, 20, 5, 0, 0.3)}, some_draws), Error);
}

TEST_CASE("feature sets: the order of cases does not matter, rows are bounded and shared among patients") {
  std::vector<Case> cases = cases_of({{"a", ""}, {"b1", "b"}, {"b2", "b"}, {"c", ""}, {"d", ""}});
  const PatientFeatures targets = gaussian_patients(1, 5, 30, 3, 0, 0.3), other = gaussian_patients(2, 5, 30, 3, 1, 1);
  const auto gathered = [&](std::vector<std::size_t> order, std::int64_t most) {
    FeatureSets sets(cases, 2, 7, most);
    for (const std::size_t c : order) {
      sets.add(0, cases[c], {{"patch", targets[c]}, {"local", {}}});
      sets.add(1, cases[c], {{"patch", other[c]}, {"local", {}}});
    }
    return sets.distances(draws);
  };
  const auto all = gathered({0, 1, 2, 3, 4}, 4096), turned = gathered({4, 2, 0, 1, 3}, 4096);
  REQUIRE(all.size() == 2);
  CHECK(all[0].patches == 150);
  CHECK(all[0].patients == 4);
  CHECK(all[1].warning.find("skipped") == 0);
  check_same(all[0], turned[0]);

  const auto thin = gathered({0, 1, 2, 3, 4}, 80), thin_turned = gathered({3, 4, 2, 1, 0}, 80);
  CHECK(thin[0].patches == 80);  // 20 of each patient
  CHECK(thin[0].patches_found == 150);
  CHECK(thin[0].warning.find("80 of 150 patches") != std::string::npos);
  check_same(thin[0], thin_turned[0]);
  CHECK(thin[0].methods[0].kernel != all[0].methods[0].kernel);
  CHECK(gathered({0, 1, 2, 3, 4}, 1)[0].patches == 5);
}
