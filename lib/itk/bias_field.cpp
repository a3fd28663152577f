#include "itk/bias_field.hpp"

#include <itkN4BiasFieldCorrectionImageFilter.h>

#include <algorithm>
#include <cmath>

#include "image/affine.hpp"
#include "image/mask.hpp"
#include "image/regrid.hpp"
#include "itk/images.hpp"
#include "itk/threads.hpp"
#include "sys/error.hpp"

namespace gdm::itk_part {
namespace {

using N4 = itk::N4BiasFieldCorrectionImageFilter<FloatImage, ByteImage, FloatImage>;

/// Voxels in the mask that are above 0, of which the logarithm is finite.
Mask positive(Mask mask, const Volume& image) {
  for (std::size_t n = 0; n < mask.voxels.size(); ++n) {
    if (!(image.voxels[n] > 0) || !std::isfinite(image.voxels[n])) mask.voxels[n] = 0;
  }
  if (count_inside(mask) == 0) throw Error("no voxel in the mask is above 0, so that it has no gain");
  return mask;
}

/// The logarithm of the field on the grid of `image`.
Volume log_field(const Volume& image, const Mask& mask, const prep::BiasOptions& options) {
  auto n4 = N4::New();
  n4->SetInput(image_of(image));
  n4->SetMaskImage(image_of(mask));
  N4::ArrayType control;
  const Point3 spacing = image.grid.spacing_mm();
  for (unsigned a = 0; a < 3; ++a) {
    const double spans = std::round(static_cast<double>(image.grid.shape_ijk[a]) * spacing[a] / options.control_mm);
    control[a] = static_cast<unsigned>(std::max(1.0, spans)) + n4->GetSplineOrder();
  }
  n4->SetNumberOfControlPoints(control);
  N4::ArrayType levels;
  levels.Fill(static_cast<unsigned>(options.levels));
  n4->SetNumberOfFittingLevels(levels);
  N4::VariableSizeArrayType iterations(static_cast<unsigned>(options.levels));
  iterations.Fill(static_cast<unsigned>(options.iterations));
  n4->SetMaximumNumberOfIterations(iterations);
  n4->SetConvergenceThreshold(1e-3);
  n4->Update();
  const auto field = n4->ReconstructBiasField(n4->GetLogBiasFieldControlPointLattice());
  Volume result(image.grid, 0.0F);
  std::copy_n(field->GetBufferPointer(), result.voxels.size(), result.voxels.begin());
  return result;
}

}  // namespace

Volume bias_field(const Volume& image, const Mask& mask, const prep::BiasOptions& options) {
  use_one_thread();
  try {
    const Grid coarse = world_aligned(image.grid, options.voxel_mm);
    const Volume small = regrid(image, coarse, 0, {Interpolation::linear, true}).volume;
    Volume inside(mask.grid, 0.0F);
    std::copy(mask.voxels.begin(), mask.voxels.end(), inside.voxels.begin());
    const Volume small_inside = regrid_labels(inside, coarse).volume;
    Mask small_mask(coarse, 0);
    for (std::size_t n = 0; n < small_mask.voxels.size(); ++n)
      small_mask.voxels[n] = small_inside.voxels[n] != 0 ? 1 : 0;
    small_mask = positive(std::move(small_mask), small);
    Volume field = regrid(log_field(small, small_mask, options), image.grid, 0).volume;
    double sum = 0, count = 0;
    for (std::size_t n = 0; n < field.voxels.size(); ++n) {
      if (mask.voxels[n] == 0) continue;
      sum += static_cast<double>(field.voxels[n]);
      count += 1;
    }
    const auto mean = static_cast<float>(count > 0 ? sum / count : 0);
    for (float& v : field.voxels) v = std::exp(v - mean);
    return field;
  } catch (const itk::ExceptionObject& error) {
    throw Error(std::string("N4: ") + error.GetDescription());
  }
}

}  // namespace gdm::itk_part
