// What N4 is asked for (itk/bias_field.hpp).
#pragma once

namespace gdm::prep {

struct BiasOptions {
  double voxel_mm = 4;      ///< of the volume in which the field is sought
  double control_mm = 200;  ///< between control points of the first of the levels, each of which halves it
  int levels = 3;
  int iterations = 50;  ///< at most, at each level
};

}  // namespace gdm::prep
