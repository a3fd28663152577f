// Messages for people, on stderr, one line each: "gdm-synth: warning: FILE: WHAT". The level is the one mutable global.
#pragma once

#include <string>

namespace gdm {

enum class LogLevel { quiet, normal, verbose, debug };

void set_program_name(const std::string& name);
const std::string& program_name();
void set_log_level(LogLevel level);
LogLevel log_level();

void log_error(const std::string& message);    ///< always printed
void log_warning(const std::string& message);  ///< printed unless quiet
void log_info(const std::string& message);     ///< printed unless quiet
void log_verbose(const std::string& message);  ///< printed with -v

}  // namespace gdm
