// LibTorch's tensors, the functions on them and their gradients: all that most files need. torch/torch.h would have
// each of them compile modules, optimisers and data loaders anew; nn/modules.hpp is for those that define modules.
#pragma once

#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

namespace torch::nn {
class Module;
}

namespace gdm::nn {

using torch::Tensor;

}  // namespace gdm::nn
