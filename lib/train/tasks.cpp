#include "train/tasks.hpp"

namespace gdm::train {
namespace {

namespace F = torch::nn::functional;

/// Cubes of `cube` voxels, each with probability `ratio`; the grid of cubes lies anywhere, so that it cannot be learnt.
Tensor hidden_cubes(const Tensor& like, std::int64_t cube, double ratio, at::Generator& generator) {
  const std::int64_t batch = like.size(0), window = like.size(2), edge = (window + cube - 1) / cube + 1;
  const Tensor chosen = (torch::rand({batch, 1, edge, edge, edge}, generator) < ratio).to(torch::kFloat32);
  const Tensor offsets = torch::randint(cube, {3}, generator);
  Tensor hidden = F::interpolate(chosen, F::InterpolateFuncOptions()
                                             .scale_factor(std::vector<double>(3, static_cast<double>(cube)))
                                             .mode(torch::kNearest));
  for (std::int64_t axis = 0; axis < 3; ++axis) {
    hidden = hidden.narrow(axis + 2, offsets[axis].item<std::int64_t>(), window);
  }
  return hidden.to(like.device());
}

}  // namespace

TaskMaker::TaskMaker(const net::PretrainOptions& options, const Strength& strength, std::optional<LabelClasses> labels,
                     const ValueClasses& value_classes)
    : masked_(options.task == "masked"),
      mask_cube_(options.mask_cube),
      mask_ratio_(options.mask_ratio),
      strength_(strength),
      labels_(std::move(labels)),
      value_classes_(value_classes) {}

std::int64_t TaskMaker::outputs() const {
  if (masked_) return 1;
  return labels_ ? labels_->classes() : value_classes_.classes();
}

Task TaskMaker::masked(const Tensor& clean, at::Generator& generator) const {
  Task task;
  task.loss_target = random_appearance(clean, strength_, generator);
  task.hidden = hidden_cubes(clean, mask_cube_, mask_ratio_, generator);
  task.input = random_noise(task.loss_target, strength_, generator) * (1 - task.hidden);
  return task;
}

Task TaskMaker::make(const Tensor& windows, at::Generator& generator) const {
  const Tensor seen = strength_.views ? random_views(windows, generator) : windows;
  if (masked_) return masked(seen.clamp(-1.0, 1.0), generator);
  Task task;
  Tensor image;
  if (labels_) {
    task.loss_target = labels_->classes_of(seen.squeeze(1));
    image = paint_labels(seen, labels_->labels(), generator);
  } else {
    task.loss_target = value_classes_.of(seen.squeeze(1));
    image = seen.clamp(-1.0, 1.0);
  }
  task.input = random_noise(random_appearance(image, strength_, generator), strength_, generator);
  return task;
}

Tensor TaskMaker::loss(const Tensor& output, const Task& task) {
  if (task.hidden.defined()) {
    return ((output - task.loss_target).square() * task.hidden).sum() / task.hidden.sum().clamp_min(1.0);
  }
  return F::cross_entropy(output, task.loss_target);
}

}  // namespace gdm::train
