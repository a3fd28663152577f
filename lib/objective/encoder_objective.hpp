// The objectives that live in the features of one frozen encoder: the drift in a bank, the Frechet distance to it, and
// the feature-matching (perceptual) loss. All are asked of one forward pass.
#pragma once

#include <memory>

#include "io/json.hpp"
#include "objective/drift_loss.hpp"
#include "objective/frechet_loss.hpp"
#include "objective/output_objective.hpp"

namespace gdm::objective {

struct EncoderObjectiveOptions {
  double drift_share = 0, perceptual_share = 0, frechet_share = 0;  ///< 0: not computed
  DriftOptions drift;
  FrechetOptions frechet;
  Seeing seeing;  ///< `size` and `taps` are set by the objective
};

class EncoderObjective : public OutputObjective {
 public:
  /// With a bank: its encoder and the edge of its patches. Throws Error as DriftLoss does.
  EncoderObjective(std::string name, std::shared_ptr<const bank::RealBank> bank,
                   const EncoderObjectiveOptions& options);
  /// Without: the perceptual loss alone, in views of `size` voxels.
  EncoderObjective(std::string name, nn::FrozenEncoder encoder, std::int64_t size,
                   const EncoderObjectiveOptions& options);

  std::vector<ObjectiveGradient> gradients(const OutputPatch& patch, at::Generator& generator) override;
  void save(nn::TensorWriter& writer, const std::string& prefix, Json& json) const override;
  void load(const SafetensorsFile& file, const std::string& prefix, const Json& json) override;
  void settle() override;

 private:
  void choose_taps();

  std::string name_;
  EncoderObjectiveOptions options_;
  std::shared_ptr<const bank::RealBank> bank_;
  nn::FrozenEncoder encoder_;
  std::unique_ptr<DriftLoss> drift_;
  std::unique_ptr<FrechetLoss> frechet_;
};

}  // namespace gdm::objective
