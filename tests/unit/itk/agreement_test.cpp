// ITK and gdm agree about voxels and their physical points (row A5): on raw files of every kind that ITK 5.2 accepts,
// on files that gdm writes, on files that ITK writes, and in memory.
//
// ITK 5.2 refuses NIfTI-2 (by its first read of the header) and sheared sforms, and does not follow nifti1.h in two
// places about which nothing is asserted: without transform codes it takes the axes as LPS instead of RAS, and with
// sform and qform apart it chooses by their codes.
#include <doctest/doctest.h>
#include <itkImage.h>
#include <itkImageFileReader.h>
#include <itkNiftiImageIO.h>

#include <cmath>
#include <limits>

#include "image/grid_match.hpp"
#include "image/orientation.hpp"
#include "io/nifti/nifti.hpp"
#include "io_fixture.hpp"

using namespace gdm;
using gdm_test::put_file;
using gdm_test::RawNifti;
using gdm_test::TemporaryFolder;

namespace {

using ItkImage = itk::Image<double, 3>;

ItkImage::Pointer read_with_itk(const std::filesystem::path& path) {
  const auto reader = itk::ImageFileReader<ItkImage>::New();
  reader->SetImageIO(itk::NiftiImageIO::New());
  reader->SetFileName(path.string());
  reader->Update();
  return reader->GetOutput();
}

bool itk_accepts(const std::filesystem::path& path) {
  try {
    read_with_itk(path);
    return true;
  } catch (const itk::ExceptionObject&) {
    return false;
  }
}

Grid with_affine(const Index3& shape_ijk, const double (&rotation)[3][3], const Point3& spacing_mm,
                 const Point3& origin_ras_mm) {
  Grid grid;
  grid.shape_ijk = shape_ijk;
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) grid.ijk_to_ras_mm[r][c] = rotation[r][c] * spacing_mm[c];
    grid.ijk_to_ras_mm[r][3] = origin_ras_mm[r];
  }
  grid.ijk_to_ras_mm[3][3] = 1;
  return grid;
}

/// The unit quaternion (a, b, c, d) of the oblique grid: 0.3 rad about z, then 0.2 rad about x.
const double half_z = 0.15, half_x = 0.1;
const double qb = std::cos(half_z) * std::sin(half_x), qc = std::sin(half_z) * std::sin(half_x),
             qd = std::sin(half_z) * std::cos(half_x);

Grid oblique_grid() {
  const double cz = std::cos(0.3), sz = std::sin(0.3), cx = std::cos(0.2), sx = std::sin(0.2);
  return with_affine({3, 4, 2}, {{cz, -sz * cx, sz * sx}, {sz, cz * cx, -cz * sx}, {0, sx, cx}}, {0.9, 1.1, 2.5},
                     {-12.5, 30, 7.25});
}

/// The centred grid in each of the 48 orientations, and an oblique one.
std::vector<Grid> many_grids() {
  std::vector<Grid> grids{oblique_grid()};
  const Grid start = Grid::centred({3, 4, 2}, {0.957, 0.8, 1.5});
  for (const char* axes : {"RAS", "RSA", "ARS", "ASR", "SRA", "SAR"}) {
    for (unsigned flips = 0; flips < 8; ++flips) {
      std::string letters = axes;
      for (std::size_t a = 0; a < 3; ++a) {
        if ((flips >> a & 1U) != 0) letters[a] = letters[a] == 'R' ? 'L' : letters[a] == 'A' ? 'P' : 'I';
      }
      grids.push_back(reoriented(start, axis_map(start, letters)));
    }
  }
  return grids;
}

template <class Check>
void for_each_index(const Index3& shape_ijk, Check&& check) {
  for (std::int64_t k = 0; k < shape_ijk[2]; ++k) {
    for (std::int64_t j = 0; j < shape_ijk[1]; ++j) {
      for (std::int64_t i = 0; i < shape_ijk[0]; ++i) check(i, j, k);
    }
  }
}

/// Positions within `tolerance_mm` of `grid`; a file's single-precision transform allows 2e-5 mm here.
bool same_points(const itk::ImageBase<3>& image, const Grid& grid, double tolerance_mm = 2e-5) {
  bool same = true;
  for_each_index(grid.shape_ijk, [&](std::int64_t i, std::int64_t j, std::int64_t k) {
    ItkImage::PointType lps;
    image.TransformIndexToPhysicalPoint(ItkImage::IndexType{{i, j, k}}, lps);
    const Point3 ras = ras_of_lps({lps[0], lps[1], lps[2]});
    const Point3 expected = grid.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
    for (std::size_t r = 0; r < 3; ++r) same = same && std::abs(ras[r] - expected[r]) < tolerance_mm;
  });
  return same;
}

