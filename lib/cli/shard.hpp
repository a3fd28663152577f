// --shard: which part of the cases one process works on, said by numbers or by the SLURM array that it runs in.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>

namespace gdm::cli {

/// One of `count` parts of the work.
struct Shard {
  std::size_t number = 1, count = 1;  ///< 1 <= number <= count
};

/// "I/N", "auto", "auto/N" or "" for everything.
/// "auto": SLURM_ARRAY_TASK_MIN, _MAX, _STEP (1 if not set) and _COUNT must describe a whole array of two or more tasks
/// that counts from 0 or 1, with no holes; the part is the task's place in it. "auto/N": the part is
/// SLURM_ARRAY_TASK_ID, which counts from 1, whatever else is in the array. Throws Error (Exit::usage) for a part that
/// is not possible and for an array that may mean several things.
Shard parse_shard(const std::string& text);

void add_shard_option(CLI::App& command, std::string& shard);

}  // namespace gdm::cli
