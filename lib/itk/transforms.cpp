// What transforms do to points, by ITK's own.
#include <fmt/format.h>
#include <itkTransform.h>
#include <itkTransformFactoryBase.h>

#include <array>
#include <cmath>

#include "image/orientation.hpp"
#include "itk/registration.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::itk_part {
namespace {

using PointTransform = itk::Transform<double, 3, 3>;

void register_all() {
  static const bool once = [] {
    itk::TransformFactoryBase::RegisterDefaultTransforms();
    return true;
  }();
  static_cast<void>(once);
}

/// The first three fixed parameters of a B-spline are the sizes of its lattice, for which ITK takes memory at once.
void refuse_large_lattice(const prep::TransformStage& stage) {
  double points = 1;
  for (std::size_t a = 0; a < 3; ++a) {
    const double size = stage.fixed_parameters.at(a);
    if (!(size >= 1) || size != std::floor(size)) throw Error(stage.type + ": its lattice has no size");
    points *= size;
  }
  if (3 * points != static_cast<double>(stage.parameters.size())) {
    throw Error(fmt::format("{}: has {} parameters, its lattice {}", stage.type, stage.parameters.size(), 3 * points));
  }
}

PointTransform::Pointer transform_of(const prep::TransformStage& stage) {
  const itk::LightObject::Pointer made = itk::ObjectFactoryBase::CreateInstance(stage.type.c_str());
  auto* const transform = dynamic_cast<PointTransform*>(made.GetPointer());
  if (transform == nullptr) throw Error(stage.type + ": is no transform of three dimensions that ITK knows");
  const auto count = [&stage](std::size_t found, std::size_t expected, const char* what) {
    if (found == expected) return;
    throw Error(fmt::format("{}: has {} {}, expected {}", stage.type, found, what, expected));
  };
  // A transform that was just made knows how many fixed parameters it has; ITK reads beyond shorter ones. Euler's
  // angles have a fourth, the order of the angles, which older files lack.
  const std::size_t fixed_count = transform->GetFixedParameters().Size();
  const bool older = stage.type.rfind("Euler3D", 0) == 0 && stage.fixed_parameters.size() == 3;
  if (!older) count(stage.fixed_parameters.size(), fixed_count, "fixed parameters");
  if (stage.type.rfind("BSpline", 0) == 0) refuse_large_lattice(stage);
  PointTransform::FixedParametersType fixed(static_cast<itk::SizeValueType>(stage.fixed_parameters.size()));
  std::copy(stage.fixed_parameters.begin(), stage.fixed_parameters.end(), fixed.begin());
  transform->SetFixedParameters(fixed);
  count(stage.parameters.size(), transform->GetNumberOfParameters(), "parameters");
  PointTransform::ParametersType parameters(static_cast<itk::SizeValueType>(stage.parameters.size()));
  std::copy(stage.parameters.begin(), stage.parameters.end(), parameters.begin());
  transform->SetParametersByValue(parameters);
  return transform;
}

Point3 mapped(const std::vector<PointTransform::Pointer>& stages, const Point3& ras) {
  const Point3 lps = lps_of_ras(ras);
  PointTransform::InputPointType point;
  for (unsigned a = 0; a < 3; ++a) point[a] = lps[a];
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) point = (*stage)->TransformPoint(point);
  return ras_of_lps({point[0], point[1], point[2]});
}

/// The affine map that takes the origin and the unit points where the stages take them.
Matrix4 linear_map(const std::vector<PointTransform::Pointer>& stages) {
  Matrix4 map = identity_map();
  const Point3 origin = mapped(stages, {0, 0, 0});
  for (std::size_t c = 0; c < 3; ++c) {
    Point3 unit{};
    unit[c] = 1;
    const Point3 at = mapped(stages, unit);
    for (std::size_t r = 0; r < 3; ++r) map[r][c] = at[r] - origin[r];
  }
  for (std::size_t r = 0; r < 3; ++r) map[r][3] = origin[r];
  return map;
}

Displacement displacement_of(const std::vector<PointTransform::Pointer>& stages, const Grid& grid) {
  Displacement result{grid, std::vector<float>(3 * static_cast<std::size_t>(grid.voxels()))};
  const Index3& shape = grid.shape_ijk;
  parallel_for(shape[2], [&](std::int64_t k) {
    std::size_t at = 3 * static_cast<std::size_t>(k * shape[0] * shape[1]);
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        const Point3 ras = grid.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
        const Point3 to = mapped(stages, ras);
        for (std::size_t a = 0; a < 3; ++a) result.ras_mm[at++] = static_cast<float>(to[a] - ras[a]);
      }
    }
  });
  return result;
}

}  // namespace

prep::Placement place(const prep::Transform& transform, const Grid& grid) try {
  register_all();
  std::vector<PointTransform::Pointer> stages;
  prep::Placement placement;
  for (const prep::TransformStage& stage : transform) {
    stages.push_back(transform_of(stage));
    placement.linear = placement.linear && stages.back()->IsLinear();
  }
  if (placement.linear) {
    placement.fixed_to_moving_ras_mm = linear_map(stages);
    static_cast<void>(inverse(placement.fixed_to_moving_ras_mm));
  } else {
    placement.displacement = displacement_of(stages, grid);
  }
  return placement;
} catch (const itk::ExceptionObject& error) {
  throw Error(std::string("transform: ") + error.GetDescription());
}

}  // namespace gdm::itk_part
