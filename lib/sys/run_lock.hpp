// One run at a time on one output, and what a run that died left behind. The lock is FILE.lock beside the output; the
// system releases it when its process ends, however it ends.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sys/descriptor.hpp"

namespace gdm {

class RunLock {
 public:
  /// Locks `output`, which need not exist; its folder must. Throws Error naming the process that holds the lock. On a
  /// file system without locks nothing is held.
  explicit RunLock(const std::filesystem::path& output);
  /// Removes FILE.lock unless this run ended before its output was there, `resumable` (a checkpoint) either, and a file
  /// that it announced is: the next run must know whose that is.
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  /// An earlier run on this output announced `file` and left neither output nor checkpoint.
  bool left_behind(const std::filesystem::path& file) const;
  /// Says, for a later run, what this one may leave behind if it dies. `resumable`: what makes that known without.
  void announce(const std::vector<std::filesystem::path>& files, const std::filesystem::path& resumable);

 private:
  void write() const;
  std::string name_in_folder(const std::filesystem::path& file) const;

  std::filesystem::path output_, path_, resumable_;
  Descriptor file_;
  std::vector<std::string> files_;  ///< announced by this run, or by the one before; as seen from the folder
};

}  // namespace gdm
