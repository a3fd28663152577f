// The adversarial objective: a discriminator that learns beside the generator, and its gradient at the predicted
// volume.
#pragma once

#include <memory>

#include "engine/training_choices.hpp"
#include "nn/discriminator.hpp"
#include "objective/output_objective.hpp"

namespace torch::optim {
class AdamW;
}

namespace gdm::objective {

struct AdversarialOptions {
  double share = 0;  ///< of its gradient at the predicted volume, relative to fidelity
  engine::AdversarialLoss loss = engine::AdversarialLoss::least_squares;
  double r1 = 0;            ///< weight gamma of the penalty; 0: none
  double rate = 2e-4;       ///< learning rate of the discriminator; Adam, betas (.5, .999)
  std::int64_t width = 32;  ///< of the discriminator
  bool bfloat16 = false;    ///< the discriminator computes in it, but in fp32 where a penalty differentiates twice
};

/// Scores (any shape) to what each side minimises: least squares (Mao et al. 2017, arXiv 1611.04076; real 1, generated
/// 0; the discriminator's halved) or hinge (Lim & Ye 2017, arXiv 1705.02894).
Tensor discriminator_loss(const Tensor& real, const Tensor& generated, engine::AdversarialLoss loss);
Tensor generator_loss(const Tensor& generated, engine::AdversarialLoss loss);

/// gamma / 2 times the mean over patches of the squared norm of the scores' gradient at the real patches (Mescheder et
/// al. 2018, arXiv 1801.04406, equation 9). `real` is a leaf; `scores` are of it, with their graph. Twice
/// differentiable.
Tensor r1_penalty(const Tensor& scores, const Tensor& real, double gamma);

/// The discriminator sees the conditions and a volume, air outside the patient. In gradients() it is asked about the
/// prediction as it is, and then learns from the batch: its own gradients add up until settle(), which makes its step.
/// Logs "/loss", "/discriminator_loss", "/score_real", "/score_generated".
class AdversarialObjective : public OutputObjective {
 public:
  /// `conditions`: channels of OutputPatch::conditions. Draws first weights from LibTorch's own generator.
  AdversarialObjective(std::int64_t conditions, const AdversarialOptions& options, torch::Device device);
  ~AdversarialObjective() override;

  std::vector<ObjectiveGradient> gradients(const OutputPatch& patch, at::Generator& generator) override;
  void settle() override;
  void save(nn::TensorWriter& writer, const std::string& prefix, Json& json) const override;
  void load(const SafetensorsFile& file, const std::string& prefix, const Json& json) override;

 private:
  /// Scores, fp32, by the arithmetic that the options say.
  Tensor scores(const Tensor& conditions, const Tensor& volume);
  Tensor learn(const Tensor& conditions, const Tensor& real, const Tensor& generated, nn::LogLine& log);

  AdversarialOptions options_;
  nn::PatchDiscriminator network_;
  std::vector<std::string> names_;
  std::vector<Tensor> parameters_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  std::int64_t batches_ = 0;  ///< whose gradients have added up
  std::int64_t steps_ = 0;
};

}  // namespace gdm::objective
