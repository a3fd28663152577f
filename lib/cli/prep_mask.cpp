#include "cli/prep_mask.hpp"

#include <fmt/format.h>

#include <map>

#include "cli/outputs.hpp"
#include "cli/values.hpp"
#include "image/hu_check.hpp"
#include "image/mask.hpp"
#include "prep/case_volumes.hpp"
#include "prep/split.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

/// The volume, and what is held while the body is found: of an image its sorted values as well.
constexpr double ct_mask_bytes_per_voxel = 8, image_mask_bytes_per_voxel = 14;

/// Reads a CT and writes the mask of the patient in it, with its sidecar.
void write_mask_of(const fs::path& ct, const fs::path& output, const MaskCommand& command, const Provenance& provenance,
                   Overwrite overwrite) {
  const Volume volume = read_volume(ct);
  const bool hu = command.kind == "ct";
  const std::string name = ct == "-" ? "standard input" : ct.string();
  require_varied(volume, name);
  if (hu) require_hu(volume, name);
  const Mask mask = hu ? body_mask_beside_table(volume, static_cast<float>(command.threshold_hu), command.thinnest_mm)
                       : body_mask_from_image(volume, command.thinnest_mm);
  const std::int64_t inside = count_inside(mask);
  if (inside == 0) {
    throw Error(hu ? fmt::format("no voxel of a body lies above {:g} HU", command.threshold_hu)
                   : std::string("no body stands out from the background"));
  }
  const WriteReport report = write_mask(output, mask, overwrite);
  Provenance own = provenance;
  if (ct != "-") own.add_source(ct);
  Json how = {{"kind", command.kind}, {"thinnest_mm", command.thinnest_mm}, {"inside_voxels", inside}};
  if (hu) how["threshold_hu"] = command.threshold_hu;
  write_sidecar(output, own, {ct}, report, {{"body_mask", how}}, overwrite);
}

fs::path ct_of(const Case& item, const std::string& of) {
  if (of != "target") return prep::volume_named(prep::case_volumes(item, {}, ""), of).source;
  if (!item.target) throw Error("has no target, of which the mask is to be; --of names an input that is a CT");
  return *item.target;
}

prep::SplitShares shares_of(const SplitCommand& command) {
  if (!command.shares.empty()) return prep::parse_split(command.shares);
  if (command.val + command.test == 0)
    throw Error("--split, or --val and --test, say how the cases are split", Exit::usage);
  if (command.val + command.test > 1) throw Error("--val and --test are shares, whose sum is at most 1", Exit::usage);
  prep::SplitShares shares;
  shares.share = {100 * (1 - command.val - command.test), 100 * command.val, 100 * command.test};
  return shares;
}

/// Splits within each stratum; a patient whose cases lie in several is drawn with the first of them.
void split_within_strata(Manifest& manifest, const SplitCommand& command, std::uint64_t seed) {
  const prep::SplitShares shares = shares_of(command);
  if (command.stratify.empty()) {
    prep::split_by_patient(manifest.cases, shares, seed);
    return;
  }
  std::map<std::string, std::string> stratum_of;
  for (const Case& item : manifest.cases) {
    const std::string value = item.meta_text(command.stratify, "");
    if (value.empty()) throw Error(fmt::format("case '{}': has no meta.{} to stratify by", item.id, command.stratify));
    stratum_of.emplace(item.patient(), value);
  }
  std::map<std::string, std::vector<Case>> strata;
  for (const Case& item : manifest.cases) strata[stratum_of.at(item.patient())].push_back(item);
  std::map<std::string, std::string> split_of;
  for (auto& [name, cases] : strata) {
    with_context(fmt::format("stratum '{}'", name),
                 [&cases = cases, &shares, seed] { prep::split_by_patient(cases, shares, seed); });
    for (const Case& item : cases) split_of[item.id] = item.split;
  }
  for (Case& item : manifest.cases) item.split = split_of.at(item.id);
}

}  // namespace

void add_mask_options(CLI::App& command, MaskCommand& mask) {
  add_new_set_options(command, mask.set);
  command.add_option("--of", mask.of, "Volume whose body is masked: target, or an input")->type_name("NAME");
  takes_one_of(command.add_option("--kind", mask.kind, "CT in HU, or an image of no fixed scale such as MR"),
               {"ct", "image"});
  command.add_option("--threshold", mask.threshold_hu, "Of CT, what lies above is no air, in HU")
      ->transform(range(-1000, 1000))
      ->type_name("HU");
  command
      .add_option("--thinnest", mask.thinnest_mm,
                  "Half of the thickness, in mm, below which a table or holder does not join the body")
      ->transform(range(0.1, 100.0))
      ->type_name("MM");
}

