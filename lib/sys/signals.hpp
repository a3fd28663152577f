// TERM, INT and USR1 ask for an orderly stop: long loops poll the flag, save, and the tool exits 75. A second
// signal ends the process at once with its default action. No work happens inside the handler.
#pragma once

namespace gdm {

void install_stop_handlers();
bool stop_requested() noexcept;
/// The signal that asked for the stop, 0 if none did.
int stop_signal() noexcept;
/// Throws StopRequested if a stop was asked for. For loops that have nothing to save.
void throw_if_stop_requested();

/// Not an Error: the tool that has no checkpoint re-raises the signal so that the shell sees 128 + n.
struct StopRequested {
  int signal;
};

}  // namespace gdm
