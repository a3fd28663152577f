#include "objective/projection_objective.hpp"

#include <utility>

namespace gdm::objective {

ProjectionObjective::ProjectionObjective(std::shared_ptr<const data::ScannedCases> cases, double share)
    : cases_(std::move(cases)), share_(share) {}

std::vector<ObjectiveGradient> ProjectionObjective::gradients(const OutputPatch& patch, at::Generator&) {
  Tensor loss;
  const Tensor gradient = cases_->ray_gradient(patch.predicted - patch.target, *patch.places, loss);
  nn::LogLine log;
  log.set("/loss", loss);
  return {{"projection", gradient, share_, std::move(log)}};
}

}  // namespace gdm::objective
