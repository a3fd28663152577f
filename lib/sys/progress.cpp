#include "sys/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "sys/log.hpp"

namespace gdm {
namespace {

ProgressMode g_mode = ProgressMode::automatic;

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::max(0.0, seconds) + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

void set_progress_mode(ProgressMode mode) {
  g_mode = mode;
}

Progress::Progress(std::string title, std::int64_t total, std::string unit)
    : title_(std::move(title)),
      unit_(std::move(unit)),
      total_(total),
      start_(Clock::now()),
      last_print_(start_),
      terminal_(isatty(STDERR_FILENO) == 1),
      enabled_(g_mode == ProgressMode::always ||
               (g_mode == ProgressMode::automatic && log_level() != LogLevel::quiet)) {}

Progress::~Progress() {
  if (done_ >= total_) {
    finish();
  } else if (enabled_ && terminal_ && !finished_) {
    std::fputc('\n', stderr);  // the next message must not continue the unfinished bar
  }
}

void Progress::update(std::int64_t done, const std::string& note) {
  const std::lock_guard<std::mutex> lock(mutex_);
  set(done, note);
}

void Progress::advance(std::int64_t by, const std::string& note) {
  const std::lock_guard<std::mutex> lock(mutex_);
  set(done_ + by, note.empty() ? std::string(note_) : note);
}

std::int64_t Progress::done() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return done_;
}

void Progress::set(std::int64_t done, const std::string& note) {
  if (first_ < 0) first_ = done > 1 ? done : 0;  // a resumed run must not count old steps in its rate
  done_ = done;
  note_ = note;
  if (!enabled_ || finished_ || done >= total_) return;  // finish() prints the last line
  const double interval_s = terminal_ ? 0.2 : 15.0;
  if (std::chrono::duration<double>(Clock::now() - last_print_).count() >= interval_s) print(false);
}

void Progress::finish() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (finished_ || !enabled_) return;
  print(true);
  finished_ = true;
}

std::string Progress::line() const {
  const double elapsed_s = std::chrono::duration<double>(Clock::now() - start_).count();
  const double rate = elapsed_s > 0 ? static_cast<double>(done_ - std::max<std::int64_t>(first_, 0)) / elapsed_s : 0;
  std::string text = fmt::format("{} {}/{} {}", title_, done_, total_, unit_);
  if (done_ < total_) {
    if (rate > 0) {
      text += fmt::format("  {:.1f}/s  {} left", rate, duration(static_cast<double>(total_ - done_) / rate));
    }
  } else {
    text += fmt::format("  in {}", duration(elapsed_s));
  }
  return note_.empty() ? text : text + "  " + note_;
}

void Progress::print(bool last) {
  last_print_ = Clock::now();
  if (!terminal_) {
    std::fprintf(stderr, "%s: %s\n", program_name().c_str(), line().c_str());
    return;
  }
  constexpr int width = 24;
  const int filled = total_ > 0 ? static_cast<int>(width * std::min(done_, total_) / total_) : width;
  const std::string bar = std::string(filled, '#') + std::string(width - filled, '.');
  std::fprintf(stderr, "\r\x1b[K[%s] %s%s", bar.c_str(), line().c_str(), last ? "\n" : "");
  std::fflush(stderr);
}

}  // namespace gdm
