// The null test of the drift (row H1): volumes that are real, drawn as a training draws them, meet the bank of the same
// patients without a force on how much detail they have, level by level. What decides is that bank and training place,
// turn and pool patches alike: a bank of otherwise placed patches is the control.
#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "bank/collection.hpp"
#include "bank/patches.hpp"
#include "bank_fixture.hpp"
#include "data/placement.hpp"
#include "data/samples.hpp"
#include "io_fixture.hpp"
#include "nn/residual_encoder.hpp"
#include "nn/step_generator.hpp"
#include "objective/encoder_objective.hpp"

using namespace gdm;
using namespace gdm::bank;
using namespace gdm::data;
using torch::Tensor;

namespace {

// Many patches in few batches: small tensors cost their number more than their size.
constexpr std::int64_t patch = 24, view = 16, batch = 8, batches = 18, settled = 8, draws = 6;

/// A thin slab of a patient: an elliptic cylinder whose texture grows rougher towards both of its ends, where patches
/// that are moved into the volume pile up.
Sample slab(int n) {
  torch::manual_seed(100 + n);
  const std::int64_t depth = 26 + 3 * n, height = 32, width = 28 + 4 * n;
  const auto axis = [](std::int64_t size) { return torch::linspace(-1, 1, size); };
  const Tensor d = axis(depth).view({-1, 1, 1}), h = axis(height).view({1, -1, 1}), w = axis(width).view({1, 1, -1});
  Sample sample;
  sample.id = sample.patient = "p" + std::to_string(n);
  sample.grid = Grid::centred({static_cast<int>(width), static_cast<int>(height), static_cast<int>(depth)}, {2, 2, 2});
  const Tensor inside = (h.square() / 0.7 + w.square() / 0.5 < 1).expand({depth, height, width});
  const Tensor texture = torch::randn({depth, height, width}) * (0.02 + 0.6 * d.pow(4));
  sample.target = torch::where(inside, texture - 0.3, torch::full({}, nn::air_units)).unsqueeze(0);
  sample.mask = inside.to(torch::kUInt8).unsqueeze(0).contiguous();
  sample.foreground = foreground_indices(sample.mask);
  sample.conditions = sample.target.slice(0, 0, 0);
  return sample;
}

std::vector<Sample> slabs() {
  std::vector<Sample> samples;
  for (int n = 0; n < 4; ++n) samples.push_back(slab(n));
  return samples;
}

std::shared_ptr<const bank::RealBank> bank_of(const std::vector<Sample>& samples, std::int64_t training_patch,
                                              const std::filesystem::path& path, std::uint64_t seed) {
  const nn::FrozenEncoder encoder = gdm_test::untrained_encoder({6, 8, 8});
  bank::BankRecipe recipe;
  recipe.patch = view;
  recipe.seed = seed;
  recipe.training_patch = training_patch;
  recipe.patches_per_case = 120;
  recipe.capacity = 300;  // less than come of the stratum in the middle
  recipe.patient_cap = 0;
  bank::BankCollection collection(recipe, encoder);
  for (const Sample& sample : samples) {
    const c10::InferenceMode inference;
    BankVolume volume = bank_volume(sample.target, sample.mask, sample.grid, 0);
    volume.id = volume.patient = sample.id;
    collection.begin_case({volume.id, volume.patient, volume.edge_mm});
    for_each_patch(encoder, volume, recipe, encoder.input.hu_map, torch::Device(torch::kCPU), PatchLevels::all,
                   [&](PatchRows&& rows) { collection.add(rows.key, rows.vectors, rows.priorities, rows.stratum); });
  }
  collection.write_bank(path, {}, Overwrite::replace);
  return std::make_shared<const bank::RealBank>(path, torch::Device(torch::kCPU));
}

/// Mean over batches of the drift's derivative by the share of detail: below 0 the volumes are asked for more.
double force_on_detail(const std::vector<Sample>& samples, std::shared_ptr<const bank::RealBank> bank, bool global,
                       std::uint64_t seed) {
  objective::EncoderObjectiveOptions options;
  options.drift_share = 1;
  options.seeing.units = bank->encoder().input.hu_map;
  options.drift.pair_weight = 0;
  options.drift.weight_spatial = 0;
  (global ? options.drift.weight_local : options.drift.weight_global) = 0;
  objective::EncoderObjective objective("x", bank, options);
  const PatchSampler sampler(samples, patch, batch, seed);
  double sum = 0;
  for (std::int64_t n = 0; n < batches; ++n) {
    const Batch drawn = sampler.draw(n, torch::kCPU);
    at::Generator generator = nn::step_generator(seed, n);
    const Tensor leaf = drawn.target.clone().requires_grad_(true);
    const Tensor gradient =
        objective.gradients({leaf, drawn.target, drawn.mask, drawn.host_mask, n}, generator)[0].gradient;
    const Tensor mask = drawn.mask.to(torch::kFloat32);
    const Tensor mean =
        torch::avg_pool3d(drawn.target * mask, 3, 1, 1) / torch::avg_pool3d(mask, 3, 1, 1).clamp_min(1e-6);
    if (n >= settled) sum += (gradient * (drawn.target - mean) * mask).sum().item<double>();
  }
  return sum / static_cast<double>(batches - settled);
}

/// Of several banks and trainings, which are draws of everything that is random: the mean force on detail in its
/// standard errors, of levels global and local.
std::array<double, 2> standard_errors(const std::vector<Sample>& samples, std::int64_t training_patch) {
  const gdm_test::TemporaryFolder folder;
  Tensor forces = torch::zeros({2, draws}, torch::kFloat64);
  for (std::int64_t draw = 0; draw < draws; ++draw) {
    const auto seed = static_cast<std::uint64_t>(draw);
    const auto bank = bank_of(samples, training_patch, folder / "bank.safetensors", seed);
    for (const bool global : {true, false}) {
      forces[global ? 0 : 1][draw] = force_on_detail(samples, bank, global, 20 + seed);
    }
  }
  const Tensor errors = forces.mean(1) / forces.std(1) * std::sqrt(static_cast<double>(draws));
  return {errors[0].item<double>(), errors[1].item<double>()};
}

}  // namespace

TEST_CASE("null test: real patches meet the bank of their patients without a force beyond its sampling error") {
  const std::vector<Sample> samples = slabs();
  const auto alike = standard_errors(samples, patch);
  const auto otherwise = standard_errors(samples, view);  // of patches that are placed as large as the views are
  for (std::size_t level = 0; level < 2; ++level) {
    CAPTURE(level);
    MESSAGE(alike[level], " standard errors, of other patches ", otherwise[level]);
    CHECK(std::abs(alike[level]) < 4.5);
    CHECK(otherwise[level] < -5);
  }
}
