// The one exception type of gdm: a message that names what was found and what was expected, the exit class of
// the process, and a stack of contexts that callers add while it unwinds.
#pragma once

#include <stdexcept>
#include <string>

namespace gdm {

/// Exit classes of every tool (documented in each manual page).
enum class Exit {
  ok = 0,
  failure = 1,  ///< data or run-time failure
  usage = 2,    ///< wrong command line
  partial = 3,  ///< some cases of a batch failed, the rest is written
  gate = 4,     ///< a quality gate was missed
  requeue = 75  ///< stopped by a signal after a checkpoint was saved
};

class Error : public std::runtime_error {
 public:
  explicit Error(std::string message, Exit exit_class = Exit::failure)
      : std::runtime_error(message), message_(std::move(message)), exit_class_(exit_class) {}

  /// Puts `context` (usually a file or case name) before the message: "context: message". A context that the message
  /// begins with is not named twice.
  Error& add_context(const std::string& context) {
    if (message_.rfind(context + ": ", 0) != 0) message_ = context + ": " + message_;
    return *this;
  }
  const char* what() const noexcept override { return message_.c_str(); }
  Exit exit_class() const noexcept { return exit_class_; }

 private:
  std::string message_;
  Exit exit_class_;
};

/// Runs `body`; an Error that leaves it carries `context` in front.
template <class Body>
decltype(auto) with_context(const std::string& context, Body&& body) {
  try {
    return body();
  } catch (Error& error) {
    error.add_context(context);
    throw;
  }
}

}  // namespace gdm
