// Scaling of conditions: nothing is lost below 0, each kind puts its ends where it says, a model keeps what it was
// given.
#include <doctest/doctest.h>

#include "io_fixture.hpp"
#include "nn/condition.hpp"
#include "sys/log.hpp"

using namespace gdm;
using gdm_test::contains;
using gdm_test::error_of;
using nn::Condition;
using torch::Tensor;

namespace {

constexpr std::int64_t voxels = 40000;

Tensor noise(double mean, double deviation) {
  torch::manual_seed(3);
  return torch::randn({voxels}) * deviation + mean;
}

Tensor scaled(const Tensor& raw, const std::string& scaling, double low = 0, double high = 0) {
  return nn::scale_condition(raw, Condition{"mr", scaling, low, high, true}, {});
}

double least_difference(const Tensor& a, const Tensor& b, const Tensor& where) {
  return (a - b).abs().masked_select(where).min().item<double>();
}

}  // namespace

TEST_CASE("scaling: images that differ below 0 stay different, whatever the scaling") {
  const Tensor a = noise(0, 1), below = (a < 0) & (a > -1);
  const Tensor b = torch::where(below, a - 0.5, a);
  for (const char* scaling : {"percentile", "zscore", "range"}) {
    CAPTURE(scaling);
    const Tensor x = scaled(a, scaling, -3, 3), y = scaled(b, scaling, -3, 3);
    CHECK(least_difference(x, y, below) > 0.02);
  }
  const Tensor hu = noise(-200, 150), other = torch::where(hu < 0, hu - 100, hu);
  CHECK(least_difference(scaled(hu, "hu"), scaled(other, "hu"), hu < 0) > 0.05);
}

TEST_CASE("scaling: the ends lie where the kinds say") {
  const Tensor positive = noise(300, 20).clamp_min(0);
  const Tensor above = positive.masked_select(positive > positive.mean());
  const double top =
      std::get<0>(above.sort())[static_cast<std::int64_t>(0.995 * static_cast<double>(above.numel() - 1))]
          .item<double>();
  const Tensor x = scaled(positive, "percentile");
  CHECK(x.equal((positive * (2.0 / top) - 1.0).clamp(-1.5, 1.5)));  // 0 is -1 where nothing lies below it
  const Tensor both = noise(0, 1);
  const Tensor y = scaled(both, "percentile");
  CHECK((y <= -1).to(torch::kFloat64).mean().item<double>() == doctest::Approx(0.005).epsilon(0.02));
  const Tensor z = scaled(noise(50, 7), "zscore");
  CHECK(z.mean().item<double>() == doctest::Approx(0).epsilon(1e-6));
  CHECK(z.std(false).item<double>() == doctest::Approx(0.25));
  const Tensor r = scaled(torch::tensor({-2.0F, 1.0F, 4.0F, 100.0F}), "range", -2, 4);
  CHECK(r.equal(torch::tensor({-1.0F, 0.0F, 1.0F, 1.5F})));
}

TEST_CASE("scaling: what is clamped and what the training did not have is said") {
  const WarningCapture capture;
  scaled(noise(0, 1), "range", -1, 1);
  REQUIRE(capture.warnings().size() == 1);
  CHECK(contains(capture.warnings()[0], "input 'mr': 13."));  // beyond 1.5 standard deviations
  CHECK(contains(capture.warnings()[0], "-1.5 to 1.5"));
  nn::scale_condition(noise(0, 1), Condition{"mr", "percentile", 0, 0, false}, {});
  REQUIRE(capture.warnings().size() == 2);
  CHECK(contains(capture.warnings()[1], "below 0"));
  scaled(noise(0, 1), "percentile");
  scaled(noise(300, 20), "percentile");
  CHECK(capture.warnings().size() == 2);
}

TEST_CASE("scaling: a description gives back the condition, and what is unknown is refused") {
  for (const Condition& condition : {Condition{"mr", "percentile", 0, 0, false},
                                     Condition{"mr", "percentile", 0, 0, true}, Condition{"ct", "hu", 0, 0, true},
                                     Condition{"q", "zscore", 0, 0, true}, Condition{"t1", "range", -3.5, 2, true}}) {
    CHECK(Condition::from_json(condition.json()) == condition);
  }
  CHECK(contains(error_of([] { Condition::from_json({{"name", "a"}, {"scaling", "log"}}); }), "log"));
  CHECK(contains(error_of([] {
                   Condition::from_json({{"name", "a"}, {"scaling", "range"}, {"range", {1, 1}}});
                 }),
                 "empty"));
  CHECK(contains(error_of([] {
                   Condition::from_json({{"name", "a"}, {"scaling", "percentile"}, {"percentiles", {1, 99}}});
                 }),
                 "unknown"));
  CHECK(contains(error_of([] { scaled(torch::full({8}, -4.0F), "percentile"); }), "constant"));
  CHECK(contains(error_of([] { scaled(torch::full({8}, 2.0F), "zscore"); }), "constant"));
}
