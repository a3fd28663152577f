// Row D1: metrics and body masks against scikit-image, numpy and scipy; numbers and recipe in tests/data.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "image/mask.hpp"
#include "metrics/pixel.hpp"
#include "metrics/segmentation.hpp"
#include "metrics/ssim.hpp"
#include "metrics/tissue.hpp"
#include "metrics_volumes.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

using namespace gdm;
using namespace gdm::metrics;

namespace {

struct Golden {
  double mae_hu, rmse_hu, bias_hu, psnr_db, ssim, bone_mae_hu, bone_dice;
};
#include "../data/metrics_golden.inc"

double relative(double value, double golden) {
  return std::abs(value - golden) / std::max(1e-3, std::abs(golden));
}

std::optional<double> bone_dice(const Volume& prediction, const Volume& target, const Mask& mask) {
  return compare_segments(segment_above(prediction, mask, bone_threshold_hu),
                          segment_above(target, mask, bone_threshold_hu), false)
      .dice;
}

double mae_of_bone(const test::Pair& pair) {
  const ClassErrors bone =
      errors_by_class(pair.prediction, pair.target, pair.mask, pair.target, tissue_classes()).back();
  return bone.absolute_hu / static_cast<double>(bone.voxels);
}

}  // namespace

TEST_CASE("metrics: 20 pairs equal numpy and scikit-image") {
  double pixel_error = 0, ssim_error = 0;
  int p = 0;
  for (const Golden& golden : golden_pairs) {
    const test::Pair pair = test::golden_pair(p++);
    check_gradable(pair.prediction, pair.target, pair.mask);
    const PixelMetrics pixel = pixel_metrics(pair.prediction, pair.target, pair.mask, {});
    const auto ssim = ssim_synthrad2023(pair.prediction, pair.target, pair.mask, {});
    const auto dice = bone_dice(pair.prediction, pair.target, pair.mask);
    const double bone_mae_hu = mae_of_bone(pair);
    REQUIRE(ssim.has_value());
    REQUIRE(dice.has_value());
    pixel_error = std::max({pixel_error, relative(pixel.mae_hu, golden.mae_hu), relative(pixel.rmse_hu, golden.rmse_hu),
                            relative(pixel.bias_hu, golden.bias_hu), relative(pixel.psnr_db, golden.psnr_db),
                            relative(bone_mae_hu, golden.bone_mae_hu), relative(*dice, golden.bone_dice)});
    ssim_error = std::max(ssim_error, std::abs(*ssim - golden.ssim));
  }
  MESSAGE("largest relative error of pixel metrics ", pixel_error, ", largest error of SSIM ", ssim_error);
  CHECK(p == 20);
  CHECK(pixel_error < 1e-9);
  CHECK(ssim_error < 1e-9);
}

TEST_CASE("metrics: body masks equal scipy.ndimage") {
  int p = 0;
  for (const auto& golden : golden_bodies) {
    const Mask mask = body_mask_from_ct(test::blobs(p++));
    std::int64_t checksum = 0;
    for (std::int64_t k = 0; k < mask.grid.shape_ijk[2]; ++k)
      for (std::int64_t j = 0; j < mask.grid.shape_ijk[1]; ++j)
        for (std::int64_t i = 0; i < mask.grid.shape_ijk[0]; ++i)
          if (mask.at(i, j, k) != 0) checksum += i + 3 * j + 7 * k;
    CHECK(count_inside(mask) == golden[0]);
    CHECK(checksum == golden[1]);
  }
  CHECK(count_inside(body_mask_from_ct(Volume(Grid::centred({4, 5, 6}, {1, 1, 1}), -1000.0F))) == 0);
}

TEST_CASE("metrics: the result does not depend on the number of threads") {
  const test::Pair pair = test::golden_pair(11);  // 45 rows: two strips
  const int before = thread_count();
  set_thread_count(1);
  const auto one = ssim_synthrad2023(pair.prediction, pair.target, pair.mask, {});
  const double mae_one = pixel_metrics(pair.prediction, pair.target, pair.mask, {}).mae_hu;
  set_thread_count(3);
  CHECK(ssim_synthrad2023(pair.prediction, pair.target, pair.mask, {}) == one);
  CHECK(pixel_metrics(pair.prediction, pair.target, pair.mask, {}).mae_hu == mae_one);
  set_thread_count(before);
}

