// Volumes brought towards what rays have measured, by few conjugate gradients: data consistency behind a network, and,
// of gradients, the part that no ray sees.
#pragma once

#include "ct/projector.hpp"
#include "model/consistency.hpp"
#include "nn/tensor.hpp"

namespace gdm::recon {

using torch::Tensor;

/// Where the iterations of ct/iterative.hpp's cgls lead from `volume` (D, H, W) in attenuation per mm on the
/// projector's grid, |A x - rays|^2_W + pull |x - volume|^2 being descended. `rays`, `weights`: ray_count() each; null:
/// 0 and 1 everywhere. On the host; carries no gradient. With rays of 0 the limit of many
/// iterations is a linear map, symmetric and with eigenvalues between 0 and 1: what of a change in `volume` comes
/// through, so also its transpose. Few iterations choose their steps by the volume.
Tensor toward_rays(const Tensor& volume, const ct::Projector& projector, const float* rays, const float* weights,
                   const model::RayConsistency& how);

}  // namespace gdm::recon
