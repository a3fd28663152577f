// A training that can be left alone: checkpoints, stop by signal or time limit, exact resume.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "io/json.hpp"
#include "train/trainee.hpp"

namespace gdm::train {

namespace fs = std::filesystem;

struct LoopPlan {
  std::string title;
  std::int64_t steps = 0;
  fs::path checkpoint;  ///< lies beside the output; removed by the caller when the output is written
  std::int64_t checkpoint_every = 500;
  std::int64_t good_every = 250;  ///< steps between states that a rollback may return to
  double max_time_s = 0;          ///< 0: no limit
  bool restart = false;           ///< remove an existing checkpoint
  Json configuration;             ///< a checkpoint of another configuration is refused
};

/// State beside the trainee that a resumed run needs; functions may be empty.
struct Extra {
  struct Part {
    std::function<void(nn::TensorWriter&, Json&)> save;
    std::function<void(const SafetensorsFile&, const Json&)> load;
  };
  Part state;                                          ///< what steps depend on; a rollback takes it back, too
  Part record;                                         ///< what is only remembered, such as figures for the display
  std::function<void(std::int64_t first_step)> begin;  ///< called once, before the first step
};

/// "model.safetensors" -> "model.safetensors.checkpoint"
fs::path checkpoint_path(const fs::path& output);

/// The step that a run with this plan begins with: 0 without a checkpoint. Throws Error for a checkpoint of another
/// configuration.
std::int64_t first_step(const LoopPlan& plan);

/// Calls step(n) for the steps that are left; it returns a note for the progress display. Returns false if a signal
/// or the time limit stopped the run; a checkpoint is then on disk and the same command continues it.
/// After ten steps in a row whose loss or gradient is not finite the state of the last good step that was kept (every
/// LoopPlan::good_every steps) returns, and the learning rate halves; steps go on with the next number, that is with
/// other data. The third time throws Error.
bool run_loop(const LoopPlan& plan, Trainee& trainee, const Extra& extra,
              const std::function<std::string(std::int64_t)>& step);

/// JSON lines, one for each step. A resumed run drops the lines after its checkpoint first.
class JsonLog {
 public:
  JsonLog(fs::path path, std::int64_t first_step);
  void write(const Json& line);

 private:
  fs::path path_;
};

}  // namespace gdm::train
