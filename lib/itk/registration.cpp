#include "itk/registration.hpp"

#include <itkBSplineTransform.h>
#include <itkBSplineTransformInitializer.h>
#include <itkLBFGSBOptimizerv4.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "image/mask.hpp"
#include "image/orientation.hpp"
#include "itk/likeness.hpp"
#include "itk/threads.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"
#include "sys/signals.hpp"

namespace gdm::itk_part {
namespace {

constexpr std::size_t most_points[] = {20000, 60000, 150000};  // of the levels, coarsest first
constexpr std::size_t keep_at_second = 4, keep_at_last = 2;
constexpr double same_place_mm = 12;  // of starts that agree, at the coarse level

struct Candidate {
  Matrix4 map;
  Compared compared;
};

/// All rotations by quarter turns, that without any first, then half turns about one axis.
std::vector<Matrix4> axis_turns(prep::Starts starts) {
  std::vector<Matrix4> turns;
  std::array<std::size_t, 3> order{0, 1, 2};
  do {
    for (int signs = 0; signs < 8; ++signs) {
      Matrix4 turn{};
      turn[3][3] = 1;
      int negative = 0, inversions = 0;
      for (std::size_t a = 0; a < 3; ++a) {
        const bool minus = (signs >> a & 1) != 0;
        turn[order[a]][a] = minus ? -1 : 1;
        negative += minus ? 1 : 0;
        for (std::size_t b = a + 1; b < 3; ++b) inversions += order[a] > order[b] ? 1 : 0;
      }
      if ((negative + inversions) % 2 == 0) turns.push_back(turn);  // the others are reflections
    }
    if (starts != prep::Starts::turns) break;
  } while (std::next_permutation(order.begin(), order.end()));
  if (starts == prep::Starts::header) turns.resize(1);
  return turns;
}

Point3 body_centre_ras_mm(const Volume& volume) {
  const Mask body = body_mask_from_image(volume);
  const Index3& shape = body.grid.shape_ijk;
  Point3 sum{};
  double count = 0;
  for (std::int64_t k = 0; k < shape[2]; ++k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        if (body.at(i, j, k) == 0) continue;
        const Point3 index{static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)};
        for (std::size_t a = 0; a < 3; ++a) sum[a] += index[a];
        count += 1;
      }
    }
  }
  if (count == 0) return centre_ras_mm(volume.grid);
  for (double& a : sum) a /= count;
  return body.grid.ras_of_index(sum);
}

std::vector<Matrix4> starts_of(const Level& level, prep::Starts starts) {
  if (starts == prep::Starts::header) return {identity_map()};
  std::vector<Matrix4> maps{identity_map()};
  const Point3 fixed_body = body_centre_ras_mm(level.fixed), moving_body = body_centre_ras_mm(level.moving);
  const Point3 fixed_field = centre_ras_mm(level.fixed.grid), moving_field = centre_ras_mm(level.moving.grid);
  for (const Matrix4& turn : axis_turns(starts)) {
    maps.push_back(taking(turn, fixed_body, moving_body));
    maps.push_back(taking(turn, fixed_field, moving_field));
  }
  return maps;
}

/// Largest distance between the images of the corners of the fixed field.
double apart_mm(const Level& level, const Matrix4& a, const Matrix4& b) {
  double largest = 0;
  for (int corner = 0; corner < 8; ++corner) {
    Point3 index{};
    for (std::size_t n = 0; n < 3; ++n) {
      index[n] = (corner >> n & 1) != 0 ? static_cast<double>(level.fixed.grid.shape_ijk[n] - 1) : 0.0;
    }
    const Point3 ras = level.fixed.grid.ras_of_index(index), pa = map_point(a, ras), pb = map_point(b, ras);
    largest = std::max(largest, std::hypot(pa[0] - pb[0], pa[1] - pb[1], pa[2] - pb[2]));
  }
  return largest;
}