int run_mask(const Program& program, const MaskCommand& command) {
  if (command.kind == "image" && command.threshold_hu != MaskCommand().threshold_hu) {
    throw Error("--threshold is in HU, and --kind image has none", Exit::usage);
  }
  const NewSet& set = command.set;
  const Overwrite overwrite = set.overwrite(program);
  if (is_single(set)) {
    if (command.of != "target") throw Error("--of names a volume of a case, and the input is one volume", Exit::usage);
    check_single(set, {}, overwrite);
    if (program.standard().dry_run) {
      log_info(fmt::format("would write {}", set.output.string()));
    } else {
      write_mask_of(set.input, set.output, command, program.provenance(), overwrite);
    }
    return 0;
  }
  const auto output_of = [&](const Case& item) { return set.output / item.id / "mask.nii.gz"; };
  CaseStep step;
  step.title = "masks";
  step.options = {{"of", command.of},
                  {"kind", command.kind},
                  {"threshold", command.threshold_hu},
                  {"thinnest", command.thinnest_mm}};
  step.sources = [&](const Case& item) { return std::vector<fs::path>{ct_of(item, command.of)}; };
  step.outputs = [&](const Case& item) { return std::vector<fs::path>{output_of(item)}; };
  step.plan = [&](const Case& item) {
    return fmt::format("{} -> {}", ct_of(item, command.of).string(), output_of(item).string());
  };
  step.memory_bytes = [&](const Case& item) {
    const double bytes_per_voxel = command.kind == "ct" ? ct_mask_bytes_per_voxel : image_mask_bytes_per_voxel;
    return bytes_per_voxel * voxels_of({ct_of(item, command.of)});
  };
  step.work = [&](const Case& item, const Provenance& provenance) {
    make_folder(output_of(item).parent_path());
    write_mask_of(ct_of(item, command.of), output_of(item), command, provenance, overwrite);
  };
  step.enter = [&](Case& item) { item.mask = output_of(item); };
  return run_new_set(program, set, step);
}

void add_split_options(CLI::App& command, SplitCommand& split) {
  command.add_option("manifest", split.input, "Manifest (.json, .jsonl, -)")->required()->type_name("MANIFEST|-");
  command.add_option("-o,--output", split.output, "Manifest to write; - is stdout")
      ->required()
      ->type_name("FILE.json|-");
  CLI::Option* const shares = command.add_option("--split", split.shares,
                                                 "By patient: percent such as 70,15,15, or patients such as rest,8,12");
  shares->check(accepted_by(prep::parse_split, "split"))->type_name("TRAIN,VAL,TEST");
  command.add_option("--val", split.val, "Share of the patients for val, such as 0.1; with --test instead of --split")
      ->transform(range(0.0, 1.0))
      ->excludes(shares)
      ->type_name("SHARE");
  command.add_option("--test", split.test, "Share of the patients for test")
      ->transform(range(0.0, 1.0))
      ->excludes(shares)
      ->type_name("SHARE");
  command
      .add_option("--stratify", split.stratify,
                  "Key of meta, such as site or anatomy, in each of whose values it splits")
      ->type_name("KEY");
}

int run_split(const Program& program, const SplitCommand& command) {
  const Standard& standard = program.standard();
  static_cast<void>(shares_of(command));
  Manifest manifest = read_manifest(command.input, Splits::dropped);
  refuse_outputs_that_are_read({{command.input}, {&manifest}}, {command.output});
  if (command.output != "-") check_writable(command.output, standard.overwrite());
  split_within_strata(manifest, command, standard.seed);
  Provenance provenance = program.provenance();
  if (command.input != "-") provenance.add_source(command.input);
  manifest.provenance = provenance.json();
  std::map<std::string, int> count;
  for (const Case& item : manifest.cases) ++count[item.split];
  log_info(fmt::format("{} cases: {} train, {} val, {} test", manifest.cases.size(), count["train"], count["val"],
                       count["test"]));
  if (!standard.dry_run) write_manifest(command.output, manifest, standard.overwrite());
  return 0;
}

}  // namespace gdm::cli
