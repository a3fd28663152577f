// Where network work is done.
#pragma once

#include <cstdint>
#include <string>

namespace gdm::engine {

/// Where and with how many threads to compute.
struct Compute {
  std::string device = "auto";  ///< cpu | cuda[:N] | auto
  int threads = 1;
  std::uint64_t seed = 0;
  bool allow_code = false;  ///< encoders that are TorchScript, which runs code, may be loaded
};

}  // namespace gdm::engine
