#include "cli/prep_register.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/outputs.hpp"
#include "cli/values.hpp"
#include "engine/itk.hpp"
#include "prep/case_volumes.hpp"
#include "prep/register.hpp"
#include "prep/resample.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

/// Of the fixed, the moving and the moved volume: themselves and what ITK and the picture hold of them.
constexpr double register_bytes_per_voxel = 9;

prep::RegistrationOptions options_of(const RegisterCommand& command, std::uint64_t seed) {
  prep::RegistrationOptions options;
  options.model = command.model == "rigid"    ? prep::TransformModel::rigid
                  : command.model == "affine" ? prep::TransformModel::affine
                                              : prep::TransformModel::bspline;
  options.starts = command.starts == "header"  ? prep::Starts::header
                   : command.starts == "flips" ? prep::Starts::flips
                                               : prep::Starts::turns;
  options.finest_mm = command.finest_mm;
  options.control_mm = command.control_mm;
  options.seed = seed;
  return options;
}

prep::MoveOptions move_options(const RegisterCommand& command) {
  prep::MoveOptions options;
  if (command.interpolation == "cubic") options.interpolation = Interpolation::cubic;
  if (!command.spacing.empty()) options.spacing_mm = spacing_from_text(command.spacing);
  return options;
}

/// What is registered: a file, and what the moving volume becomes.
struct Pair {
  fs::path fixed;
  std::string fixed_role;  ///< "" of a file
  prep::CaseVolume moving;
  prep::MoveFiles files;
  std::vector<std::pair<prep::CaseVolume, fs::path>> along;  ///< other volumes that move by the same transform
};

struct Found {
  prep::Transform transform;
  Json details;
  std::string doubt;
};

prep::Transform given_transform(const RegisterCommand& command) {
  return with_context(command.transform.string(), [&] { return prep::read_transform(command.transform); });
}

/// The search compares every voxel of the body, and one that is not finite would spoil each sum that it enters.
Volume finite(const fs::path& path) {
  Volume volume = read_volume(path);
  const float least = least_finite(volume);
  std::int64_t count = 0;
  for (float& voxel : volume.voxels) {
    if (std::isfinite(voxel)) continue;
    voxel = least;
    ++count;
  }
  if (count > 0) {
    log_warning(
        fmt::format("{}: {} voxels are not finite; the search takes them for the least value", path.string(), count));
  }
  return volume;
}

Found find_transform(const Pair& pair, const RegisterCommand& command, std::uint64_t seed) {
  if (!command.transform.empty()) {
    return {given_transform(command), {{"registered", {{"given", command.transform.filename().string()}}}}, ""};
  }
  const prep::RegistrationOptions options = options_of(command, seed);
  const prep::Registration found =
      engine::itk_services().register_volumes(finite(pair.fixed), finite(pair.moving.source), options);
  log_info(
      fmt::format("{}: mutual information {:.3f}, {:.0f} % of it lost {:g} mm or degrees beside, {:.0f} % of "
                  "the body met, {} of {} starts agree",
                  pair.moving.source.filename().string(), found.mutual_information, 100 * found.fall_beside,
                  prep::beside_mm, 100 * found.overlap, found.starts_agreeing, found.starts));
  const std::string lonely = prep::lonely(found);
  if (!lonely.empty()) log_warning(fmt::format("{}: {}", pair.moving.source.filename().string(), lonely));
  return {found.transform, prep::registration_json(found, options), prep::doubt(found)};
}

void register_pair(const Pair& pair, const RegisterCommand& command, const Program& program,
                   const Provenance& provenance) {
  const Overwrite overwrite = command.set.overwrite(program);
  const Found found = find_transform(pair, command, program.standard().seed);
  const prep::MoveOptions options = move_options(command);
  const prep::Placement placement = engine::itk_services().place(found.transform, prep::move_grid(pair.fixed, options));
  prep::write_moved({pair.fixed, pair.moving.source, pair.moving.kind}, pair.files, found.transform, placement, options,
                    found.details, provenance, overwrite);
  for (const auto& [volume, output] : pair.along) {
    prep::write_moved({pair.fixed, volume.source, volume.kind}, {output, {}, {}, {}}, found.transform, placement,
                      options, found.details, provenance, overwrite);
  }
  if (found.doubt.empty()) return;
  const std::string message =
      fmt::format("the registration is doubtful: {}; look at {}", found.doubt, pair.files.overlay.string());
  if (!command.accept_doubtful) throw Error(message + "; --accept-doubtful takes it all the same");
  log_warning(message);
}

