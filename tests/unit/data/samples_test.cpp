// Patches of a generator's training: the same whether cases are kept in memory or read again, and made ahead or not;
// what changes them, and the noise of an FBP.
#include <doctest/doctest.h>

#include <atomic>
#include <cmath>

#include "data/case_store.hpp"
#include "data/prefetch.hpp"
#include "image/mask.hpp"
#include "io/nifti/nifti.hpp"
#include "io_fixture.hpp"
#include "sys/error.hpp"
#include "sys/random.hpp"

using namespace gdm;
using namespace gdm::data;
using gdm_test::contains;
using gdm_test::error_of;
using torch::Tensor;

namespace {

const std::vector<nn::GeneratorConfig::Condition> ct_and_mr{{"fbp", "hu"}, {"mr", "percentile"}};

/// Four cases of two patients: CT and FBP in whole HU (case 1 in fractions), some beyond what conditions are clamped
/// to, and an MR image.
struct Files {
  gdm_test::TemporaryFolder folder;
  std::vector<Case> cases;

  Files() {
    for (int n = 0; n < 4; ++n) {
      Case item;
      item.id = "case" + std::to_string(n);
      item.meta["patient"] = n == 0 ? "a" : "b";
      item.target = put(item.id + "-ct.nii", n, n == 1 ? 0.25 : 1.0, -1100, 3000);
      item.inputs["fbp"] = put(item.id + "-fbp.nii", n + 10, 1.0, -1100, 3000);
      item.inputs["mr"] = put(item.id + "-mr.nii", n + 20, 1.0, 0, 900);
      item.mask = folder / (item.id + "-mask.nii");
      Mask mask(grid(), 0);
      for (std::size_t v = 0; v < mask.voxels.size(); v += 3) mask.voxels[v] = 1;
      write_mask(*item.mask, mask, Overwrite::refuse);
      cases.push_back(item);
    }
  }
  static Grid grid() { return Grid::centred({20, 18, 22}, {1.0, 1.2, 2.0}); }
  fs::path put(const std::string& name, int seed, double step, double low, double high) const {
    Random random(static_cast<std::uint64_t>(seed));
    Volume volume(grid(), 0);
    for (float& voxel : volume.voxels) {
      voxel = static_cast<float>(std::round(random.uniform(low, high) / step) * step);
    }
    write_volume(folder / name, volume, VoxelType::float32, Overwrite::refuse);
    return folder / name;
  }
  CaseStore store(std::uint64_t most_bytes) const {
    Provenance provenance("test", {});
    return {cases, ct_and_mr, {}, most_bytes, provenance};
  }
};

PatchSampler sampler_of(const CaseStore& store, std::int64_t batch, const PatchChanges& changes = {}) {
  const auto cut = [&store](std::size_t index, const auto& start, auto edge) { return store.cut(index, start, edge); };
  return {store.headers(), cut, 16, batch, 5, changes};
}

bool same(const Batch& a, const Batch& b) {
  return torch::equal(a.conditions, b.conditions) && torch::equal(a.target, b.target) && torch::equal(a.mask, b.mask) &&
         a.places == b.places;
}

nn::GeneratorConfig config_of(const std::vector<nn::GeneratorConfig::Condition>& conditions) {
  nn::GeneratorConfig config;
  config.conditions = conditions;
  config.patch = 16;
  return config;
}

/// A volume whose voxels say where they are; outside of it -1. Offset (d, h, w) from voxel (40, 40, 40).
CutPatch ramp(const std::array<std::int64_t, 3>& start, const model::PatchShape& shape) {
  const Tensor n = torch::arange(80, torch::kFloat32) - 40.0;
  const Tensor ramps = torch::stack(torch::meshgrid({n, n, n}, "ij"));
  const Tensor half = (ramps.slice(0, 2, 3) >= 0).to(torch::kUInt8);
  return {nn::cut_patch(ramps, start, shape, -1.0), nn::cut_patch(ramps.slice(0, 0, 1), start, shape, -1.0),
          nn::cut_patch(half, start, shape, 0)};
}

}  // namespace

