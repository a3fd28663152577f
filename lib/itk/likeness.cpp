#include "itk/likeness.hpp"

#include <itkAffineTransform.h>
#include <itkEuler3DTransform.h>
#include <itkIdentityTransform.h>
#include <itkRegistrationParameterScalesFromPhysicalShift.h>
#include <itkRegularStepGradientDescentOptimizerv4.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "image/mask.hpp"
#include "image/orientation.hpp"
#include "image/regrid.hpp"
#include "sys/error.hpp"
#include "sys/quantile.hpp"
#include "sys/random.hpp"
#include "sys/signals.hpp"

namespace gdm::itk_part {
namespace {

constexpr unsigned histogram_bins = 32;
constexpr double rim_mm = 12;  // of air around the body that is compared as well, so that outlines count

void cut_to_percentiles(Volume& volume, const Mask& around) {
  std::vector<double> inside;
  for (std::size_t v = 0; v < volume.voxels.size(); ++v) {
    if (around.voxels[v] != 0) inside.push_back(static_cast<double>(volume.voxels[v]));
  }
  if (inside.empty()) throw Error("no body stands out from the background");
  std::sort(inside.begin(), inside.end());
  const auto low = static_cast<float>(quantile_of_sorted(inside, 0.005)),
             high = static_cast<float>(quantile_of_sorted(inside, 0.995));
  if (!(low < high)) throw Error("holds one value alone");
  for (float& v : volume.voxels) v = std::clamp(v, low, high);
}

template <class Transform>
void set_common(Likeness& likeness, Transform& transform) {
  likeness.SetMovingTransform(&transform);
  likeness.Initialize();
}

/// Steps against the gradient, from one voxel down to a fiftieth of it.
template <class Transform>
void descend(const Level& level, Likeness& likeness, Transform& transform) {
  set_common(likeness, transform);
  auto scales = itk::RegistrationParameterScalesFromPhysicalShift<Likeness>::New();
  scales->SetMetric(&likeness);
  auto optimizer = itk::RegularStepGradientDescentOptimizerv4<double>::New();
  optimizer->SetMetric(&likeness);
  optimizer->SetScalesEstimator(scales);
  optimizer->SetDoEstimateLearningRateOnce(false);
  optimizer->SetLearningRate(level.voxel_mm);
  optimizer->SetMinimumStepLength(level.voxel_mm / 50);
  optimizer->SetRelaxationFactor(0.6);
  optimizer->SetNumberOfIterations(80);
  optimizer->SetReturnBestParametersAndValue(true);
  optimizer->StartOptimization();
}

/// Matrix and offset of ITK's linear transforms as a map of RAS+ positions.
template <class Transform>
Matrix4 map_of(const Transform& transform) {
  Matrix4 lps = identity_map();
  for (unsigned r = 0; r < 3; ++r) {
    for (unsigned c = 0; c < 3; ++c) lps[r][c] = transform.GetMatrix()(r, c);
    lps[r][3] = transform.GetOffset()[r];
  }
  return between_lps_and_ras(lps);
}

/// The best place beside the map, if any gains what the level asks for: the noise of the sampled points makes hollows
/// in which a descent ends.
std::optional<Matrix4> better_aside(const Level& level, const Matrix4& map, double information) {
  std::vector<Matrix4> motions = motions_aside(level, level.voxel_mm);
  for (const Matrix4& motion : motions_aside(level, level.voxel_mm / 2)) motions.push_back(motion);
  const std::vector<double> there = informations(level, map, motions);
  const auto best = std::max_element(there.begin(), there.end());
  if (*best <= information * (1 + level.least_gain)) return std::nullopt;
  return product(map, motions[static_cast<std::size_t>(best - there.begin())]);
}

/// A descent that has turned back too often ends with short steps far from the optimum, so it begins anew from where it
/// came to as long as that gains anything.
template <class Transform>
Matrix4 refined(const Level& level, Matrix4 map) {
  constexpr int most_rounds = 10;
  double best = compare(level, map).information;
  for (int round = 0; round < most_rounds; ++round) {
    auto transform = Transform::New();
    transform->SetIdentity();
    typename Transform::InputPointType pivot;
    for (unsigned a = 0; a < 3; ++a) pivot[a] = level.pivot_lps_mm[a];
    transform->SetCenter(pivot);
    descend(level, *likeness_of(level, map), *transform);
    const Matrix4 there = product(map, map_of(*transform));
    const double information = compare(level, there).information;
    const bool goes_on = information > best * (1 + level.least_gain);
    if (information > best) {
      map = there;
      best = information;
    }
    if (goes_on) continue;
    const std::optional<Matrix4> aside = level.look_around ? better_aside(level, map, best) : std::nullopt;
    if (!aside) break;
    map = *aside;
    best = compare(level, map).information;
  }
  return map;
}

}  // namespace

Volume isotropic(const Volume& volume, double voxel_mm) {
  const Grid grid = volume.grid.is_orthogonal() ? respaced(volume.grid, {voxel_mm, voxel_mm, voxel_mm})
                                                : world_aligned(volume.grid, voxel_mm);
  return regrid(volume, grid, least_finite(volume), {Interpolation::linear, true}).volume;
}

Level make_level(const Volume& fixed, const Volume& moving, double voxel_mm, std::size_t most_points,
                 std::uint64_t seed) {
  Level level;
  level.voxel_mm = voxel_mm;
  const auto prepared = [voxel_mm](const Volume& volume, Volume& at, const char* name) {
    return with_context(name, [&] {
      at = isotropic(volume, voxel_mm);
      const Mask body = body_mask_from_image(at);
      cut_to_percentiles(at, widened(body, rim_mm));
      return body;
    });
  };
  const Mask fixed_body = prepared(fixed, level.fixed, "fixed"), moving_body = prepared(moving, level.moving, "moving");
  level.expected_overlap =
      std::min(1.0, static_cast<double>(count_inside(moving_body)) / static_cast<double>(count_inside(fixed_body)));
  level.fixed_image = image_of(level.fixed);
  const Mask around = widened(fixed_body, rim_mm);
  std::vector<std::size_t> inside;
  for (std::size_t v = 0; v < around.voxels.size(); ++v) {
    if (around.voxels[v] != 0) inside.push_back(v);
  }
  Random random(seed);
  for (std::size_t n = 0; n < std::min(most_points, inside.size()); ++n) {  // the first of a shuffled order
    std::swap(inside[n],
              inside[n + static_cast<std::size_t>(random.below(static_cast<std::int64_t>(inside.size() - n)))]);
  }
  if (inside.size() > most_points) inside.resize(most_points);
  std::sort(inside.begin(), inside.end());  // neighbours share cache lines
  level.points = Likeness::FixedSampledPointSetType::New();
  const Index3& shape = around.grid.shape_ijk;
  for (std::size_t n = 0; n < inside.size(); ++n) {
    const auto v = static_cast<std::int64_t>(inside[n]);
    const Point3 lps = lps_of_ras(
        around.grid.ras_of_index({static_cast<double>(v % shape[0]), static_cast<double>(v / shape[0] % shape[1]),
                                  static_cast<double>(v / (shape[0] * shape[1]))}));
    Likeness::FixedSampledPointSetType::PointType point;
    for (unsigned a = 0; a < 3; ++a) {
      point[a] = static_cast<float>(lps[a]);
      level.pivot_lps_mm[a] += lps[a] / static_cast<double>(inside.size());
    }
    level.points->SetPoint(n, point);
  }
  return level;
}

Likeness::Pointer likeness_of(const Level& level, const Matrix4& fixed_to_moving_ras_mm) {
  Volume moving = level.moving;
  moving.grid = placed(moving.grid, fixed_to_moving_ras_mm);
  auto likeness = Likeness::New();
  likeness->SetNumberOfHistogramBins(histogram_bins);
  likeness->SetFixedImage(level.fixed_image);
  likeness->SetMovingImage(image_of(moving));
  likeness->SetFixedSampledPointSet(level.points);
  likeness->SetUseSampledPointSet(true);
  likeness->SetVirtualDomainFromImage(level.fixed_image);
  likeness->SetUseFixedImageGradientFilter(false);
  likeness->SetUseMovingImageGradientFilter(true);
  return likeness;
}

Compared compare(const Level& level, const Matrix4& fixed_to_moving_ras_mm) {
  auto identity = itk::IdentityTransform<double, 3>::New();
  const Likeness::Pointer likeness = likeness_of(level, fixed_to_moving_ras_mm);
  set_common(*likeness, *identity);
  Compared compared;
  compared.information = -likeness->GetValue();
  compared.overlap =
      static_cast<double>(likeness->GetNumberOfValidPoints()) / static_cast<double>(level.points->GetNumberOfPoints());
  compared.score = compared.information * std::min(1.0, compared.overlap / (0.8 * level.expected_overlap));
  return compared;
}

std::vector<Matrix4> motions_aside(const Level& level, double mm_or_degrees) {
  std::vector<Matrix4> motions;
  const Point3 pivot = ras_of_lps(level.pivot_lps_mm);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (const double sign : {-1.0, 1.0}) {
      Matrix4 shift = identity_map();
      shift[axis][3] = sign * mm_or_degrees;
      const double radians = sign * mm_or_degrees * std::acos(-1.0) / 180;
      Matrix4 turn = identity_map();
      const std::size_t b = (axis + 1) % 3, c = (axis + 2) % 3;
      turn[b][b] = turn[c][c] = std::cos(radians);
      turn[b][c] = -std::sin(radians);
      turn[c][b] = std::sin(radians);
      motions.push_back(shift);
      motions.push_back(taking(turn, pivot, pivot));
    }
  }
  return motions;
}

