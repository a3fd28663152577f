// Losses between the predicted and the real patch whose gradient has a closed form, as objectives at the output.
#pragma once

#include <utility>

#include "objective/output_objective.hpp"

namespace gdm::objective {

/// Value and gradient of a loss.
struct PairedLoss {
  Tensor value;     ///< one element, where the prediction is; 0 if no voxel counts
  Tensor gradient;  ///< with respect to the prediction, fp32
};

class PairedObjective : public OutputObjective {
 public:
  using Loss = PairedLoss (*)(const Tensor& predicted, const Tensor& target, const Tensor& mask);
  PairedObjective(std::string name, Loss loss, double share) : name_(std::move(name)), loss_(loss), share_(share) {}

  std::vector<ObjectiveGradient> gradients(const OutputPatch& patch, at::Generator&) override {
    PairedLoss loss = loss_(patch.predicted.detach(), patch.target, patch.mask);
    nn::LogLine log;
    log.set("/loss", loss.value);
    return {{name_, std::move(loss.gradient), share_, std::move(log)}};
  }

 private:
  std::string name_;
  Loss loss_;
  double share_;
};

}  // namespace gdm::objective
