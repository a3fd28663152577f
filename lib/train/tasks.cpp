#include "train/tasks.hpp"

#include "train/contrast.hpp"

namespace gdm::train {
namespace {

/// Cubes of `cube` voxels, each with probability `ratio`; the grid of cubes lies anywhere, so that it cannot be learnt.
Tensor hidden_cubes(const Tensor& like, std::int64_t cube, double ratio, at::Generator& generator) {
  const std::int64_t batch = like.size(0), patch = like.size(2), edge = (patch + cube - 1) / cube + 1;
  const Tensor chosen = (torch::rand({batch, 1, edge, edge, edge}, generator) < ratio).to(torch::kFloat32);
  const Tensor offsets = torch::randint(cube, {3}, generator);
  const auto scale = static_cast<double>(cube);
  const std::vector<std::int64_t> size(3, edge * cube);
  Tensor hidden = torch::upsample_nearest3d(chosen, size, scale, scale, scale);
  for (std::int64_t axis = 0; axis < 3; ++axis) {
    hidden = hidden.narrow(axis + 2, offsets[axis].item<std::int64_t>(), patch);
  }
  return hidden.to(like.device());
}

/// Images painted on the places of all patches alike, so that they differ by their anatomy; half of the batches
/// faintly.
Tensor painted_alike(const Tensor& places, std::int64_t labels, at::Generator& generator) {
  const auto sizes = places.sizes();
  return data::paint_labels(places.reshape({1, 1, sizes[0] * sizes[2], sizes[3], sizes[4]}), labels, generator, 0.5)
      .view(sizes);
}

}  // namespace

TaskMaker::TaskMaker(const engine::PretrainOptions& options, const data::Strength& strength,
                     std::optional<data::LabelClasses> labels, const data::ValueClasses& value_classes)
    : masked_(options.task == "masked"),
      contrast_(options.task == "segment+contrast"),
      patch_(options.patch),
      mask_cube_(options.mask_cube),
      mask_ratio_(options.mask_ratio),
      strength_(strength),
      labels_(std::move(labels)),
      value_classes_(value_classes) {}

std::int64_t TaskMaker::outputs() const {
  if (masked_) return 1;
  return labels_ ? labels_->classes() : value_classes_.classes();
}

std::int64_t TaskMaker::drawn_patch() const {
  return contrast_ ? patch_ + 2 * scan_shift : patch_;
}

Tensor TaskMaker::classes(const Tensor& patches) const {
  return labels_ ? labels_->classes_of(patches.squeeze(1)) : value_classes_.of(patches.squeeze(1));
}

Task TaskMaker::contrasted(const data::Batch& batch, at::Generator& generator) const {
  Tensor both = torch::cat({batch.target, batch.mask.to(torch::kFloat32)}, 1);
  if (strength_.views) both = data::random_views(both, generator);
  const Tensor seen = both.slice(1, 0, 1);
  const Tensor image = labels_ ? painted_alike(seen, labels_->labels(), generator) : seen.clamp(-1.0, 1.0);
  const Looks looks = random_looks(image, both.slice(1, 1, 2), strength_, generator);
  Task task;
  task.input = looks.scan;
  task.loss_target = classes(torch::constant_pad_nd(seen, std::vector<std::int64_t>(6, -scan_shift)));
  task.rescan = looks.rescan;
  task.altered = looks.altered;
  task.inside = looks.inside;
  return task;
}

Task TaskMaker::masked(const Tensor& clean, at::Generator& generator) const {
  Task task;
  task.loss_target = data::random_appearance(clean, strength_, generator);
  task.hidden = hidden_cubes(clean, mask_cube_, mask_ratio_, generator);
  task.input = data::random_noise(task.loss_target, strength_, generator) * (1 - task.hidden);
  return task;
}

Task TaskMaker::make(const data::Batch& batch, at::Generator& generator) const {
  if (contrast_) return contrasted(batch, generator);
  const Tensor seen = strength_.views ? data::random_views(batch.target, generator) : batch.target;
  if (masked_) return masked(seen.clamp(-1.0, 1.0), generator);
  Task task;
  task.loss_target = classes(seen);
  const Tensor image = labels_ ? data::paint_labels(seen, labels_->labels(), generator) : seen.clamp(-1.0, 1.0);
  task.input = data::random_noise(data::random_appearance(image, strength_, generator), strength_, generator);
  return task;
}

Tensor TaskMaker::loss(const Tensor& output, const Task& task) {
  if (task.hidden.defined()) {
    return ((output - task.loss_target).square() * task.hidden).sum() / task.hidden.sum().clamp_min(1.0);
  }
  return torch::cross_entropy_loss(output, task.loss_target);
}

}  // namespace gdm::train
