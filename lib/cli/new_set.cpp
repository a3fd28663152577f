#include "cli/new_set.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/outputs.hpp"
#include "cli/resume.hpp"
#include "cli/run.hpp"
#include "prep/case_volumes.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

/// Neither the manifest nor a volume of a case may take the place of a file that is read.
void refuse_sources(const NewSet& set, const Program& program, const Manifest& manifest, const std::vector<Case>& cases,
                    const CaseStep& step, const fs::path& manifest_path) {
  std::vector<fs::path> outputs{manifest_path};
  for (const Case& item : cases) {
    if (item.error) continue;
    try {
      for (const fs::path& volume : step.outputs(item)) add_volume(outputs, volume);
      if (!step.beside) continue;
      for (const fs::path& file : step.beside(item)) outputs.push_back(file);
    } catch (const Error& error) {  // a case without what the step needs fails by itself, and says which it is
      if (!set.batch.keep_going) throw Error(fmt::format("case '{}': {}", item.id, error.what()), error.exit_class());
    }
  }
  RunInputs inputs{{set.input, program.config_file()}, {&manifest}};
  inputs.files.insert(inputs.files.end(), step.reads.begin(), step.reads.end());
  refuse_outputs_that_are_read(inputs, outputs);
}

/// The case's line of a dry run. Throws Error for what would end it.
std::string checked(const Case& item, const CaseStep& step, Overwrite overwrite, bool dry_run) {
  const std::vector<fs::path> sources = step.sources(item);
  for (const prep::CaseVolume& volume : prep::case_volumes(item, {}, "")) {
    const bool read = std::find(sources.begin(), sources.end(), volume.source) != sources.end();
    if (read && !fs::exists(volume.source)) throw Error(volume.role + ": " + volume.source.string() + ": no such file");
  }
  for (const fs::path& output : step.outputs(item)) {
    if (fs::exists(output.parent_path())) check_volume_writable(output, overwrite);
  }
  for (const fs::path& file : step.beside ? step.beside(item) : std::vector<fs::path>()) {
    if (fs::exists(file.parent_path())) check_writable(file, overwrite);
  }
  const std::string plan = step.plan(item);
  if (!dry_run) return plan;
  const std::string line = fmt::format("{}, {}", plan, memory_text(step.memory_bytes(item)));
  if (!step.reads_in_dry_run) return line;
  for (const fs::path& source : sources) static_cast<void>(read_volume(source));
  return line;
}

/// The work on a case, unless --resume finds it done.
void make_or_keep(Case& item, const CaseStep& step, Batch& batch, const Provenance& provenance) {
  const std::vector<fs::path> outputs = step.outputs(item);
  const auto recipe = [&] {
    std::vector<fs::path> sources = step.sources(item);
    std::copy_if(step.reads.begin(), step.reads.end(), std::back_inserter(sources),
                 [](const fs::path& path) { return !path.empty(); });
    return recipe_json(step.title, step.options, sources);
  };
  const auto objection = [&] { return step.objection ? step.objection(item) : std::string(); };
  if (!batch.keeps(outputs, recipe, objection)) {
    step.work(item, provenance);
    add_recipe(outputs, recipe());
  }
  step.enter(item);  // a case that fails keeps its old volumes
}

}  // namespace

bool is_volume_name(const fs::path& path) {
  return path == "-" || without_nifti_suffix(path) != path;
}

double voxels_of(const std::vector<fs::path>& volumes) {
  double sum = 0;
  for (const fs::path& volume : volumes) sum += static_cast<double>(read_nifti_info(volume).grid.voxels());
  return sum;
}

double most_voxels_of(const std::vector<fs::path>& volumes) {
  double most = 0;
  for (const fs::path& volume : volumes) most = std::max(most, voxels_of({volume}));
  return most;
}

std::string memory_text(double bytes) {
  return fmt::format("about {:.0f} MiB of volumes", std::ceil(bytes / 1048576.0));
}

void add_new_set_options(CLI::App& command, NewSet& set) {
  command.add_option("input", set.input, "Manifest (.json, .jsonl, -), or one volume")
      ->required()
      ->type_name("MANIFEST|FILE|-");
  command.add_option("-o,--output", set.output, "Folder for ID/NAME.nii.gz and manifest.json, or the one volume")
      ->required()
      ->type_name("DIR|FILE|-");
  add_batch_options(command, set.batch);
  add_resume_option(command, set.batch);
}

bool is_single(const NewSet& set) {
  return set.input == "-" ? is_volume_name(set.output) : !is_manifest(set.input);
}

void check_single(const NewSet& set, const std::vector<fs::path>& others, Overwrite overwrite) {
  refuse_batch_options(set.batch);
  if (fs::is_directory(set.input)) {
    throw Error(fmt::format("{}: is a folder, expected a volume, or a manifest such as {}", set.input.string(),
                            (set.input / "manifest.json").string()),
                Exit::usage);
  }
  if (set.batch.resume) throw Error("--resume is for manifests, and the input is one volume", Exit::usage);
  if (!is_volume_name(set.output)) {
    throw Error(fmt::format("-o: '{}' is not a NIfTI name (.nii.gz, .nii)", set.output.string()), Exit::usage);
  }
  RunInputs inputs{{set.input}, {}};
  inputs.files.insert(inputs.files.end(), others.begin(), others.end());
  std::vector<fs::path> outputs;
  add_volume(outputs, set.output);
  refuse_outputs_that_are_read(inputs, outputs);
  check_volume_writable(set.output, overwrite);
}

int run_new_set(const Program& program, const NewSet& set, const CaseStep& step) {
  const Standard& standard = program.standard();
  if (is_volume_name(set.output)) {
    throw Error(fmt::format("-o: a manifest needs a folder, not '{}'", set.output.string()), Exit::usage);
  }
  Manifest manifest = read_manifest(set.input);
  if (step.accept) step.accept(manifest);
  Batch batch(manifest, set.batch);
  const Overwrite overwrite = set.overwrite(program);
  const fs::path manifest_path = batch.manifest_path(set.output);
  refuse_sources(set, program, manifest, batch.cases(), step, manifest_path);
  check_folder(set.output);
  if (fs::exists(set.output)) check_writable(manifest_path, overwrite);
  std::string plan;
  std::size_t refused = 0;
  for (const Case& item : batch.cases()) {
    if (item.error) continue;
    try {
      plan += with_context(fmt::format("case '{}'", item.id),
                           [&] { return checked(item, step, overwrite, standard.dry_run); }) +
              "\n";
    } catch (const Error& error) {
      if (!set.batch.keep_going || error.exit_class() == Exit::usage) throw;
      ++refused;
      if (standard.dry_run) log_error(error.what());  // a real run says it when it comes to the case
    }
  }
  if (standard.dry_run) {
    write_stdout(plan);
    return static_cast<int>(refused > 0 ? Exit::partial : Exit::ok);
  }
  Provenance provenance = program.provenance();
  make_folder(set.output);
  const std::size_t failed = batch.run(step.title, [&](Case& item) {
    checked(item, step, overwrite, false);
    make_or_keep(item, step, batch, provenance);
  });
  if (set.input != "-") provenance.add_source(set.input);
  manifest.cases = batch.cases();
  manifest.provenance = provenance.json();
  write_manifest(manifest_path, manifest, overwrite);
  if (isatty(STDOUT_FILENO) == 0) write_manifest("-", manifest, Overwrite::replace);
  return static_cast<int>(failed > 0 ? Exit::partial : Exit::ok);
}

}  // namespace gdm::cli
