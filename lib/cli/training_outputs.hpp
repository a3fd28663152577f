// What a training writes, checked before it begins and kept from other runs while it lasts.
#pragma once

#include <memory>
#include <vector>

#include "cli/outputs.hpp"
#include "sys/run_lock.hpp"

namespace gdm::cli {

struct TrainingFiles {
  fs::path output;  ///< its checkpoint is output.checkpoint
  fs::path log;     ///< empty: the output's name with .log.jsonl
  fs::path plot;    ///< empty: none
};

/// Holds the locks of a training's outputs as long as it lives.
class TrainingOutputs {
 public:
  /// Fills in files.log. Throws Error for an output that is an input or may not be written, and if another run writes
  /// one of them. Log and picture that an unfinished run on the same output left are continued or replaced: one that
  /// has a checkpoint, one that announced them before it died, and for a log of the name that it gets by itself one
  /// that left neither model nor checkpoint.
  TrainingOutputs(const RunInputs& inputs, TrainingFiles& files, Overwrite overwrite);

 private:
  const RunLock* take_lock(const fs::path& file);

  std::vector<std::unique_ptr<RunLock>> locks_;
};

}  // namespace gdm::cli
