// Structural similarity of the predicted and the real window as a loss, with its gradient in closed form: box sums of
// whole windows through autograd would cost several times as much.
#pragma once

#include "objective/paired_loss.hpp"

namespace gdm::objective {

/// 1 - SSIM as metrics/ssim.hpp defines it for SynthRAD2023, with the range [-1, 1] of the HU map: both windows clipped
/// to it and set to its lower end outside the mask, uniform window of 7^3 voxels, mean over the mask of all windows
/// without 3 voxels at each border. The gradient is 0 where the prediction lies outside [-1, 1] or the mask. predicted,
/// target, mask: (B, 1, D, H, W), axes of at least 7 voxels.
PairedLoss ssim_loss(const Tensor& predicted, const Tensor& target, const Tensor& mask);

}  // namespace gdm::objective
