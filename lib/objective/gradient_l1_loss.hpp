// Mean absolute difference between the image gradients of the predicted and the real patch. It asks for edges where
// they are, so that what sharpens the prediction costs less accuracy.
#pragma once

#include "objective/paired_loss.hpp"

namespace gdm::objective {

/// With r = predicted - target: mean of |r_i - r_j| over all neighbours i, j along the three axes that both lie in the
/// mask. Differs from the gradient difference loss of Mathieu et al. (arXiv 1511.05440, eq. 6), which compares absolute
/// values of gradients, in that signs count. predicted, target, mask: (B, 1, D, H, W).
PairedLoss gradient_l1_loss(const Tensor& predicted, const Tensor& target, const Tensor& mask);

}  // namespace gdm::objective
