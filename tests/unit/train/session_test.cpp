// The one loop of all trainings: what happens when, what a resumed run repeats, what a stop and a failure leave.
#include <doctest/doctest.h>
#include <torch/nn/modules/linear.h>

#include <fstream>
#include <limits>

#include "io_fixture.hpp"
#include "nn/modules.hpp"
#include "train/session.hpp"

using namespace gdm;
using namespace gdm::train;
using torch::Tensor;
namespace {

using Events = std::vector<std::string>;

data::Batch batch_of(std::int64_t number) {
  data::Batch batch;
  batch.conditions = torch::full({3, 4}, 0.1 * static_cast<double>(number % 7) - 0.2);
  batch.target = batch.conditions.slice(1, 0, 2) * 2 + 1;
  batch.mask = torch::ones({3, 4}, torch::kUInt8);
  return batch;
}

/// A regression that counts its batches: the count stands for the state of objectives, and steps depend on it.
class CountingMethod : public Method {
 public:
  CountingMethod(torch::nn::Linear net, Events& events) : net_(std::move(net)), events_(events) {}

  nn::LogLine add_gradients(const data::Batch& batch, const BatchPlace& place) override {
    if (place.number == fail_at) throw Error("power cut");
    events_.push_back("batch " + std::to_string(place.number) + " of step " + std::to_string(place.step));
    const Tensor loss =
        (net_(batch.conditions) - batch.target).square().mean() * (1 + 0.01 * static_cast<double>(count_++));
    (loss / static_cast<double>(place.in_step)).backward();
    const double value = place.step == bad_step ? std::numeric_limits<double>::quiet_NaN() : loss.item<double>();
    return nn::LogLine({{loss_key(), value}, {"count", count_}});
  }
  void after_step(bool taken) override { events_.emplace_back(taken ? "stepped" : "skipped"); }
  std::string loss_key() const override { return "square"; }
  std::string loss_text(double loss) const override { return std::to_string(loss); }
  void save(nn::TensorWriter& /*writer*/, Json& json) const override { json = count_; }
  void load(const SafetensorsFile& /*file*/, const Json& json) override { count_ = json; }

  std::int64_t fail_at = -1, bad_step = -1;

 private:
  torch::nn::Linear net_;
  Events& events_;
  std::int64_t count_ = 0;
};

/// Judges by the sum of the weights that it finds in place.
class WeightValidator : public Validator {
 public:
  WeightValidator(torch::nn::Linear net, Events& events) : net_(std::move(net)), events_(events) {}

  Json judge(std::int64_t done) override {
    if (done == stop_at && stops-- > 0) throw StopRequested{15};
    events_.push_back("judged after " + std::to_string(done));
    curve_.push_back(net_->weight.sum().item<double>());
    return curve_.back();
  }
  std::string text() const override { return ""; }
  void save(nn::TensorWriter& /*writer*/, Json& json) const override { json = curve_; }
  void load(const SafetensorsFile& /*file*/, const Json& json) override { curve_ = json; }

  const Json& curve() const { return curve_; }
  std::int64_t stop_at = -1, stops = 0;

 private:
  torch::nn::Linear net_;
  Events& events_;
  Json curve_ = Json::array();
};

/// One run of the toy training in a folder, as a program would begin it.
struct Run {
  explicit Run(const gdm_test::TemporaryFolder& folder, std::int64_t steps = 4)
      : net(made()), method(net, events), validator(net, events) {
    plan.loop.title = "toy";
    plan.loop.steps = steps;
    plan.loop.checkpoint = folder / "toy.checkpoint";
    plan.loop.configuration = {{"net", "toy"}};
    plan.log = folder / "toy.jsonl";
    plan.learning_rate = 0.05;
    plan.ema = 0.9;
    plan.accumulate = 2;
    plan.validate_every = 2;
  }
  static torch::nn::Linear made() {
    torch::manual_seed(3);
    return torch::nn::Linear(4, 2);
  }
  std::int64_t log_lines() const {
    std::ifstream file(plan.log);
    std::int64_t lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    return lines;
  }
  bool checkpoint() const { return std::filesystem::exists(plan.loop.checkpoint); }
  bool train() {
    Session session(plan, *net, torch::kCPU, method, batch_of, judged ? &validator : nullptr);
    const bool finished = session.run({[this] {
                                         events.emplace_back("written");
                                         if (write_fails) throw Error("disk full");
                                         written = net->weight.detach().clone();
                                       },
                                       [this] { events.push_back("log of " + std::to_string(log_lines())); }});
    average_loss = session.average_loss();
    return finished;
  }

