// Patches and the rays of their cases: data consistency as a layer, the part that no ray sees, the gradient of rays,
// for slices that lie as networks see them and as they were scanned.
#include "data/scanned_cases.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "ct/axial.hpp"
#include "ct/iterative.hpp"
#include "ct/parallel_projector.hpp"
#include "ct/sinogram_file.hpp"
#include "io/nifti/nifti.hpp"
#include "io_fixture.hpp"
#include "sys/random.hpp"

using namespace gdm;
using namespace gdm::data;
using torch::Tensor;

namespace {

/// A patient of 18 x 15 voxels in 10 slices, stored as LPS and in another order, scanned in a few views.
struct Scanned {
  gdm_test::TemporaryFolder folder;
  std::vector<Case> cases;
  std::vector<Sample> samples;
  std::shared_ptr<ScannedCases> scans;

  Scanned() {
    for (const char* letters : {"LPS", "ASR"}) {
      Random random(7);
      Volume hu(Grid::centred({18, 15, 10}, {4, 4, 3}), 0);
      for (float& voxel : hu.voxels) voxel = static_cast<float>(std::round(random.uniform(-900, 900)));
      hu = reoriented(hu, letters);
      Case item;
      item.id = letters;
      item.target = folder / (item.id + ".nii");
      item.inputs["fbp"] = *item.target;
      item.inputs["sinogram"] = folder / (item.id + "-sinogram.nii");
      write_volume(*item.target, hu, VoxelType::float32, Overwrite::refuse);
      ct::StoredSinogram stored;
      stored.grid = hu.grid;
      stored.axes = ct::axial_axes(hu.grid);
      const Volume mu = ct::turned(ct::attenuation_from_hu(hu), stored.axes);
      stored.sinogram.scan = ct::default_scan(mu.grid, 5);
      stored.sinogram.slices = mu.grid.shape_ijk[2];
      const ct::ParallelProjector scanner(mu.grid, stored.sinogram.scan, 2);
      stored.sinogram.line_integrals.resize(static_cast<std::size_t>(scanner.ray_count()));
      scanner.forward(mu.voxels.data(), stored.sinogram.line_integrals.data());
      Provenance provenance("test", {});
      ct::write_sinogram(item.inputs["sinogram"], stored, Json::object(), provenance, {}, Overwrite::refuse);
      cases.push_back(item);
    }
    Provenance provenance("test", {});
    samples = load_samples(cases, {{"fbp", "hu"}}, {}, provenance);
    scans = std::make_shared<ScannedCases>(cases, samples, nn::HuMap(), provenance);
  }
};

double furthest(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>();
}

double product(const Tensor& a, const Tensor& b) {
  return (a.to(torch::kFloat64) * b).sum().item<double>();
}

}  // namespace

TEST_CASE("scanned cases: consistency finds the volume that was scanned, however its file lay, flipped or not") {
  const Scanned s;
  const Tensor truth = s.samples[0].target.unsqueeze(0);
  CHECK(furthest(truth, s.samples[1].target.unsqueeze(0)) < 1e-6);
  torch::manual_seed(2);
  const Tensor start = truth + 0.015 * torch::randn(truth.sizes()).clamp(-3, 3);  // stays above -1000 HU
  std::vector<Tensor> made;
  for (const std::size_t n : {0, 1}) {
    const Tensor near = s.scans->consistent(start, {{n, {0, 0, 0}, false}}, {200, 0.0});
    Tensor before, after;
    s.scans->ray_gradient(start - truth, {{n, {0, 0, 0}, false}}, before);
    s.scans->ray_gradient(near - truth, {{n, {0, 0, 0}, false}}, after);
    CHECK(after.item<double>() < 1e-4 * before.item<double>());
    const Tensor mirrored = s.scans->consistent(start.flip({4}), {{n, {0, 0, 0}, true}}, {200, 0.0});
    CHECK(furthest(mirrored.flip({4}), near) < 1e-5);
    made.push_back(near);
  }
  CHECK(furthest(made[0], made[1]) < 1e-5);
}

TEST_CASE("scanned cases: a patch larger than the volume keeps what lies beyond, a part of the slices is their part") {
  const Scanned s;
  torch::manual_seed(3);
  const Tensor whole = torch::rand({1, 1, 10, 15, 18});
  Tensor larger = torch::full({1, 1, 12, 16, 24}, 0.25);
  larger.slice(2, 1, 11).slice(3, 0, 15).slice(4, 3, 21).copy_(whole);
  const Tensor expected = s.scans->consistent(whole, {{1, {0, 0, 0}, false}}, {3, 2.0});
  const Tensor found = s.scans->consistent(larger, {{1, {-1, 0, -3}, false}}, {3, 2.0});
  CHECK(furthest(found.slice(2, 1, 11).slice(3, 0, 15).slice(4, 3, 21), expected) < 1e-5);
  CHECK(furthest(found.slice(4, 0, 3), larger.slice(4, 0, 3)) == 0);
  const Tensor corner = whole.slice(2, 4, 8).slice(3, 5, 13).slice(4, 2, 10);
  Tensor alone = torch::zeros_like(whole);
  alone.slice(2, 4, 8).slice(3, 5, 13).slice(4, 2, 10).copy_(corner);
  Tensor loss, loss_of_patch;
  const Tensor gradient = s.scans->ray_gradient(alone, {{0, {0, 0, 0}, false}}, loss);
  const Tensor of_patch = s.scans->ray_gradient(corner, {{0, {4, 5, 2}, false}}, loss_of_patch);
  CHECK(furthest(gradient.slice(2, 4, 8).slice(3, 5, 13).slice(4, 2, 10), of_patch) <
        1e-4 * gradient.abs().max().item<double>());
}