/// Refines each map at a level; the most alike come first.
std::vector<Candidate> refine_all(const Level& level, const std::vector<Matrix4>& maps) {
  std::vector<std::optional<Candidate>> found(maps.size());
  std::vector<std::string> words(maps.size());
  parallel_for(static_cast<std::int64_t>(maps.size()), [&](std::int64_t n) {
    throw_if_stop_requested();
    const auto at = static_cast<std::size_t>(n);
    try {
      const Matrix4 refined = refine_rigid(level, maps[at]);
      found[at] = Candidate{refined, compare(level, refined)};
    } catch (const itk::ExceptionObject& error) {  // ITK's word for volumes that do not overlap at all, among others
      words[at] = error.GetDescription();
    }
  });
  std::vector<Candidate> all;
  for (const auto& candidate : found) {
    if (candidate) all.push_back(*candidate);
  }
  if (all.empty()) throw Error("no start makes the two volumes overlap (ITK: " + words.front() + ")");
  std::stable_sort(all.begin(), all.end(),
                   [](const Candidate& a, const Candidate& b) { return a.compared.score > b.compared.score; });
  return all;
}

/// The maps of the first `most` candidates that lie at different places.
std::vector<Matrix4> best_of(const Level& level, const std::vector<Candidate>& candidates, std::size_t most) {
  std::vector<Matrix4> kept;
  for (const Candidate& candidate : candidates) {
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const Matrix4& other) {
      return apart_mm(level, candidate.map, other) < 2 * level.voxel_mm;
    });
    if (!known && kept.size() < most) kept.push_back(candidate.map);
  }
  return kept;
}

/// The least share of the information that a motion aside costs.
double least_fall(const Level& level, const Matrix4& map) {
  const double here = compare(level, map).information;
  const std::vector<double> there = informations(level, map, motions_aside(level, prep::beside_mm));
  return 1 - *std::max_element(there.begin(), there.end()) / here;
}

/// The deformation that is left after the map, by a cubic B-spline on control points over the fixed field.
prep::TransformStage deformation(const Level& level, const Matrix4& map, double control_mm) {
  using Spline = itk::BSplineTransform<double, 3, 3>;
  auto spline = Spline::New();
  auto initializer = itk::BSplineTransformInitializer<Spline, FloatImage>::New();
  initializer->SetTransform(spline);
  initializer->SetImage(level.fixed_image);
  Spline::MeshSizeType mesh;
  const Point3 spacing = level.fixed.grid.spacing_mm();
  for (unsigned a = 0; a < 3; ++a) {
    const double length = static_cast<double>(level.fixed.grid.shape_ijk[a]) * spacing[a];
    mesh[a] = static_cast<itk::SizeValueType>(std::max(1.0, std::round(length / control_mm)));
  }
  initializer->SetTransformDomainMeshSize(mesh);
  initializer->InitializeTransform();
  spline->SetIdentity();
  const Likeness::Pointer likeness = likeness_of(level, map);
  likeness->SetMovingTransform(spline);
  likeness->Initialize();
  auto optimizer = itk::LBFGSBOptimizerv4::New();
  optimizer->SetMetric(likeness);
  const unsigned n = spline->GetNumberOfParameters();
  itk::LBFGSBOptimizerv4::BoundSelectionType unbounded(n);
  unbounded.Fill(0);
  itk::LBFGSBOptimizerv4::BoundValueType none(n);
  none.Fill(0);
  optimizer->SetBoundSelection(unbounded);
  optimizer->SetLowerBound(none);
  optimizer->SetUpperBound(none);
  optimizer->SetNumberOfIterations(40);
  optimizer->SetMaximumNumberOfFunctionEvaluations(60);
  optimizer->SetGradientConvergenceTolerance(1e-5);
  optimizer->SetCostFunctionConvergenceFactor(1e9);
  optimizer->StartOptimization();
  const auto& parameters = spline->GetParameters();
  const auto& fixed = spline->GetFixedParameters();
  return {spline->GetTransformTypeAsString(), std::vector<double>(parameters.begin(), parameters.end()),
          std::vector<double>(fixed.begin(), fixed.end())};
}

