#include "objective/frechet_loss.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "bank_fixture.hpp"
#include "io_fixture.hpp"
#include "nn/step_generator.hpp"

using namespace gdm;
using namespace gdm::objective;
using torch::Tensor;

namespace {

Moments gaussian(const std::vector<double>& mean, const std::vector<double>& deviation) {
  const Tensor m = torch::tensor(mean, torch::kFloat64), d = torch::tensor(deviation, torch::kFloat64);
  return {m, torch::outer(m, m) + torch::diag(d.square())};
}

Moments mixed_gaussian() {
  const Tensor m = torch::tensor({0.2, -0.1, 0.4}, torch::kFloat64);
  const Tensor a = torch::tensor({{1.0, 0.3, -0.2}, {0.0, 0.7, 0.5}, {0.0, 0.0, 0.4}}, torch::kFloat64);
  return {m, torch::outer(m, m) + a.matmul(a.transpose(0, 1))};
}

}  // namespace

TEST_CASE("the Frechet distance of Gaussians with common axes is that of their means and deviations") {
  const FrechetDistance distance(gaussian({0, 1}, {1, 2}));
  CHECK(distance.to(gaussian({3, 1}, {1, 0.5})).item<double>() == doctest::Approx(9 + 1.5 * 1.5));
  CHECK(distance.spread().item<double>() == doctest::Approx(5));
  const FrechetDistance other(mixed_gaussian());
  CHECK(std::abs(other.to(mixed_gaussian()).item<double>()) < 1e-6);
}

TEST_CASE("its gradient is that of finite differences") {
  torch::manual_seed(2);
  const FrechetDistance distance(mixed_gaussian());
  Tensor rows = torch::randn({20, 3}, torch::kFloat64).requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({distance.to(moments(rows))}, {rows})[0];
  for (const std::int64_t place : {0, 31, 59}) {
    const double step = 1e-5;
    const auto at = [&](double by) {
      Tensor moved = rows.detach().clone();
      moved.view({-1})[place] += by;
      return distance.to(moments(moved)).item<double>();
    };
    CHECK(gradient.reshape({-1})[place].item<double>() ==
          doctest::Approx((at(step) - at(-step)) / (2 * step)).epsilon(1e-5).scale(0));
  }
}

TEST_CASE("followed by its gradient, rows take over the mean and covariance of the real side") {
  // Two modes of real rows, at -1 and 1 along one axis: the distance knows their mean and variance, nothing more.
  torch::manual_seed(4);
  Tensor real = 0.1 * torch::randn({4000, 2}, torch::kFloat64);
  real.select(1, 0) += torch::sign(torch::randn({4000}, torch::kFloat64));
  const Moments wanted = moments(real);
  const FrechetDistance distance(wanted);
  Tensor rows = (0.3 * torch::randn({500, 2}, torch::kFloat64) + 2).requires_grad_(true);
  for (int n = 0; n < 400; ++n) {
    const Tensor gradient = torch::autograd::grad({distance.to(moments(rows))}, {rows})[0];
    rows = (rows.detach() - 100 * gradient).requires_grad_(true);
  }
  const Moments reached = moments(rows.detach());
  CHECK((reached.mean - wanted.mean).abs().max().item<double>() < 0.01);
  CHECK((reached.second - wanted.second).abs().max().item<double>() < 0.02);
}

TEST_CASE("weighted moments are those of repeated rows") {
  const Tensor rows = torch::tensor({{1.0, 2.0}, {3.0, -1.0}});
  const Tensor repeated = torch::tensor({{1.0, 2.0}, {1.0, 2.0}, {1.0, 2.0}, {3.0, -1.0}});
  const Moments one = moments(rows, torch::tensor({0.75, 0.25})), other = moments(repeated);
  CHECK(torch::allclose(one.mean, other.mean));
  CHECK(torch::allclose(one.second, other.second));
}