std::vector<double> informations(const Level& level, const Matrix4& fixed_to_moving_ras_mm,
                                 const std::vector<Matrix4>& motions) {
  auto transform = itk::AffineTransform<double, 3>::New();
  const Likeness::Pointer likeness = likeness_of(level, fixed_to_moving_ras_mm);
  set_common(*likeness, *transform);
  std::vector<double> found;
  for (const Matrix4& motion : motions) {
    const Matrix4 lps = between_lps_and_ras(motion);
    auto matrix = transform->GetMatrix();
    auto offset = transform->GetOffset();
    for (unsigned r = 0; r < 3; ++r) {
      for (unsigned c = 0; c < 3; ++c) matrix(r, c) = lps[r][c];
      offset[r] = lps[r][3];
    }
    transform->SetMatrix(matrix);
    transform->SetOffset(offset);
    found.push_back(-likeness->GetValue());
  }
  return found;
}

Matrix4 refine_rigid(const Level& level, const Matrix4& fixed_to_moving_ras_mm) {
  return refined<itk::Euler3DTransform<double>>(level, fixed_to_moving_ras_mm);
}

Matrix4 refine_affine(const Level& level, const Matrix4& fixed_to_moving_ras_mm) {
  return refined<itk::AffineTransform<double, 3>>(level, fixed_to_moving_ras_mm);
}

}  // namespace gdm::itk_part