/// Too thin for a search, or so large in voxels of the last level that it would not fit.
void require_extent(const Volume& volume, double finest_mm, const char* which) {
  constexpr double least_voxels = 4, most_voxels = 1.2e8;
  const Point3 spacing = volume.grid.spacing_mm();
  double voxels = 1;
  for (std::size_t a = 0; a < 3; ++a) {
    const double length_mm = static_cast<double>(volume.grid.shape_ijk[a]) * spacing[a];
    voxels *= std::ceil(length_mm / finest_mm);
    if (volume.grid.shape_ijk[a] >= 2 && length_mm >= least_voxels * finest_mm) continue;
    throw Error(
        fmt::format("the {} volume is {:.4g} mm thick along one axis, of {} slices; a search needs {:g} mm and two",
                    which, length_mm, volume.grid.shape_ijk[a], least_voxels * finest_mm));
  }
  if (voxels > most_voxels) {
    throw Error(
        fmt::format("the {} volume has {:.3g} voxels of {:g} mm; --finest must be coarser", which, voxels, finest_mm));
  }
}

/// Three levels of rigid refinement, and what the last of them tells.
prep::Registration search(const Volume& fixed, const Volume& moving, const prep::RegistrationOptions& options) {
  // Coarser levels are made of the finest one, as the originals may have a hundred times as many voxels.
  for (const Volume* volume : {&fixed, &moving})
    require_extent(*volume, options.finest_mm, volume == &fixed ? "fixed" : "moving");
  const Volume finest_fixed = isotropic(fixed, options.finest_mm), finest_moving = isotropic(moving, options.finest_mm);
  const auto level_of = [&](int n) {
    return make_level(finest_fixed, finest_moving, options.finest_mm * (4 >> n), most_points[n],
                      options.seed + static_cast<std::uint64_t>(n));
  };
  prep::Registration result;
  const Level coarse = level_of(0);
  const std::vector<Matrix4> starts = starts_of(coarse, options.starts);
  const std::vector<Candidate> first = refine_all(coarse, starts);
  const Level middle = level_of(1);
  const std::vector<Candidate> second = refine_all(middle, best_of(coarse, first, keep_at_second));
  Level fine = level_of(2);
  fine.least_gain = 2e-4;  // flat optima move by a millimetre for a thousandth of the information
  const Matrix4 ended = refine_all(fine, best_of(middle, second, keep_at_last)).front().map;
  fine.look_around = true;
  const Matrix4 rigid = refine_rigid(fine, ended);
  const Matrix4 map = options.model == prep::TransformModel::rigid ? rigid : refine_affine(fine, rigid);
  const Compared compared = compare(fine, map);
  result.mutual_information = compared.information;
  result.overlap = compared.overlap;
  result.fall_beside = least_fall(fine, map);
  result.starts = static_cast<int>(starts.size());
  result.starts_agreeing = static_cast<int>(std::count_if(first.begin(), first.end(), [&](const Candidate& candidate) {
    return apart_mm(coarse, candidate.map, rigid) < same_place_mm;
  }));
  result.transform = {prep::affine_stage(map)};
  if (options.model == prep::TransformModel::bspline) {
    result.transform.push_back(deformation(fine, map, options.control_mm));
  }
  return result;
}

}  // namespace

prep::Registration register_volumes(const Volume& fixed, const Volume& moving,
                                    const prep::RegistrationOptions& options) {
  use_one_thread();
  try {
    return search(fixed, moving, options);
  } catch (const itk::ExceptionObject& error) {
    throw Error(std::string("registration: ") + error.GetDescription());
  }
}

}  // namespace gdm::itk_part