/// The input that is moved: the one named, or the only image among the inputs.
const prep::CaseVolume& moving_of(const std::vector<prep::CaseVolume>& volumes, const prep::CaseVolume& fixed,
                                  const RegisterCommand& command) {
  if (!command.moving.empty()) return prep::volume_named(volumes, command.moving);
  const prep::CaseVolume* moving = nullptr;
  for (const prep::CaseVolume& volume : volumes) {
    const bool candidate =
        volume.role.rfind("inputs.", 0) == 0 && volume.kind != prep::VolumeKind::labels && volume.role != fixed.role;
    if (!candidate) continue;
    if (moving != nullptr) throw Error("has several inputs; --moving names the one that is registered", Exit::usage);
    moving = &volume;
  }
  if (moving == nullptr) throw Error("has no input that could be registered");
  return *moving;
}

Pair pair_of(const Case& item, const RegisterCommand& command) {
  const std::vector<prep::CaseVolume> volumes = prep::case_volumes(item, {}, command.set.output);
  const prep::CaseVolume& fixed = prep::volume_named(volumes, command.fixed);
  const prep::CaseVolume& moving = moving_of(volumes, fixed, command);
  if (fixed.role == moving.role) throw Error("--fixed and --moving name one volume", Exit::usage);
  Pair pair{fixed.source, fixed.role, moving, prep::move_files(moving.output), {}};
  for (const std::string& name : command.along) {
    const prep::CaseVolume& other = prep::volume_named(volumes, name);
    if (other.role == fixed.role || other.role == moving.role) {
      throw Error(fmt::format("--along {}: this volume is the fixed or the moving one", name), Exit::usage);
    }
    pair.along.emplace_back(other, other.output);
  }
  return pair;
}

/// With --spacing all of the case goes to other voxels.
std::vector<fs::path> sources_of(const Case& item, const RegisterCommand& command) {
  const Pair pair = pair_of(item, command);
  if (!command.spacing.empty()) return prep::files_of(item);
  std::vector<fs::path> sources{pair.fixed, pair.moving.source};
  for (const auto& other : pair.along) sources.push_back(other.first.source);
  return sources;
}

void leave_out(Case& item, const std::string& role) {
  if (role == "target") {
    item.target.reset();
  } else if (role == "mask") {
    item.mask.reset();
  } else if (role == "prediction") {
    item.prediction.reset();
  } else {
    item.inputs.erase(role.substr(role.find('.') + 1));
  }
}

/// With --spacing the rest of the case goes to the same new grid, as its volumes are to fit.
void resample_rest(const Case& item, const Pair& pair, const RegisterCommand& command, const Provenance& provenance,
                   Overwrite overwrite) {
  if (command.spacing.empty()) return;
  Case rest = item;
  const std::vector<prep::CaseVolume> volumes = prep::case_volumes(item, {}, command.set.output);
  for (const prep::CaseVolume& volume : volumes) {
    const bool moves = volume.output == pair.files.volume ||
                       std::any_of(pair.along.begin(), pair.along.end(),
                                   [&volume](const auto& other) { return other.second == volume.output; });
    if (moves) leave_out(rest, volume.role);
  }
  prep::ResampleOptions options;
  options.like = pair.fixed_role;
  options.spacing_mm = move_options(command).spacing_mm;
  options.interpolation = move_options(command).interpolation;
  prep::resample_case(rest, command.set.output, options, provenance, overwrite);
}

