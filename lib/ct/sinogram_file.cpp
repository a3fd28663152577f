// The NIfTI grid of a sinogram is nominal (spacings of the detector, 1 along the views); what counts is the sidecar.
#include "ct/sinogram_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ct/geometry_file.hpp"
#include "ct/measured.hpp"
#include "image/vectors.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/sha256.hpp"

namespace gdm::ct {
namespace {

constexpr const char* values_digest = "values_sha256";

std::string digest_of(const Voxels<float>& values) {
  return sha256_hex(values.data(), values.size() * sizeof(float));
}

Json grid_json(const Grid& grid) {
  return {{"shape_ijk", grid.shape_ijk},
          {"ijk_to_ras_mm", grid.ijk_to_ras_mm},
          {"sform_code", grid.sform_code},
          {"qform_code", grid.qform_code}};
}

Json stack_json(const StoredSinogram& stored) {
  const ParallelScan& scan = stored.sinogram.scan;
  return {{"geometry", "parallel"},
          {"views", scan.views},
          {"detectors", scan.detectors},
          {"detector_spacing_mm", scan.detector_spacing_mm},
          {"first_angle_rad", scan.first_angle_rad},
          {"angular_range_deg", 180},
          {"view_spacing", "even"},
          {"mu_water_per_mm", stored.beam.mu_water_per_mm},
          {"axes", {{"source", stored.axes.source}, {"flipped", stored.axes.flipped}}},
          {"grid", grid_json(stored.grid)}};
}

Json posed_json(const StoredSinogram& stored) {
  Geometry geometry = *stored.geometry;
  if (!geometry.isocenter_mm) geometry.isocenter_mm = centre_of(stored.grid);
  const PosedScan scan(geometry, *geometry.isocenter_mm);
  return {{"geometry", scan_kind_names()[static_cast<std::size_t>(geometry.kind)]},
          {"views", geometry.view_count()},
          {"angular_range_deg", angular_range_deg(scan)},
          {"view_spacing", has_view_gap(scan) ? "uneven" : "even"},
          {"mu_water_per_mm", stored.beam.mu_water_per_mm},
          {"scan", geometry_to_json(geometry)},
          {"grid", grid_json(stored.grid)}};
}

Json beam_json(const Beam& beam) {
  Json json = Json::object();
  if (beam.electronic_counts > 0) json["electronic_noise_counts"] = beam.electronic_counts;
  if (beam.bow_tie_radius_mm > 0) json["bow_tie_radius_mm"] = beam.bow_tie_radius_mm;
  return json;
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

StoredSinogram stack_from_json(const Json& json) {
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

StoredSinogram posed_from_json(const Json& json) {
  StoredSinogram stored;
  stored.geometry = geometry_from_json(json.at("scan"));
  stored.grid = grid_from_json(json.at("grid"));
  stored.axes = axes_for(stored.grid);
  if (json.at("views") != stored.geometry->view_count())
    throw Error("its scan has another number of views than it tells");
  return stored;
}

/// A number of the sidecar that may be missing, as it was in files of before.
double number_or(const Json& json, const char* key, double otherwise, double least) {
  if (!json.contains(key)) return otherwise;
  const double value = json.at(key).get<double>();
  if (!std::isfinite(value) || value < least) throw Error(fmt::format("its {} is {}", key, value));
  return value;
}

StoredSinogram scan_from_json(const Json& json) {
  StoredSinogram stored = json.contains("scan") ? posed_from_json(json) : stack_from_json(json);
  Beam& beam = stored.beam;
  beam.mu_water_per_mm = number_or(json, "mu_water_per_mm", mu_water_per_mm, 1e-9);
  beam.photons = number_or(json, "photons", 0.0, 0.0);
  if (beam.photons > 0 && beam.photons < 1) {
    throw Error(fmt::format("it tells of {} photons: expected 1 or more, or 0 without noise", beam.photons));
  }
  beam.electronic_counts = number_or(json, "electronic_noise_counts", 0.0, 0.0);
  beam.bow_tie_radius_mm = number_or(json, "bow_tie_radius_mm", 0.0, 0.0);
  return stored;
}

/// Of the file, with what messages call its axes.
struct FileShape {
  Index3 size;
  const char* names;
};
FileShape file_shape(const StoredSinogram& stored) {
  if (stored.geometry) {
    const Geometry& g = *stored.geometry;
    return {{g.detector_columns, g.detector_rows, g.view_count()}, "{} detector columns, {} rows, {} views"};
  }
  const ParallelScan& scan = stored.sinogram.scan;
  return {{scan.detectors, scan.views, stored.projected_grid().shape_ijk[2]}, "{} detectors, {} views, {} slices"};
}

Point3 file_spacing_mm(const StoredSinogram& stored) {
  if (!stored.geometry) return {stored.sinogram.scan.detector_spacing_mm, 1.0, stored.projected_grid().spacing_mm()[2]};
  const Geometry& g = *stored.geometry;
  const bool posed = g.kind == ScanKind::poses;
  return {posed ? length(g.poses.front().u_mm) : g.column_spacing_mm,
          posed ? length(g.poses.front().v_mm) : g.row_spacing_mm, 1.0};
}

}  // namespace

void write_sinogram(const fs::path& path, StoredSinogram stored, Json details, const Provenance& provenance,
                    const std::vector<fs::path>& sources, Overwrite overwrite) {
  Volume volume;
  volume.grid = Grid::centred(file_shape(stored).size, file_spacing_mm(stored));
  Json beside = Json::object(), all = stored.geometry ? posed_json(stored) : stack_json(stored);
  if (details.contains("recipe")) beside["recipe"] = std::move(details["recipe"]);  // of every volume in one place
  details.erase("recipe");
  all.update(beam_json(stored.beam));
  all.update(details);
  beside["sinogram"] = std::move(all);
  volume.voxels = std::move(stored.sinogram.line_integrals);
  beside["sinogram"][values_digest] = digest_of(volume.voxels);
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
      return scan_from_json(sidecar.at("gdm").at("details").at("sinogram"));
    } catch (const Json::exception&) {
      throw Error("this is not the sidecar of a sinogram made by gdm-recon project or import");
    }
  });
  Volume volume = read_volume(path);
  const FileShape expected = file_shape(stored);
  const Index3& found = volume.grid.shape_ijk;
  if (found != expected.size) {
    throw Error(
        fmt::format("{}: found {} x {} x {} values; the sidecar says {}", path.string(), found[0], found[1], found[2],
                    fmt::format(fmt::runtime(expected.names), expected.size[0], expected.size[1], expected.size[2])));
  }
  with_context(path.string(), [&] { require_finite(volume); });
  const Json::json_pointer digest(std::string("/gdm/details/sinogram/") + values_digest);
  if (sidecar.contains(digest) && sidecar.at(digest) != digest_of(volume.voxels)) {
    log_warning(
        fmt::format("{}: holds other values than its sidecar {} was written with, so that the scan it tells may "
                    "be another one's",
                    path.string(), sidecar_path(path).filename().string()));
  }
  stored.sinogram.slices = stored.geometry ? 0 : expected.size[2];
  stored.sinogram.line_integrals = std::move(volume.voxels);
  return stored;
}

}  // namespace gdm::ct
