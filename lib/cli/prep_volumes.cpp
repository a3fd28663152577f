#include "cli/prep_volumes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <set>
#include <sstream>

#include "cli/values.hpp"
#include "prep/reorient.hpp"
#include "prep/resample.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

/// Of each volume, the one that is read and the one that is made: its voxels as float and as they are stored.
constexpr double moved_bytes_per_voxel = 5;

bool parse_real(const std::string& text, double& value) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && std::isfinite(value);
}

/// "mr=0" -> name and value.
std::pair<std::string, float> fill_from_text(const std::string& text) {
  const auto equals = text.find('=');
  double value = 0;
  if (equals == 0 || equals == std::string::npos || !parse_real(text.substr(equals + 1), value)) {
    throw Error(fmt::format("'{}' is not NAME=VALUE such as mr=0", text), Exit::usage);
  }
  return {text.substr(0, equals), static_cast<float>(value)};
}

prep::ResampleOptions options_of(const ResampleCommand& resample) {
  prep::ResampleOptions options;
  options.like = resample.like;
  if (!resample.spacing.empty()) options.spacing_mm = spacing_from_text(resample.spacing);
  if (resample.interpolation == "cubic") options.interpolation = Interpolation::cubic;
  for (const std::string& text : resample.fill) options.fill.insert(fill_from_text(text));
  options.labels = resample.labels;
  return options;
}

std::vector<fs::path> outputs_of(const Case& item, const fs::path& folder) {
  std::vector<fs::path> outputs;
  for (const prep::CaseVolume& volume : prep::case_volumes(item, {}, folder)) outputs.push_back(volume.output);
  return outputs;
}

/// A name that no case has is a slip of the pen, which would otherwise change nothing and stay unseen.
void refuse_unknown_names(const Manifest& manifest, const prep::ResampleOptions& options) {
  std::set<std::string> inputs;
  for (const Case& item : manifest.cases) {
    for (const auto& input : item.inputs) inputs.insert(input.first);
  }
  const auto refuse = [&inputs](const std::string& option, const std::string& name) {
    throw Error(fmt::format("{}: no case has an input '{}'; there are {}", option, name, fmt::join(inputs, ", ")),
                Exit::usage);
  };
  for (const std::string& name : options.labels) {
    if (inputs.count(name) == 0) refuse("--labels", name);
  }
  for (const auto& [name, value] : options.fill) {
    const bool other = name == "target" || name == "mask" || name == "prediction";
    if (!other && inputs.count(name) == 0) refuse("--fill", name);
  }
}

/// What the volumes depend on. Parsed, so that "1" and "1,1,1" are one spacing.
Json json_of(const ResampleCommand& resample, const prep::ResampleOptions& options) {
  return {{"like", options.like},
          {"spacing", options.spacing_mm ? Json(*options.spacing_mm) : Json(nullptr)},
          {"interpolation", resample.interpolation},
          {"fill", options.fill},
          {"labels", options.labels}};
}

/// One volume; --like is then the name of another.
int resample_single(const Program& program, const ResampleCommand& resample) {
  const prep::ResampleOptions options = options_of(resample);
  const Standard& standard = program.standard();
  if (options.like.empty() && !options.spacing_mm) {
    throw Error("one volume needs --like FILE, whose grid it goes to, or --spacing", Exit::usage);
  }
  if (!resample.labels.empty() || !options.fill.empty()) {
    throw Error("--labels and --fill name volumes of a case; of one volume --kind says what it is", Exit::usage);
  }
  if (options.like.empty() && resample.set.input == "-") {
    throw Error("standard input needs --like FILE, as its own grid is known only once it is read", Exit::usage);
  }
  check_single(resample.set, {options.like}, standard.overwrite());
  const fs::path reference = options.like.empty() ? resample.set.input : fs::path(options.like);
  prep::ResamplePlan plan;
  plan.kind = prep::kind_from_name(resample.kind);
  plan.grid = read_nifti_info(reference).grid;
  plan.reference_file = reference;
  plan.reference = "the grid of " + reference.filename().string();
  if (options.spacing_mm) {
    plan.grid = respaced(plan.grid, *options.spacing_mm);
    plan.reference += " with other voxels";
  }
  plan.interpolation = options.interpolation;
  if (standard.dry_run) {
    log_info(fmt::format("would write {} with {}", resample.set.output.string(), describe(plan.grid)));
    return 0;
  }
  prep::resample_volume(resample.set.input, resample.set.output, plan, resample.set.input.filename().string(),
                        program.provenance(), standard.overwrite());
  return 0;
}

}  // namespace