/// What has moved, or all with --spacing, into the case.
void enter_moved(Case& item, const RegisterCommand& command) {
  const Pair pair = pair_of(item, command);
  if (!command.spacing.empty()) {
    prep::enter_new_volumes(item, command.set.output);
    return;
  }
  prep::set_file(item, pair.moving.role, pair.files.volume);
  for (const auto& [volume, output] : pair.along) prep::set_file(item, volume.role, output);
}

/// Of registrations that were taken in spite of a doubt, or failed for it.
std::string doubt_of(const Case& item, const RegisterCommand& command) {
  const fs::path volume = pair_of(item, command).files.volume;
  const Json sidecar = read_sidecar(volume);
  const Json::json_pointer place("/gdm/details/registered/doubt");
  const bool doubtful = sidecar.contains(place) && sidecar.at(place).is_string();
  return doubtful && !command.accept_doubtful ? volume.string() + ": is made again: its registration is doubtful" : "";
}

Json json_of(const RegisterCommand& command, std::uint64_t seed) {
  const auto spacing_mm = move_options(command).spacing_mm;
  return {{"fixed", command.fixed},
          {"moving", command.moving},
          {"along", command.along},
          {"model", command.model},
          {"starts", command.starts},
          {"finest", command.finest_mm},
          {"control", command.control_mm},
          {"seed", seed},
          {"spacing", spacing_mm ? Json(*spacing_mm) : Json(nullptr)},
          {"interpolation", command.interpolation}};
}

double memory_of(const fs::path& fixed, const fs::path& moving, const RegisterCommand& command) {
  const auto made = static_cast<double>(prep::move_grid(fixed, move_options(command)).voxels());
  return register_bytes_per_voxel * (voxels_of({fixed, moving}) + made);
}

std::vector<fs::path> outputs_of(const Case& item, const RegisterCommand& command) {
  const Pair pair = pair_of(item, command);
  std::vector<fs::path> outputs{pair.files.volume};
  for (const auto& other : pair.along) outputs.push_back(other.second);
  if (command.spacing.empty()) return outputs;
  outputs.clear();
  for (const prep::CaseVolume& volume : prep::case_volumes(item, {}, command.set.output)) {
    outputs.push_back(volume.output);
  }
  return outputs;
}

std::vector<fs::path> files_beside(const Pair& pair) {
  return {pair.files.transform, pair.files.inverse, pair.files.overlay};
}

int register_single(const Program& program, const RegisterCommand& command) {
  const Overwrite overwrite = program.standard().overwrite();
  if (command.fixed == "target") throw Error("one volume needs --fixed FILE, to whose grid it goes", Exit::usage);
  if (!command.moving.empty() || !command.along.empty()) {
    throw Error("--moving and --along name volumes of a case, and the input is one volume", Exit::usage);
  }
  if (command.set.input == "-" || command.set.output == "-") {
    throw Error("registration writes files beside its volume, so it needs names of files, not '-'", Exit::usage);
  }
  check_single(command.set, {command.fixed, command.transform}, overwrite);
  const prep::CaseVolume moving{"the volume", prep::kind_from_name(command.kind), command.set.input,
                                command.set.output};
  const Pair pair{command.fixed, "", moving, prep::move_files(command.set.output), {}};
  for (const fs::path& path : {pair.fixed, command.set.input}) {
    if (!fs::exists(path)) throw Error(path.string() + ": no such file");
  }
  refuse_outputs_that_are_read({{pair.fixed, command.set.input, command.transform}, {}}, files_beside(pair));
  for (const fs::path& file : files_beside(pair)) check_writable(file, overwrite);
  if (program.standard().dry_run) {
    for (const fs::path& path : {pair.fixed, command.set.input}) static_cast<void>(read_volume(path));
    log_info(fmt::format("would write {} with {}, {}", command.set.output.string(),
                         describe(prep::move_grid(pair.fixed, move_options(command))),
                         memory_text(memory_of(pair.fixed, command.set.input, command))));
    return 0;
  }
  register_pair(pair, command, program, program.provenance());
  return 0;
}

}  // namespace