TEST_CASE("cases: a patch is the same from memory, from the files and from whole samples") {
  const Files files;
  Provenance provenance("test", {});
  const std::vector<Sample> samples = load_samples(files.cases, ct_and_mr, {}, provenance);
  const std::uint64_t voxels = 20 * 18 * 22;
  const CaseStore all = files.store(UINT64_MAX), none = files.store(0), two = files.store(18 * voxels + voxels);
  CHECK(all.kept() == 4);
  CHECK(none.kept() == 0);
  CHECK(none.bytes() == 0);
  // Two bytes for whole HU, four for fractions and for the MR image, one for the mask.
  CHECK(all.bytes() == (4 * (2 + 2 + 4 + 1) + 2) * voxels);
  CHECK(two.kept() == 2);  // of 9 and 11 bytes a voxel the first and the third
  CHECK(two.bytes() == 18 * voxels);
  CHECK(all.digest() == data_digest(samples));
  CHECK(none.digest() == all.digest());
  const PatchSampler plain(samples, 16, 3, 5), kept = sampler_of(all, 3), read = sampler_of(none, 3),
                                               mixed = sampler_of(two, 3);
  for (std::int64_t step = 0; step < 12; ++step) {
    const Batch batch = plain.draw(step, torch::kCPU);
    CHECK(same(batch, kept.draw(step, torch::kCPU)));
    CHECK(same(batch, read.draw(step, torch::kCPU)));
    CHECK(same(batch, mixed.draw(step, torch::kCPU)));
  }
  for (const CaseStore* store : {&all, &none}) {  // also beyond the volume
    const CutPatch patch = store->cut(2, {-3, 10, 12}, 16);
    CHECK(torch::equal(patch.conditions, nn::cut_patch(samples[2].conditions, {-3, 10, 12}, 16, -1.0)));
    CHECK(torch::equal(patch.target, nn::cut_patch(samples[2].target, {-3, 10, 12}, 16, -1.0)));
    CHECK(torch::equal(patch.mask, nn::cut_patch(samples[2].mask, {-3, 10, 12}, 16, 0)));
  }
}

TEST_CASE("cases: what changes or disappears while it is needed is an error that names the case") {
  const Files files;
  const CaseStore none = files.store(0);
  write_volume(files.folder / "case1-ct.nii", Volume(Grid::centred({20, 18, 23}, {1, 1, 1}), 0), VoxelType::float32,
               Overwrite::replace);
  CHECK(contains(error_of([&] { none.cut(1, {0, 0, 0}, 16); }), "case 'case1'"));
  fs::remove(files.folder / "case2-mr.nii");
  const std::string message = error_of([&] { none.cut(2, {0, 0, 0}, 16); });
  CHECK(contains(message, "case 'case2'"));
  CHECK(contains(message, "case2-mr.nii"));
}

TEST_CASE("cases: patients are drawn equally often, whatever their number of cases, and their cases, too") {
  const Files files;  // patient b has three of four cases
  const CaseStore store = files.store(UINT64_MAX);
  const PatchSampler sampler = sampler_of(store, 4);
  std::array<int, 4> drawn{};
  for (std::int64_t step = 0; step < 300; ++step) {
    for (const PatchPlace& place : sampler.draw(step, torch::kCPU).places) ++drawn[place.sample];
  }
  CHECK(std::abs(drawn[0] - 600) < 70);  // four standard deviations
  for (const int n : {drawn[1], drawn[2], drawn[3]}) CHECK(std::abs(n - 200) < 55);
}

TEST_CASE("prefetch: batches come in order and equal those made in place") {
  const Files files;
  const CaseStore store = files.store(0);
  const PatchSampler sampler = sampler_of(store, 2);
  Prefetcher ahead([&](std::int64_t n) { return sampler.draw(n, torch::kCPU); }, 3, 9, torch::kCPU);
  for (std::int64_t step = 3; step < 9; ++step) CHECK(same(ahead.next(), sampler.draw(step, torch::kCPU)));
  CHECK(ahead.waited_s() >= 0);
}

TEST_CASE("prefetch: an error arrives in the place of its batch, not all batches need be taken") {
  std::atomic<int> made{0};
  const auto make = [&made](std::int64_t n) {
    ++made;
    if (n == 2) throw Error("case 'x': gone");
    Batch batch;
    batch.conditions = batch.target = batch.mask = torch::full({1}, static_cast<double>(n));
    return batch;
  };
  Prefetcher ahead(make, 0, 100, torch::kCPU);
  CHECK(ahead.next().target.item<double>() == 0);
  CHECK(ahead.next().target.item<double>() == 1);
  CHECK(error_of([&] { ahead.next(); }) == "case 'x': gone");
  CHECK(error_of([&] { ahead.next(); }) == "case 'x': gone");
  CHECK(made == 3);
  {
    made = 10;
    Prefetcher untouched([&](std::int64_t n) { return make(n + 10); }, 0, 1000000, torch::kCPU);
    untouched.next();
  }
  CHECK(made <= 10 + 4);  // one taken, two waiting, one being made at most
}