  Events events;
  torch::nn::Linear net;
  CountingMethod method;
  WeightValidator validator;
  SessionPlan plan;
  bool judged = true, write_fails = false;
  Tensor written;
  double average_loss = 0;
};

/// Runs again and again, each made anew, until it is finished; how often.
int train_on(const std::function<Run()>& begin, Tensor& written, double& average_loss) {
  for (int runs = 1;; ++runs) {
    Run run = begin();
    if (!run.train()) continue;
    written = run.written;
    average_loss = run.average_loss;
    return runs;
  }
}

}  // namespace

TEST_CASE("session: batches, step, validation, log, result, in this order") {
  const gdm_test::TemporaryFolder folder;
  Run run(folder);
  CHECK(run.train());
  CHECK(run.events == Events{"batch 0 of step 0", "batch 1 of step 0", "stepped", "batch 2 of step 1",
                             "batch 3 of step 1", "stepped", "judged after 2", "log of 2", "batch 4 of step 2",
                             "batch 5 of step 2", "stepped", "batch 6 of step 3", "batch 7 of step 3", "stepped",
                             "judged after 4", "written", "log of 4"});
  CHECK_FALSE(run.checkpoint());
  // Averages were in place where weights are judged and written, and not while steps are made.
  CHECK(run.validator.curve()[1].get<double>() == run.written.sum().item<double>());
  CHECK_FALSE(torch::equal(run.written, run.net->weight));
  std::ifstream log(run.plan.log);
  std::string line;
  std::getline(log, line);
  std::getline(log, line);
  const Json second = Json::parse(line);
  std::vector<std::string> keys;
  for (const auto& item : second.items()) keys.push_back(item.key());
  CHECK(keys ==
        std::vector<std::string>{"step", "square", "count", "parameter_gradient_norm", "learning_rate", "validation"});
  CHECK(second.at("validation") == run.validator.curve()[0]);
}

TEST_CASE("session: without a validator nothing is judged, and who listens to the log hears of it all the same") {
  const gdm_test::TemporaryFolder folder;
  Run run(folder, 3);
  run.plan.accumulate = 1;
  run.judged = false;
  CHECK(run.train());
  CHECK(run.events == Events{"batch 0 of step 0", "stepped", "batch 1 of step 1", "stepped", "log of 2",
                             "batch 2 of step 2", "stepped", "written", "log of 3"});
}

TEST_CASE("session: the method is told of a step that is skipped") {
  const gdm_test::TemporaryFolder folder;
  Run run(folder, 2);
  run.method.bad_step = 1;
  CHECK(run.train());
  CHECK(std::count(run.events.begin(), run.events.end(), "skipped") == 1);
  CHECK(std::count(run.events.begin(), run.events.end(), "stepped") == 1);
  CHECK(std::isfinite(run.average_loss));
}

TEST_CASE("session: stopped after each step, or cut off between checkpoints, it ends as if it never was") {
  const gdm_test::TemporaryFolder whole_folder, cut_folder, crash_folder;
  Run whole(whole_folder, 7);
  REQUIRE(whole.train());
  Tensor written;
  double average_loss = 0;
  const int runs = train_on(
      [&] {
        Run run(cut_folder, 7);
        run.plan.loop.max_time_s = 1e-9;
        return run;
      },
      written, average_loss);
  CHECK(runs == 7);
  CHECK(torch::equal(written, whole.written));
  CHECK(average_loss == whole.average_loss);
  CHECK(gdm_test::get_file(cut_folder / "toy.jsonl") == gdm_test::get_file(whole_folder / "toy.jsonl"));

  Run crashed(crash_folder, 7), resumed(crash_folder, 7);
  crashed.plan.loop.checkpoint_every = resumed.plan.loop.checkpoint_every = 2;
  crashed.method.fail_at = 11;  // the second batch of step 5; the checkpoint is that of step 4
  CHECK_THROWS_AS(crashed.train(), Error);
  CHECK(crashed.log_lines() == 5);
  REQUIRE(resumed.train());
  CHECK(resumed.events.front() == "batch 8 of step 4");
  CHECK(torch::equal(resumed.written, whole.written));
  CHECK(resumed.validator.curve() == whole.validator.curve());
  CHECK(gdm_test::get_file(crash_folder / "toy.jsonl") == gdm_test::get_file(whole_folder / "toy.jsonl"));
}

