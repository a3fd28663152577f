// How alike two images are by mutual information, and the motion that makes them more alike.
#pragma once

#include <itkMattesMutualInformationImageToImageMetricv4.h>

#include <cstdint>
#include <vector>

#include "image/affine.hpp"
#include "itk/images.hpp"

namespace gdm::itk_part {

using Likeness = itk::MattesMutualInformationImageToImageMetricv4<FloatImage, FloatImage>;
using LikenessTransform = itk::Transform<double, 3, 3>;

/// One level of resolution: both volumes in isotropic voxels, and the points of the fixed one that are compared.
struct Level {
  double voxel_mm = 0;
  Volume fixed, moving;
  FloatImage::Pointer fixed_image;
  Likeness::FixedSampledPointSetType::Pointer points;
  Point3 pivot_lps_mm{};      ///< centre of the points, about which rotations turn
  double least_gain = 0.003;  ///< of the information, relative, for which a refinement begins once more
  bool look_around =
      false;  ///< a refinement that has ended goes on from a better place beside its end, if there is one
  /// Of the points, the share that could at most lie in the moving body, as the bodies' sizes tell; at most 1.
  double expected_overlap = 1;
};

/// The volume in isotropic voxels, over its own axes if they are at right angles.
Volume isotropic(const Volume& volume, double voxel_mm);

/// Grey values are cut to their .5th to 99.5th percentile around the body, so that a few bright voxels do not take all
/// of the histogram. At most `most_points` points, drawn by `seed`.
Level make_level(const Volume& fixed, const Volume& moving, double voxel_mm, std::size_t most_points,
                 std::uint64_t seed);

/// Mutual information in nats between the points of the level and the moving volume placed by a map, once more moved by
/// a transform. `overlap` is the share of points that hit the moving field.
struct Compared {
  double information = 0, overlap = 0;
  /// What ranks alignments: the information, less where points that should have a partner have none, as little overlap
  /// would otherwise make any two images alike.
  double score = 0;
};
Compared compare(const Level& level, const Matrix4& fixed_to_moving_ras_mm);

/// Twelve small motions of the fixed field, RAS+ millimetres: shifts along each axis either way by so many millimetres,
/// and turns about each, around the level's pivot, by as many degrees.
std::vector<Matrix4> motions_aside(const Level& level, double mm_or_degrees);

/// Mutual information of the map after each of these motions, as compare() tells it.
std::vector<double> informations(const Level& level, const Matrix4& fixed_to_moving_ras_mm,
                                 const std::vector<Matrix4>& motions);

/// A small motion that makes the two more alike; returns the refined map.
Matrix4 refine_rigid(const Level& level, const Matrix4& fixed_to_moving_ras_mm);
Matrix4 refine_affine(const Level& level, const Matrix4& fixed_to_moving_ras_mm);

/// A likeness whose moving image is placed by the map, ready for SetMovingTransform and Initialize.
Likeness::Pointer likeness_of(const Level& level, const Matrix4& fixed_to_moving_ras_mm);

}  // namespace gdm::itk_part