TEST_CASE("changes: (seed, step, place in the batch) decide alone, and none changes nothing") {
  const Files files;
  const CaseStore store = files.store(UINT64_MAX);
  const auto config = config_of({{"mr", "percentile"}});
  Provenance provenance("test", {});
  const CaseStore mr(files.cases, config.conditions, {}, UINT64_MAX, provenance);
  const PatchSampler none = sampler_of(mr, 4, {"none", 0, "", config}), plain = sampler_of(mr, 4),
                     light = sampler_of(mr, 4, {"light", 0, "", config}),
                     strong = sampler_of(mr, 4, {"strong", 0, "", config});
  double changed_light = 0, changed_strong = 0;
  int turned = 0;
  for (std::int64_t step = 0; step < 20; ++step) {
    const Batch before = plain.draw(step, torch::kCPU), batch = light.draw(step, torch::kCPU),
                more = strong.draw(step, torch::kCPU);
    CHECK(same(before, none.draw(step, torch::kCPU)));
    CHECK(same(batch, light.draw(step, torch::kCPU)));
    CHECK(batch.places[0].sample == before.places[0].sample);
    CHECK((batch.mask.scalar_type() == torch::kUInt8));
    CHECK(batch.conditions.min().item<double>() >= -1.0);
    CHECK(batch.conditions.max().item<double>() <= 1.5);
    for (std::int64_t b = 0; b < 4; ++b) {
      CHECK_FALSE(torch::equal(batch.conditions[b], before.conditions[b]));  // intensities of every patch
      const bool same_target = torch::equal(batch.target[b], before.target[b]);
      turned += same_target ? 0 : 1;
      if (!same_target) continue;  // noise volumes tell nothing of the size of a turn
      changed_light += (batch.conditions[b] - before.conditions[b]).abs().mean().item<double>();
      changed_strong += (more.conditions[b] - before.conditions[b]).abs().mean().item<double>();
    }
  }
  CHECK(turned > 20);  // half of 80
  CHECK(turned < 60);
  CHECK(changed_strong > 2 * changed_light);
  // Places of a batch and steps draw apart.
  at::Generator a = item_generator(1, 2, 3), b = item_generator(1, 2, 3), c = item_generator(1, 2, 4),
                d = item_generator(1, 3, 3), e = item_generator(2, 2, 3);
  const Tensor draws = torch::rand({4}, a);
  CHECK(torch::equal(draws, torch::rand({4}, b)));
  for (at::Generator* other : {&c, &d, &e}) CHECK_FALSE(torch::equal(draws, torch::rand({4}, *other)));
}

TEST_CASE("changes: a warp turns and scales conditions, target and mask together, in millimetres") {
  const std::array<std::int64_t, 3> start{33, 33, 33};  // centre of 15 voxels: offset 0 of the ramp
  const CutPatch plain = ramp(start, 15), still = warped_patch(ramp, start, 15, {1, 1, 1}, {0, 0, 0}, 1);
  CHECK(torch::allclose(still.conditions, plain.conditions, 0, 1e-4));
  CHECK(torch::allclose(still.target, plain.target, 0, 1e-4));
  CHECK(torch::equal(still.mask, plain.mask));
  const CutPatch slab = warped_patch(ramp, {38, 36, 33}, {5, 9, 15}, {1, 1, 2}, {90, 0, 0}, 1);
  const CutPatch of_slab = ramp({38, 36, 33}, {5, 9, 15});
  CHECK(torch::allclose(slab.conditions[0], of_slab.conditions[0], 0, 1e-3));
  CHECK(torch::allclose(slab.conditions[1].abs(), 2 * of_slab.conditions[2].abs(), 0, 1e-3));
  CHECK(torch::allclose(slab.conditions[2].abs(), of_slab.conditions[1].abs() / 2, 0, 1e-3));
  const CutPatch larger = warped_patch(ramp, start, 15, {1, 1, 1}, {0, 0, 0}, 1.25);
  CHECK(torch::allclose(larger.conditions, plain.conditions / 1.25, 0, 1e-4));
  // A quarter turn about D on voxels of 1 x 1 x 2 mm: offset (h, w) shows what lies at 2 w mm along h, h mm along w.
  const CutPatch turned = warped_patch(ramp, start, 15, {1, 1, 2}, {90, 0, 0}, 1);
  const Tensor d = plain.conditions[0], h = plain.conditions[1], w = plain.conditions[2];
  CHECK(torch::allclose(turned.conditions[0], d, 0, 1e-3));
  CHECK(torch::allclose(turned.conditions[1].abs(), 2 * w.abs(), 0, 1e-3));
  CHECK(torch::allclose(turned.conditions[2].abs(), h.abs() / 2, 0, 1e-3));
  CHECK((turned.conditions[1] * turned.conditions[2] * h * w).max().item<double>() <= 1e-3);  // a turn, no mirror
  CHECK(torch::allclose(turned.target[0], turned.conditions[0], 0, 1e-6));
  const Tensor sure = turned.conditions[2].abs() > 0.6;
  CHECK(torch::equal((turned.mask[0] == 1).masked_select(sure), (turned.conditions[2] > 0).masked_select(sure)));
}