bool same_voxels(const ItkImage& image, const Volume& volume) {
  bool same = true;
  for_each_index(volume.grid.shape_ijk, [&](std::int64_t i, std::int64_t j, std::int64_t k) {
    same = same && static_cast<float>(image.GetPixel({{i, j, k}})) == volume.at(i, j, k);
  });
  return same;
}

template <class Stored>
Stored stored_value(std::size_t n) {
  if (n == 0) return std::numeric_limits<Stored>::lowest();
  if (n == 1) return std::numeric_limits<Stored>::max();
  return static_cast<Stored>(3 * n + 1);
}

enum class Transform { sform, qform, both, none };

/// Raw NIfTI-1 files of one datatype in both byte orders, with and without scaling, by each kind of transform.
template <class Stored>
void read_by_both(const TemporaryFolder& folder, int datatype) {
  const Grid grid = oblique_grid();
  for (const bool swapped : {false, true}) {
    for (const auto& scaling : {std::pair(1.0, 0.0), {0.5, -1024.0}, {-2.0, 3.0}}) {
      const double slope = scaling.first, intercept = scaling.second;
      for (const auto transform : {Transform::sform, Transform::qform, Transform::both, Transform::none}) {
        INFO("datatype ", datatype, " swapped ", swapped, " slope ", slope, " transform ", int(transform));
        RawNifti raw(1, swapped, grid.shape_ijk, datatype, static_cast<int>(8 * sizeof(Stored)));
        raw.set_scaling(slope, intercept);
        for (int a = 0; a < 3; ++a) raw.set_pixdim(a + 1, grid.spacing_mm()[static_cast<std::size_t>(a)]);
        raw.set_quaternion(qb, qc, qd, {-12.5, 30, 7.25});
        raw.set_srow({grid.ijk_to_ras_mm[0], grid.ijk_to_ras_mm[1], grid.ijk_to_ras_mm[2]});
        raw.set_codes(transform == Transform::qform || transform == Transform::both ? 1 : 0,
                      transform == Transform::sform || transform == Transform::both ? 1 : 0);
        // The ends of a scaled float's range would be infinite.
        const bool scaled_float = std::is_floating_point_v<Stored> && slope != 1.0;
        for (std::size_t n = 0; n < 24; ++n) raw.append(scaled_float && n < 2 ? Stored{1} : stored_value<Stored>(n));
        put_file(folder / "a.nii", raw.bytes());
        const auto image = read_with_itk(folder / "a.nii");
        const Volume volume = read_volume(folder / "a.nii");
        CHECK(same_voxels(*image, volume));
        if (transform == Transform::none) {
          for (unsigned a = 0; a < 3; ++a) {
            CHECK(image->GetSpacing()[a] == doctest::Approx(volume.grid.spacing_mm()[a]).epsilon(1e-6));
          }
        } else {
          CHECK(same_points(*image, volume.grid));
          CHECK(same_points(*image, grid));
        }
      }
    }
  }
}

/// A file that ITK writes from voxels of this type.
template <class Stored>
void written_by_itk(const std::filesystem::path& path, const Grid& grid, itk::IOComponentEnum type) {
  const auto io = itk::NiftiImageIO::New();
  const ItkGeometry geometry = itk_geometry(grid);
  io->SetFileName(path.string());
  io->SetNumberOfDimensions(3);
  io->SetPixelType(itk::IOPixelEnum::SCALAR);
  io->SetComponentType(type);
  io->SetNumberOfComponents(1);
  itk::ImageIORegion region(3);
  for (unsigned a = 0; a < 3; ++a) {
    io->SetDimensions(a, static_cast<unsigned>(geometry.size_ijk[a]));
    io->SetOrigin(a, geometry.origin_lps_mm[a]);
    io->SetSpacing(a, geometry.spacing_mm[a]);
    std::vector<double> direction(3);
    for (std::size_t r = 0; r < 3; ++r) direction[r] = geometry.direction_lps[r][a];
    io->SetDirection(a, direction);
    region.SetSize(a, static_cast<itk::SizeValueType>(geometry.size_ijk[a]));
  }
  io->SetIORegion(region);
  std::vector<Stored> voxels(24);
  for (std::size_t n = 0; n < voxels.size(); ++n) voxels[n] = stored_value<Stored>(n);
  io->Write(voxels.data());
}

template <class Stored>
void check_written_by_itk(const TemporaryFolder& folder, itk::IOComponentEnum type, const std::string& name) {
  for (const char* file : {"i.nii", "i.nii.gz", "p.hdr"}) {
    INFO(name, " ", file);
    const Grid grid = oblique_grid();
    written_by_itk<Stored>(folder / file, grid, type);
    const Volume volume = read_volume(folder / file);
    CHECK(read_nifti_info(folder / file).datatype == name);
    CHECK(corner_distance(volume.grid, grid).mm < 2e-5);
    for (std::size_t n = 0; n < 24; ++n) CHECK(volume.voxels[n] == static_cast<float>(stored_value<Stored>(n)));
  }
}

}  // namespace

