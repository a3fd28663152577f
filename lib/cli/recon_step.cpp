#include "cli/recon_step.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/resume.hpp"
#include "ct/sinogram_file.hpp"
#include "io/file_kind.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

bool is_nifti(const fs::path& path) {
  return without_nifti_suffix(path) != path;
}

void require_file(const fs::path& path) {
  if (path != "-" && !fs::exists(path)) throw Error(path.string() + ": no such file");
}

std::vector<fs::path> inputs_of(const Program& program, const ReconOptions& options, const ReconStep& step) {
  std::vector<fs::path> files = step.reads;
  files.push_back(options.input);
  files.emplace_back(program.config_file());
  return files;
}

int run_single(const Program& program, const ReconOptions& options, const ReconStep& step) {
  const Standard& standard = program.standard();
  refuse_batch_options(options.batch);
  if (options.output != "-" && !is_nifti(options.output)) {
    throw Error(fmt::format("-o: '{}' is not a NIfTI name (.nii.gz, .nii)", options.output.string()), Exit::usage);
  }
  std::vector<fs::path> outputs = step.writes;
  add_volume(outputs, options.output);
  refuse_outputs_that_are_read({inputs_of(program, options, step), {}}, outputs);
  require_file(options.input);
  check_volume_writable(options.output, overwrite_of(program, options));
  if (step.accept) step.accept(options.input);
  if (options.batch.resume && are_made({options.output}, [&] { return step.recipe(options.input, ""); })) {
    log_info(options.output.string() + ": was finished already");
  } else if (!standard.dry_run) {
    step.make(options.input, options.output, "");
  } else {
    step.check(options.input);
    log_info(fmt::format("would write {}", options.output.string()));
  }
  return 0;
}

fs::path output_of(const Case& item, const fs::path& folder, const ReconStep& step) {
  return folder / fmt::format("{}_{}.nii.gz", item.id, step.is_prediction ? "pred" : step.name);
}

/// Everything that can be known before computing: inputs that are there, outputs that are not.
void check_batch(Batch& batch, const Program& program, const ReconOptions& options, const ReconStep& step) {
  const Standard& standard = program.standard();
  const Overwrite overwrite = overwrite_of(program, options);
  const fs::path manifest_path = batch.manifest_path(options.output);
  for (const Case& item : batch.cases()) {
    if (item.error) continue;
    try {
      with_context(fmt::format("case '{}'", item.id), [&] {
        require_file(step.source(item));
        if (step.accept) step.accept(step.source(item));
        if (standard.dry_run) step.check(step.source(item));
      });
    } catch (const Error& error) {
      if (!options.batch.keep_going || error.exit_class() == Exit::usage) throw;
    }
  }
  check_folder(options.output);
  if (!standard.dry_run) make_folder(options.output);
  if (!fs::exists(options.output)) return;
  check_writable(manifest_path, overwrite);
  for (const Case& item : batch.cases()) {
    if (!item.error) check_volume_writable(output_of(item, options.output, step), overwrite);
  }
}

/// A case that cannot be made is passed over where the run would go on, as check_batch() does.
bool would_write(Batch& batch, const ReconOptions& options, const ReconStep& step, const Case& item) {
  if (item.error) return false;
  try {
    const fs::path source = step.source(item);
    require_file(source);
    if (options.batch.keep_going) step.check(source);
    return !batch.keeps(output_of(item, options.output, step), [&] { return step.recipe(source, item.id); });
  } catch (const Error&) {
    if (!options.batch.keep_going) throw;
    return false;
  }
}

int run_batch(const Program& program, const ReconOptions& options, const ReconStep& step) {
  Manifest manifest = read_manifest(options.input);
  Batch batch(manifest, options.batch);
  if (options.output == "-" || is_nifti(options.output)) {
    throw Error(fmt::format("-o: a manifest needs a folder, not '{}'", options.output.string()), Exit::usage);
  }
  batch.refuse_outputs_that_are_read(
      {inputs_of(program, options, step), {&manifest}}, options.output,
      [&](const Case& item) { return output_of(item, options.output, step); }, step.writes);
  check_batch(batch, program, options, step);
  if (program.standard().dry_run) {
    const auto wanted = std::count_if(batch.cases().begin(), batch.cases().end(),
                                      [&](const Case& item) { return would_write(batch, options, step, item); });
    log_info(fmt::format("would write {} volumes to {}", wanted, options.output.string()));
    return 0;
  }
  const std::size_t failed = batch.run(step.name, [&](Case& item) {
    const fs::path output = output_of(item, options.output, step);
    const fs::path source = step.source(item);
    if (!batch.keeps(output, [&] { return step.recipe(source, item.id); })) step.make(source, output, item.id);
    if (step.is_prediction) {
      item.prediction = output;
    } else {
      item.inputs[step.name] = output;
    }
  });
  Provenance provenance = program.provenance();
  provenance.add_source(options.input);
  manifest.task = "sparse-ct";
  manifest.cases = batch.cases();
  manifest.provenance = provenance.json();
  manifest.provenance["options"] = step.options;
  write_manifest(batch.manifest_path(options.output), manifest, overwrite_of(program, options));
  if (isatty(STDOUT_FILENO) == 0) write_manifest("-", manifest, Overwrite::replace);
  return static_cast<int>(failed > 0 ? Exit::partial : Exit::ok);
}

/// Standard input may hold either: its first bytes decide.
bool is_batch(const ReconOptions& options, const ReconStep& step) {
  if (options.input != "-") return is_manifest(options.input);
  if (file_kind("-") != FileKind::volume) return true;
  if (step.from_sidecar) {
    throw Error(
        "standard input: is no manifest, and a sinogram needs the sidecar beside it: name the sinogram's file instead",
        Exit::usage);
  }
  return false;
}

}  // namespace

ReconStep sinogram_step(const std::string& name) {
  ReconStep step;
  step.name = name;
  step.from_sidecar = true;
  step.source = [](const Case& item) { return item.input("sinogram"); };
  step.check = [](const fs::path& source) { ct::read_sinogram(source); };
  return step;
}

std::vector<fs::path> with_sidecar(const fs::path& sinogram) {
  return {sinogram, sidecar_path(sinogram)};
}

Overwrite overwrite_of(const Program& program, const ReconOptions& options) {
  return options.batch.overwrite(program.standard().overwrite());
}

int run_step(Program& program, const ReconOptions& options, const ReconStep& step) {
  return is_batch(options, step) ? run_batch(program, options, step) : run_single(program, options, step);
}

CLI::App& add_recon_command(Program& program, ReconOptions& options, const std::string& name,
                            const std::string& description, unsigned has, const std::string& input,
                            std::function<int()> run) {
  CLI::App& command = program.command(name, description, has | has_output | has_dry_run | has_volumes, std::move(run));
  command.add_option("input", options.input, input)->required()->type_name("FILE|MANIFEST");
  command.add_option("-o,--output", options.output, "Volume to write, or the folder for a manifest's cases")
      ->required()
      ->type_name("FILE|DIR");
  add_batch_options(command, options.batch);
  add_resume_option(command, options.batch);
  return command;
}

}  // namespace gdm::cli
