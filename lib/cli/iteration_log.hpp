// The table that `gdm-recon iterative --log` writes.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ct/iterative.hpp"
#include "sys/atomic_file.hpp"
#include "sys/run_lock.hpp"

namespace gdm::cli {

/// Iterations as lines of a table (TSV), of all cases of a run, written after each of them: what was made before a run
/// ended has its lines. A resumed run keeps those of the cases that it does not make again.
class IterationLog {
 public:
  /// `path` empty: none. Throws Error if another run writes it, and where a resumed run would replace a file that is no
  /// such table, unless `forced`.
  IterationLog(std::filesystem::path path, Overwrite overwrite, bool resumed, bool forced);
  void add(const std::string& id, const ct::IterativeResult& result);
  /// With the titles alone if nothing was made.
  void write();

 private:
  void read_earlier(bool forced);

  std::filesystem::path path_;
  Overwrite overwrite_;
  std::unique_ptr<RunLock> lock_;
  std::vector<std::string> earlier_;
  std::set<std::string> made_;
  std::string text_;
};

}  // namespace gdm::cli
