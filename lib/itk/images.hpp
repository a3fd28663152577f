// gdm's volumes as images of ITK's.
#pragma once

#include <itkImage.h>

#include "image/volume.hpp"

namespace gdm::itk_part {

using FloatImage = itk::Image<float, 3>;
using ByteImage = itk::Image<unsigned char, 3>;

/// A copy with the same voxels at the same places. The axes must be at right angles, which ITK's images want.
FloatImage::Pointer image_of(const Volume& volume);
ByteImage::Pointer image_of(const Mask& mask);

}  // namespace gdm::itk_part
