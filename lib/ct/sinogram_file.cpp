// The NIfTI grid of a sinogram is nominal (detector spacing, 1, slice spacing); what counts is the sidecar.
#include "ct/sinogram_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sys/error.hpp"

namespace gdm::ct {
namespace {

Json geometry_json(const StoredSinogram& stored) {
  const ParallelScan& scan = stored.sinogram.scan;
  return {{"geometry", "parallel"},
          {"views", scan.views},
          {"detectors", scan.detectors},
          {"detector_spacing_mm", scan.detector_spacing_mm},
          {"first_angle_rad", scan.first_angle_rad},
          {"angular_range_deg", 180},
          {"mu_water_per_mm", mu_water_per_mm},
          {"axes", {{"source", stored.axes.source}, {"flipped", stored.axes.flipped}}},
          {"grid",
           {{"shape_ijk", stored.grid.shape_ijk},
            {"ijk_to_ras_mm", stored.grid.ijk_to_ras_mm},
            {"sform_code", stored.grid.sform_code},
            {"qform_code", stored.grid.qform_code}}}};
}

Grid grid_from_json(const Json& json) {
  Grid grid;
  json.at("shape_ijk").get_to(grid.shape_ijk);
  json.at("ijk_to_ras_mm").get_to(grid.ijk_to_ras_mm);
  json.at("sform_code").get_to(grid.sform_code);
  json.at("qform_code").get_to(grid.qform_code);
  for (const std::int64_t extent : grid.shape_ijk) {
    if (extent < 1 || extent > 32767) throw Error(fmt::format("its grid has an extent of {}", extent));
  }
  for (const auto& row : grid.ijk_to_ras_mm) {
    for (const double value : row) {
      if (!std::isfinite(value)) throw Error("its affine is not finite");
    }
  }
  return grid;
}

AxisMap axes_from_json(const Json& json) {
  AxisMap axes;
  json.at("source").get_to(axes.source);
  json.at("flipped").get_to(axes.flipped);
  std::array<std::size_t, 3> sorted = axes.source;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != AxisMap().source) throw Error("its axes are no order of 0, 1 and 2");
  return axes;
}

StoredSinogram geometry_from_json(const Json& json) {
  StoredSinogram stored;
  ParallelScan& scan = stored.sinogram.scan;
  if (json.at("geometry") != "parallel") throw Error("its geometry is not 'parallel'");
  json.at("views").get_to(scan.views);
  json.at("detectors").get_to(scan.detectors);
  json.at("detector_spacing_mm").get_to(scan.detector_spacing_mm);
  json.at("first_angle_rad").get_to(scan.first_angle_rad);
  if (json.at("angular_range_deg") != 180) throw Error("its angular range is not 180 degrees");
  if (!(scan.detector_spacing_mm > 0) || !std::isfinite(scan.detector_spacing_mm) ||
      !std::isfinite(scan.first_angle_rad)) {
    throw Error("its detector spacing or first angle is not possible");
  }
  stored.grid = grid_from_json(json.at("grid"));
  if (json.contains("axes")) stored.axes = axes_from_json(json.at("axes"));
  return stored;
}

}  // namespace

void write_sinogram(const fs::path& path, const StoredSinogram& stored, Json details, const Provenance& provenance,
                    const std::vector<fs::path>& sources, Overwrite overwrite) {
  const Sinogram& sinogram = stored.sinogram;
  Volume volume;
  volume.grid = Grid::centred({sinogram.scan.detectors, sinogram.scan.views, sinogram.slices},
                              {sinogram.scan.detector_spacing_mm, 1.0, stored.projected_grid().spacing_mm()[2]});
  volume.voxels = sinogram.line_integrals;
  Json beside = Json::object(), all = geometry_json(stored);
  if (details.contains("recipe")) beside["recipe"] = std::move(details["recipe"]);  // of every volume in one place
  details.erase("recipe");
  all.update(details);
  beside["sinogram"] = std::move(all);
  const WriteReport report = write_volume(path, volume, VoxelType::float32, overwrite);
  write_sidecar(path, provenance, sources, report, beside, overwrite);
}

StoredSinogram read_sinogram(const fs::path& path) {
  const Json sidecar = read_sidecar(path);
  if (sidecar.is_null()) {
    throw Error(fmt::format("{}: its sidecar {} is missing; it holds the scan geometry, so keep the two together",
                            path.string(), sidecar_path(path).filename().string()));
  }
  StoredSinogram stored = with_context(sidecar_path(path).string(), [&] {
    try {
      return geometry_from_json(sidecar.at("gdm").at("details").at("sinogram"));
    } catch (const Json::exception&) {
      throw Error("this is not the sidecar of a sinogram made by gdm-recon project");
    }
  });
  Volume volume = read_volume(path);
  const ParallelScan& scan = stored.sinogram.scan;
  const Index3 expected{scan.detectors, scan.views, stored.projected_grid().shape_ijk[2]};
  if (volume.grid.shape_ijk != expected) {
    throw Error(fmt::format("{}: found {} x {} x {} values; the sidecar says {} detectors, {} views, {} slices",
                            path.string(), volume.grid.shape_ijk[0], volume.grid.shape_ijk[1], volume.grid.shape_ijk[2],
                            expected[0], expected[1], expected[2]));
  }
  stored.sinogram.slices = expected[2];
  stored.sinogram.line_integrals = std::move(volume.voxels);
  return stored;
}

}  // namespace gdm::ct
