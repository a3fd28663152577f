// The most memory that a piece of work has held, by the kernel's own account.
#pragma once

#include <fstream>
#include <string>

namespace gdm_bench {

/// Forgets the peak so far (proc_pid_clear_refs(5)).
inline void forget_peak() {
  std::ofstream("/proc/self/clear_refs") << "5\n";
}

/// Largest resident size since, in MB (1e6 bytes); 0 if the system tells nothing.
inline double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) * 1024e-6;
  }
  return 0;
}

}  // namespace gdm_bench
