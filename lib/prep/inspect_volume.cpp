// One volume: what its header says, its values, its mask, and the sidecar beside it.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ct/sinogram_file.hpp"
#include "image/mask.hpp"
#include "io/known_sidecar.hpp"
#include "io/nifti/unknown_orientation.hpp"
#include "prep/inspect.hpp"
#include "sys/error.hpp"

namespace gdm::prep {
namespace {

struct Read {
  NiftiInfo info;
  Volume volume;
  Json sidecar;
  std::string scan;  ///< of a sinogram
};

Json sidecar_of(const fs::path& path, const InspectOptions& options, const Notify& add) {
  try {
    return known_sidecar(path);
  } catch (const Error& error) {
    add({options.check, error.what()});
    return nullptr;
  }
}

Read read(const fs::path& path, const InspectOptions& options, const Notify& add) {
  Read read;
  read.sidecar = sidecar_of(path, options, add);
  if (!describes_sinogram(read.sidecar)) {
    read.volume = read_volume(path, read.info);
    return read;
  }
  read.info = read_nifti_info(path);
  ct::StoredSinogram stored = ct::read_sinogram(path);
  read.scan = fmt::format("{}, of {}", stored.text(), describe(stored.grid));
  read.volume.grid = read.info.grid;
  read.volume.voxels = std::move(stored.sinogram.line_integrals);
  return read;
}

const char* transform_name(const Grid& grid) {
  return grid.sform_code > 0 ? "sform" : grid.qform_code > 0 ? "qform" : "pixdim";
}

std::string byte_order(const NiftiInfo& info) {
  constexpr bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
  return little != info.swapped ? "little-endian" : "big-endian";
}

std::string stored_text(const NiftiInfo& info) {
  std::string text = fmt::format("{}, NIfTI-{}, {}", info.datatype, info.version, byte_order(info));
  if (info.slope == 1.0 && info.intercept == 0.0) {
    text += ", not scaled";
  } else {
    text += fmt::format(", value = {:g} * stored {} {:g}", info.slope, info.intercept < 0 ? '-' : '+',
                        info.intercept < 0 ? -info.intercept : info.intercept);
  }
  if (info.extension_bytes > 0) text += fmt::format(", {} bytes of extensions", info.extension_bytes);
  return text;
}

Json header_json(const NiftiInfo& info) {
  return {{"shape_ijk", info.grid.shape_ijk},
          {"spacing_mm", info.grid.spacing_mm()},
          {"orientation", info.grid.orientation()},
          {"ijk_to_ras_mm", info.grid.ijk_to_ras_mm},
          {"transform", transform_name(info.grid)},
          {"sform_code", info.grid.sform_code},
          {"qform_code", info.grid.qform_code},
          {"nifti_version", info.version},
          {"byte_order", byte_order(info)},
          {"datatype", info.datatype},
          {"slope", info.slope},
          {"intercept", info.intercept},
          {"extension_bytes", info.extension_bytes},
          {"description", info.description}};
}

std::optional<double> coverage(const Grid& grid, const InspectOptions& options, const Notify& add) {
  if (options.mask.empty()) return std::nullopt;
  try {
    const std::int64_t inside = count_inside(read_mask(options.mask, &grid));
    if (inside == 0) throw Error(options.mask.string() + ": the mask is empty");
    return static_cast<double>(inside) / static_cast<double>(grid.voxels());
  } catch (const Error& error) {
    add({true, error.what()});
    return std::nullopt;
  }
}

}  // namespace

Row volume_titles() {
  return {"shape", "spacing/mm", "axes", "min", "mean", "max"};
}

Row volume_cells(const Grid& grid, const ValueSummary& values) {
  const Point3 s = grid.spacing_mm();
  return {fmt::format("{}x{}x{}", grid.shape_ijk[0], grid.shape_ijk[1], grid.shape_ijk[2]),
          fmt::format("{:.3g}x{:.3g}x{:.3g}", s[0], s[1], s[2]),
          grid.orientation(),
          fmt::format("{:.5g}", values.min),
          fmt::format("{:.5g}", values.mean),
          fmt::format("{:.5g}", values.max)};
}

std::string percent(double part, double whole) {
  return fmt::format("{:.1f} %", whole > 0 ? 100.0 * part / whole : 0.0);
}

Json values_json(const ValueSummary& values) {
  const auto share = [&](std::int64_t count) {
    return static_cast<double>(count) / static_cast<double>(std::max<std::int64_t>(values.voxels, 1));
  };
  return {{"min", values.min},
          {"p01", values.p01},
          {"mean", values.mean},
          {"p99", values.p99},
          {"max", values.max},
          {"non_finite_voxels", values.non_finite},
          {"zero_fraction", share(values.zero)},
          {"minimum_fraction", share(values.lowest)}};
}

std::string non_finite_problem(const ValueSummary& values) {
  if (values.non_finite == 0) return {};
  return fmt::format("{} of {} voxels are not finite", values.non_finite, values.voxels);
}

std::string made_by(const Json& sidecar) {
  try {
    const Json& run = sidecar.at("gdm").at("provenance");
    std::string text = run.at("tool").get<std::string>() + " " + run.at("version").get<std::string>();
    for (const Json& source : sidecar.at("Sources")) {
      text += (source == sidecar["Sources"][0] ? " from " : ", ") + source.get<std::string>();
    }
    return text;
  } catch (const Json::exception&) {
    return {};
  }
}

bool describes_sinogram(const Json& sidecar) {
  return sidecar.is_object() && sidecar.contains(Json::json_pointer("/gdm/details/sinogram"));
}

void inspect_volume(const fs::path& path, const InspectOptions& options, const Notify& add, Inspection& result) {
  Read file = read(path, options, add);
  const Grid grid = file.volume.grid;
  const std::optional<double> covered = coverage(grid, options, add);
  const ValueSummary values = summarize_values(file.volume.voxels);
  const auto whole = static_cast<double>(values.voxels);
  result.kind = file.scan.empty() ? "volume" : "sinogram";
  result.json.update(header_json(file.info));
  result.json["values"] = values_json(values);
  if (covered) result.json["mask"] = {{"file", options.mask.string()}, {"coverage", *covered}};
  if (file.sidecar.is_object() && file.sidecar.contains("gdm")) result.json["sidecar"] = file.sidecar;
  result.facts = {{"grid", describe(grid)},
                  {"transform", fmt::format("{} is used (sform code {}, qform code {})", transform_name(grid),
                                            grid.sform_code, grid.qform_code)},
                  {"stored", stored_text(file.info)},
                  {"values", fmt::format("{:.6g} to {:.6g}, mean {:.6g}; 1 % up to {:.6g}, 99 % up to {:.6g}",
                                         values.min, values.max, values.mean, values.p01, values.p99)},
                  {"voxels", fmt::format("{}: {} not finite, {} zero, {} at the minimum", values.voxels,
                                         values.non_finite, percent(static_cast<double>(values.zero), whole),
                                         percent(static_cast<double>(values.lowest), whole))}};
  if (!file.scan.empty()) result.facts.push_back({"scan", file.scan});
  if (covered) {
    result.facts.push_back({"mask", fmt::format("{} covers {}", options.mask.string(), percent(*covered, 1.0))});
  }
  const std::string maker = made_by(file.sidecar);
  if (!maker.empty()) result.facts.push_back({"made by", maker});
  result.volume_row = volume_cells(grid, values);
  result.volume_row.push_back(covered ? percent(*covered, 1.0) : "-");
  result.volume_row.push_back(file.info.datatype);
  result.volume_row.push_back(result.name);
  if (has_unknown_orientation(grid)) add({false, result.name + ": " + unknown_orientation_text});
  const std::string problem = non_finite_problem(values);
  if (!problem.empty()) add({options.check, result.name + ": " + problem});
}

}  // namespace gdm::prep
