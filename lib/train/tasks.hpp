// What an encoder is trained to do: the task made from a patch, and the loss.
#pragma once

#include <optional>

#include "data/augment.hpp"
#include "data/images.hpp"
#include "engine/encoder.hpp"

namespace gdm::train {

using torch::Tensor;

/// One batch of a task: what the network sees, and what it should give.
struct Task {
  Tensor input;        ///< (B, 1, w, w, w) in [-1, 1]
  Tensor loss_target;  ///< restoring: as the input; segmentation: (B, w, w, w) classes, int64
  Tensor hidden;       ///< restoring: 1 where the input was zeroed
  /// Places told apart (contrast.hpp): the input's places under another scan, altered, and 1 inside the patient.
  Tensor rescan, altered, inside;
};

/// "masked": cubes of a patch are zeroed and restored (He et al., arXiv 2111.06377; a convolutional form as in
/// arXiv 2602.04770, appendix A.3). "segment": classes of labels, recognised in images painted on them, or classes of
/// HU, recognised in a CT of random appearance. "segment+contrast": the same, and places are told apart (contrast.hpp).
class TaskMaker {
 public:
  /// `labels` where the patches hold places of labels.
  TaskMaker(const engine::PretrainOptions& options, const data::Strength& strength,
            std::optional<data::LabelClasses> labels, const data::ValueClasses& value_classes);

  /// Channels that the decoder gives: 1, or one for each class.
  std::int64_t outputs() const;
  /// Edge of the patches that make() needs.
  std::int64_t drawn_patch() const;
  /// From target and mask of a batch of samples whose patches have that edge. All draws come from `generator`.
  Task make(const data::Batch& batch, at::Generator& generator) const;
  /// Squared error on what was hidden, or cross-entropy. `output`: (B, outputs(), w, w, w).
  static Tensor loss(const Tensor& output, const Task& task);

 private:
  Task masked(const Tensor& clean, at::Generator& generator) const;
  Task contrasted(const data::Batch& batch, at::Generator& generator) const;
  /// (B, w, w, w) int64.
  Tensor classes(const Tensor& patches) const;

  bool masked_, contrast_;
  std::int64_t patch_;
  std::int64_t mask_cube_;
  double mask_ratio_;
  data::Strength strength_;
  std::optional<data::LabelClasses> labels_;
  data::ValueClasses value_classes_;
};

}  // namespace gdm::train
