#include "train/loop.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <utility>

#include "sys/atomic_file.hpp"
#include "sys/descriptor.hpp"
#include "sys/duration.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"
#include "train/configuration_difference.hpp"

namespace gdm::train {
namespace {

constexpr std::int64_t most_bad = 10, most_rollbacks = 2;

void save_part(const Extra::Part& part, nn::TensorWriter& writer, Json& json) {
  if (part.save) part.save(writer, json);
}
void load_part(const Extra::Part& part, const SafetensorsFile& file, const Json& json) {
  if (part.load) part.load(file, json);
}

/// What a rollback returns to: a checkpoint in memory. It is part of the checkpoint on disk, as a resumed run may need
/// it.
class GoodState {
 public:
  void take(const Trainee& trainee, const Extra& extra, std::int64_t next_step) {
    nn::TensorWriter writer;
    Json description{{"kind", "checkpoint"}, {"next_step", next_step}};
    trainee.save(writer, description["trainee"]);
    save_part(extra.state, writer, description["state"]);
    bytes_ = writer.bytes(description);
    step_ = next_step;
  }

  void roll_back(Trainee& trainee, const Extra& extra) const {
    if (trainee.rollbacks() >= most_rollbacks) {
      throw Error(
          fmt::format("the loss or its gradient was not finite {} steps in a row for the {}rd time; try a "
                      "smaller --learning-rate",
                      most_bad, most_rollbacks + 1));
    }
    const SafetensorsFile file(bytes_, "the last good state");
    trainee.roll_back(file, file.description().at("trainee"));
    load_part(extra.state, file, file.description().at("state"));
    log_warning(
        fmt::format("the loss or its gradient was not finite {} steps in a row: back to the state of step {}, "
                    "on with {:g} times the learning rate",
                    most_bad, step_, trainee.rate_factor()));
  }

  /// Nothing if it is the very state of the checkpoint.
  void save(nn::TensorWriter& writer, std::int64_t next_step) {
    if (step_ == next_step) return;
    writer.add("good_state",
               torch::from_blob(bytes_.data(), {static_cast<std::int64_t>(bytes_.size())}, torch::kUInt8));
  }

  void load(const SafetensorsFile& file, const Trainee& trainee, const Extra& extra, std::int64_t next_step) {
    const auto found = file.tensors().find("good_state");
    if (found == file.tensors().end()) return take(trainee, extra, next_step);
    bytes_.assign(reinterpret_cast<const char*>(found->second.data), found->second.bytes);
    step_ = SafetensorsFile(bytes_, file.path()).description().at("next_step").get<std::int64_t>();
  }

 private:
  std::string bytes_;
  std::int64_t step_ = 0;
};

void save_checkpoint(const LoopPlan& plan, const Trainee& trainee, const Extra& extra, GoodState& good,
                     std::int64_t next_step) {
  nn::TensorWriter writer;
  Json description{{"kind", "checkpoint"}, {"next_step", next_step}, {"configuration", plan.configuration}};
  trainee.save(writer, description["trainee"]);
  save_part(extra.state, writer, description["state"]);
  save_part(extra.record, writer, description["record"]);
  if (next_step < plan.steps) good.save(writer, next_step);
  writer.write(plan.checkpoint, description, Overwrite::replace);
}

std::int64_t next_step_of(const SafetensorsFile& file, const LoopPlan& plan) {
  file.require_kind("checkpoint");
  const Json& configuration = file.description().at("configuration");
  if (configuration != plan.configuration) {
    throw Error(
        fmt::format("{}: made by a run with other options or data: {}; give the same ones, or --restart to begin anew",
                    plan.checkpoint.string(), configuration_difference(configuration, plan.configuration)));
  }
  return file.description().at("next_step").get<std::int64_t>();
}

/// First step to run: 0 without a checkpoint.
std::int64_t resume(const LoopPlan& plan, Trainee& trainee, const Extra& extra, GoodState& good) {
  if (plan.restart) fs::remove(plan.checkpoint);  // a later run without --restart must not find the old one
  if (!fs::exists(plan.checkpoint)) {
    good.take(trainee, extra, 0);
    return 0;
  }
  const SafetensorsFile file(plan.checkpoint);
  const std::int64_t next = next_step_of(file, plan);
  try {
    trainee.load(file, file.description().at("trainee"));
    load_part(extra.state, file, file.description().at("state"));
    load_part(extra.record, file, file.description().at("record"));
    good.load(file, trainee, extra, next);
  } catch (const Json::exception&) {
    throw Error(plan.checkpoint.string() +
                ": holds another state than this version of gdm keeps; go on with the version that began it, or give "
                "--restart to begin anew");
  }
  log_info(fmt::format("continuing from {} at step {}", plan.checkpoint.filename().string(), next));
  return next;
}

/// Tells how long the steps that are left will take, by the first few; and again once, should they grow slower, as they
/// do where more objectives join.
class Estimate {
 public:
  void step_done(std::int64_t left, double seconds) {
    if (++steps_ == 1 || told_ == 2) return;  // the first allocates
    sum_s_ += seconds;
    if (++measured_ < measured_steps) return;
    const double step_s = std::exchange(sum_s_, 0.0) / static_cast<double>(std::exchange(measured_, 0));
    if (left == 0 || (told_ == 1 && step_s < slower * told_step_s_)) return;
    log_info(fmt::format("{:.3g} s a step {}, so {} steps that are left take about {}", step_s,
                         told_ == 0 ? "at first" : "now", left, duration_text(step_s * static_cast<double>(left))));
    ++told_;
    told_step_s_ = step_s;
  }

