// Places told apart: the loss in closed form, what the looks are, and that a short training tells places apart.
#include <doctest/doctest.h>

#include <cmath>

#include "bank/levels.hpp"
#include "engine/encoder.hpp"
#include "nn/step_generator.hpp"
#include "train/contrast.hpp"
#include "train/tasks.hpp"

using namespace gdm;
using namespace gdm::train;
using namespace gdm::data;
using torch::Tensor;

namespace {

constexpr std::int64_t edge = 32, wide = edge + 2 * scan_shift;

Tensor random_patches(std::int64_t count, std::int64_t size) {
  torch::manual_seed(5);
  return torch::rand({count, 1, size, size, size}) * 1.6 - 0.8;
}

TaskMaker maker(std::optional<LabelClasses> labels = {}) {
  engine::PretrainOptions options;
  options.task = "segment+contrast";
  options.patch = edge;
  return {options, Strength{}, std::move(labels), ValueClasses(Source{}, nn::HuMap{})};
}

Task task_of(const TaskMaker& tasks, const Tensor& patches) {
  at::Generator generator = nn::step_generator(4, 1);
  Batch batch;
  batch.target = patches;
  batch.mask = torch::ones_like(patches, torch::kUInt8);
  batch.mask.slice(4, 0, wide / 2).zero_();
  return tasks.make(batch, generator);
}

Tensor column(std::vector<float> values) {
  return torch::tensor(values).view({-1, 1});
}

}  // namespace

TEST_CASE("contrast: InfoNCE of four rows is what the formula says, in any unit") {
  // Deviation 1 around 0, own distance 0, the other's 4: exp(-4 / (2 * 0.5)) beside 1.
  const double other = std::exp(-4.0);
  const Tensor rows = column({1, -1}), none = torch::zeros({0, 1});
  CHECK(info_nce(rows, rows, none, 0.5).item<double>() == doctest::Approx(std::log(1 + other)).epsilon(1e-5));
  CHECK(info_nce(rows, rows, rows, 0.5).item<double>() == doctest::Approx(std::log(2 + 2 * other)).epsilon(1e-5));
  CHECK(info_nce(rows * 300 + 50, rows * 300 + 50, none, 0.5).item<double>() ==
        doctest::Approx(std::log(1 + other)).epsilon(1e-4));
  // Two columns: the distance is the mean over them, so a column that is the same everywhere halves it.
  const Tensor two = torch::cat({rows, torch::ones_like(rows)}, 1), no_rows = torch::zeros({0, 2});
  CHECK(info_nce(two, two, no_rows, 0.5).item<double>() == doctest::Approx(std::log(1 + std::exp(-2.0))).epsilon(1e-5));
  // Both directions count: row 0 is taken for row 1 from either side.
  const Tensor swapped = column({-1, 1});
  CHECK(info_nce(rows, swapped, none, 0.5).item<double>() == doctest::Approx(4 + std::log(1 + other)).epsilon(1e-5));
}

TEST_CASE("contrast: vectors of cubes are means, then deviations") {
  Tensor map = torch::zeros({1, 2, 4, 2, 2});
  map[0][0].slice(0, 2, 4).fill_(3);  // the second cube
  map[0][1].slice(0, 0, 1).fill_(2);  // half of the first
  const Tensor vectors = cube_vectors(map, 2);
  CHECK(torch::allclose(vectors, torch::tensor({{0.0F, 1.0F, 1e-4F, 1.0F}, {3.0F, 0.0F, 1e-4F, 1e-4F}}), 0, 1e-5));
}

TEST_CASE("contrast: the rescan lies within the shift, the altered look at the scan's place") {
  const Tensor images = random_patches(3, wide), inside = (images > 0).to(torch::kFloat32);
  at::Generator generator = nn::step_generator(1, 2);
  const Looks looks = random_looks(images, inside, Strength{}, generator);
  const auto cut = [&](const Tensor& from, std::int64_t z, std::int64_t y, std::int64_t x) {
    return from.narrow(0, z, edge).narrow(1, y, edge).narrow(2, x, edge);
  };
  for (std::int64_t b = 0; b < 3; ++b) {
    CHECK(torch::allclose(looks.scan[b][0], cut(images[b][0], scan_shift, scan_shift, scan_shift), 0, 1e-6));
    CHECK(torch::equal(looks.inside[b][0], cut(inside[b][0], scan_shift, scan_shift, scan_shift)));
    std::int64_t found = 0;
    for (std::int64_t n = 0; n < 343; ++n) {
      found += torch::allclose(looks.rescan[b][0], cut(images[b][0], n / 49, n / 7 % 7, n % 7), 0, 1e-6) ? 1 : 0;
    }
    CHECK(found == 1);
    const Tensor pair = torch::stack({looks.scan[b].flatten(), looks.altered[b].flatten()});
    const double correlation = torch::corrcoef(pair)[0][1].item<double>();
    CHECK(correlation > 0.2);
    CHECK(correlation < 0.9999);
  }
}

