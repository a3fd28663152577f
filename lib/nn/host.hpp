// Between the host and a device, without making either wait for the other.
#pragma once

#include "nn/tensor.hpp"
#include "sys/error.hpp"

namespace gdm::nn {

/// The value of a one-element tensor that lies in the host's memory. Of one on a device it would wait for all that was
/// asked of the device before: an error, so that no step does so unseen.
template <class T>
T host_value(const Tensor& one) {
  if (!one.is_cpu()) throw Error("a value on a device was asked for within a step");
  return *one.expect_contiguous()->template data_ptr<T>();
}

/// A tensor of the host on `device`. It is copied from pinned memory, as else the copy would wait.
Tensor to_device(const Tensor& host, torch::Device device);

}  // namespace gdm::nn
