#include "cli/prep_to_dicom.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/dicom_series.hpp"
#include "cli/outputs.hpp"
#include "dicom/new_series.hpp"
#include "dicom/split.hpp"
#include "engine/itk.hpp"
#include "image/hu_check.hpp"
#include "io/sidecar.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/version.hpp"

namespace gdm::cli {
namespace {

/// A CT of another patient, or in coordinates of its own, would be planned on all the same.
void warn_if_apart(const Grid& ct, const std::vector<dicom::Frame>& like) {
  for (const dicom::Frame& frame : like) {
    Point3 middle = frame.position_lps_mm;
    for (std::size_t r = 0; r < 3; ++r) {
      middle[r] += 0.5 * (static_cast<double>(frame.shape_ijk[0]) * frame.spacing_mm[0] * frame.i_lps[r] +
                          static_cast<double>(frame.shape_ijk[1]) * frame.spacing_mm[1] * frame.j_lps[r]);
    }
    const Point3 index = ct.index_of_ras({-middle[0], -middle[1], middle[2]});
    bool inside = true;
    for (std::size_t a = 0; a < 3; ++a) {
      inside = inside && index[a] >= -0.5 && index[a] <= static_cast<double>(ct.shape_ijk[a]) - 0.5;
    }
    if (inside) return;
  }
  log_warning("the CT lies beside all images of --like, whose frame of reference it is said to be in");
}

/// A folder is taken for one series, so that nothing else in DICOM may stay in it: not the slices of an earlier series
/// that was longer either, which are not ours to remove.
void refuse_other_dicom(const fs::path& folder, const std::vector<fs::path>& outputs) {
  if (!fs::exists(folder)) return;
  const std::set<fs::path> ours(outputs.begin(), outputs.end());
  std::size_t others = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    std::error_code error;
    const bool hidden = entry.path().filename().string().front() == '.';
    if (hidden || !entry.is_regular_file(error) || ours.count(entry.path()) != 0) continue;
    const dicom::FileHeader header = engine::itk_services().read_dicom_header(entry.path());
    others += header.unread || header.left_out == dicom::no_dicom ? 0 : 1;
  }
  if (others == 0) return;
  throw Error(fmt::format("{}: holds {} other DICOM files and would be taken for one series; give a new folder",
                          folder.string(), others));
}

std::string derivation_of(const fs::path& ct) {
  const auto effort = ct == "-" ? std::nullopt : read_effort(ct);
  const std::string model = effort ? effort->model_sha256 : "";
  return "made by gdm " GDM_VERSION + (model.empty() ? std::string() : ", model SHA-256 " + model);
}

}  // namespace

void add_to_dicom_options(CLI::App& command, ToDicomCommand& to_dicom) {
  command.add_option("ct", to_dicom.ct, "CT in HU")->required()->type_name("FILE|-");
  command
      .add_option("--like", to_dicom.like,
                  "Series whose patient, study and frame of reference it joins, or a file of it")
      ->required()
      ->type_name("DIR|FILE");
  command.add_option("-o,--output", to_dicom.output, "Folder for CT0001.dcm, CT0002.dcm, ...")
      ->required()
      ->type_name("DIR");
  command.add_option("--description", to_dicom.description, "Series description")->type_name("TEXT");
}

int run_to_dicom(const Program& program, const ToDicomCommand& command) {
  const Standard& standard = program.standard();
  if (command.description.size() > 64)
    throw Error("--description: a series has at most 64 characters for it", Exit::usage);
  const auto plain = [](unsigned char c) { return c >= 0x20 && c < 0x7f && c != '\\'; };
  if (!std::all_of(command.description.begin(), command.description.end(), plain)) {
    // The series keeps the character set of the patient's name, in which other letters would be other bytes.
    throw Error("--description: takes printable ASCII without a backslash, which would part it in two", Exit::usage);
  }
  refuse_folder_inside(command.output, {command.like});
  const std::vector<dicom::Frame> like = frames_of_one_series("--like", command.like);
  const Volume ct = read_volume(command.ct);
  const std::string name = command.ct == "-" ? "standard input" : command.ct.string();
  require_varied(ct, name);
  require_hu(ct, name);
  warn_if_apart(ct.grid, like);
  dicom::NewSeries series;
  series.ct_hu = &ct;
  series.like = like.front().file;
  series.folder = command.output;
  series.overwrite = standard.overwrite();
  series.description = command.description;
  series.derivation = derivation_of(command.ct);
  std::vector<fs::path> outputs;
  for (std::int64_t k = 0; k < ct.grid.shape_ijk[2]; ++k) outputs.push_back(command.output / dicom::slice_name(k));
  RunInputs inputs{{command.ct}, {}};
  for (const dicom::Frame& frame : like) inputs.files.push_back(frame.file);
  refuse_outputs_that_are_read(inputs, outputs);
  check_folder(command.output);
  for (const fs::path& output : outputs) {
    if (fs::exists(command.output)) check_writable(output, series.overwrite);
  }
  refuse_other_dicom(command.output, outputs);
  if (standard.dry_run) {
    log_info(fmt::format("would write {} slices to {}", outputs.size(), command.output.string()));
    return 0;
  }
  with_context(name, [&] { engine::itk_services().write_dicom_series(series); });
  if (series.clamped > 0)
    log_warning(fmt::format("{}: {} voxels were clamped to -1024 to 3071 HU", name, series.clamped));
  if (series.not_finite > 0)
    log_warning(fmt::format("{}: {} voxels are not finite and became -1024 HU", name, series.not_finite));
  return 0;
}

}  // namespace gdm::cli
