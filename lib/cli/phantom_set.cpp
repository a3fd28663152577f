#include "cli/phantom_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "phantom/label_anatomy.hpp"
#include "sys/error.hpp"
#include "sys/signals.hpp"

namespace gdm::cli {
namespace {

/// The truth's volumes, by what stands behind the id.
constexpr const char* tissue_name = "labels";
constexpr const char* truth_names[] = {tissue_name, "bone", "air", "ct-clean", "ct-expected"};

fs::path volume_path(const PhantomOptions& options, const std::string& id, const std::string& what) {
  return options.folder / (id + "_" + what + ".nii.gz");
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

void name_volumes(Case& item, const PhantomOptions& options) {
  item.inputs["mr"] = volume_path(options, item.id, "mr");
  item.target = volume_path(options, item.id, "ct");
  item.mask = volume_path(options, item.id, "mask");
  if (options.truth) item.inputs[tissue_name] = volume_path(options, item.id, tissue_name);
}

void plan_procedural(const PhantomOptions& options, std::uint64_t seed, PhantomSet& set) {
  for (std::int64_t n = 0; n < options.count; ++n) {
    PhantomCase planned;
    planned.number = static_cast<std::uint64_t>(n);
    planned.item.id = fmt::format("{}{:04}", options.kind, n + 1);
    planned.item.split = split_of(n, options.count);
    planned.item.meta = {{"kind", options.kind}, {"simulated", true}, {"seed", seed}, {"case", n}};
    set.cases.push_back(std::move(planned));
  }
}

void plan_from_labels(const PhantomOptions& options, std::uint64_t seed, PhantomSet& set) {
  set.source = read_manifest(options.labels);
  std::set<std::string> ids;
  for (const Case& source : set.source.cases) {
    const fs::path& labels = with_context(source.place(options.labels.string()),
                                          [&]() -> const fs::path& { return source.input("labels"); });
    const auto simulated = source.meta.find("simulated");
    if (simulated != source.meta.end() && *simulated == true) {
      throw Error(
          fmt::format("{}: its labels are the truth of a simulated case, whose numbers are places in the table of "
                      "tissues; --labels takes the label maps that it was made from",
                      source.place(options.labels.string())));
    }
    const Grid grid = read_nifti_info(labels).grid;
    for (std::int64_t variant = 1; variant <= options.variants; ++variant) {
      PhantomCase planned;
      planned.label_map = labels;
      planned.label_grid = grid;
      planned.item.id = variant == 1 ? source.id : fmt::format("{}v{}", source.id, variant);
      planned.item.split = source.split;
      planned.item.meta = source.meta;
      // Variants of a head are one patient: no split and no statistics may part them.
      planned.item.meta["patient"] = source.patient();
      planned.item.meta.update(Json{{"kind", "labels"}, {"simulated", true}, {"seed", seed}, {"variant", variant}});
      if (!ids.insert(planned.item.id).second) {
        throw Error(fmt::format("{}: two cases would be called '{}'", options.labels.string(), planned.item.id));
      }
      set.cases.push_back(std::move(planned));
    }
  }
  if (set.cases.empty()) throw Error(options.labels.string() + ": no cases, so no label maps");
}

Volume as_volume(const Mask& mask) {
  Volume volume;
  volume.grid = mask.grid;
  volume.voxels.assign(mask.voxels.begin(), mask.voxels.end());
  return volume;
}

phantom::PairedCase make(const PhantomOptions& options, const phantom::Settings& settings, const PhantomCase& planned,
                         LabelSources& labels, std::uint64_t seed) {
  if (planned.label_map.empty()) {
    return make_case(phantom::kind_from_name(options.kind), options.shape, options.spacing_mm, seed, planned.number,
                     settings);
  }
  const std::shared_ptr<const phantom::LabelSource> source = labels.take(planned.label_map);
  return with_context(planned.label_map.string(), [&] {
    return make_case(*source, options.spacing_mm, options.deformation_mm, seed, planned.item.id, settings);
  });
}

}  // namespace

PhantomSet plan_phantoms(const PhantomOptions& options, std::uint64_t seed) {
  PhantomSet set;
  if (options.from_labels()) {
    plan_from_labels(options, seed, set);
  } else {
    plan_procedural(options, seed, set);
  }
  for (PhantomCase& planned : set.cases) name_volumes(planned.item, options);
  return set;
}

std::vector<fs::path> outputs_of(const PhantomCase& planned, const PhantomOptions& options) {
  std::vector<fs::path> paths{planned.item.inputs.at("mr"), *planned.item.target, *planned.item.mask};
  for (const char* name : truth_names) {
    if (options.truth) paths.push_back(volume_path(options, planned.item.id, name));
  }
  return paths;
}

LabelSources::LabelSources(const PhantomSet& set, const phantom::Settings& settings) : settings_(settings) {
  for (const PhantomCase& planned : set.cases) {
    if (!planned.label_map.empty()) ++entries_[planned.label_map].cases_left;
  }
}

std::shared_ptr<const phantom::LabelSource> LabelSources::take(const fs::path& map) {
  Entry& entry = entries_.at(map);
  const std::lock_guard<std::mutex> lock(entry.mutex);
  if (!entry.source) {
    const Volume labels = read_volume(map);
    entry.source = with_context(map.string(), [&] {
      return std::make_shared<const phantom::LabelSource>(phantom::label_source(labels, settings_));
    });
  }
  std::shared_ptr<const phantom::LabelSource> source = entry.source;
  if (--entry.cases_left == 0) entry.source.reset();
  return source;
}

void LabelSources::check(const PhantomSet& set, double spacing_mm) {
  for (const PhantomCase& planned : set.cases) {  // one after another: a map takes as much memory as its case
    throw_if_stop_requested();
    const std::shared_ptr<const phantom::LabelSource> source = take(planned.label_map);
    with_context(planned.label_map.string(), [&] { phantom::label_case_grid(source->grid(), spacing_mm); });
  }
}

void write_phantom(const Program& program, const PhantomOptions& options, const phantom::Settings& settings,
                   const PhantomCase& planned, LabelSources& labels) {
  const Standard& standard = program.standard();
  const Overwrite overwrite = standard.overwrite();
  const phantom::PairedCase pair = make(options, settings, planned, labels, standard.seed);
  Provenance provenance = program.provenance();
  std::vector<fs::path> sources;
  for (const fs::path& path : {planned.label_map, options.tissues}) {
    if (path.empty()) continue;
    provenance.add_source(path);
    sources.push_back(path);
  }
  const Json details = {{"phantom", planned.item.meta}, {"scans", json_of(settings.protocol)}};
  const auto write = [&](const fs::path& path, const Volume& volume, VoxelType type) {
    write_sidecar(path, provenance, sources, write_volume(path, volume, type, overwrite), details, overwrite);
  };
  const auto write_binary = [&](const fs::path& path, const Mask& mask) {
    write_sidecar(path, provenance, sources, write_mask(path, mask, overwrite), details, overwrite);
  };
  // MR intensities are whole numbers up to 3071, so the integer type holds them exactly.
  write(planned.item.inputs.at("mr"), pair.mr, VoxelType::int16_hu);
  write(*planned.item.target, pair.ct_hu, VoxelType::int16_hu);
  write_binary(*planned.item.mask, pair.body);
  if (!pair.truth) return;
  const auto path = [&](const char* name) { return volume_path(options, planned.item.id, name); };
  Json with_names = details;
  for (const phantom::TissueEntry& tissue : settings.tissues->tissues) with_names["tissues"].push_back(tissue.name);
  write_sidecar(path(tissue_name), provenance, sources,
                write_volume(path(tissue_name), as_volume(pair.truth->tissue), VoxelType::uint8, overwrite), with_names,
                overwrite);
  write_binary(path("bone"), pair.truth->bone);
  write_binary(path("air"), pair.truth->air);
  write(path("ct-clean"), pair.truth->ct_hu, VoxelType::float32);
  write(path("ct-expected"), pair.truth->expected_hu, VoxelType::float32);
}

}  // namespace gdm::cli
