// Structural similarity of the predicted and the real window as an objective at the output, with its gradient in closed
// form: box sums of whole windows through autograd would cost several times as much.
#pragma once

#include "drift/output_objective.hpp"

namespace gdm::drift {

/// Value and gradient of 1 - SSIM.
struct SsimLoss {
  double loss = 0;  ///< 0 if no voxel counts
  Tensor gradient;  ///< with respect to the prediction, 0 where that lies outside [-1, 1] or the mask
};

/// SSIM as metrics/ssim.hpp defines it for SynthRAD2023, with the range [-1, 1] of the HU map: both windows clipped to
/// it and set to its lower end outside the mask, uniform window of 7^3 voxels, mean over the mask of all windows
/// without 3 voxels at each border. predicted, target, mask: (B, 1, D, H, W), axes of at least 7 voxels.
SsimLoss ssim_loss(const Tensor& predicted, const Tensor& target, const Tensor& mask);

class SsimObjective : public OutputObjective {
 public:
  explicit SsimObjective(double share) : share_(share) {}
  std::vector<ObjectiveGradient> gradients(const OutputWindow& window, at::Generator& generator) override;

 private:
  double share_;
};

}  // namespace gdm::drift
