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
  return {found.transform, prep::registration_json(found, options), prep::doubt(found)};
}

void register_pair(const Pair& pair, const RegisterCommand& command, const Program& program,
                   const Provenance& provenance) {
  const Overwrite overwrite = program.standard().overwrite();
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

const prep::CaseVolume& volume_named(const std::vector<prep::CaseVolume>& volumes, const std::string& name) {
  const auto found = std::find_if(volumes.begin(), volumes.end(), [&name](const prep::CaseVolume& volume) {
    return volume.role == name || volume.role == "inputs." + name;
  });
  if (found == volumes.end()) {
    std::string names;
    for (const prep::CaseVolume& volume : volumes) {
      names += (names.empty() ? "" : ", ") + volume.role.substr(volume.role.find('.') + 1);
    }
    throw Error(fmt::format("has no volume '{}'; there are {}", name, names));
  }
  return *found;
}

/// The input that is moved: the one named, or the only image among the inputs.
std::string moving_name(const std::vector<prep::CaseVolume>& volumes, const RegisterCommand& command) {
  if (!command.moving.empty()) return command.moving;
  std::string name;
  for (const prep::CaseVolume& volume : volumes) {
    const bool candidate = volume.role.rfind("inputs.", 0) == 0 && volume.kind != prep::VolumeKind::labels &&
                           volume.role != "inputs." + command.fixed;
    if (!candidate) continue;
    if (!name.empty()) throw Error("has several inputs; --moving names the one that is registered", Exit::usage);
    name = volume.role.substr(volume.role.find('.') + 1);
  }
  if (name.empty()) throw Error("has no input that could be registered");
  return name;
}

Pair pair_of(const Case& item, const RegisterCommand& command) {
  const std::vector<prep::CaseVolume> volumes = prep::case_volumes(item, {}, command.set.output);
  const prep::CaseVolume &fixed = volume_named(volumes, command.fixed),
                         &moving = volume_named(volumes, moving_name(volumes, command));
  if (fixed.role == moving.role) throw Error("--fixed and --moving name one volume", Exit::usage);
  Pair pair{fixed.source, moving, prep::move_files(moving.output), {}};
  for (const std::string& name : command.along) {
    const prep::CaseVolume& other = volume_named(volumes, name);
    if (other.role == fixed.role || other.role == moving.role) {
      throw Error(fmt::format("--along {}: this volume is the fixed or the moving one", name), Exit::usage);
    }
    pair.along.emplace_back(other, other.output);
  }
  return pair;
}

void check_pair(const Pair& pair) {
  for (const fs::path& path : {pair.fixed, pair.moving.source}) {
    if (!fs::exists(path)) throw Error(path.string() + ": no such file");
  }
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
void resample_rest(Case& item, const Pair& pair, const RegisterCommand& command, const Provenance& provenance,
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
  options.like = command.fixed;
  options.spacing_mm = move_options(command).spacing_mm;
  options.interpolation = move_options(command).interpolation;
  prep::resample_case(rest, command.set.output, options, provenance, overwrite);
  for (const prep::CaseVolume& volume : prep::case_volumes(rest, {}, command.set.output)) {
    prep::set_file(item, volume.role, volume.output);
  }
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
  const Pair pair{command.fixed, moving, prep::move_files(command.set.output), {}};
  check_pair(pair);
  refuse_outputs_that_are_read({{pair.fixed, command.set.input, command.transform}, {}}, files_beside(pair));
  for (const fs::path& file : files_beside(pair)) check_writable(file, overwrite);
  if (program.standard().dry_run) {
    log_info(fmt::format("would write {} with {}", command.set.output.string(),
                         describe(prep::move_grid(pair.fixed, move_options(command)))));
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
  const Overwrite overwrite = program.standard().overwrite();
  CaseStep step;
  step.title = "registration";
  step.reads = {command.transform};
  step.beside = [&](const Case& item) { return files_beside(pair_of(item, command)); };
  step.outputs = [&](const Case& item) { return outputs_of(item, command); };
  step.plan = [&](const Case& item) {
    const Pair pair = pair_of(item, command);
    check_pair(pair);
    return fmt::format("{} -> {}", pair.moving.source.string(), pair.files.volume.string());
  };
  step.work = [&](Case& item, const Provenance& provenance) {
    const Pair pair = pair_of(item, command);
    make_folder(pair.files.volume.parent_path());
    register_pair(pair, command, program, provenance);
    resample_rest(item, pair, command, provenance, overwrite);
    prep::set_file(item, pair.moving.role, pair.files.volume);
    for (const auto& [volume, output] : pair.along) prep::set_file(item, volume.role, output);
  };
  return run_new_set(program, command.set, step);
}

}  // namespace gdm::cli
