// The rays' objective: what the rays of a scan would read of the predicted volume, against what they would read of the
// target.
#pragma once

#include <memory>

#include "data/scanned_cases.hpp"
#include "objective/output_objective.hpp"

namespace gdm::objective {

/// Half the square of A (x - y), each ray weighted by its counts, x the patch as it is predicted and y its target. The
/// target's rays, and not the measured ones, whose noise a network should not learn. Logs "/loss", the weighted mean
/// square of the rays' differences. The patches' places are needed.
class ProjectionObjective : public OutputObjective {
 public:
  ProjectionObjective(std::shared_ptr<const data::ScannedCases> cases, double share);
  std::vector<ObjectiveGradient> gradients(const OutputPatch& patch, at::Generator& generator) override;
  bool speaks_for_rays() const override { return true; }

 private:
  std::shared_ptr<const data::ScannedCases> cases_;
  double share_;
};

}  // namespace gdm::objective
