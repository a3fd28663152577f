// Volumes of other voxels than a model knows: brought to its grid, through a network that returns its input, and back,
// a phantom lies where it lay (row E1 for whole volumes).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/prediction.hpp"
#include "generator_fixture.hpp"
#include "image/grid_match.hpp"
#include "io_fixture.hpp"
#include "model/trained_voxels.hpp"
#include "nn/generator.hpp"
#include "nn/tensor_io.hpp"
#include "synth/synthesizer.hpp"

using namespace gdm;

namespace {

/// A generator whose output is its first input: nothing comes of its last layer.
std::unique_ptr<engine::Synthesizer> identity_model(const gdm_test::TemporaryFolder& folder, double overlap = 0.25) {
  const nn::GeneratorConfig config = gdm_test::small_generator_config();
  nn::Generator network(config);
  {
    const torch::NoGradGuard no_grad;
    network->head->weight.zero_();
    network->head->bias.zero_();
  }
  nn::TensorWriter writer;
  writer.add("", nn::named_state(*network));
  const Json training{{"data",
                       {{"voxel_edge_mm", {{"least", 2.0}, {"median", 2.0}, {"largest", 2.0}}},
                        {"anisotropy", {{"least", 1.0}, {"largest", 1.5}}}}}};
  writer.write(folder / "identity.safetensors",
               {{"kind", "generator"}, {"generator", config.json()}, {"training", training}}, Overwrite::replace);
  engine::SynthOptions options;
  options.overlap = overlap;
  return synth::open_generator(folder / "identity.safetensors", options, {});
}

/// Blobs of 8 to 12 mm in air, none of them symmetric to another.
Volume phantom(const Grid& grid) {
  Volume volume(grid, -1000.0F);
  const double blobs[3][5] = {{0, 0, 0, 12, 1900}, {9, -4, 6, 8, 700}, {-11, 7, -3, 10, -300}};
  for (std::int64_t k = 0; k < grid.shape_ijk[2]; ++k) {
    for (std::int64_t j = 0; j < grid.shape_ijk[1]; ++j) {
      for (std::int64_t i = 0; i < grid.shape_ijk[0]; ++i) {
        const Point3 at = grid.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
        for (const auto& b : blobs) {
          const double r = std::hypot(at[0] - b[0], at[1] - b[1], at[2] - b[2]) / b[3];
          volume.at(i, j, k) += static_cast<float>(b[4] * std::exp(-0.5 * r * r));
        }
      }
    }
  }
  return volume;
}

/// Turned by 20 degrees about z and 35 degrees about x, about the centre.
Grid oblique(Grid grid) {
  const double c = std::cos(0.35), s = std::sin(0.35), d = std::cos(0.61), e = std::sin(0.61);
  const double turn[3][3] = {{c, -s * d, s * e}, {s, c * d, -c * e}, {0, e, d}};
  const Matrix4 old = grid.ijk_to_ras_mm;
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t column = 0; column < 4; ++column) {
      grid.ijk_to_ras_mm[r][column] = 0;
      for (std::size_t m = 0; m < 3; ++m) grid.ijk_to_ras_mm[r][column] += turn[r][m] * old[m][column];
    }
  }
  return grid;
}

double largest_difference(const Volume& a, const Volume& b) {
  double most = 0;
  for (std::size_t v = 0; v < a.voxels.size(); ++v) {
    most = std::max(most, std::abs(static_cast<double>(a.voxels[v]) - static_cast<double>(b.voxels[v])));
  }
  return most;
}

/// Of what lies above air, in index coordinates.
Point3 centre_of_mass(const Volume& volume) {
  Point3 sum{};
  double mass = 0;
  const Index3& shape = volume.grid.shape_ijk;
  for (std::int64_t k = 0; k < shape[2]; ++k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        const double weight = static_cast<double>(volume.at(i, j, k)) + 1000.0;
        sum = {sum[0] + weight * static_cast<double>(i), sum[1] + weight * static_cast<double>(j),
               sum[2] + weight * static_cast<double>(k)};
        mass += weight;
      }
    }
  }
  return {sum[0] / mass, sum[1] / mass, sum[2] / mass};
}

/// The CT on the grid of the input, by the way of the model's grid.
Volume there_and_back(engine::Synthesizer& model, const Volume& input) {
  const auto working = model::working_grid(model.description(), input.grid);
  REQUIRE(working);
  return engine::ct_on_grid(model.predict(engine::on_grid({input}, *working), "", ""), input.grid);
}

}  // namespace

