// Mean absolute difference between the image gradients of the predicted and the real window, as an objective at the
// output. It asks for edges where they are, so that what sharpens the prediction costs less accuracy.
#pragma once

#include "drift/output_objective.hpp"

namespace gdm::drift {

/// Value and gradient of the L1 of image gradients.
struct GradientL1Loss {
  double loss = 0;  ///< 0 if no pair of voxels counts
  Tensor gradient;  ///< with respect to the prediction
};

/// With r = predicted - target: mean of |r_i - r_j| over all neighbours i, j along the three axes that both lie in the
/// mask. Differs from the gradient difference loss of Mathieu et al. (arXiv 1511.05440, eq. 6), which compares absolute
/// values of gradients, in that signs count. predicted, target, mask: (B, 1, D, H, W).
GradientL1Loss gradient_l1_loss(const Tensor& predicted, const Tensor& target, const Tensor& mask);

class GradientL1Objective : public OutputObjective {
 public:
  explicit GradientL1Objective(double share) : share_(share) {}
  std::vector<ObjectiveGradient> gradients(const OutputWindow& window, at::Generator& generator) override;

 private:
  double share_;
};

}  // namespace gdm::drift
