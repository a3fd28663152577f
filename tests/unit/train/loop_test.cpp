// The training loop: exact resume, refusal of another run's checkpoint, schedules and samplers.
#include <doctest/doctest.h>
#include <torch/nn/modules/linear.h>

#include <array>
#include <fstream>
#include <limits>

#include "data/samples.hpp"
#include "io_fixture.hpp"
#include "nn/blocks.hpp"
#include "sys/error.hpp"
#include "train/loop.hpp"

using namespace gdm;
using namespace gdm::train;
using namespace gdm::data;
using torch::Tensor;

namespace {

/// A small regression whose data depend on the step alone.
struct Toy {
  torch::nn::Linear net{nullptr};
  std::unique_ptr<Trainee> trainee;
  Toy() {
    torch::manual_seed(3);
    net = torch::nn::Linear(4, 2);
    trainee = std::make_unique<Trainee>(*net, 0.9);
  }
  /// Steps whose loss is not a number, [first, last).
  std::vector<std::array<std::int64_t, 2>> faults;
  std::int64_t memory = 0;  ///< stands for the state of objectives
  std::int64_t record = 0;  ///< stands for figures

  std::string step(std::int64_t n) {
    torch::manual_seed(static_cast<std::uint64_t>(n) + 50);
    const Tensor x = torch::randn({8, 4}), y = x.slice(1, 0, 2) * 2 + 1;
    trainee->zero_grad();
    const Tensor loss = (net(x) - y).square().mean();
    loss.backward();
    ++memory;
    ++record;
    double value = loss.item<double>();
    for (const auto& fault : faults) {
      if (n >= fault[0] && n < fault[1]) value = std::numeric_limits<double>::quiet_NaN();
    }
    trainee->step(0.05, value, trainee->gradient_norm().item<double>());
    return "";
  }
  Extra extra() {
    Extra extra;
    extra.state = {[this](nn::TensorWriter&, Json& json) { json = memory; },
                   [this](const SafetensorsFile&, const Json& json) { memory = json; }};
    extra.record = {[this](nn::TensorWriter&, Json& json) { json = record; },
                    [this](const SafetensorsFile&, const Json& json) { record = json; }};
    return extra;
  }
  bool run(const LoopPlan& plan, std::int64_t stop_after = -1) {
    std::int64_t done = 0;
    return run_loop(plan, *trainee, extra(), [&](std::int64_t n) {
      if (stop_after >= 0 && done++ == stop_after) throw Error("power cut");
      return step(n);
    });
  }
};

bool same_weights(Toy& a, Toy& b) {
  bool same = torch::equal(a.net->weight, b.net->weight) && torch::equal(a.net->bias, b.net->bias);
  const Trainee::AverageGuard average_a(*a.trainee), average_b(*b.trainee);
  same = same && torch::equal(a.net->weight, b.net->weight) && torch::equal(a.net->bias, b.net->bias);
  return same;
}

LoopPlan plan_in(const gdm_test::TemporaryFolder& folder, std::int64_t steps, std::int64_t every) {
  LoopPlan plan;
  plan.title = "toy";
  plan.steps = steps;
  plan.checkpoint = folder / "toy.checkpoint";
  plan.checkpoint_every = every;
  plan.configuration = {{"net", "toy"}};
  return plan;
}

std::vector<Sample> two_patients() {
  std::vector<Sample> samples(3);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i].patient = i == 0 ? "a" : "b";
    samples[i].conditions = torch::full({1, 20, 12, 20}, static_cast<double>(i));
    samples[i].target = samples[i].conditions.clone();
    samples[i].mask = torch::ones({1, 20, 12, 20}, torch::kUInt8);
    samples[i].foreground = torch::arange(20 * 12 * 20);
  }
  return samples;
}

}  // namespace

