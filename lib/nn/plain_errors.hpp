// LibTorch's exceptions as errors of one line.
#pragma once

#include <string>

#include "nn/tensor.hpp"
#include "sys/error.hpp"

namespace gdm::nn {

/// The line that a user sees for what LibTorch says in many; `remedy` follows where it lacked memory, on the host or on
/// a device.
std::string plain_message(const std::string& libtorch, const std::string& remedy);

/// Runs `function`; LibTorch's exceptions leave it as Error.
template <class Function>
auto with_plain_errors(const std::string& remedy, Function function) {
  try {
    return function();
  } catch (const c10::Error& error) {
    throw Error(plain_message(error.what_without_backtrace(), remedy));
  }
}

}  // namespace gdm::nn
