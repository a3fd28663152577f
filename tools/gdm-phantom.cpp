// gdm-phantom: writes a set of simulated MR/CT pairs with masks and a manifest, so that everything else can be tried
// without a patient.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/app.hpp"
#include "io/manifest.hpp"
#include "phantom/phantom.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

using namespace gdm;

namespace {

struct Options {
  fs::path folder;
  std::int64_t count = 10;
  std::string kind = "head";
  std::int64_t shape = 96;
  double spacing_mm = 2.0;
};

void declare(cli::Program& program, Options& options) {
  CLI::App& app = program.app();
  app.add_option("-o,--output", options.folder, "Folder for the volumes and manifest.json")
      ->required()
      ->type_name("DIR");
  app.add_option("--count", options.count, "Number of cases")->transform(cli::range(1, 9999))->type_name("N");
  cli::takes_one_of(app.add_option("--kind", options.kind, "Anatomy"), phantom::kind_names());
  app.add_option("--shape", options.shape, "Voxels along each edge")->transform(cli::range(16, 512))->type_name("N");
  app.add_option("--spacing", options.spacing_mm, "Edge of a voxel in mm")
      ->transform(cli::range(0.01, 100.0))
      ->type_name("MM");
}

/// 70 % train, 10 % val, 20 % test in that order, with one val and one test case where there are three or more.
std::string split_of(std::int64_t index, std::int64_t count) {
  if (count < 3) return "train";
  const auto share = [count](double part) {
    return std::max<std::int64_t>(1, std::llround(part * static_cast<double>(count)));
  };
  const std::int64_t test = share(0.2), val = share(0.1);
  if (index >= count - test) return "test";
  return index >= count - test - val ? "val" : "train";
}

Manifest plan(const Options& options, std::uint64_t seed) {
  Manifest manifest;
  manifest.task = "mr2ct";
  for (std::int64_t n = 0; n < options.count; ++n) {
    Case item;
    item.id = fmt::format("{}{:04}", options.kind, n + 1);
    item.split = split_of(n, options.count);
    item.inputs["mr"] = options.folder / (item.id + "_mr.nii.gz");
    item.target = options.folder / (item.id + "_ct.nii.gz");
    item.mask = options.folder / (item.id + "_mask.nii.gz");
    item.meta = {{"kind", options.kind}, {"simulated", true}, {"seed", seed}, {"case", n}};
    manifest.cases.push_back(std::move(item));
  }
  return manifest;
}

void check_outputs(const Manifest& manifest, const fs::path& manifest_path, const cli::Standard& standard) {
  if (!standard.force && fs::exists(manifest_path)) {
    throw Error(manifest_path.string() + ": this set is complete already; --force makes it again");
  }
  if (!standard.dry_run) make_folder(manifest_path.parent_path());
  if (!fs::exists(manifest_path.parent_path())) return;
  check_writable(manifest_path, standard.overwrite());
  for (const Case& item : manifest.cases) {
    for (const fs::path& path : {item.inputs.at("mr"), *item.target, *item.mask}) {
      check_writable(path, standard.overwrite());
      check_writable(sidecar_path(path), standard.overwrite());
    }
  }
}

void write_case(const cli::Program& program, const cli::Standard& standard, const Options& options, const Case& item) {
  const auto number = item.meta.at("case").get<std::uint64_t>();
  const phantom::PairedCase pair = phantom::make_case(phantom::kind_from_name(options.kind), options.shape,
                                                      options.spacing_mm, standard.seed, number);
  const Json details = {{"phantom", item.meta}};
  const Overwrite overwrite = standard.overwrite();
  const Provenance provenance = program.provenance();
  const auto finish = [&](const fs::path& path, const WriteReport& report) {
    write_sidecar(path, provenance, {}, report, details, overwrite);
  };
  const fs::path& mr = item.inputs.at("mr");
  // MR intensities are whole numbers below 3071, so the integer type holds them exactly.
  finish(mr, write_volume(mr, pair.mr, VoxelType::int16_hu, overwrite));
  finish(*item.target, write_volume(*item.target, pair.ct_hu, VoxelType::int16_hu, overwrite));
  finish(*item.mask, write_mask(*item.mask, pair.body, overwrite));
}

int run(cli::Program& program, const Options& options) {
  const cli::Standard& standard = program.standard();
  const fs::path manifest_path = options.folder / "manifest.json";
  Manifest manifest = plan(options, standard.seed);
  check_outputs(manifest, manifest_path, standard);
  if (standard.dry_run) {
    log_info(fmt::format("would write {} {} cases of {}^3 voxels to {}", options.count, options.kind, options.shape,
                         options.folder.string()));
    return 0;
  }
  {
    Progress progress("phantoms", options.count, "cases");
    for (const Case& item : manifest.cases) {
      throw_if_stop_requested();
      write_case(program, standard, options, item);
      progress.advance(1, item.id);
    }
  }
  manifest.provenance = program.provenance().json();
  write_manifest(manifest_path, manifest, standard.overwrite());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-phantom",
                       "Simulated MR/CT pairs of heads, pelves and thoraces, with masks and a manifest.");
  Options options;
  declare(program, options);
  program.app().footer("Example:\n  gdm-phantom -o heads --count 20 --kind head --seed 1");
  program.set_run(cli::has_output | cli::has_seed | cli::has_dry_run, [&] { return run(program, options); });
  return program.main(argc, argv);
}