TEST_CASE("fresh noise: its deviation, the spectrum |f| W(f)^2 up to Nyquist, and independent slices") {
  constexpr std::int64_t edge = 48, slices = 200;
  for (const std::string filter : {"", "hann"}) {
    CAPTURE(filter);
    at::Generator generator = item_generator(1, 2, 3);
    const Tensor noise = fbp_noise(slices, fbp_noise_gain(edge, edge, filter), generator);
    CHECK(noise.square().mean().item<double>() == doctest::Approx(1).epsilon(0.01));
    CHECK(noise.mean({1, 2}).abs().max().item<double>() < 1e-5);
    CHECK(std::abs((noise.slice(0, 1) * noise.slice(0, 0, slices - 1)).mean().item<double>()) < 0.01);
    // Power along each axis and the diagonal, by a plain Fourier sum.
    const auto power = [&](int h, int w) {
      const Tensor n = torch::arange(edge, torch::kFloat32) * (2 * 3.14159265358979 / edge);
      const Tensor phase = (n * h).view({edge, 1}) + (n * w).view({1, edge});
      const Tensor real = (noise * phase.cos()).sum({1, 2}), imaginary = (noise * phase.sin()).sum({1, 2});
      return (real.square() + imaginary.square()).mean().item<double>();
    };
    const auto expected = [&](double n) {
      const double s = n / edge, patch = filter.empty() ? 1 : 0.5 + 0.5 * std::cos(2 * 3.14159265358979 * s);
      return s * patch * patch;
    };
    const double unit = power(6, 0) / expected(6);
    CHECK(power(0, 6) == doctest::Approx(unit * expected(6)).epsilon(0.35));
    for (const int n : {3, 12, 16}) {
      CHECK(power(n, 0) == doctest::Approx(unit * expected(n)).epsilon(0.35));
      CHECK(power(n, -n) == doctest::Approx(unit * expected(n * std::sqrt(2.0))).epsilon(0.35));
    }
    CHECK(power(20, 20) < 1e-4 * unit);  // beyond Nyquist
  }
}

TEST_CASE("fresh noise: added to the FBP alone, in HU, within the range of conditions") {
  const auto config = config_of({{"mr", "percentile"}, {"fbp", "hu"}});
  const PatchChanges changes("none", 40, "", config);
  const auto flat = [](const std::array<std::int64_t, 3>&, const model::PatchShape& shape) {
    const std::int64_t d = shape[0], h = shape[1], w = shape[2];
    return CutPatch{torch::zeros({2, d, h, w}), torch::zeros({1, d, h, w}), torch::ones({1, d, h, w}, torch::kUInt8)};
  };
  at::Generator generator = item_generator(1, 2, 3);
  const CutPatch patch = changes.draw(flat, {0, 0, 0}, 16, {1, 1, 1}, generator);
  CHECK(patch.target.abs().max().item<double>() == 0);
  CHECK(patch.conditions[0].abs().max().item<double>() == 0);
  CHECK(config.hu_map.hu_per_unit() * patch.conditions[1].std().item<double>() == doctest::Approx(40).epsilon(0.05));
  at::Generator other = item_generator(1, 2, 3);
  const CutPatch loud = PatchChanges("none", 9000, "", config).draw(flat, {0, 0, 0}, 16, {1, 1, 1}, other);
  CHECK(loud.conditions.min().item<double>() == -1.0);
  CHECK(loud.conditions.max().item<double>() == 1.5);
}

TEST_CASE("changes: what is dishonest or impossible is refused") {
  CHECK(contains(error_of([] { PatchChanges("light", 0, "", config_of({{"fbp", "hu"}})); }), "--fresh-noise"));
  CHECK(contains(error_of([] { PatchChanges("none", 5, "", config_of({{"mr", "percentile"}})); }), "'fbp'"));
  CHECK(contains(error_of([] { PatchChanges("some", 0, "", config_of({{"mr", "percentile"}})); }), "'some'"));
}
