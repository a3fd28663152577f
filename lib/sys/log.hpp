// Messages for people, on stderr, one line each: "gdm-synth: warning: FILE: WHAT". The level is the one mutable global.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace gdm {

enum class LogLevel { quiet, normal, verbose };

void set_program_name(const std::string& name);
const std::string& program_name();
void set_log_level(LogLevel level);
LogLevel log_level();

void log_error(const std::string& message);    ///< always printed
void log_warning(const std::string& message);  ///< printed unless quiet
void log_info(const std::string& message);     ///< printed unless quiet
void log_verbose(const std::string& message);  ///< printed with -v

/// While it lives, warnings of this thread are kept here instead of being printed, so that parallel work can print them
/// in the order of its inputs.
class WarningCapture {
 public:
  WarningCapture();
  ~WarningCapture();
  WarningCapture(const WarningCapture&) = delete;
  WarningCapture& operator=(const WarningCapture&) = delete;
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::vector<std::string> warnings_;
  std::vector<std::string>* outer_;
};

/// Runs the function; warnings of this thread in it are printed when it has ended, as "PREFIX: WARNING".
void with_warning_prefix(const std::string& prefix, const std::function<void()>& function);

}  // namespace gdm