void add_register_options(CLI::App& command, RegisterCommand& registration) {
  add_new_set_options(command, registration.set);
  command.add_option("--fixed", registration.fixed, "What stays: target or an input; of one volume a file")
      ->type_name("NAME|FILE");
  command
      .add_option("--moving", registration.moving, "Input that is moved; without it the only image among the inputs")
      ->type_name("NAME");
  command.add_option("--along", registration.along, "Another volume that moves by the same transform; repeatable")
      ->default_str("")
      ->type_name("NAME");
  takes_one_of(command.add_option("--model", registration.model, "What the transform may do"),
               {"rigid", "affine", "bspline"});
  takes_one_of(command.add_option("--starts", registration.starts,
                                  "Begin from the header, also from half turns, or from all 24 quarter turns"),
               {"flips", "header", "turns"});
  command.add_option("--finest", registration.finest_mm, "Voxels of the last level of the search, in mm")
      ->transform(range(0.2, 10.0))
      ->type_name("MM");
  command.add_option("--control", registration.control_mm, "Between control points of the B-spline, in mm")
      ->transform(range(5.0, 500.0))
      ->type_name("MM");
  CLI::Option* const given = command.add_option("--transform", registration.transform,
                                                "Apply this transform of ITK's instead of searching one");
  given->type_name("FILE");
  for (const char* option : {"--model", "--starts", "--finest", "--control"}) {
    command.get_option(option)->excludes(given);
  }
  takes_one_of(command.add_option("--kind", registration.kind, "What one volume is"),
               {"ct", "image", "labels", "mask"});
  command
      .add_option("--spacing", registration.spacing,
                  "Voxels of this size over the field of the fixed volume, for all volumes of the case")
      ->check(accepted_by(spacing_from_text, "spacing"))
      ->type_name("MM[,MM,MM]");
  takes_one_of(command.add_option("--interpolation", registration.interpolation, "Between the voxels of images"),
               {"linear", "cubic"});
  command.add_flag("--accept-doubtful", registration.accept_doubtful,
                   "Take a registration whose figures speak against it, with a warning");
}

int run_register(const Program& program, const RegisterCommand& command) {
  if (!command.transform.empty() && !fs::exists(command.transform)) {
    throw Error(command.transform.string() + ": no such file", Exit::usage);
  }
  if (command.control_mm != RegisterCommand().control_mm && command.model != "bspline") {
    throw Error("--control is of --model bspline", Exit::usage);
  }
  if (!command.transform.empty()) static_cast<void>(given_transform(command));
  if (is_single(command.set)) return register_single(program, command);
  if (command.kind != "image") throw Error("--kind is for one volume; the names of a case's tell", Exit::usage);
  const Overwrite overwrite = command.set.overwrite(program);
  CaseStep step;
  step.title = "registration";
  step.options = json_of(command, program.standard().seed);
  step.reads = {command.transform};
  step.sources = [&](const Case& item) { return sources_of(item, command); };
  step.beside = [&](const Case& item) { return files_beside(pair_of(item, command)); };
  step.outputs = [&](const Case& item) { return outputs_of(item, command); };
  step.objection = [&](const Case& item) { return doubt_of(item, command); };
  step.reads_in_dry_run = true;
  step.plan = [&](const Case& item) {
    const Pair pair = pair_of(item, command);
    return fmt::format("{} -> {}", pair.moving.source.string(), pair.files.volume.string());
  };
  step.memory_bytes = [&](const Case& item) {
    const Pair pair = pair_of(item, command);
    return memory_of(pair.fixed, pair.moving.source, command);
  };
  step.work = [&](const Case& item, const Provenance& provenance) {
    const Pair pair = pair_of(item, command);
    make_folder(pair.files.volume.parent_path());
    register_pair(pair, command, program, provenance);
    resample_rest(item, pair, command, provenance, overwrite);
  };
  step.enter = [&](Case& item) { enter_moved(item, command); };
  return run_new_set(program, command.set, step);
}

}  // namespace gdm::cli
