// A training from its first step to the file that it writes: steps, moving average, log, checkpoints, validation. What
// is learned is a Method's, what is judged a Validator's matter; the Session is the same for generators and encoders.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/prefetch.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"
#include "sys/log.hpp"
#include "sys/signals.hpp"
#include "train/loop.hpp"
#include "train/method.hpp"
#include "train/validator.hpp"

namespace gdm::train {

struct SessionPlan {
  LoopPlan loop;
  fs::path log;
  double learning_rate = 1e-3;  ///< the highest of the schedule (learning_rate() in trainee.hpp)
  double ema = 0.999;           ///< decay of the moving average of the weights
  std::int64_t accumulate = 1;  ///< batches of a step
  std::int64_t validate_every = 500;
};

/// From what the options of all trainings at the door have in common; `title` heads the progress display,
/// `configuration` is what a checkpoint must agree with.
template <class Options>
SessionPlan session_plan(const Options& options, const std::string& title, Json configuration) {
  SessionPlan plan;
  plan.loop.title = title;
  plan.loop.steps = options.steps;
  plan.loop.checkpoint = checkpoint_path(options.output);
  plan.loop.checkpoint_every = options.checkpoint_every;
  plan.loop.max_time_s = options.max_time_s;
  plan.loop.restart = options.restart;
  plan.loop.configuration = std::move(configuration);
  plan.log = options.log;
  plan.learning_rate = options.learning_rate;
  plan.validate_every = options.validate_every;
  return plan;
}

/// The first `most` cases of split "val" that no earlier tool marked as failed; none is no error.
std::vector<Case> validation_cases(const Manifest& manifest, std::size_t most);

class Session {
 public:
  /// Makes the batch of this number (BatchPlace::number) on a device.
  using BatchOf = std::function<data::Batch(std::int64_t number)>;

  struct Events {
    /// Writes the result; the parameters are the averages while it does. If it throws, the checkpoint stays.
    std::function<void()> write;
    /// The log has the lines of validate_every more steps, or all; may be empty.
    std::function<void()> log_grew;
  };

  /// `module` lies on `device`; it, the method and the validator (null: none) outlive the session. `draw` gives
  /// batches on the CPU and is called on another thread while steps are made.
  Session(SessionPlan plan, const torch::nn::Module& module, torch::Device device, Method& method, BatchOf draw,
          Validator* validator);

  /// Trains from where a checkpoint left off, writes, and removes the checkpoint. Returns false if a signal or the time
  /// limit stopped it; the same command continues then, and log and result are in the end those of a run that was never
  /// stopped. Throws Error as run_loop() does, and StopRequested for a stop before a step was made.
  bool run(const Events& events);

  /// Makes step n on batches of `batch_of`, nothing more. Returns its line of the log, without validation. For timing a
  /// training that is not run.
  Json make_step(std::int64_t n, const BatchOf& batch_of);
  /// The step that run() would begin with; throws Error for a checkpoint of another configuration.
  std::int64_t first_step() const { return train::first_step(plan_.loop); }

  const SessionPlan& plan() const { return plan_; }
  const Trainee& trainee() const { return trainee_; }
  /// Running mean of the loss.
  double average_loss() const { return average_loss_; }

 private:
  Extra extra();
  void begin(std::int64_t first);
  std::string step_and_log(std::int64_t n);
  void finish_step(Json line);

  SessionPlan plan_;
  torch::Device device_;
  Method& method_;
  BatchOf draw_;
  Validator* validator_;
  Trainee trainee_;
  std::function<void()> log_grew_;
  std::unique_ptr<JsonLog> log_;
  double average_loss_ = 0;
  Json pending_;                               ///< line of a step whose validation was stopped; else null
  double step_s_ = 0;                          ///< steps without validations
  std::unique_ptr<data::Prefetcher> batches_;  ///< last: its thread uses the others
};

/// `training()`, or false with a word to the user if a signal stops it outside of its steps.
template <class Function>
bool unless_stopped(Function training) {
  try {
    return training();
  } catch (const StopRequested&) {
    log_info("stopped by a signal; the same command begins again, or continues from its checkpoint");
    return false;
  }
}

}  // namespace gdm::train
