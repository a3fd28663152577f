// The volumes of a case: what each is, and files that are written on another grid or along other axes.
#include <doctest/doctest.h>

#include <cmath>

#include "image/grid_match.hpp"
#include "image/orientation.hpp"
#include "io/nifti/stored.hpp"
#include "io_fixture.hpp"
#include "prep/case_volumes.hpp"
#include "prep/register.hpp"
#include "prep/reorient.hpp"
#include "prep/resample.hpp"
#include "sys/log.hpp"

using namespace gdm;
using namespace gdm::prep;
using gdm_test::contains;
using gdm_test::error_of;

namespace {

const Point3 blob_place{4.2, -3.1, 5.3};

/// HU that rise in one place of the patient.
Volume blob(const Grid& grid) {
  Volume volume(grid, 0.0F);
  for (std::int64_t k = 0; k < grid.shape_ijk[2]; ++k) {
    for (std::int64_t j = 0; j < grid.shape_ijk[1]; ++j) {
      for (std::int64_t i = 0; i < grid.shape_ijk[0]; ++i) {
        const Point3 at = grid.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
        const double r = std::hypot(at[0] - blob_place[0], at[1] - blob_place[1], at[2] - blob_place[2]);
        volume.at(i, j, k) = static_cast<float>(std::round(2000 * std::exp(-r * r / 40)));
      }
    }
  }
  return volume;
}

double distance_from_place(const Volume& volume) {
  double mass = 0;
  Point3 sum{};
  const Index3& shape = volume.grid.shape_ijk;
  for (std::int64_t k = 0; k < shape[2]; ++k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        const double value = std::max(0.0F, volume.at(i, j, k));
        const Point3 at =
            volume.grid.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
        mass += value;
        for (std::size_t a = 0; a < 3; ++a) sum[a] += value * at[a];
      }
    }
  }
  return std::hypot(sum[0] / mass - blob_place[0], sum[1] / mass - blob_place[1], sum[2] / mass - blob_place[2]);
}

/// Turned about z, with axes that point to anterior and left first.
Grid oblique_grid() {
  const double c = std::cos(0.5), s = std::sin(0.5);
  Grid grid;
  grid.shape_ijk = {34, 30, 26};
  grid.ijk_to_ras_mm = {{{-1.4 * s, -1.6 * c, 0, 45}, {1.4 * c, -1.6 * s, 0, -8}, {0, 0, -2, 31}, {0, 0, 0, 1}}};
  return grid;
}

Provenance provenance() {
  return Provenance("gdm-prep", {"gdm-prep", "test"});
}

}  // namespace

TEST_CASE("prep: what the volumes of a case are, and their names") {
  Case item;
  item.id = "p1";
  for (const char* name : {"mr", "CBCT", "fbp", "labels", "Seg_brain", "gross_mask", "mr-segmented", "unmasked",
                           "sinogram", "tumour", "ct"}) {
    item.inputs[name] = "x.nii";
  }
  item.target = item.mask = item.prediction = "y.nii";
  std::map<std::string, CaseVolume> volumes;
  for (const CaseVolume& volume : case_volumes(item, {"tumour"}, "out")) volumes.emplace(volume.role, volume);
  CHECK(volumes.size() == 13);
  CHECK(volumes.at("inputs.mr").kind == VolumeKind::image);
  CHECK(volumes.at("inputs.CBCT").kind == VolumeKind::ct);
  CHECK(volumes.at("inputs.fbp").kind == VolumeKind::ct);
  CHECK(volumes.at("inputs.Seg_brain").kind == VolumeKind::labels);
  CHECK(volumes.at("inputs.tumour").kind == VolumeKind::labels);
  CHECK(volumes.at("inputs.gross_mask").kind == VolumeKind::labels);
  CHECK(volumes.at("inputs.mr-segmented").kind == VolumeKind::labels);
  CHECK(volumes.at("inputs.unmasked").kind == VolumeKind::image);
  CHECK(volumes.at("target").output == fs::path("out/p1/target_ct.nii.gz"));  // the input is ct.nii.gz
  CHECK(volumes.at("inputs.ct").output == fs::path("out/p1/ct.nii.gz"));
  CHECK(volumes.at("mask").output == fs::path("out/p1/mask.nii.gz"));
  item.inputs["a/b"] = "x.nii";
  CHECK(contains(error_of([&] { case_volumes(item, {}, "out"); }), "cannot be part of a file name"));
}

