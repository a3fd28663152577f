// Running mean and deviation against the textbook's two passes, far from zero, too.
#include <doctest/doctest.h>

#include <cmath>

#include "image/running_spread.hpp"
#include "io_fixture.hpp"

using namespace gdm;

TEST_CASE("running spread: mean and deviation are those of two passes in double precision") {
  const Grid grid = Grid::centred({5, 4, 3}, {1, 1, 1});
  RunningSpread spread;
  std::vector<Volume> volumes;
  for (int n = 0; n < 7; ++n) {
    Volume volume(grid, 0.0F);
    for (std::size_t v = 0; v < volume.voxels.size(); ++v) {
      volume.voxels[v] = 3000.0F + static_cast<float>((v * 7919 + static_cast<std::size_t>(n) * 104729) % 101) * 0.25F;
    }
    spread.add(volume);
    volumes.push_back(volume);
  }
  CHECK(spread.count() == 7);
  const Volume deviation = spread.deviation();
  for (std::size_t v = 0; v < deviation.voxels.size(); ++v) {
    double mean = 0, squares = 0;
    for (const Volume& volume : volumes) mean += static_cast<double>(volume.voxels[v]) / 7;
    for (const Volume& volume : volumes) squares += std::pow(static_cast<double>(volume.voxels[v]) - mean, 2);
    CHECK(static_cast<double>(spread.mean().voxels[v]) == doctest::Approx(mean).epsilon(1e-6));
    CHECK(static_cast<double>(deviation.voxels[v]) == doctest::Approx(std::sqrt(squares / 6)).epsilon(1e-4));
  }
}

TEST_CASE("running spread: equal volumes have none, one has no deviation, another shape is refused") {
  RunningSpread spread;
  spread.add(Volume(Grid::centred({2, 2, 2}, {1, 1, 1}), 1234.5F));
  CHECK(gdm_test::contains(gdm_test::error_of([&] { spread.deviation(); }), "less than two"));
  for (int n = 0; n < 9; ++n) spread.add(spread.mean());
  for (const float v : spread.deviation().voxels) CHECK(v == 0.0F);
  CHECK(gdm_test::contains(gdm_test::error_of([&] {
                             spread.add(Volume(Grid::centred({2, 2, 3}, {1, 1, 1}), 0.0F));
                           }),
                           "different shapes"));
}
