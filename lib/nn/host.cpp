#include "nn/host.hpp"

namespace gdm::nn {

Tensor to_device(const Tensor& host, torch::Device device) {
  if (!device.is_cuda() || !host.is_cpu()) return host.to(device);
  return host.pin_memory().to(device, /*non_blocking=*/true);
}

}  // namespace gdm::nn
