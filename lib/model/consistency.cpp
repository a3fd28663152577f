#include "model/consistency.hpp"

namespace gdm::model {

RayConsistency consistency_of(const Json& description) {
  RayConsistency consistency;
  const auto training = description.find("training");
  if (training == description.end() || !training->contains("consistency")) return consistency;
  const Json& told = training->at("consistency");
  consistency.iterations = told.value("iterations", consistency.iterations);
  consistency.pull_mm2 = told.value("pull_mm2", consistency.pull_mm2);
  return consistency;
}

}  // namespace gdm::model
