// Where network work is done, and in what arithmetic.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sys/names.hpp"

namespace gdm::engine {

/// Arithmetic of the networks; weights and losses are fp32. tf32: on CUDA, fp32 whose factors are rounded to 10 bits.
enum class Precision { fp32, tf32, bf16 };

/// Where and with how many threads to compute.
struct Compute {
  std::string device = "auto";  ///< cpu | cuda[:N] | auto
  int threads = 1;
  std::uint64_t seed = 0;
  bool allow_code = false;  ///< encoders that are TorchScript, which runs code, may be loaded
};

}  // namespace gdm::engine

namespace gdm {

template <>
struct Names<engine::Precision> {
  static constexpr std::array list{std::pair{engine::Precision::fp32, "fp32"},
                                   std::pair{engine::Precision::tf32, "tf32"},
                                   std::pair{engine::Precision::bf16, "bf16"}};
};

}  // namespace gdm
