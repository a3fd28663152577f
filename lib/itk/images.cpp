#include "itk/images.hpp"

#include <algorithm>

#include "image/orientation.hpp"

namespace gdm::itk_part {
namespace {

template <class ItkImage, class T>
typename ItkImage::Pointer copied(const Image<T>& image) {
  const ItkGeometry geometry = itk_geometry(image.grid);
  typename ItkImage::RegionType region;
  typename ItkImage::PointType origin;
  typename ItkImage::SpacingType spacing;
  typename ItkImage::DirectionType direction;
  for (unsigned a = 0; a < 3; ++a) {
    region.SetSize(a, static_cast<itk::SizeValueType>(geometry.size_ijk[a]));
    origin[a] = geometry.origin_lps_mm[a];
    spacing[a] = geometry.spacing_mm[a];
    for (unsigned c = 0; c < 3; ++c) direction[a][c] = geometry.direction_lps[a][c];
  }
  auto result = ItkImage::New();
  result->SetRegions(region);
  result->SetOrigin(origin);
  result->SetSpacing(spacing);
  result->SetDirection(direction);
  result->Allocate();
  std::copy(image.voxels.begin(), image.voxels.end(), result->GetBufferPointer());
  return result;
}

}  // namespace

FloatImage::Pointer image_of(const Volume& volume) {
  return copied<FloatImage>(volume);
}
ByteImage::Pointer image_of(const Mask& mask) {
  return copied<ByteImage>(mask);
}

}  // namespace gdm::itk_part