TEST_CASE("scanned cases: gradients through consistency are those of finite differences where it has converged") {
  const Scanned s;
  torch::manual_seed(4);
  const std::vector<PatchPlace> places{{0, {2, 0, 0}, true}, {1, {5, 0, 0}, false}};
  const Tensor x = (torch::rand({2, 1, 4, 15, 18}) + 0.5).requires_grad_(true), weight = torch::rand(x.sizes());
  const auto value = [&](const Tensor& v) { return (s.scans->consistent(v, places, {60, 4.0}) * weight).sum(); };
  const Tensor gradient = torch::autograd::grad({value(x)}, {x})[0];
  const torch::NoGradGuard no_grad;
  for (int n = 0; n < 3; ++n) {
    const Tensor step = torch::randn(x.sizes()) * 0.3;
    const double slope = 0.5 * (value(x + step) - value(x - step)).item<double>();
    CHECK(product(gradient, step) == doctest::Approx(slope).epsilon(1e-3));
  }
  CHECK(furthest(gradient, weight) > 0.1);  // rays do have a say
  // What lies below -1000 HU is no matter of rays: it comes through, and so does its gradient.
  Tensor low = x.detach().clone();
  low.slice(4, 0, 5).fill_(-1.0);
  low.requires_grad_(true);
  const torch::AutoGradMode graded(true);
  const Tensor of_low = torch::autograd::grad({value(low)}, {low})[0];
  CHECK(torch::equal(of_low.slice(4, 0, 5), weight.slice(4, 0, 5)));
  Tensor air = low.detach().clone(), higher = low.detach().clone();
  air.slice(4, 0, 5).fill_(-0.9841);  // -1000 HU
  const Tensor difference = s.scans->consistent(air, places, {60, 4.0}) - s.scans->consistent(low, places, {60, 4.0});
  CHECK(furthest(difference, air - low) < 1e-3);
}

TEST_CASE("scanned cases: what no ray sees leaves the rays at 0, and the ray gradient is the slope of their squares") {
  const Scanned s;
  torch::manual_seed(5);
  const std::vector<PatchPlace> places{{0, {0, 0, 0}, true}};
  const Tensor d = torch::randn({1, 1, 10, 15, 18});
  Tensor before, after;
  const Tensor gradient = s.scans->ray_gradient(d, places, before);
  const Tensor unseen = s.scans->unseen(d, places, 200);
  s.scans->ray_gradient(unseen, places, after);
  CHECK(after.item<double>() < 1e-4 * before.item<double>());
  CHECK(unseen.norm().item<double>() > 0.2 * d.norm().item<double>());
  CHECK(furthest(s.scans->unseen(unseen, places, 20), unseen) < 0.02);
  CHECK(product(s.scans->unseen(d, places, 8), d) > 0);
  Tensor up, down;
  const Tensor step = 0.1 * torch::randn(d.sizes());
  s.scans->ray_gradient(d + step, places, up);
  s.scans->ray_gradient(d - step, places, down);
  const double scale = before.item<double>() / product(gradient, d);  // the loss is a mean, the gradient has no scale
  CHECK(product(gradient, step) * scale == doctest::Approx(0.25 * (up - down).item<double>()).epsilon(1e-3));
}

TEST_CASE(
    "scanned cases: a patch that is not finite comes through, and the other of its batch is brought to its rays") {
  const Scanned s;
  Tensor patches = torch::rand({2, 1, 10, 15, 18});
  patches[0][0][3][4][5] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<PatchPlace> places{{0, {0, 0, 0}, false}, {0, {0, 0, 0}, false}};
  const Tensor made = s.scans->consistent(patches, places, {3, 0.0});
  CHECK(torch::isnan(made[0]).sum().item<std::int64_t>() == 1);
  CHECK(furthest(made[0].nan_to_num(), patches[0].nan_to_num()) == 0);
  CHECK(furthest(made.slice(0, 1), s.scans->consistent(patches.slice(0, 1), {places[1]}, {3, 0.0})) == 0);
  CHECK(furthest(made[1], patches[1]) > 0.01);
}

TEST_CASE("scanned cases: what cannot be scanned or held is refused with its name") {
  Scanned s;
  const auto refused = [&](const model::PatchShape& patch) {
    return gdm_test::error_of([&] { s.scans->require_whole_slices(patch); });
  };
  CHECK(refused({8, 16, 24}) == "no error");
  CHECK(gdm_test::contains(refused({8, 16, 16}), "case 'LPS' have 18 x 15"));
  s.cases[1].inputs.erase("sinogram");
  Provenance provenance("test", {});
  CHECK(gdm_test::contains(gdm_test::error_of([&] { ScannedCases(s.cases, s.samples, nn::HuMap(), provenance); }),
                           "sinogram"));
  s.cases[1].inputs["sinogram"] = s.cases[0].inputs["sinogram"];
  CHECK(gdm_test::contains(gdm_test::error_of([&] { ScannedCases(s.cases, s.samples, nn::HuMap(), provenance); }),
                           "case 'ASR'") == false);  // the same place in the patient, whatever the file's order
}
