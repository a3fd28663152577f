// The one progress display: a bar with rate and remaining time when stderr is a terminal, sparse plain lines
// otherwise, nothing when quiet.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace gdm {

enum class ProgressMode { automatic, always, never };
void set_progress_mode(ProgressMode mode);

class Progress {
 public:
  /// `total` units of work called `unit` ("step", "case", "tile").
  Progress(std::string title, std::int64_t total, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Work done so far, with a short note such as "loss 0.031". All of these are safe to call from several threads.
  void update(std::int64_t done, const std::string& note = "");
  /// Without a note the last one stays.
  void advance(std::int64_t by = 1, const std::string& note = "");
  std::int64_t done() const;
  /// Prints the last state; called by the destructor if the work reached `total`.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  /// These need the lock.
  void set(std::int64_t done, const std::string& note);
  void print(bool last);
  std::string line() const;

  std::string title_, unit_, note_;
  std::int64_t total_, done_ = 0, first_ = -1;
  Clock::time_point start_, last_print_;
  bool terminal_, enabled_, finished_ = false;
  mutable std::mutex mutex_;
};

}  // namespace gdm