TEST_CASE("loop: N steps, a crash and a resume equal one run bit for bit") {
  const gdm_test::TemporaryFolder folder, other;
  Toy whole;
  CHECK(whole.run(plan_in(other, 20, 1000)));
  Toy cut;
  CHECK_THROWS_AS(cut.run(plan_in(folder, 20, 5), 12), Error);
  Toy resumed;
  resumed.net->weight.data().zero_();
  CHECK(resumed.run(plan_in(folder, 20, 5)));
  CHECK(same_weights(resumed, whole));
}

TEST_CASE("loop: nine bad steps are skipped, ten go back to the last good state at half the rate") {
  const gdm_test::TemporaryFolder folder, other, third;
  LoopPlan plan = plan_in(folder, 16, 1000);
  plan.good_every = 4;
  Toy nine;
  nine.faults = {{6, 15}};
  CHECK(nine.run(plan));
  CHECK(nine.trainee->skipped() == 9);
  CHECK(nine.trainee->rollbacks() == 0);

  // What follows a rollback at step 15 equals four good steps and then step 16 at half the rate.
  Toy ten, expected;
  ten.faults = {{6, 16}};
  plan = plan_in(other, 17, 1000);
  plan.good_every = 4;
  CHECK(ten.run(plan));
  CHECK(ten.trainee->rollbacks() == 1);
  CHECK(ten.trainee->rate_factor() == 0.5);
  CHECK(ten.trainee->skipped() == 10);
  CHECK(ten.memory == 4 + 1);  // taken back with the weights
  CHECK(ten.record == 17);     // not
  CHECK(expected.run(plan_in(third, 4, 1000)));
  nn::TensorWriter writer;
  Json json;
  expected.trainee->save(writer, json);
  const SafetensorsFile state(writer.bytes({{"kind", "checkpoint"}}), "state");
  expected.trainee->roll_back(state, json);  // only for its half rate
  expected.step(16);
  CHECK(same_weights(ten, expected));
}

TEST_CASE("loop: the third rollback is an error") {
  const gdm_test::TemporaryFolder folder;
  Toy toy;
  toy.faults = {{5, 1000}};
  CHECK(gdm_test::contains(gdm_test::error_of([&] { toy.run(plan_in(folder, 100, 1000)); }), "learning-rate"));
  CHECK(toy.trainee->rollbacks() == 2);
  CHECK(toy.trainee->skipped() == 30);
}

TEST_CASE("loop: a resume before, among and after bad steps goes the same way") {
  const gdm_test::TemporaryFolder folder;
  LoopPlan plan = plan_in(folder, 40, 1000);
  plan.good_every = 8;
  Toy whole;
  whole.faults = {{11, 21}};
  CHECK(whole.run(plan));
  CHECK(whole.trainee->rollbacks() == 1);
  for (const std::int64_t cut_at : {10, 15, 20, 23, 30}) {
    const gdm_test::TemporaryFolder own;
    LoopPlan cut_plan = plan_in(own, 40, 1);  // a checkpoint after each step
    cut_plan.good_every = 8;
    Toy cut, resumed;
    cut.faults = resumed.faults = whole.faults;
    CHECK_THROWS_AS(cut.run(cut_plan, cut_at), Error);
    CHECK(first_step(cut_plan) == cut_at);
    CHECK(resumed.run(cut_plan));
    INFO("cut after step ", cut_at);
    CHECK(resumed.trainee->rollbacks() == 1);
    CHECK(same_weights(resumed, whole));
  }
}

TEST_CASE("loop: the checkpoint of another configuration is refused, --restart ignores it") {
  const gdm_test::TemporaryFolder folder;
  Toy first;
  CHECK_THROWS_AS(first.run(plan_in(folder, 20, 5), 7), Error);
  LoopPlan other = plan_in(folder, 20, 5);
  other.configuration = {{"net", "another"}};
  Toy second;
  CHECK_THROWS_AS(second.run(other), Error);
  other.restart = true;
  CHECK(second.run(other));
}

