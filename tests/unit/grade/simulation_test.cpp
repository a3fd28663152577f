// Tests and intervals by simulation: how often they are wrong. The draws are seeded; the Monte-Carlo error (one
// standard error of a share of 5 %) is stated with each number of repetitions.
#include <doctest/doctest.h>

#include <cmath>

#include "grade/comparison.hpp"
#include "metrics/frechet_bootstrap.hpp"
#include "metrics/jackknife.hpp"
#include "metrics/kernel_distance.hpp"
#include "metrics/mean_intervals.hpp"
#include "sys/parallel.hpp"
#include "sys/random.hpp"

using namespace gdm;
using namespace gdm::metrics;
using namespace gdm::grade;

namespace {

constexpr std::size_t thirty = 30;

using Values = std::vector<std::optional<double>>;

/// Errors of a method on `cases` cases of each patient, of whom some are harder; a case adds as much as a patient.
Values errors(std::size_t cases, const std::vector<double>& of_patients, Random& random) {
  Values values;
  for (const double hard : of_patients) {
    const double patient = 0.6 * random.normal();
    for (std::size_t c = 0; c < cases; ++c) values.emplace_back(50.0 + hard + patient + 0.3 * random.normal());
  }
  return values;
}

struct Shares {
  double rejected = 0, missed = 0, mean_missed = 0;
};

/// Two methods without a difference: how often the test rejects, and how often the intervals of the difference and of a
/// mean miss 0 and 50. `patient_of` says whom a case is counted for.
Shares simulate(std::size_t cases, const std::vector<std::size_t>& patient_of, int repetitions) {
  Shares shares;
  const double one = 1.0 / repetitions;
  for (int r = 0; r < repetitions; ++r) {
    Random random(2026, static_cast<std::uint64_t>(r));
    std::vector<double> hard(thirty);
    for (double& v : hard) v = 2.0 * random.normal();
    const Values a = errors(cases, hard, random), b = errors(cases, hard, random);
    const PairComparison pair = compare({{a, b}}, {Better::lower}, patient_of, {{1, 0}}).pairs.front();
    const auto mean = mean_interval(patient_means(a, patient_of));
    shares.rejected += *pair.p < 0.05 ? one : 0.0;
    shares.missed += pair.interval->low > 0 || pair.interval->high < 0 ? one : 0.0;
    shares.mean_missed += mean->low > 50 || mean->high < 50 ? one : 0.0;
  }
  return shares;
}

/// Rows of patients about means of their own.
PatientFeatures rows_of(std::size_t patients, std::int64_t rows, std::int64_t dims, Random& random) {
  PatientFeatures all(patients);
  for (metrics::FeatureMatrix& features : all) {
    std::vector<double> centre(static_cast<std::size_t>(dims));
    for (double& v : centre) v = 0.7 * random.normal();
    features.dims = dims;
    for (std::int64_t r = 0; r < rows; ++r) {
      for (const double v : centre) features.values.push_back(static_cast<float>(v + random.normal()));
    }
  }
  return all;
}

/// scale x + shift along one dimension + noise, so that its distribution is about as far away as intended.
PatientFeatures changed(PatientFeatures features, float scale, float shift, std::size_t along, double noise,
                        Random& random) {
  for (metrics::FeatureMatrix& patient : features) {
    for (std::size_t n = 0; n < patient.values.size(); ++n) {
      float& v = patient.values[n];
      v = scale * v + static_cast<float>(noise * random.normal());
      if (n % static_cast<std::size_t>(patient.dims) == along) v += shift;
    }
  }
  return features;
}

std::vector<FeatureMoments> moments_of(const PatientFeatures& patients) {
  std::vector<FeatureMoments> moments(patients.size());
  for (std::size_t p = 0; p < patients.size(); ++p) {
    moments[p].add(patients[p].values.data(), patients[p].rows(), patients[p].dims);
  }
  return moments;
}

std::vector<double> differences(const MethodDraws& draws) {
  std::vector<double> result;
  for (std::size_t b = 0; b < draws[0].size(); ++b) result.push_back(draws[0][b] - draws[1][b]);
  return result;
}

bool holds_zero(const Interval& interval) {
  return interval.low <= 0 && interval.high >= 0;
}

/// What all patients give, each once.
double whole(const std::vector<FeatureMoments>& targets, const std::vector<std::vector<FeatureMoments>>& methods) {
  FeatureMoments merged[3];
  for (const FeatureMoments& patient : targets) merged[0].merge(patient);
  for (std::size_t m = 0; m < 2; ++m) {
    for (const FeatureMoments& patient : methods[m]) merged[m + 1].merge(patient);
  }
  return frechet_distance(merged[0], merged[1]) - frechet_distance(merged[0], merged[2]);
}

}  // namespace

TEST_CASE("simulation: 30 patients of 1, 2, 4 and 8 cases, tests err in 5 % and intervals hold in 95 %") {
  constexpr int repetitions = 5000;  // Monte-Carlo error 0.3 %
  for (const std::size_t cases : {1, 2, 4, 8}) {
    std::vector<std::size_t> patient_of, nobody;
    for (std::size_t c = 0; c < cases * thirty; ++c) {
      patient_of.push_back(c / cases);
      nobody.push_back(c);
    }
    const Shares shares = simulate(cases, patient_of, repetitions);
    INFO(cases, " cases: ", shares.rejected, " ", shares.missed, " ", shares.mean_missed);
    CHECK(std::abs(shares.rejected - 0.05) <= 0.01);
    CHECK(std::abs(shares.missed - 0.05) <= 0.01);
    CHECK(std::abs(shares.mean_missed - 0.05) <= 0.01);
    if (cases == 8) CHECK(simulate(cases, nobody, 500).rejected > 0.3);  // what counting cases would do
  }
}

