#include "cli/prep_qc.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/new_set.hpp"
#include "cli/outputs.hpp"
#include "image/grid_match.hpp"
#include "image/mask.hpp"
#include "picture/planes.hpp"
#include "picture/slices.hpp"
#include "prep/case_volumes.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

/// The volumes of a case that are pictures, and its mask.
struct CaseImages {
  struct Image {
    std::string title;
    Volume volume;
    bool ct;
  };
  std::vector<Image> volumes;
  Mask mask;
};

std::string titled(const prep::CaseVolume& volume, const Volume& image) {
  const Point3 mm = image.grid.spacing_mm();
  return fmt::format("{}  {:.3g} x {:.3g} x {:.3g} mm", volume.role.substr(volume.role.find('.') + 1), mm[0], mm[1],
                     mm[2]);
}

/// A case whose volumes lie on several grids is the very thing to be seen, so the others are named and not drawn.
CaseImages images_of_case(const Case& item, std::vector<std::string>& remarks) {
  CaseImages images;
  for (const prep::CaseVolume& volume : prep::case_volumes(item, {}, "")) {
    if (volume.kind == prep::VolumeKind::mask) continue;
    Volume image = read_volume(volume.source);
    if (!images.volumes.empty() && !same_grid(image.grid, images.volumes.front().volume.grid)) {
      remarks.push_back(fmt::format("{} lies on another grid than {}: {}", volume.role, images.volumes.front().title,
                                    grid_difference(image.grid, images.volumes.front().volume.grid)));
      continue;
    }
    const std::string title = titled(volume, image);
    images.volumes.push_back({title, std::move(image), volume.kind == prep::VolumeKind::ct});
  }
  if (images.volumes.empty()) throw Error("has no volume to look at");
  const Grid& grid = images.volumes.front().volume.grid;
  if (item.mask) {
    images.mask = read_mask(*item.mask);
    const bool same = same_grid(images.mask.grid, grid);
    if (same && count_inside(images.mask) > 0) return images;
    remarks.push_back(same ? "the mask is empty"
                           : "mask lies on another grid: " + grid_difference(images.mask.grid, grid));
  }
  const Volume& last = images.volumes.back().volume;  // the target, if there is one
  images.mask = images.volumes.back().ct ? body_mask_beside_table(last) : body_mask_from_image(last);
  if (count_inside(images.mask) == 0) images.mask = Mask(grid, 1);
  return images;
}

/// contact.png, or contact-I-of-N.png of a shard.
fs::path sheet_path(const Batch& batch, const fs::path& folder) {
  std::string name = batch.manifest_path(folder).stem().string();
  name.replace(0, std::string("manifest").size(), "contact");
  return folder / (name + ".png");
}

/// The first file of a case that is not there, as a message; "" if all are.
std::string what_is_missing(const Case& item) {
  for (const prep::CaseVolume& volume : prep::case_volumes(item, {}, "")) {
    if (!fs::exists(volume.source)) {
      return fmt::format("case '{}': {}: no such file", item.id, volume.source.string());
    }
  }
  return "";
}

/// Of the case that takes most: its volumes and the mask, which may have to be found in one of them. Pictures stay
/// small.
double most_bytes(const std::vector<Case>& cases) {
  constexpr double bytes_per_voxel = 4, bytes_per_body_voxel = 18;
  double most = 0;
  for (const Case& item : cases) {
    if (item.error || !what_is_missing(item).empty()) continue;
    const std::vector<fs::path> files = prep::files_of(item);
    most = std::max(most, bytes_per_voxel * voxels_of(files) + bytes_per_body_voxel * most_voxels_of(files));
  }
  return most;
}

picture::Picture picture_of(const CaseImages& images, const QcCommand& command) {
  std::vector<picture::Shown> shown;
  for (const auto& [name, volume, ct] : images.volumes) {
    if (ct) {
      shown.push_back(
          {name, &volume, command.level_hu - command.width_hu / 2, command.level_hu + command.width_hu / 2});
    } else {
      const auto [low, high] = picture::window_of(volume, images.mask);
      shown.push_back({name, &volume, low, high});
    }
  }
  return picture::planes(shown, images.mask, true);
}

}  // namespace

void add_qc_options(CLI::App& command, QcCommand& qc) {
  command.add_option("manifest", qc.input, "Manifest (.json, .jsonl, -)")->required()->type_name("MANIFEST|-");
  command.add_option("-o,--output", qc.output, "Folder for ID.png and contact.png")->required()->type_name("DIR");
  add_batch_options(command, qc.batch);
  command.add_option("--level", qc.level_hu, "Centre of the grey window of CT, in HU")
      ->transform(range(-2000.0, 4000.0))
      ->type_name("HU");
  command.add_option("--width", qc.width_hu, "Width of that window, in HU")
      ->transform(range(1.0, 8000.0))
      ->type_name("HU");
}

int run_qc(const Program& program, const QcCommand& command) {
  const Overwrite overwrite = program.standard().overwrite();
  if (command.output == "-") throw Error("-o: pictures need a folder, not '-'", Exit::usage);
  const Manifest manifest = read_manifest(command.input);
  Batch batch(manifest, command.batch);
  const auto path_of = [&](const Case& item) { return command.output / (item.id + ".png"); };
  const fs::path sheet = sheet_path(batch, command.output);
  std::vector<fs::path> outputs{sheet};
  for (const Case& item : batch.cases()) outputs.push_back(path_of(item));
  refuse_outputs_that_are_read({{command.input}, {&manifest}}, outputs);
  check_folder(command.output);
  for (const fs::path& output : outputs) {
    if (fs::exists(command.output)) check_writable(output, overwrite);
  }
  std::size_t missing = 0;
  for (const Case& item : batch.cases()) {  // before any picture is written
    const std::string message = item.error ? "case '" + item.id + "': has failed before" : what_is_missing(item);
    if (message.empty()) continue;
    ++missing;
    if (!item.error && !command.batch.keep_going) throw Error(message);
    if (program.standard().dry_run) log_error(message);  // else it is said when the case's turn comes
  }
  if (program.standard().dry_run) {
    log_info(fmt::format("would write {} pictures and {}, {}", batch.cases().size(), sheet.string(),
                         memory_text(most_bytes(batch.cases()))));
    return static_cast<int>(missing > 0 ? Exit::partial : Exit::ok);
  }
  make_folder(command.output);
  std::vector<std::pair<std::string, picture::Picture>> all;
  const std::size_t failed = batch.run("pictures", [&](const Case& item) {
    std::vector<std::string> remarks;
    picture::Picture picture = picture_of(images_of_case(item, remarks), command);
    for (const std::string& remark : remarks) log_warning(fmt::format("case '{}': {}", item.id, remark));
    picture::write_png(path_of(item), picture, overwrite);
    all.emplace_back(item.id, std::move(picture));
  });
  if (!all.empty()) picture::write_png(sheet, picture::contact_sheet(all), overwrite);
  return static_cast<int>(failed > 0 ? Exit::partial : Exit::ok);
}

}  // namespace gdm::cli