TEST_CASE("loop: a time limit stops with a checkpoint") {
  const gdm_test::TemporaryFolder folder;
  LoopPlan plan = plan_in(folder, 1000000, 1000000);
  plan.max_time_s = 0.05;
  Toy toy;
  CHECK_FALSE(toy.run(plan));
  CHECK(std::filesystem::exists(plan.checkpoint));
}

TEST_CASE("log: a resumed run drops the lines after its checkpoint") {
  const gdm_test::TemporaryFolder folder;
  JsonLog log(folder / "log.jsonl", 0);
  for (int n = 0; n < 5; ++n) log.write({{"step", n}});
  JsonLog resumed(folder / "log.jsonl", 3);
  resumed.write({{"step", 3}});
  std::ifstream file(folder / "log.jsonl");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK(text == "{\"step\":0}\n{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
}

TEST_CASE("trainee: a gradient that is not finite changes nothing") {
  Toy toy;
  const Tensor before = toy.net->weight.detach().clone();
  toy.net->weight.mutable_grad() = torch::full_like(before, std::numeric_limits<float>::quiet_NaN());
  toy.net->bias.mutable_grad() = torch::zeros({2});
  toy.trainee->step(0.1, 1.0, toy.trainee->gradient_norm().item<double>());
  CHECK(torch::equal(toy.net->weight, before));
  CHECK(toy.trainee->bad_in_a_row() == 1);
  toy.trainee->zero_grad();
  toy.net->weight.mutable_grad() = torch::ones_like(before);
  toy.trainee->step(0.1, std::numeric_limits<double>::infinity(), 1.0);
  CHECK(torch::equal(toy.net->weight, before));
  toy.trainee->step(0.1, 1.0, toy.trainee->gradient_norm().item<double>());
  CHECK(toy.trainee->bad_in_a_row() == 0);
  CHECK(toy.trainee->skipped() == 2);
}

TEST_CASE("learning rate: rises, stays, falls to 2 %") {
  CHECK(learning_rate(1.0, 0, 1000) == doctest::Approx(0.01));
  CHECK(learning_rate(1.0, 300, 1000) == 1.0);
  CHECK(learning_rate(1.0, 800, 1000) == doctest::Approx(0.51));
  CHECK(learning_rate(1.0, 1000, 1000) == doctest::Approx(0.02));
}

/// Numbers of the cases that patches come from.
std::vector<std::size_t> samples_of(const Batch& batch) {
  std::vector<std::size_t> samples;
  for (const data::PatchPlace& place : batch.places) samples.push_back(place.sample);
  return samples;
}

TEST_CASE("sampler: depends on seed and step alone, patients share it equally, small volumes are padded with air") {
  const auto samples = two_patients();
  const PatchSampler one(samples, 16, 2, 9), same(samples, 16, 2, 9), other(samples, 16, 2, 10);
  one.draw(3, torch::kCPU);
  const Batch a = one.draw(7, torch::kCPU), b = same.draw(7, torch::kCPU);
  CHECK(torch::equal(a.target, b.target));
  CHECK(a.target.sizes() == torch::IntArrayRef({2, 1, 16, 16, 16}));
  CHECK(a.target.min().item<double>() == -1.0);  // 12 rows of 16 exist along H
  CHECK(a.mask.to(torch::kInt64).sum().item<std::int64_t>() == 2 * 16 * 12 * 16);
  int of_a = 0, differs = 0;
  for (int step = 0; step < 400; ++step) {
    const Batch batch = one.draw(step, torch::kCPU);
    for (const data::PatchPlace& place : batch.places) of_a += place.sample == 0 ? 1 : 0;
    differs += samples_of(batch) != samples_of(other.draw(step, torch::kCPU)) ? 1 : 0;
  }
  CHECK(of_a > 340);  // half of 800 patches, although patient b has two volumes
  CHECK(of_a < 460);
  CHECK(differs > 100);
}