TEST_CASE("the loss in a bank remembers what was generated, and a resumed one goes on alike") {
  const gdm_test::TemporaryFolder folder;
  gdm_test::write_view_bank(folder / "bank.safetensors", 16);
  const bank::RealBank bank(folder / "bank.safetensors", torch::Device(torch::kCPU));
  FrechetOptions options;
  options.memory_batches = 4;
  FrechetLoss first(bank, options), second(bank, options);
  const auto value = [&](FrechetLoss& loss, std::int64_t number, double scale) {
    torch::manual_seed(static_cast<std::uint64_t>(number));
    const Tensor volume = (torch::rand({2, 1, 16, 16, 16}) * 2 - 1) * scale;
    FeaturePair pair;
    pair.predicted = bank.encoder().features(volume, bank.encoder().input.hu_map);
    pair.mask = torch::ones({2, 1, 16, 16, 16}, torch::kUInt8);
    at::Generator generator = nn::step_generator(1, number);
    return loss.loss(pair, generator).item<double>();
  };
  double alike = 0, unlike = 0;
  for (std::int64_t number = 0; number < 4; ++number) alike = value(first, number, 1.0);
  for (std::int64_t number = 0; number < 4; ++number) unlike = value(second, number, 0.3);
  CHECK(alike < 0.5 * unlike);
  nn::TensorWriter writer;
  Json json = Json::object();
  first.save(writer, "objective0.", json);
  writer.write(folder / "state.safetensors", {{"kind", "test"}}, Overwrite::refuse);
  second.load(SafetensorsFile(folder / "state.safetensors"), "objective0.", json);
  CHECK(value(first, 9, 1.0) == value(second, 9, 1.0));
  options.weight_global = options.weight_local = options.weight_spatial = 0;
  CHECK_THROWS_AS(FrechetLoss(bank, options), Error);
}

TEST_CASE("the loss moves the batch alone, as if it were not remembered with others") {
  const gdm_test::TemporaryFolder folder;
  gdm_test::write_view_bank(folder / "bank.safetensors", 16);
  const bank::RealBank bank(folder / "bank.safetensors", torch::Device(torch::kCPU));
  FrechetLoss loss(bank, {});
  torch::manual_seed(4);
  FeaturePair pair;
  pair.mask = torch::ones({2, 1, 16, 16, 16}, torch::kUInt8);
  const auto look = [&](FrechetLoss& at) {
    at::Generator generator = nn::step_generator(1, 1);  // so that the same rows are chosen each time
    return at.loss(pair, generator);
  };
  const std::int64_t remembered = 4;
  for (std::int64_t number = 0; number <= remembered; ++number) {
    pair.predicted = bank.encoder().features(torch::rand({2, 1, 16, 16, 16}) * 2 - 1, bank.encoder().input.hu_map);
    for (Tensor& map : pair.predicted) map = map.to(torch::kFloat64).detach();
    if (number < remembered) look(loss);
  }
  Tensor& map = pair.predicted[0];
  map.requires_grad_(true);
  FrechetLoss own = loss;  // each look joins the memory, so each begins from a copy
  const Tensor gradient = torch::autograd::grad({look(own)}, {map})[0].flatten();
  map = map.detach();
  const Tensor largest = std::get<1>(gradient.abs().topk(5));
  for (std::int64_t n = 0; n < largest.size(0); ++n) {
    const auto place = largest[n].item<std::int64_t>();
    constexpr double step = 1e-4;
    double ends[2];
    for (const int side : {0, 1}) {
      const Tensor kept = map.clone();
      map.flatten()[place] += side == 0 ? -step : step;
      FrechetLoss copy = loss;
      ends[side] = look(copy).item<double>();
      map = kept;
    }
    const double slope = (ends[1] - ends[0]) / (2 * step);
    CHECK(slope != 0);  // of a value in which the batch is one of five
    CHECK(gradient[place].item<double>() / (remembered + 1) == doctest::Approx(slope).epsilon(1e-4).scale(0));
  }
}
