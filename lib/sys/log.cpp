#include "sys/log.hpp"

#include <cstdio>
#include <mutex>

namespace gdm {
namespace {

std::string& name_storage() {
  static std::string name = "gdm";
  return name;
}
LogLevel g_level = LogLevel::normal;
thread_local std::vector<std::string>* t_captured = nullptr;

void print_line(const std::string& text) {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  const std::string line = text + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void set_program_name(const std::string& name) {
  name_storage() = name;
}
const std::string& program_name() {
  return name_storage();
}
void set_log_level(LogLevel level) {
  g_level = level;
}
LogLevel log_level() {
  return g_level;
}

void log_error(const std::string& message) {
  print_line(program_name() + ": error: " + message);
}

void log_warning(const std::string& message) {
  if (t_captured != nullptr) {
    t_captured->push_back(message);
  } else if (g_level != LogLevel::quiet) {
    print_line(program_name() + ": warning: " + message);
  }
}

void log_info(const std::string& message) {
  if (g_level != LogLevel::quiet) print_line(program_name() + ": " + message);
}

void log_verbose(const std::string& message) {
  if (g_level >= LogLevel::verbose) print_line(program_name() + ": " + message);
}

WarningCapture::WarningCapture() : outer_(t_captured) {
  t_captured = &warnings_;
}

WarningCapture::~WarningCapture() {
  t_captured = outer_;
}

void with_warning_prefix(const std::string& prefix, const std::function<void()>& function) {
  std::vector<std::string> warnings;
  {
    const WarningCapture capture;
    function();
    warnings = capture.warnings();
  }
  for (const std::string& warning : warnings) log_warning(prefix + ": " + warning);
}

}  // namespace gdm
