// Line integrals of volumes, and their transpose, as functions that autograd goes through.
#pragma once

#include <memory>

#include "ct/projector.hpp"
#include "nn/tensor.hpp"

namespace gdm::recon {

using torch::Tensor;

/// volumes (B, D, H, W) in attenuation per mm, (D, H, W) = (nk, nj, ni) of the projector's grid -> (B, rays),
/// dimensionless; fp32. The gradient is the adjoint's, and that of back_project() is this. Linear, so differentiable as
/// often as is wanted. Computed on the host, whatever the device of the tensors. Throws Error for another shape.
Tensor project(const Tensor& volumes, const std::shared_ptr<const ct::Projector>& projector);

/// rays (B, rays) -> (B, D, H, W), the exact transpose.
Tensor back_project(const Tensor& rays, const std::shared_ptr<const ct::Projector>& projector);

}  // namespace gdm::recon
