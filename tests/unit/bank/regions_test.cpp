// Places that lie far from a bank: patches that cover a patient, numbers of theirs as a volume, and a block in a head.
#include "bank/regions.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "bank/build.hpp"
#include "bank/instrument.hpp"
#include "image/mask.hpp"
#include "image/orientation.hpp"
#include "image/regrid.hpp"
#include "io/nifti/nifti.hpp"
#include "io_fixture.hpp"
#include "phantom/phantom.hpp"
#include "train/scattering.hpp"

using namespace gdm;
using torch::Tensor;

TEST_CASE("regions: each voxel of a mask lies in the middle half of a patch, and no patch far from it is cut") {
  Tensor mask = torch::zeros({1, 50, 33, 9}, torch::kUInt8);
  mask[0].slice(0, 20, 49).slice(1, 3, 12).slice(2, 1, 8).fill_(1);
  const std::int64_t edge = 16;
  const auto starts = bank::covering_patches(mask, edge);
  Tensor covered = torch::zeros({50, 33, 9}, torch::kUInt8);
  for (const nn::PatchStart& start : starts) {
    CHECK(start[0] >= 0);
    CHECK(start[0] <= 50 - edge);
    CHECK(start[0] + edge > 20);
    CHECK(start[2] == -3);  // an axis that is shorter than a patch has one, with the axis in its middle
    // At an end a patch that was moved into the volume holds more than its middle half.
    const std::int64_t d0 = start[0] == 0 ? 0 : start[0] + 4, d1 = start[0] == 50 - edge ? 50 : start[0] + 12;
    const std::int64_t h0 = start[1] == 0 ? 0 : start[1] + 4, h1 = start[1] == 33 - edge ? 33 : start[1] + 12;
    covered.slice(0, d0, d1).slice(1, h0, h1).fill_(1);
  }
  CHECK((mask[0] > covered).sum().item<std::int64_t>() == 0);
  CHECK(bank::covering_patches(torch::zeros_like(mask), edge).empty());
}

TEST_CASE("regions: between patches half an edge apart values are interpolated, and one value stays") {
  std::vector<nn::PatchStart> starts;
  std::vector<double> values;
  for (std::int64_t d = 0; d <= 32; d += 8) {
    starts.push_back({d, 0, -2});
    values.push_back(static_cast<double>(d) + 7.5);  // the place of its centre along D
  }
  const Tensor map = bank::interpolated(starts, values, 16, {48, 16, 12});
  for (const std::int64_t d : {8, 20, 39}) {
    CHECK(map[d][5][3].item<double>() == doctest::Approx(static_cast<double>(d)).epsilon(0.02));
  }
  const Tensor same = bank::interpolated(starts, std::vector<double>(starts.size(), 1.25), 16, {48, 16, 12});
  CHECK((same - 1.25).abs().max().item<double>() < 1e-6);
  CHECK(bank::interpolated(starts, values, 16, {80, 16, 12})[70].abs().max().item<double>() == 0);
}