TEST_CASE("session: a validation that a signal stops is made when the training goes on") {
  for (const std::int64_t stop_at : {2, 4}) {  // among the steps, and after the last
    CAPTURE(stop_at);
    const gdm_test::TemporaryFolder whole_folder, folder;
    Run whole(whole_folder);
    REQUIRE(whole.train());
    Run first(folder);
    first.plan.loop.max_time_s = 1e-9;
    first.plan.loop.checkpoint_every = 1;
    if (stop_at == 4) first.plan.loop.max_time_s = 0;
    REQUIRE((stop_at == 4 || !first.train()));
    Run stopped(folder);
    stopped.plan = first.plan;
    stopped.validator.stop_at = stop_at;
    stopped.validator.stops = 1;
    CHECK_FALSE(stopped.train());
    CHECK(stopped.log_lines() == stop_at - 1);  // the line waits for its figures
    CHECK(stopped.checkpoint());
    CHECK(std::count(stopped.events.begin(), stopped.events.end(), "written") == 0);

    Run again(folder);  // and once more, before any step
    again.validator.stop_at = stop_at;
    again.validator.stops = 1;
    CHECK_THROWS_AS(again.train(), StopRequested);
    CHECK(again.events.empty());

    Run died(folder);  // with the line written, and before the next checkpoint
    died.method.fail_at = 4;
    died.write_fails = true;
    CHECK_THROWS_AS(died.train(), Error);

    Run last(folder);
    CHECK(last.train());
    CHECK(last.events.front() == "judged after " + std::to_string(stop_at));
    CHECK(torch::equal(last.written, whole.written));
    CHECK(last.validator.curve() == whole.validator.curve());
    CHECK(gdm_test::get_file(folder / "toy.jsonl") == gdm_test::get_file(whole_folder / "toy.jsonl"));
  }
}

TEST_CASE("session: where the result cannot be written the checkpoint stays, and no step is made again") {
  const gdm_test::TemporaryFolder folder;
  Run full(folder);
  full.write_fails = true;
  CHECK_THROWS_AS(full.train(), Error);
  CHECK(full.checkpoint());
  Run again(folder);
  CHECK(again.train());
  CHECK(again.events == Events{"written", "log of 4"});
  CHECK(again.written.defined());
  CHECK_FALSE(again.checkpoint());
}

TEST_CASE("session: the checkpoint of a version that kept another state is refused in words") {
  const gdm_test::TemporaryFolder folder;
  Run first(folder);
  first.plan.loop.max_time_s = 1e-9;
  first.judged = false;  // so that its checkpoint lacks what the next one looks for
  REQUIRE_FALSE(first.train());
  Run second(folder);
  CHECK(gdm_test::contains(gdm_test::error_of([&] { second.train(); }), "--restart"));
}

TEST_CASE("session: a step that is only timed leaves no file") {
  const gdm_test::TemporaryFolder folder;
  Run run(folder);
  Session session(run.plan, *run.net, torch::kCPU, run.method, batch_of, &run.validator);
  CHECK(session.make_step(1, batch_of).at("step") == 1);
  CHECK(session.first_step() == 0);
  CHECK(folder.entries() == 0);
}

TEST_CASE("session: validation takes the first usable cases of split val") {
  Manifest manifest;
  for (const char* split : {"train", "val", "val", "test", "val", "val"}) {
    Case item;
    item.id = "c" + std::to_string(manifest.cases.size());
    item.split = split;
    manifest.cases.push_back(item);
  }
  manifest.cases[1].error = "broken";
  std::string ids;
  for (const Case& item : validation_cases(manifest, 2)) ids += item.id;
  CHECK(ids == "c2c4");
  CHECK(validation_cases({}, 2).empty());
}