TEST_CASE("ITK: every datatype, byte order, scaling and transform is read alike") {
  const TemporaryFolder folder;
  read_by_both<std::uint8_t>(folder, 2);
  read_by_both<std::int16_t>(folder, 4);
  read_by_both<std::int32_t>(folder, 8);
  read_by_both<float>(folder, 16);
  read_by_both<double>(folder, 64);
  read_by_both<std::int8_t>(folder, 256);
  read_by_both<std::uint16_t>(folder, 512);
  read_by_both<std::uint32_t>(folder, 768);
  read_by_both<std::int64_t>(folder, 1024);
  read_by_both<std::uint64_t>(folder, 1280);
}

TEST_CASE("ITK: what it refuses is known") {
  const TemporaryFolder folder;
  Volume sheared(oblique_grid(), 1.0F);
  for (std::size_t r = 0; r < 3; ++r) sheared.grid.ijk_to_ras_mm[r][1] += 0.2 * sheared.grid.ijk_to_ras_mm[r][0];
  write_volume(folder / "sheared.nii", sheared, VoxelType::float32, Overwrite::refuse);
  CHECK_FALSE(itk_accepts(folder / "sheared.nii"));
  RawNifti second(2, false, {3, 4, 2}, 4, 16);
  second.set_codes(0, 1);
  second.set_srow({{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}});
  second.append_zeros(48);
  put_file(folder / "second.nii", second.bytes());
  CHECK(read_volume(folder / "second.nii").voxels.size() == 24);
  CHECK_FALSE(itk_accepts(folder / "second.nii"));
}

TEST_CASE("ITK: files of gdm have the same voxels at the same physical points") {
  const TemporaryFolder folder;
  // Names of their own: asked for x.nii.gz, ITK takes the voxels of x.nii if that exists as well.
  for (const Grid& grid : many_grids()) {
    INFO(describe(grid));
    Volume volume(grid, 0.0F);
    for (std::size_t n = 0; n < volume.voxels.size(); ++n) volume.voxels[n] = static_cast<float>(5 * n);
    for (const auto& [type, name] :
         {std::pair(VoxelType::int16_hu, "u.nii.gz"), {VoxelType::uint8, "v.nii"}, {VoxelType::float32, "w.nii"}}) {
      write_volume(folder / name, volume, type, Overwrite::replace);
      const auto image = read_with_itk(folder / name);
      CHECK(same_voxels(*image, volume));
      CHECK(same_points(*image, grid));
    }
  }
}

TEST_CASE("ITK: its files have the same voxels at the same physical points") {
  const TemporaryFolder folder;
  using Type = itk::IOComponentEnum;
  check_written_by_itk<std::uint8_t>(folder, Type::UCHAR, "uint8");
  check_written_by_itk<std::int8_t>(folder, Type::CHAR, "int8");
  check_written_by_itk<std::uint16_t>(folder, Type::USHORT, "uint16");
  check_written_by_itk<std::int16_t>(folder, Type::SHORT, "int16");
  check_written_by_itk<std::uint32_t>(folder, Type::UINT, "uint32");
  check_written_by_itk<std::int32_t>(folder, Type::INT, "int32");
  check_written_by_itk<std::uint64_t>(folder, Type::ULONG, "uint64");
  check_written_by_itk<std::int64_t>(folder, Type::LONG, "int64");
  check_written_by_itk<float>(folder, Type::FLOAT, "float32");
  check_written_by_itk<double>(folder, Type::DOUBLE, "float64");
  for (const Grid& grid : many_grids()) {
    INFO(describe(grid));
    written_by_itk<std::int16_t>(folder / "o.nii", grid, Type::SHORT);
    CHECK(corner_distance(read_volume(folder / "o.nii").grid, grid).mm < 2e-5);
  }
}

TEST_CASE("ITK: an image in memory with a grid's origin, spacing and direction has its physical points") {
  std::vector<Grid> grids = many_grids();
  for (std::size_t r = 0; r < 3; ++r) grids[0].ijk_to_ras_mm[r][1] += 0.2 * grids[0].ijk_to_ras_mm[r][0];  // sheared
  grids.push_back(oblique_grid());
  for (const Grid& grid : grids) {
    INFO(describe(grid));
    const ItkGeometry geometry = itk_geometry(grid);
    const auto image = itk::ImageBase<3>::New();
    itk::ImageBase<3>::DirectionType direction;
    for (unsigned r = 0; r < 3; ++r) {
      for (unsigned c = 0; c < 3; ++c) direction(r, c) = geometry.direction_lps[r][c];
    }
    image->SetOrigin(geometry.origin_lps_mm.data());
    image->SetSpacing(geometry.spacing_mm.data());
    image->SetDirection(direction);
    CHECK(same_points(*image, grid, 1e-10));
    CHECK(corner_distance(grid_of_itk(geometry), grid).mm < 1e-12);
  }
}
