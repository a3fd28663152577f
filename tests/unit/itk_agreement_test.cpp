// ITK reads what gdm writes, with the same voxels in the same places (row A5: agreement where ITK accepts).
#include <doctest/doctest.h>
#include <itkImage.h>
#include <itkImageFileReader.h>
#include <itkNiftiImageIOFactory.h>

#include <cmath>

#include "io/nifti.hpp"
#include "io_fixture.hpp"

using namespace gdm;

namespace {

using ItkImage = itk::Image<float, 3>;

ItkImage::Pointer read_with_itk(const std::filesystem::path& path) {
  itk::NiftiImageIOFactory::RegisterOneFactory();
  const auto reader = itk::ImageFileReader<ItkImage>::New();
  reader->SetFileName(path.string());
  reader->Update();
  return reader->GetOutput();
}

/// An oblique grid: rotation by 0.3 rad about z and 0.2 rad about x, anisotropic voxels.
Grid oblique_grid() {
  Grid grid;
  grid.shape_ijk = {5, 7, 4};
  const double cz = std::cos(0.3), sz = std::sin(0.3), cx = std::cos(0.2), sx = std::sin(0.2);
  const double rotation[3][3] = {{cz, -sz * cx, sz * sx}, {sz, cz * cx, -cz * sx}, {0, sx, cx}};
  const double spacing[3] = {0.9, 1.1, 2.5};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) grid.ijk_to_ras_mm[r][c] = rotation[r][c] * spacing[c];
  }
  grid.ijk_to_ras_mm[0][3] = -12.5;
  grid.ijk_to_ras_mm[1][3] = 30;
  grid.ijk_to_ras_mm[2][3] = 7.25;
  grid.ijk_to_ras_mm[3][3] = 1;
  return grid;
}

}  // namespace

TEST_CASE("ITK: same voxels at the same physical points, LPS against RAS") {
  const gdm_test::TemporaryFolder folder;
  for (const Grid& grid : {oblique_grid(), Grid::centred({6, 5, 4}, {0.957, 0.957, 1.5})}) {
    for (const char* name : {"v.nii", "v.nii.gz"}) {
      Volume volume(grid, 0.0F);
      for (std::size_t n = 0; n < volume.voxels.size(); ++n) volume.voxels[n] = static_cast<float>(n) - 100;
      write_volume(folder / name, volume, VoxelType::int16_hu, Overwrite::replace);
      const auto image = read_with_itk(folder / name);
      for (std::int64_t k = 0; k < grid.shape_ijk[2]; ++k) {
        for (std::int64_t i = 0; i < grid.shape_ijk[0]; ++i) {
          const ItkImage::IndexType index{{i, 2, k}};
          CHECK(image->GetPixel(index) == volume.at(i, 2, k));
          ItkImage::PointType lps;
          image->TransformIndexToPhysicalPoint(index, lps);
          const Point3 ras = grid.ras_of_index({static_cast<double>(i), 2.0, static_cast<double>(k)});
          CHECK(std::abs(lps[0] + ras[0]) < 1e-4);
          CHECK(std::abs(lps[1] + ras[1]) < 1e-4);
          CHECK(std::abs(lps[2] - ras[2]) < 1e-4);
        }
      }
    }
  }
}
