// What a registration is asked for and what it tells. The search itself is ITK's (itk/registration.hpp).
#pragma once

#include <cstdint>
#include <string>

#include "prep/transform.hpp"

namespace gdm::prep {

enum class TransformModel { rigid, affine, bspline };

/// Where the search begins. `header`: where the scanners' coordinates put the two. `flips`: the same axes and half
/// turns about each of them, with the centres of the bodies and of the fields upon one another. `turns`: all 24 ways in
/// which axes can lie along axes, for scans whose orientation is unknown.
enum class Starts { header, flips, turns };

struct RegistrationOptions {
  TransformModel model = TransformModel::rigid;
  Starts starts = Starts::flips;
  double finest_mm = 2;    ///< voxels of the last level; the levels before are two and four times as coarse
  double control_mm = 40;  ///< between control points of the B-spline
  std::uint64_t seed = 0;  ///< of the points where the images are compared
};

struct Registration {
  Transform transform;
  double mutual_information = 0;  ///< nats, between 50 x 50 grey values at the last level (Mattes et al. 2003)
  /// The least share of the mutual information that is lost when the moving image is moved by `beside_mm` along, or
  /// turned by as many degrees about, an axis in either sense. Wrong alignments sit on flat optima.
  double fall_beside = 0;
  double overlap = 0;       ///< share of the compared points that lie in the field of the moving image
  int starts = 0;           ///< how many were tried
  int starts_agreeing = 0;  ///< how many of them the coarse level brought to the same place
};

constexpr double beside_mm = 8;

/// Why a registration is not to be trusted; "" if nothing speaks against it. The limits were chosen on simulated heads
/// (share/doc/gdm/registration.md).
std::string doubt(const Registration& found);

}  // namespace gdm::prep