void add_resample_options(CLI::App& command, ResampleCommand& resample) {
  add_new_set_options(command, resample.set);
  command.add_option("--like", resample.like, "Whose grid: an input by name, mask or prediction; of one volume a file")
      ->default_str("target")
      ->type_name("NAME|FILE");
  command
      .add_option("--spacing", resample.spacing, "Voxels of this size, along i, j and k, over the field of that grid")
      ->check(accepted_by(spacing_from_text, "spacing"))
      ->type_name("MM[,MM,MM]");
  takes_one_of(command.add_option("--interpolation", resample.interpolation, "Between the voxels of images"),
               {"linear", "cubic"});
  command
      .add_option("--labels", resample.labels,
                  "An input that is a label map though its name does not say so; repeatable")
      ->default_str("")
      ->type_name("NAME");
  command.add_option("--fill", resample.fill, "Value outside the field of an input, target, ...; repeatable")
      ->check(accepted_by(fill_from_text, "fill"))
      ->default_str("")
      ->type_name("NAME=VALUE");
  takes_one_of(command.add_option("--kind", resample.kind, "What one volume is"), {"ct", "image", "labels", "mask"});
}

int run_resample(const Program& program, const ResampleCommand& resample) {
  if (is_single(resample.set)) return resample_single(program, resample);
  if (resample.kind != "image") {
    throw Error("--kind is for one volume; of a case --labels tells which inputs are label maps", Exit::usage);
  }
  const prep::ResampleOptions options = options_of(resample);
  const fs::path& folder = resample.set.output;
  CaseStep step;
  step.title = "resampling";
  step.accept = [&](const Manifest& manifest) { refuse_unknown_names(manifest, options); };
  step.outputs = [&](const Case& item) { return outputs_of(item, folder); };
  step.options = json_of(resample, options);
  step.sources = prep::files_of;
  step.plan = [&](const Case& item) {
    return fmt::format("{} -> {}", (folder / item.id).string(), describe(prep::resampling_grid(item, options)));
  };
  step.memory_bytes = [&](const Case& item) {
    const auto made = static_cast<double>(prep::resampling_grid(item, options).voxels());
    return moved_bytes_per_voxel * (most_voxels_of(prep::files_of(item)) + made);
  };
  step.work = [&](const Case& item, const Provenance& provenance) {
    prep::resample_case(item, folder, options, provenance, resample.set.overwrite(program));
  };
  step.enter = [&](Case& item) { prep::enter_new_volumes(item, folder); };
  return run_new_set(program, resample.set, step);
}

void add_reorient_options(CLI::App& command, ReorientCommand& reorient) {
  add_new_set_options(command, reorient.set);
  command
      .add_option("--to", reorient.letters, "Directions in which i, j and k increase: RAS, LPS or another of the 48")
      ->required()
      ->check(accepted_by(prep::require_orientation, "orientation"))
      ->type_name("CODE");
}

int run_reorient(const Program& program, const ReorientCommand& reorient) {
  const NewSet& set = reorient.set;
  const Overwrite overwrite = program.standard().overwrite();
  if (is_single(set)) {
    check_single(set, {}, overwrite);
    if (program.standard().dry_run) {
      log_info(fmt::format("would write {}", set.output.string()));
    } else {
      prep::reorient_volume(set.input, set.output, reorient.letters, program.provenance(), overwrite);
    }
    return 0;
  }
  CaseStep step;
  step.title = "reorientation";
  step.options = {{"to", reorient.letters}};
  step.sources = prep::files_of;
  step.outputs = [&](const Case& item) { return outputs_of(item, set.output); };
  step.plan = [&](const Case& item) {
    return fmt::format("{} -> {}", (set.output / item.id).string(), reorient.letters);
  };
  step.memory_bytes = [](const Case& item) { return 2 * moved_bytes_per_voxel * most_voxels_of(prep::files_of(item)); };
  step.work = [&](const Case& item, const Provenance& provenance) {
    prep::reorient_case(item, set.output, reorient.letters, provenance, set.overwrite(program));
  };
  step.enter = [&](Case& item) { prep::enter_new_volumes(item, set.output); };
  return run_new_set(program, set, step);
}

}  // namespace gdm::cli