 private:
  static constexpr std::int64_t measured_steps = 4;
  static constexpr double slower = 1.5;

  std::int64_t steps_ = 0, measured_ = 0;
  double sum_s_ = 0, told_step_s_ = 0;
  int told_ = 0;
};

}  // namespace

std::int64_t first_step(const LoopPlan& plan) {
  if (plan.restart || !fs::exists(plan.checkpoint)) return 0;
  return next_step_of(SafetensorsFile(plan.checkpoint), plan);
}

fs::path checkpoint_path(const fs::path& output) {
  return output.string() + ".checkpoint";
}

bool run_loop(const LoopPlan& plan, Trainee& trainee, const Extra& extra,
              const std::function<std::string(std::int64_t)>& step) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  GoodState good;
  Estimate estimate;
  const std::int64_t first = resume(plan, trainee, extra, good);
  if (extra.begin) extra.begin(first);
  Progress progress(plan.title, plan.steps, "step");
  progress.update(first);
  for (std::int64_t n = first; n < plan.steps; ++n) {
    const auto before = Clock::now();
    progress.update(n + 1, step(n));
    estimate.step_done(plan.steps - n - 1, std::chrono::duration<double>(Clock::now() - before).count());
    if (trainee.bad_in_a_row() >= most_bad) good.roll_back(trainee, extra);
    if ((n + 1) % plan.good_every == 0 && trainee.bad_in_a_row() == 0) good.take(trainee, extra, n + 1);
    const bool late =
        plan.max_time_s > 0 && std::chrono::duration<double>(Clock::now() - start).count() > plan.max_time_s;
    const bool stop = (stop_requested() || late) && n + 1 < plan.steps;
    // Also after the last step: the caller's own writing may fail, on a full disk for example.
    if (stop || n + 1 == plan.steps || (n + 1) % plan.checkpoint_every == 0)
      save_checkpoint(plan, trainee, extra, good, n + 1);
    if (stop) {
      log_info(fmt::format("stopped by {} after step {}; the same command continues from {}",
                           late ? "--max-time" : "a signal", n + 1, plan.checkpoint.filename().string()));
      return false;
    }
  }
  return true;
}

JsonLog::JsonLog(fs::path path, std::int64_t first_step) : path_(std::move(path)) {
  std::string kept;
  std::ifstream old(path_);
  for (std::string line; first_step > 0 && std::getline(old, line);) {
    const auto entry = Json::parse(line, nullptr, false);
    if (entry.is_object() && entry.value("step", first_step) < first_step) kept += line + "\n";
  }
  write_file(path_, kept, Overwrite::replace);
}

void JsonLog::write(const Json& line) {
  const std::string name = path_.string(), text = line.dump() + "\n";
  const Descriptor file(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
  if (file.get() < 0) throw system_error(name, errno);
  const std::int64_t before = regular_size(file, name);
  try {
    write_all(file.get(), text.data(), text.size(), name);
  } catch (const Error&) {  // whole lines alone stay, also on a full disk
    if (before >= 0) static_cast<void>(::ftruncate(file.get(), before));
    throw;
  }
}

}  // namespace gdm::train
