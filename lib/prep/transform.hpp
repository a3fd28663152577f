// Transforms of the world as ITK's files hold them, and where a grid takes its values through one.
//
// A transform takes a point of the fixed image to its place in the moving image, in LPS+ millimetres, as ITK's
// resampling has it: the moving volume is drawn on the fixed grid by looking each voxel up.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "image/affine.hpp"
#include "image/regrid.hpp"

namespace gdm::prep {

/// One transform of ITK's, such as AffineTransform_double_3_3 (twelve parameters: the matrix row by row, then the
/// translation; the centre as fixed parameters).
struct TransformStage {
  std::string type;
  std::vector<double> parameters, fixed_parameters;
};

/// Applied from the last to the first, as ITK's CompositeTransform does.
using Transform = std::vector<TransformStage>;

/// A map between RAS+ positions as an AffineTransform.
TransformStage affine_stage(const Matrix4& fixed_to_moving_ras_mm);

/// The text of ITK's "Insight Transform File V1.0"; several stages make a CompositeTransform.
std::string transform_text(const Transform& transform);

/// Reads such a file; a CompositeTransform becomes its parts. Throws Error with the line for anything else, for numbers
/// that are not finite, and for files above 256 MB. Whether ITK knows the types, place() tells.
Transform read_transform(const std::filesystem::path& path);
Transform parse_transform(const std::string& text);

/// Where the voxels of a grid lie in the moving world.
struct Placement {
  bool linear = true;
  Matrix4 fixed_to_moving_ras_mm{};  ///< if linear
  Displacement displacement;         ///< if not, on the grid that was asked for
};

}  // namespace gdm::prep
