// The one source of what a training draws on tensors.
#pragma once

#include <cstdint>

#include "nn/tensor.hpp"

namespace gdm::nn {

/// CPU generator whose draws depend on (seed, step) alone, so that a resumed run continues exactly.
at::Generator step_generator(std::uint64_t seed, std::int64_t step);

}  // namespace gdm::nn