TEST_CASE("metrics: identical, constant and unusual volumes have defined values") {
  test::Pair pair = test::golden_pair(3);
  const PixelMetrics same = pixel_metrics(pair.target, pair.target, pair.mask, {});
  CHECK(same.mae_hu == 0);
  CHECK(same.psnr_db == std::numeric_limits<double>::infinity());
  CHECK(ssim_synthrad2023(pair.target, pair.target, pair.mask, {}) == 1.0);
  const Volume flat(pair.target.grid, 40.0F);
  CHECK(ssim_synthrad2023(flat, flat, pair.mask, {}) == 1.0);
  CHECK(std::isfinite(ssim_synthrad2023(flat, pair.target, pair.mask, {}).value()));
  CHECK_FALSE(bone_dice(flat, flat, pair.mask).has_value());
  CHECK(bone_dice(flat, pair.target, pair.mask) == 0.0);
  const Grid thin = Grid::centred({20, 20, 6}, {1, 1, 1});
  CHECK_FALSE(ssim_synthrad2023(Volume(thin, 0), Volume(thin, 0), Mask(thin, 1), {}).has_value());
  Mask rim(pair.target.grid, 0);
  rim.at(0, 0, 0) = 1;
  CHECK_FALSE(ssim_synthrad2023(pair.target, pair.target, rim, {}).has_value());
}

TEST_CASE("metrics: NaN matters inside the mask only") {
  test::Pair pair = test::golden_pair(4);
  const auto before = ssim_synthrad2023(pair.prediction, pair.target, pair.mask, {});
  const std::size_t inside = static_cast<std::size_t>(std::find(pair.mask.voxels.begin(), pair.mask.voxels.end(), 1) -
                                                      pair.mask.voxels.begin());
  for (std::size_t n = 0; n < pair.mask.voxels.size(); ++n) {
    if (pair.mask.voxels[n] == 0) pair.prediction.voxels[n] = std::numeric_limits<float>::quiet_NaN();
  }
  check_gradable(pair.prediction, pair.target, pair.mask);
  CHECK(ssim_synthrad2023(pair.prediction, pair.target, pair.mask, {}) == before);
  CHECK(std::isfinite(pixel_metrics(pair.prediction, pair.target, pair.mask, {}).psnr_db));
  pair.prediction.voxels[inside] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH_AS(check_gradable(pair.prediction, pair.target, pair.mask),
                       "the prediction has 1 NaN or infinite voxels inside the mask", Error);
  CHECK_THROWS_AS(check_gradable(pair.target, pair.target, Mask(pair.target.grid, 0)), Error);
  CHECK_THROWS_AS(check_gradable(Volume(Grid::centred({4, 4, 4}, {1, 1, 1}), 0), pair.target, pair.mask), Error);
}

TEST_CASE("metrics: speed of SSIM and of body masks" * doctest::skip()) {
  using Clock = std::chrono::steady_clock;
  const Grid grid = Grid::centred({256, 256, 128}, {1, 1, 1});
  Volume x(grid, 0), y(grid, 0);
  for (std::size_t n = 0; n < x.voxels.size(); ++n) {
    x.voxels[n] = static_cast<float>(n * 2654435761U % 2000) - 900.0F;
    y.voxels[n] = x.voxels[n] + static_cast<float>(n % 97);
  }
  const int before = thread_count();
  for (const int threads : {1, 2}) {
    set_thread_count(threads);
    const auto start = Clock::now();
    const auto ssim = ssim_synthrad2023(x, y, Mask(grid, 1), {});
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const auto mask_start = Clock::now();
    const std::int64_t inside = count_inside(body_mask_from_ct(x));
    const double mask_seconds = std::chrono::duration<double>(Clock::now() - mask_start).count();
    MESSAGE(threads, " threads: SSIM ", *ssim, " in ", seconds, " s; mask of ", inside, " in ", mask_seconds, " s");
    CHECK(seconds < 1.0);
  }
  set_thread_count(before);
}