TEST_CASE("simulation: differences of distances between methods of a kind") {
  constexpr int repetitions = 600;  // Monte-Carlo error 0.9 %
  double frechet = 0, kernel = 0;
  for (int r = 0; r < repetitions; ++r) {
    Random random(7, static_cast<std::uint64_t>(r));
    const PatientFeatures targets = rows_of(thirty, 4, 3, random);
    const std::vector<PatientFeatures> methods{changed(targets, 1, 0.7F, 0, 0.3, random),
                                               changed(targets, 1, 0.7F, 1, 0.3, random)};
    const PatientDraws without = PatientDraws::without_each(thirty);
    const std::vector<FeatureMoments> of_targets = moments_of(targets);
    const std::vector<std::vector<FeatureMoments>> moments{moments_of(methods[0]), moments_of(methods[1])};
    const auto estimate =
        jackknife(whole(of_targets, moments), differences(frechet_draws(of_targets, moments, without)));
    frechet += holds_zero(estimate->interval) ? 1.0 / repetitions : 0.0;
    CHECK(holds_zero(estimate->interval) == (estimate->p_value >= 0.05));
    const std::vector<PatientKernel> kernels{PatientKernel(targets, methods[0]), PatientKernel(targets, methods[1])};
    const double value = kernels[0].distance() - kernels[1].distance();
    const auto of_kernel = jackknife(value, differences(kernel_draws(kernels, without)));
    CHECK(of_kernel->corrected == doctest::Approx(value).epsilon(1e-6));  // it has no bias
    kernel += holds_zero(of_kernel->interval) ? 1.0 / repetitions : 0.0;
  }
  INFO(frechet, " ", kernel);
  CHECK(std::abs(frechet - 0.95) <= 0.03);
  CHECK(std::abs(kernel - 0.95) <= 0.03);
}

TEST_CASE("simulation: Frechet distances of a smooth and a noisy method, where the bias does not cancel") {
  constexpr int repetitions = 200;  // Monte-Carlo error 1.5 %
  const double scale = 0.8, variance = 1.49, noise = std::sqrt((1.2 * 1.2 - 1.0) * variance);
  double held = 0, held_by_percentiles = 0;
  for (int r = 0; r < repetitions; ++r) {
    Random random(11, static_cast<std::uint64_t>(r));
    const PatientFeatures targets = rows_of(thirty, 20, 8, random);
    const std::vector<std::vector<FeatureMoments>> methods{
        moments_of(changed(targets, static_cast<float>(scale), 0, 0, 0, random)),
        moments_of(changed(targets, 1, 0, 0, noise, random))};  // both change the SD by a fifth
    const std::vector<FeatureMoments> of_targets = moments_of(targets);
    const MethodDraws without = frechet_draws(of_targets, methods, PatientDraws::without_each(thirty));
    held += holds_zero(jackknife(whole(of_targets, methods), differences(without))->interval) ? 1.0 : 0.0;
    const MethodDraws draws = frechet_draws(of_targets, methods, PatientDraws(thirty, 100, 3));
    held_by_percentiles += holds_zero(*percentile_interval(differences(draws))) ? 1.0 : 0.0;
  }
  INFO(held, " ", held_by_percentiles);
  CHECK(held >= 0.92 * repetitions);
  CHECK(held_by_percentiles < 0.7 * repetitions);
}

TEST_CASE("jackknife: a mean by hand, no bias left, nothing to tell") {
  const std::vector<double> values{3, 5, 4, 8};  // of their mean, 5, the pseudo-values are the values
  std::vector<double> without;
  for (const double v : values) without.push_back((20.0 - v) / 3.0);
  const auto mean = jackknife(5.0, without);
  CHECK(mean->corrected == doctest::Approx(5.0));
  CHECK(mean->interval.low == doctest::Approx(mean_interval({3.0, 5.0, 4.0, 8.0})->low));
  // The plug-in variance, 3.5, lacks the factor 4/3; the interval grows by a quarter of the correction.
  std::vector<double> variances;
  for (const double v : values) {
    const double others = (20.0 - v) / 3.0;
    double squares = 0;
    for (const double w : values) squares += w == v ? 0.0 : (w - others) * (w - others) / 3.0;
    variances.push_back(squares);
  }
  const auto variance = jackknife(3.5, variances);
  CHECK(variance->corrected == doctest::Approx(14.0 / 3.0));
  CHECK(0.5 * (variance->interval.low + variance->interval.high) == doctest::Approx(14.0 / 3.0));
  CHECK(jackknife(0.0, {0.0, 0.0, 0.0})->p_value == 1.0);
  CHECK_FALSE(jackknife(1.0, {1.0}).has_value());
  CHECK_FALSE(jackknife(1.0, {1.0, NAN, 1.0}).has_value());
}