TEST_CASE("prep: a volume has the name of its role, and inputs that of their own, too") {
  Case item;
  item.id = "p1";
  item.inputs = {{"mr", "mr.nii"}, {"target", "other.nii"}};
  item.target = "ct.nii";
  const std::vector<CaseVolume> volumes = case_volumes(item, {}, "out");
  CHECK(volume_named(volumes, "mr").source == "mr.nii");
  CHECK(volume_named(volumes, "inputs.mr").source == "mr.nii");
  CHECK(volume_named(volumes, "target").source == "ct.nii");
  CHECK(volume_named(volumes, "inputs.target").source == "other.nii");
  CHECK(error_of([&] { volume_named(volumes, "mask"); }) == "has no volume 'mask'; there are mr, target, target");
  CHECK(files_of(item) == std::vector<fs::path>{"mr.nii", "other.nii", "ct.nii"});
}

TEST_CASE("prep: a registration that one start alone found is to be looked at") {
  Registration found;
  found.starts = 5;
  found.starts_agreeing = 2;
  CHECK(lonely(found).empty());
  found.starts_agreeing = 1;
  CHECK(contains(lonely(found), "one alone of 5 starts"));
  found.starts_agreeing = 0;
  CHECK(contains(lonely(found), "none of 5 starts"));
  found.starts = 1;  // --starts header has no other
  CHECK(lonely(found).empty());
}

TEST_CASE("prep: a case goes to the target's grid, in odd orientations, and nothing moves in the patient") {
  set_log_level(LogLevel::quiet);  // it says what lies outside
  const gdm_test::TemporaryFolder folder;
  const Grid straight = Grid::centred({40, 36, 32}, {1.5, 1.6, 1.7});
  for (const char* letters : {"LAS", "SPR", "AIL"}) {
    const Volume mr = reoriented(blob(straight), letters);
    Mask mask(mr.grid, 0);
    for (std::size_t n = 0; n < mr.voxels.size(); ++n) mask.voxels[n] = mr.voxels[n] > 300 ? 1 : 0;
    write_volume(folder / "mr.nii.gz", mr, VoxelType::float32, Overwrite::replace);
    write_volume(folder / "ct.nii.gz", blob(oblique_grid()), VoxelType::int16_hu, Overwrite::replace);
    write_mask(folder / "mask.nii.gz", mask, Overwrite::replace);
    Case item;
    item.id = letters;
    item.inputs["mr"] = folder / "mr.nii.gz";
    item.target = folder / "ct.nii.gz";
    item.mask = folder / "mask.nii.gz";
    for (const bool coarse : {false, true}) {
      ResampleOptions options;
      if (coarse) options.spacing_mm = Point3{3, 3.3, 4};
      Case fresh = item;
      resample_case(item, folder.path(), options, provenance(), Overwrite::replace);
      enter_new_volumes(fresh, folder.path());
      NiftiInfo info;
      const Volume on_grid = read_volume(fresh.inputs.at("mr"), info);
      CHECK(corner_distance(on_grid.grid, resampling_grid(item, options)).mm < 1e-3);
      CHECK(distance_from_place(on_grid) < 0.05);
      CHECK(distance_from_place(read_volume(*fresh.target, info)) < 0.05);
      CHECK(info.datatype == "int16");
      // Of 67 voxels of 4 mm the true centre lies 0.5 mm off, as counted by exact shares.
      CHECK(distance_from_place(read_volume(*fresh.mask, info)) < (coarse ? 0.7 : 0.15));
      CHECK(info.datatype == "uint8");
      if (!coarse) CHECK(read_volume(*fresh.target).voxels == read_volume(*item.target).voxels);
    }
    reorient_case(item, folder / "turned", "PIR", provenance(), Overwrite::replace);
    enter_new_volumes(item, folder / "turned");
    const Volume turned = read_volume(item.inputs.at("mr"));
    CHECK(turned.grid.orientation() == "PIR");
    CHECK(reoriented(turned, letters).voxels == mr.voxels);
  }
  set_log_level(LogLevel::normal);
}

TEST_CASE("prep: what is moved keeps its values, whatever the type can hold") {
  const gdm_test::TemporaryFolder folder;
  const Grid grid = Grid::centred({2, 2, 2}, {1, 1, 1});
  Volume volume(grid, 0.0F);
  const auto written = [&](const std::string& datatype, double slope, float value) {
    NiftiInfo stored, info;
    stored.datatype = datatype;
    stored.slope = slope;
    volume.voxels[3] = value;
    write_as_stored(folder / "a.nii", volume, stored, Overwrite::replace);
    const Volume back = read_volume(folder / "a.nii", info);
    CHECK(back.voxels == volume.voxels);
    return info.datatype;
  };
  CHECK(written("int16", 1, -3024) == "int16");
  CHECK(written("int16", 1, 32767) == "int16");
  CHECK(written("uint16", 1, 40000) == "float32");
  CHECK(written("uint16", 1, 4000) == "int16");
  CHECK(written("uint8", 1, 255) == "uint8");
  CHECK(written("uint8", 2, 510) == "int16");
  CHECK(written("int16", 0.5, 12) == "float32");
  CHECK(written("float32", 1, 12) == "float32");
  CHECK(written("int32", 1, 1e6F) == "float32");
}
