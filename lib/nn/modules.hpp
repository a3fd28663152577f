// LibTorch's modules, for files that define some or ask one for its parameters. It takes four times as long to compile
// as nn/tensor.hpp, so headers include it only where a class has a module as its base or its member.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include "nn/tensor.hpp"
