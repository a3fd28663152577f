// The objectives of a training beside fidelity, and when each has its turn.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "data/held_out.hpp"
#include "data/scanned_cases.hpp"
#include "engine/training.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"
#include "nn/hu_map.hpp"
#include "objective/coordination.hpp"
#include "objective/output_objective.hpp"

namespace gdm::train {

using torch::Tensor;

/// SSIM, a discriminator and the like, which always take part, and banks and encoders as options name them. Of these
/// one has its turn for each batch, by (number of the batch mod theirs), so that a step costs the same however many
/// there are.
class Objectives {
 public:
  /// Throws Error for files that cannot be used: views of other patches than the training's, voxels of another size
  /// than `edge_mm`, a level weight that leaves nothing. `scans`: of the training's cases, where options need rays.
  /// `conditions`: channels that a discriminator sees beside the volume.
  Objectives(const engine::TrainOptions& options, std::uint64_t seed, const nn::HuMap& units, double edge_mm,
             torch::Device device, Provenance& provenance, std::shared_ptr<const data::ScannedCases> scans = nullptr,
             std::int64_t conditions = 0);

  /// Throws Error for banks and encoders that are none, or that were made from held-out patients, before the time that
  /// volumes take to load.
  static void check_files(const engine::TrainOptions& options, data::HeldOut& held_out);

  /// After so many batches each of the banks and encoders has had its turn.
  std::int64_t turns() const { return std::max<std::int64_t>(1, static_cast<std::int64_t>(members_.size())); }
  bool empty() const { return members_.empty() && always_.empty(); }
  /// How far the objectives have come in at this step: a sigmoid that reaches 1 soon after options.drift_start.
  double schedule(std::int64_t step) const;
  /// One cotangent of the fidelity's gradient and the objectives for a batch; `line` gets what is logged. The batch's
  /// number decides whose turn it is and what is drawn. Waits for no device (objective/coordination.hpp).
  Tensor coordinated(std::int64_t step, const objective::OutputPatch& patch, const Tensor& fidelity, nn::LogLine& line);
  /// After the step, when its values are known.
  void settle();

  /// Name and digest of each file, for checkpoints and models.
  const Json& description() const { return description_; }
  void save(nn::TensorWriter& writer, Json& json) const;
  void load(const SafetensorsFile& file, const Json& json);

 private:
  void add_bank(const fs::path& path, const nn::HuMap& units, double edge_mm, torch::Device device);
  void add_encoder(const fs::path& path, const nn::HuMap& units, double edge_mm, torch::Device device);
  /// options.share_end at the last step, 1 at options.drift_start, linear between.
  double share_factor(std::int64_t step) const;

  const engine::TrainOptions& options_;
  std::shared_ptr<const data::ScannedCases> scans_;
  std::uint64_t seed_;
  torch::Device device_;
  objective::CoordinationOptions coordination_;
  objective::CoordinationState state_;
  std::vector<std::unique_ptr<objective::OutputObjective>> members_;  ///< take turns
  std::vector<std::unique_ptr<objective::OutputObjective>> always_;
  Json description_ = Json::array();
};

}  // namespace gdm::train