TEST_CASE("contrast: what is altered is smoother or sharper, and what is the same everywhere stays") {
  const Tensor patches = random_patches(24, 12);
  at::Generator generator = nn::step_generator(1, 3);
  const Tensor changed = altered(patches, generator);
  const Tensor ratio = changed.flatten(1).std(1) / patches.flatten(1).std(1);
  CHECK((ratio < 1).sum().item<int>() > 4);
  CHECK((ratio > 1).sum().item<int>() > 4);
  CHECK((ratio - 1).abs().min().item<double>() > 0.01);
  const Tensor flat = torch::full({4, 1, 12, 12, 12}, 0.3);
  CHECK(torch::allclose(altered(flat, generator), flat, 0, 1e-6));
}

TEST_CASE("contrast: cubes outside the patient do not count") {
  const std::vector<nn::Tap> taps{{"s1", 3, 2, 3}};
  torch::manual_seed(1);
  const std::vector<Tensor> one{torch::randn({2, 3, 16, 16, 16})}, other{torch::randn({2, 3, 16, 16, 16})};
  Tensor inside = torch::ones({2, 1, 32, 32, 32});
  const auto loss = [&](const std::vector<Tensor>& rescan) {
    return contrast_loss(taps, one, rescan, other, inside).item<double>();
  };
  CHECK(loss(one) < 0.9 * loss(other));
  inside.slice(2, 16, 32).zero_();
  std::vector<Tensor> elsewhere{one[0].clone()};
  elsewhere[0].slice(2, 8, 16).fill_(9);
  CHECK(loss(elsewhere) == loss(one));
  inside.zero_();
  CHECK(loss(one) == 0);
}

TEST_CASE("contrast: the task is that of the classes with two looks more") {
  const TaskMaker hu = maker();
  CHECK(hu.drawn_patch() == wide);
  const Task task = task_of(hu, random_patches(2, wide));
  for (const Tensor& look : {task.input, task.rescan, task.altered, task.inside}) {
    CHECK(look.sizes().vec() == std::vector<std::int64_t>{2, 1, edge, edge, edge});
  }
  CHECK(torch::equal(task.loss_target, ValueClasses(Source{}, nn::HuMap{}).of(task.input.squeeze(1))));
  CHECK(task.inside.mean().item<double>() == doctest::Approx(0.5));

  // Patches are painted alike: what tells them apart is where the labels lie.
  const LabelClasses labels({0, 3, 515});
  Tensor places = torch::zeros({2, 1, wide, wide, wide});
  places[0].slice(1, 0, wide / 2).fill_(2);
  places[1].slice(2, 0, wide / 2).fill_(2);
  const Task painted = task_of(maker(labels), places);
  const auto mean_of_label = [&](std::int64_t patch) {
    return painted.input[patch][0].masked_select(painted.loss_target[patch] == 2).mean().item<double>();
  };
  CHECK(mean_of_label(0) == doctest::Approx(mean_of_label(1)).epsilon(0.05).scale(1));
}

TEST_CASE("painter: faint patches have most labels near to each other") {
  const Tensor places = torch::arange(12).repeat_interleave(144).view({1, 1, 12, 12, 12}).to(torch::kFloat32);
  const auto spread_of = [&](double faint, std::int64_t step) {
    at::Generator generator = nn::step_generator(7, step);
    const Tensor means = paint_labels(places, 12, generator, faint)[0][0].flatten(1).mean(1);
    return (std::get<0>(means.sort())[8] - std::get<0>(means.sort())[3]).item<double>();  // of the middle labels
  };
  double plain = 0, faint = 0;
  for (std::int64_t step = 0; step < 10; ++step) {
    plain += spread_of(0, step) / 10;
    faint += spread_of(1, step) / 10;
  }
  CHECK(faint < 0.5 * plain);
}