TEST_CASE("regions: a block that no head of a bank has is where a head lies farthest from it") {
  const gdm_test::TemporaryFolder folder;
  Manifest manifest;
  manifest.task = "mr2ct";
  phantom::PairedCase pair;
  for (int n = 0; n < 7; ++n) {
    pair = phantom::make_case(phantom::Kind::head, 40, 5.0, 1, static_cast<std::uint64_t>(n));
    Case item;
    item.id = "p" + std::to_string(n);
    item.split = "train";
    item.target = folder / (item.id + ".nii");
    write_volume(*item.target, pair.ct_hu, VoxelType::int16_hu, Overwrite::refuse);
    if (n < 6) manifest.cases.push_back(item);
  }
  Provenance provenance("test", {});
  engine::ScatteringOptions filters;
  filters.output = folder / "filters.safetensors";
  filters.ranges_hu = {{-200, 300}, {0, 2000}};
  filters.octaves = 1;
  filters.statistics.patch = 16;
  train::make_scattering(&manifest, filters, {}, provenance);
  engine::BankOptions options;
  options.encoder = filters.output;
  options.output = folder / "bank.safetensors";
  options.patch = 16;
  options.training_patch = 16;
  options.patches_per_case = 24;
  bank::build_bank(manifest, options, {}, provenance);
  const auto instrument = bank::open_bank(options.output, {});

  const auto map_of = [&](const Volume& ct, const Mask& mask) {
    engine::BankSubject subject;
    subject.ct_hu = &ct;
    subject.mask = &mask;
    return instrument->map(subject);
  };
  const Volume& head = pair.ct_hu;  // of nobody in the bank
  const engine::DistanceMap plain = map_of(head, pair.body);
  Volume marred = head;
  const Index3 block{24, 16, 18};
  for (std::int64_t k = 0; k < 8; ++k) {
    for (std::int64_t j = 0; j < 8; ++j) {
      for (std::int64_t i = 0; i < 8; ++i) {
        marred.at(block[0] + i, block[1] + j, block[2] + k) = (i + j + k) % 2 == 0 ? 3000.0F : -1000.0F;
      }
    }
  }
  const engine::DistanceMap found = map_of(marred, pair.body);
  CHECK(found.limit == plain.limit);
  CHECK(found.limit > 1);
  CHECK(found.largest > found.limit);
  CHECK(found.largest > 1.5 * plain.largest);
  const Point3 at = head.grid.index_of_ras(found.farthest_ras_mm);
  for (std::size_t axis = 0; axis < 3; ++axis) {  // within half a patch
    CHECK(std::abs(at[axis] - static_cast<double>(block[axis]) - 3.5) <= 8.5);
  }
  const auto middle = [&](const Volume& map) { return map.at(block[0] + 4, block[1] + 4, block[2] + 4); };
  CHECK(middle(found.ratio) > 1.5F * middle(plain.ratio));
  for (std::size_t v = 0; v < head.voxels.size(); ++v) {
    if ((found.ratio.voxels[v] == 0) != (pair.body.voxels[v] == 0)) FAIL("voxel " << v);
  }
  // However the file is stored.
  const engine::DistanceMap turned = map_of(reoriented(marred, "PSL"), reoriented(pair.body, "PSL"));
  CHECK(turned.largest == found.largest);
  CHECK(reoriented(turned.ratio, head.grid.orientation()).voxels == found.ratio.voxels);
  // On voxels of other edges, which the bank does not know: the place is the same, and so is the brightest voxel.
  const Grid other = Grid::centred({40, 25, 20}, {5, 8, 10});
  Volume seen = regrid(head, other, -1000.0F).volume;
  const Mask body = body_mask_from_ct(seen);
  for (std::int64_t k = 9; k < 13; ++k) {
    for (std::int64_t j = 10; j < 15; ++j) {
      for (std::int64_t i = 24; i < 32; ++i) seen.at(i, j, k) = i % 2 == 0 ? 3000.0F : -1000.0F;
    }
  }
  const engine::DistanceMap coarse = map_of(seen, body);
  CHECK(coarse.ratio.grid.shape_ijk == other.shape_ijk);
  const Point3 block_mm = other.ras_of_index({27.5, 12, 10.5});
  const auto brightest = std::max_element(coarse.ratio.voxels.begin(), coarse.ratio.voxels.end());
  const std::int64_t voxel = brightest - coarse.ratio.voxels.begin();
  const Point3 brightest_mm = other.ras_of_index(
      {static_cast<double>(voxel % 40), static_cast<double>(voxel / 40 % 25), static_cast<double>(voxel / (40 * 25))});
  for (std::size_t axis = 0; axis < 3; ++axis) {  // within half a patch of 16 voxels of 5 mm, and a voxel
    CHECK(std::abs(coarse.farthest_ras_mm[axis] - block_mm[axis]) <= 45);
    CHECK(std::abs(brightest_mm[axis] - block_mm[axis]) <= 45);
  }
}
