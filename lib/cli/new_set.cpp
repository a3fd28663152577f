#include "cli/new_set.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <set>

#include "cli/run.hpp"
#include "sys/error.hpp"

namespace gdm::cli {
namespace {

bool is_volume_name(const fs::path& path) {
  return path == "-" || without_nifti_suffix(path) != path;
}

/// What a path is once links are followed, so that thousands are compared at once.
std::string resolved(const fs::path& path) {
  std::error_code error;
  const fs::path result = fs::weakly_canonical(path, error);
  return (error ? fs::absolute(path).lexically_normal() : result).string();
}

std::set<std::string> files_of(const Manifest& manifest) {
  std::set<std::string> files;
  for (const Case& item : manifest.cases) {
    for (const auto& entry : item.inputs) files.insert(resolved(entry.second));
    for (const auto& path : {item.target, item.mask, item.prediction}) {
      if (path) files.insert(resolved(*path));
    }
  }
  return files;
}

void check_outputs(const std::vector<fs::path>& outputs, const std::set<std::string>& read, Overwrite overwrite) {
  for (const fs::path& output : outputs) {
    if (read.count(resolved(output)) != 0) {
      throw Error(output.string() + ": is a file that the manifest names, so it cannot be an output", Exit::usage);
    }
    if (fs::exists(output.parent_path())) check_volume_writable(output, overwrite);
  }
}

}  // namespace

void add_new_set_options(CLI::App& command, NewSet& set) {
  command.add_option("input", set.input, "Manifest (.json, .jsonl, -), or one volume")
      ->required()
      ->type_name("MANIFEST|FILE|-");
  command.add_option("-o,--output", set.output, "Folder for ID/NAME.nii.gz and manifest.json, or the one volume")
      ->required()
      ->type_name("DIR|FILE|-");
  add_batch_options(command, set.batch);
}

bool is_single(const NewSet& set) {
  return set.input == "-" ? is_volume_name(set.output) : !is_manifest(set.input);
}

void check_single(const NewSet& set, const std::vector<fs::path>& others, Overwrite overwrite) {
  if (!is_volume_name(set.output)) {
    throw Error(fmt::format("-o: '{}' is not a NIfTI name (.nii.gz, .nii)", set.output.string()), Exit::usage);
  }
  refuse_same_path(set.input, set.output);
  refuse_inputs_as_outputs(others, {set.output});
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
  const fs::path manifest_path = batch.manifest_path(set.output);
  refuse_same_path(set.input, manifest_path);
  if (fs::exists(set.output)) check_writable(manifest_path, standard.overwrite());
  const std::set<std::string> read = files_of(manifest);
  const auto check = [&](const Case& item) {
    check_outputs(step.outputs(item), read, standard.overwrite());
    return step.plan(item);
  };
  std::string plan;
  for (const Case& item : batch.cases()) {
    if (item.error) continue;
    try {
      plan += with_context(fmt::format("case '{}'", item.id), [&] { return check(item); }) + "\n";
    } catch (const Error& error) {
      if (!set.batch.keep_going || error.exit_class() == Exit::usage) throw;
    }
  }
  if (standard.dry_run) {
    write_stdout(plan);
    return 0;
  }
  Provenance provenance = program.provenance();
  make_folder(set.output);
  const std::size_t failed = batch.run(step.title, [&](Case& item) {
    check(item);
    Case fresh = item;  // a case that fails keeps its old volumes
    step.work(fresh, provenance);
    item = std::move(fresh);
  });
  if (set.input != "-") provenance.add_source(set.input);
  manifest.cases = batch.cases();
  manifest.provenance = provenance.json();
  write_manifest(manifest_path, manifest, standard.overwrite());
  if (isatty(STDOUT_FILENO) == 0) write_manifest("-", manifest, Overwrite::replace);
  return static_cast<int>(failed > 0 ? Exit::partial : Exit::ok);
}

}  // namespace gdm::cli
