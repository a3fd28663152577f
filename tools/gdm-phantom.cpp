// gdm-phantom: writes a set of simulated MR/CT pairs with masks and a manifest, so that everything else can be tried
// without a patient.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/app.hpp"
#include "cli/outputs.hpp"
#include "cli/phantom_options.hpp"
#include "cli/phantom_set.hpp"
#include "io/manifest.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/parallel.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

using namespace gdm;

namespace {

void check_outputs(const cli::PhantomSet& set, const cli::PhantomOptions& options, const fs::path& manifest_path,
                   const cli::Standard& standard) {
  std::vector<fs::path> outputs{manifest_path};
  for (const cli::PhantomCase& planned : set.cases) {
    for (const fs::path& path : outputs_of(planned, options)) cli::add_volume(outputs, path);
  }
  cli::refuse_outputs_that_are_read({{options.labels, options.tissues}, {&set.source}}, outputs);
  if (!standard.force && fs::exists(manifest_path)) {
    throw Error(manifest_path.string() + ": this set is complete already; --force makes it again");
  }
  check_folder(manifest_path.parent_path());
  if (!standard.dry_run) make_folder(manifest_path.parent_path());
  if (!fs::exists(manifest_path.parent_path())) return;
  for (const fs::path& path : outputs) check_writable(path, standard.overwrite());
}

/// What a case takes while it is made, from above: images, noise and their copies; the label map and what it becomes.
double bytes_of_case(const cli::PhantomOptions& options, const cli::PhantomSet& set) {
  constexpr double bytes_per_voxel = 48, bytes_per_label = 24;
  if (!options.from_labels()) return bytes_per_voxel * std::pow(static_cast<double>(options.shape), 3);
  double most = 0;
  for (const cli::PhantomCase& planned : set.cases) {
    const auto labels = static_cast<double>(planned.label_grid.voxels());
    const double voxels = labels * planned.label_grid.voxel_mm3() / std::pow(options.spacing_mm, 3);
    most = std::max(most, bytes_per_voxel * voxels + bytes_per_label * labels);
  }
  return most;
}

/// All cases side by side where what all threads hold fits into memory that small machines have, else one after another
/// with their slices side by side.
void make_cases(const cli::Program& program, const cli::PhantomOptions& options, const cli::PhantomSet& set,
                const phantom::Settings& settings) {
  constexpr double memory_bytes = 4e9;
  const bool fits = bytes_of_case(options, set) * thread_count() <= memory_bytes;
  const auto all = static_cast<std::int64_t>(set.cases.size()), together = fits ? all : 1;
  cli::LabelSources labels(set, settings);
  Progress progress("phantoms", all, "cases");
  for (std::int64_t first = 0; first < all; first += together) {
    parallel_for(together, [&](std::int64_t n) {
      throw_if_stop_requested();
      const cli::PhantomCase& planned = set.cases[static_cast<std::size_t>(first + n)];
      write_phantom(program, options, settings, planned, labels);
      progress.advance(1, planned.item.id);
    });
  }
}

int run(cli::Program& program, const cli::PhantomOptions& options) {
  const cli::Standard& standard = program.standard();
  refuse_useless(program.app(), options);
  phantom::Settings settings;
  settings.protocol = protocol_of(options);
  settings.truth = options.truth;
  const phantom::TissueTable tissues =
      phantom::read_tissues(options.tissues.empty() ? phantom::standard_tissues_path() : options.tissues);
  if (!options.from_labels()) tissues.procedural_places();  // a table that lacks one is refused before anything is made
  settings.tissues = &tissues;
  const fs::path manifest_path = options.folder / "manifest.json";
  const cli::PhantomSet set = cli::plan_phantoms(options, standard.seed);
  check_outputs(set, options, manifest_path, standard);
  if (standard.dry_run) {
    if (options.from_labels()) cli::LabelSources(set, settings).check(set, options.spacing_mm);
    const std::string what =
        options.from_labels() ? fmt::format("{} cases from label maps", set.cases.size())
                              : fmt::format("{} {} cases of {}^3 voxels", options.count, options.kind, options.shape);
    log_info(fmt::format("would write {} to {}", what, options.folder.string()));
    return 0;
  }
  make_cases(program, options, set, settings);
  Manifest manifest;
  manifest.task = set.task;
  for (const cli::PhantomCase& planned : set.cases) manifest.cases.push_back(planned.item);
  manifest.provenance = program.provenance().json();
  write_manifest(manifest_path, manifest, standard.overwrite());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-phantom",
                       "Simulated MR/CT pairs of procedural anatomies or from label maps, with masks and a manifest.");
  cli::PhantomOptions options;
  declare(program.app(), options);
  program.app().footer("Example:\n  gdm-phantom -o heads --count 20 --kind head --seed 1");
  program.set_run(cli::has_output | cli::has_seed | cli::has_dry_run, [&] { return run(program, options); });
  return program.main(argc, argv);
}
