// What an objective is to the training: gradients with respect to the predicted volume. A new one is a class of this
// kind and a line where the set is put together (train/objectives.cpp); coordination, logs and checkpoints follow.
#pragma once

#include <string>
#include <vector>

#include "data/samples.hpp"
#include "io/json.hpp"
#include "nn/log_line.hpp"
#include "nn/tensor.hpp"
#include "nn/tensor_io.hpp"

namespace gdm::objective {

using torch::Tensor;

/// Patches in the generator's units, (B, 1, D, H, W) each.
struct OutputPatch {
  Tensor predicted;  ///< a leaf: gradients with respect to it are asked for
  Tensor target;
  Tensor mask;       ///< 1 inside the patient
  Tensor host_mask;  ///< the same in the host's memory: how many rows there are to compare is known without waiting
  std::int64_t batch = 0;                                 ///< number among all batches of the training
  const std::vector<data::PatchPlace>* places = nullptr;  ///< of each; null where no objective asks for rays
  Tensor conditions{};  ///< (B, C, D, H, W) as the generator saw them; undefined where no objective asks for them
};

struct ObjectiveGradient {
  std::string name;
  Tensor gradient;   ///< shape of OutputPatch::predicted
  double share = 0;  ///< of this objective in the whole, relative to fidelity, before the schedule
  nn::LogLine log;
};

class OutputObjective {
 public:
  virtual ~OutputObjective() = default;
  /// All draws come from `generator`. The graph behind each gradient is freed before the next objective is asked, so
  /// memory peaks at the largest objective, not at their sum.
  virtual std::vector<ObjectiveGradient> gradients(const OutputPatch& patch, at::Generator& generator) = 0;
  /// Whether its gradient is what rays ask for, which coordination in the null space leaves whole.
  virtual bool speaks_for_rays() const { return false; }
  /// Called when what gradients() asked for has been computed: it may look at values, and takes back what must not
  /// stay.
  virtual void settle() {}
  /// What a resumed run needs; tensors under names that begin with `prefix`.
  virtual void save(nn::TensorWriter&, const std::string& /*prefix*/, Json&) const {}
  virtual void load(const SafetensorsFile&, const std::string& /*prefix*/, const Json&) {}
};

}  // namespace gdm::objective
