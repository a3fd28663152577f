#include "nn/step_generator.hpp"

#include <ATen/CPUGeneratorImpl.h>

namespace gdm::nn {

at::Generator step_generator(std::uint64_t seed, std::int64_t step) {
  return at::detail::createCPUGenerator(seed * 0x9e3779b97f4a7c15ULL + static_cast<std::uint64_t>(step));
}

}  // namespace gdm::nn