TEST_CASE("resampled: through the model's grid and back a phantom stays where it is") {
  const gdm_test::TemporaryFolder folder;
  const auto model = identity_model(folder);
  // Half and double the spacing of the training, and slices. What differs is what a mean over voxels of 2 and 4 mm
  // takes from the peaks, at most 1.3 % of the range of 2,600 HU; a shift of half a voxel of the model would be 100 HU.
  struct Voxels {
    Index3 shape;
    Point3 spacing;
    double tolerance_hu;
  };
  for (const Voxels& v : {Voxels{{72, 68, 60}, {1, 1, 1}, 25.0}, Voxels{{21, 18, 17}, {4, 4, 4}, 33.0},
                          Voxels{{70, 64, 15}, {1, 1, 5}, 33.0}}) {
    CAPTURE(v.spacing[2]);
    const Grid straight = Grid::centred(v.shape, v.spacing);
    for (const Grid& grid : {straight, oblique(straight)}) {
      const Volume input = phantom(grid);
      for (const std::string letters : {"LAS", "PIR"}) {
        CAPTURE(letters);
        const Volume stored = reoriented(input, letters);
        const Volume back = there_and_back(*model, stored);
        CHECK(back.grid.ijk_to_ras_mm == stored.grid.ijk_to_ras_mm);
        CHECK(back.grid.shape_ijk == stored.grid.shape_ijk);
        const double worst = largest_difference(back, stored);
        CHECK(worst < v.tolerance_hu);
        const Point3 from = centre_of_mass(stored), to = centre_of_mass(back);
        for (std::size_t a = 0; a < 3; ++a) CHECK(std::abs(to[a] - from[a]) < 0.01);
      }
    }
  }
}

TEST_CASE("resampled: a model that returns its input does so at every size and overlap (row E1)") {
  const gdm_test::TemporaryFolder folder;
  for (const double overlap : {0.0, 0.25, 0.6, 0.9}) {
    CAPTURE(overlap);
    const auto model = identity_model(folder, overlap);
    for (const Index3& shape :
         {Index3{16, 16, 16}, Index3{7, 5, 3}, Index3{21, 17, 1}, Index3{1, 1, 1}, Index3{33, 9, 19}}) {
      CAPTURE(shape[0]);
      Volume input = phantom(Grid::centred(shape, {2, 2, 2}));
      input.voxels.back() = -1000;  // a crop without air is not taken for HU
      const Volume out = model->predict({input}, "", "");
      CHECK(same_grid(out.grid, input.grid));
      CHECK(largest_difference(out, input) < 2e-3);  // HU: 1e-6 of the range of a HuMap
    }
  }
}

TEST_CASE("mirrored: left and right change places, in whatever order the axes are stored") {
  const Volume input = reoriented(phantom(oblique(Grid::centred({9, 8, 7}, {4, 5, 6}))), "RAS");
  for (const std::string letters : {"RAS", "LPS", "PIR", "SAL"}) {
    CAPTURE(letters);
    const Volume stored = reoriented(input, letters);
    const Volume mirror = engine::mirrored(stored);
    CHECK(mirror.grid.ijk_to_ras_mm == stored.grid.ijk_to_ras_mm);
    CHECK(engine::mirrored(mirror).voxels == stored.voxels);
    const Volume turned = reoriented(mirror, "RAS");
    CHECK(turned.at(0, 2, 3) == input.at(8, 2, 3));
    CHECK(turned.at(6, 7, 0) == input.at(2, 7, 0));
    CHECK(turned.at(0, 2, 3) != input.at(0, 2, 3));
  }
}

TEST_CASE("what a model adds on another grid is added where it belongs, and nothing else changes") {
  const Grid own = Grid::centred({24, 22, 20}, {2, 2, 2}), other = respaced(own, {3, 3, 4});
  const Volume input = phantom(own);
  const Volume seen = engine::on_grid({input}, other).front();
  CHECK(engine::with_change(input, seen, seen).voxels == input.voxels);
  Volume predicted = seen;
  for (float& v : predicted.voxels) v += 25.0F;
  const Volume changed = engine::with_change(input, predicted, seen);
  for (std::size_t v = 0; v < input.voxels.size(); ++v) {
    const float added = changed.voxels[v] - input.voxels[v];
    REQUIRE((added == doctest::Approx(25.0) || added == doctest::Approx(0.0)));  // 0 beyond the other grid's field
  }
  const std::size_t middle = (10 * 22 + 11) * 24 + 12;
  CHECK(changed.voxels[middle] - input.voxels[middle] == doctest::Approx(25.0));
}
