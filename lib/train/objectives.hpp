// The objectives of a training beside fidelity, and when each has its turn.
#pragma once

#include <memory>
#include <vector>

#include "drift/coordination.hpp"
#include "drift/output_objective.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"
#include "net/network.hpp"
#include "nn/hu_map.hpp"

namespace gdm::train {

using torch::Tensor;

/// Banks and encoders as options name them. One of them has its turn at each step, by (step mod their number), so that
/// a step costs the same however many there are.
class Objectives {
 public:
  /// Throws Error for files that cannot be used: windows larger than the training's, voxels of another size than
  /// `edge_mm`, patients of the val or test split, a level weight that leaves nothing.
  Objectives(const net::TrainOptions& options, std::uint64_t seed, const Manifest& manifest, const nn::HuMap& units,
             double edge_mm, torch::Device device, Provenance& provenance);

  bool empty() const { return members_.empty(); }
  /// Share of the objectives at this step: a sigmoid that reaches 1 soon after options.drift_start.
  double schedule(std::int64_t step) const;
  /// One cotangent of the fidelity's gradient and the objectives of this step; `line` gets what is logged.
  Tensor coordinated(std::int64_t step, const drift::OutputWindow& window, const Tensor& fidelity,
                     nlohmann::ordered_json& line);

  /// Name and digest of each file, for checkpoints and models.
  const nlohmann::ordered_json& description() const { return description_; }
  void save(nn::TensorWriter& writer, nlohmann::ordered_json& json) const;
  void load(const SafetensorsFile& file, const nlohmann::ordered_json& json);

 private:
  void add_bank(const fs::path& path, const Manifest& manifest, const nn::HuMap& units, double edge_mm,
                torch::Device device);
  void add_encoder(const fs::path& path, const nn::HuMap& units, double edge_mm, torch::Device device);

  const net::TrainOptions& options_;
  std::uint64_t seed_;
  drift::CoordinationOptions coordination_;
  drift::CoordinationState state_;
  std::vector<std::unique_ptr<drift::OutputObjective>> members_;
  nlohmann::ordered_json description_ = nlohmann::ordered_json::array();
};

}  // namespace gdm::train
