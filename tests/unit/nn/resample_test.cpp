// Volumes on voxels of another size: images, masks and label maps keep their edges together and where they were.
#include <doctest/doctest.h>

#include <cmath>

#include "data/images.hpp"
#include "io/nifti/nifti.hpp"
#include "io_fixture.hpp"
#include "nn/resample.hpp"

using namespace gdm;
using torch::Tensor;

namespace {

struct Ratio {
  std::int64_t before, now;
  double value() const { return static_cast<double>(before) / static_cast<double>(now); }
};

constexpr Ratio growing[] = {{40, 16}, {40, 20}, {40, 32}, {42, 28}, {42, 14}, {40, 10}, {41, 17}};
constexpr Ratio shrinking[] = {{20, 40}, {24, 32}, {20, 33}};

/// (1, n, 1, 1), or along H or W.
Tensor along(const Tensor& line, std::int64_t axis) {
  std::vector<std::int64_t> shape{1, 1, 1, 1};
  shape[static_cast<std::size_t>(axis) + 1] = line.size(0);
  return line.reshape(shape);
}

nn::Extent extent_along(std::int64_t n, std::int64_t axis) {
  nn::Extent size{1, 1, 1};
  size[static_cast<std::size_t>(axis)] = n;
  return size;
}

/// 1 for the first `ones` of n voxels.
Tensor half_space(std::int64_t n, std::int64_t ones) {
  return (torch::arange(n) < ones).to(torch::kUInt8);
}

}  // namespace

TEST_CASE("resample: ramps are not shifted") {
  for (const Ratio& ratio : growing) {
    for (const std::int64_t axis : {0, 1, 2}) {
      CAPTURE(ratio.value());
      CAPTURE(axis);
      const Tensor ramp = along(torch::arange(ratio.before, torch::kFloat32), axis);
      const Tensor out = nn::area_mean(ramp, extent_along(ratio.now, axis)).flatten().to(torch::kFloat64);
      const Tensor centres = (torch::arange(ratio.now, torch::kFloat64) + 0.5) * ratio.value() - 0.5;
      const Tensor error = out - centres;
      CHECK(error.abs().max().item<double>() <= 0.125 / ratio.value() + 1e-5);
      CHECK(std::abs(error.mean().item<double>()) < 1e-5);
    }
  }
  const Tensor block = torch::rand({2, 6, 5, 4});
  CHECK(torch::equal(nn::area_mean(block, {6, 5, 4}), block));
  CHECK(torch::allclose(nn::area_mean(block, {3, 5, 2}), torch::avg_pool3d(block, {2, 1, 2})));
  CHECK(nn::area_mean(block, {5, 3, 3}).mean().item<double>() == doctest::Approx(block.mean().item<double>()));
}

TEST_CASE("resample: edges of images and masks agree and move by half a new voxel at most, to no side") {
  const auto check = [](const Ratio& ratio, std::int64_t axis) {
    double moved = 0;
    std::int64_t edges = 0;
    for (std::int64_t ones = 3; ones <= ratio.before - 3; ++ones) {
      const Tensor first = half_space(ratio.before, ones), last = 1 - first;
      const auto size = extent_along(ratio.now, axis);
      const Tensor mask = nn::majority(along(first, axis), size), other = nn::majority(along(last, axis), size);
      CHECK(mask.dtype() == torch::kUInt8);
      const Tensor image = nn::area_mean(along(first, axis).to(torch::kFloat32), size);
      CHECK(torch::equal(mask.to(torch::kBool), image >= 0.5 - 1e-6));
      const double edge = mask.to(torch::kFloat64).sum().item<double>() * ratio.value();
      const double other_edge = (static_cast<double>(ratio.now) - other.to(torch::kFloat64).sum().item<double>()) *
                                ratio.value();  // of the half space on the other side
      for (const double at : {edge, other_edge}) {
        CHECK(std::abs(at - static_cast<double>(ones)) <= 0.5 * ratio.value() + 1e-9);
        moved += at - static_cast<double>(ones);
        ++edges;
      }
    }
    CAPTURE(ratio.value());
    CAPTURE(moved / static_cast<double>(edges));
    CHECK(std::abs(moved) / static_cast<double>(edges) < 0.01 * ratio.value());
  };
  for (const std::int64_t axis : {0, 1, 2}) {
    for (const Ratio& ratio : growing) check(ratio, axis);
    for (const Ratio& ratio : shrinking) check(ratio, axis);
  }
}

TEST_CASE("resample: labels go to what fills most of a voxel, of equal parts to the larger") {
  const Tensor labels = torch::tensor({7, 7, 3, 0, 0, 515, 515, 0, 0, 3}, torch::kFloat32).reshape({1, 1, 1, 10});
  const auto expect = [&](std::int64_t now, const std::vector<float>& values) {
    const Tensor out = nn::majority(labels, {1, 1, now}).flatten();
    CHECK(torch::equal(out, torch::tensor(values)));
  };
  expect(10, {7, 7, 3, 0, 0, 515, 515, 0, 0, 3});
  expect(4, {7, 0, 515, 0});  // 7 7 3/2 | 3/2 0 0 | 515 515 0/2 | 0/2 0 3
  expect(5, {7, 3, 515, 515, 3});
  // Eight voxels to one: two of 9, three of 4, three of 5.
  const Tensor cube = torch::tensor({9, 4, 5, 4, 5, 9, 4, 5}, torch::kFloat32).reshape({1, 2, 2, 2});
  CHECK(nn::majority(cube, {1, 1, 1}).item<float>() == 5.0F);
}

TEST_CASE("resample: training images of larger voxels have mask and image edges in the same place") {
  const gdm_test::TemporaryFolder folder;
  Volume ct(Grid::centred({40, 40, 40}, {1, 1, 1}), -1024.0F);
  Mask mask(ct.grid, 0);
  for (std::int64_t k = 0; k < 40; ++k) {
    for (std::int64_t j = 7; j < 40; ++j) {
      for (std::int64_t i = 0; i < 31; ++i) {
        ct.at(i, j, k) = 0.0F;
        mask.at(i, j, k) = 1;
      }
    }
  }
  write_volume(folder / "ct.nii", ct, VoxelType::int16_hu, Overwrite::refuse);
  write_mask(folder / "mask.nii", mask, Overwrite::refuse);
  Case item;
  item.id = "c";
  item.target = folder / "ct.nii";
  item.mask = folder / "mask.nii";
  for (const double spacing_mm : {2.5, 2.0, 1.25, 4.0}) {
    CAPTURE(spacing_mm);
    Provenance provenance("test", {});
    const data::Sample sample = data::load_images({item}, {"target", "hu", spacing_mm}, {}, provenance).front();
    const double half = nn::HuMap{}.to_unit(torch::tensor(-512.0)).item<double>();
    CHECK(torch::equal(sample.mask.to(torch::kBool), sample.target >= half - 1e-4));
  }
}
