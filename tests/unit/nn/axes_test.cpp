// Axes of patches: turned in one place, there and back without a voxel moved.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>

#include "data/view.hpp"
#include "nn/encoder.hpp"
#include "nn/volume_tensors.hpp"

using namespace gdm;
using torch::Tensor;

TEST_CASE("axes: a new axis is the old one that it names, backwards where it is marked") {
  const Tensor x = torch::arange(24, torch::kFloat32).view({1, 2, 3, 4});
  const Tensor turned = nn::with_turned_axes(x, {2, 0, 1}, {true, false, false});
  REQUIRE(turned.sizes() == torch::IntArrayRef({1, 4, 2, 3}));
  for (std::int64_t d = 0; d < 4; ++d) {
    for (std::int64_t h = 0; h < 2; ++h) {
      for (std::int64_t w = 0; w < 3; ++w) {
        CHECK(turned[0][d][h][w].item<float>() == x[0][h][w][3 - d].item<float>());
      }
    }
  }
}

TEST_CASE("axes: the way to an encoder's axes and back is exact in all 48 orientations") {
  const Tensor x = torch::rand({2, 1, 3, 4, 5});
  std::array<std::string, 3> pairs{"SI", "AP", "RL"};
  std::sort(pairs.begin(), pairs.end());
  do {
    for (std::size_t signs = 0; signs < 8; ++signs) {
      std::string axes;
      for (std::size_t n = 0; n < 3; ++n) axes += pairs[n][(signs >> n) & 1U];
      CAPTURE(axes);
      const Tensor there = nn::with_axes(x, axes);
      CHECK(torch::equal(nn::with_canonical_axes(there, axes), x));
      CHECK(torch::equal(there, x) == (axes == "SAR"));
    }
  } while (std::next_permutation(pairs.begin(), pairs.end()));
}

TEST_CASE("view: crops, then flips, then exchanges axes") {
  const Tensor x = torch::arange(27, torch::kFloat32).view({1, 1, 3, 3, 3});
  data::View view;
  view.size = 2;
  view.offset = {1, 0, 1};
  view.flip = {false, true, false};
  view.order = {1, 2, 0};
  const Tensor seen = view.apply(x);
  for (std::int64_t d = 0; d < 2; ++d) {
    for (std::int64_t h = 0; h < 2; ++h) {
      for (std::int64_t w = 0; w < 2; ++w) {
        CHECK(seen[0][0][d][h][w].item<float>() == x[0][0][1 + w][1 - d][1 + h].item<float>());
      }
    }
  }
}
