// Paired regression: the generator's output, or several draws of it, is compared with its own target, and other
// objectives, which see the output as well, join by coordinated gradients.
#pragma once

#include <memory>
#include <utility>

#include "io/json.hpp"
#include "nn/generator.hpp"
#include "train/method.hpp"
#include "train/objectives.hpp"

namespace gdm::train {

class PairedMethod : public Method {
 public:
  /// `network` lies on `device`. With `bfloat16` its arithmetic is; losses are float32. `seed`: of the noise that a
  /// network with noise channels gets. `draws`: of each patch, with noise of their own; more than one needs such
  /// channels.
  PairedMethod(nn::Generator network, const nn::GeneratorConfig& config, std::shared_ptr<Objectives> objectives,
               std::uint64_t seed, std::int64_t draws, torch::Device device, bool bfloat16);

  /// From now on this follows the network.
  void follow_with(data::RayLayer layer) { layer_ = std::move(layer); }

  /// Masked L1 with weight 0.05 outside the mask ("l1_hu" in the log); of several draws their energy score, weighted
  /// alike ("energy_score_hu", with the mean "l1_hu" of the draws and the mean distance of two, "spread_hu"). Its
  /// gradient at the predicted volumes is coordinated with those of the objectives (train/objectives.hpp), which see
  /// each draw as a patch of its own, and one backward pass follows.
  nn::LogLine add_gradients(const data::Batch& batch, const BatchPlace& place) override;
  void after_step(bool taken) override;
  std::string loss_key() const override { return draws_ > 1 ? "energy_score_hu" : "l1_hu"; }
  std::string loss_text(double loss) const override;
  void save(nn::TensorWriter& writer, Json& json) const override;
  void load(const SafetensorsFile& file, const Json& json) override;

 private:
  Tensor predict(const data::Batch& batch, std::int64_t number);
  Tensor fidelity(const Tensor& predicted, const data::Batch& batch, nn::LogLine& line) const;

  nn::Generator network_;
  const nn::GeneratorConfig& config_;
  std::shared_ptr<Objectives> objectives_;
  std::uint64_t seed_;
  std::int64_t draws_;
  torch::Device device_;
  bool bfloat16_;
  data::RayLayer layer_;
};

}  // namespace gdm::train
