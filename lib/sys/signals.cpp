#include "sys/signals.hpp"

#include <csignal>
#include <initializer_list>

namespace gdm {
namespace {

volatile std::sig_atomic_t g_signal = 0;

extern "C" void on_stop_signal(int signal) {
  if (g_signal != 0) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    return;
  }
  g_signal = signal;
}

}  // namespace

void install_stop_handlers() {
  struct sigaction action = {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_NODEFER;  // the second signal must get through while the first is being handled
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaction(signal, &action, nullptr);
  // A closed pipe and a limit of the size of files are reported as write errors that name the stream or the file.
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
}

bool stop_requested() noexcept {
  return g_signal != 0;
}
int stop_signal() noexcept {
  return g_signal;
}

void throw_if_stop_requested() {
  if (g_signal != 0) throw StopRequested{g_signal};
}

}  // namespace gdm
