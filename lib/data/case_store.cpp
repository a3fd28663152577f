#include "data/case_store.hpp"

#include <fmt/format.h>

#include "image/grid_match.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::data {
namespace {

double mib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

}  // namespace

CaseStore::CaseStore(const std::vector<Case>& cases, const std::vector<nn::GeneratorConfig::Condition>& conditions,
                     const nn::HuMap& hu_map, std::uint64_t most_bytes, Provenance& provenance)
    : cases_(cases), conditions_(conditions), hu_map_(hu_map) {
  DataDigest digest;
  Progress progress("loading", static_cast<std::int64_t>(cases.size()), "case");
  for (const Case& item : cases) {
    throw_if_stop_requested();
    Sample sample = load_sample(item, conditions, hu_map, provenance);
    digest.add(sample);
    Kept kept = packed(sample);
    if (bytes_ + kept.bytes() <= most_bytes) {
      bytes_ += kept.bytes();
      ++kept_;
    } else {
      kept = {};
    }
    volumes_.push_back(std::move(kept));
    sample.conditions = sample.target = sample.mask = Tensor();
    headers_.push_back(std::move(sample));
    progress.advance();
  }
  digest_ = digest.hex();
  const std::string text = fmt::format("{} of {} cases are kept in memory ({:.0f} of at most {:.0f} MiB)", kept_,
                                       cases.size(), mib(bytes_), mib(most_bytes));
  if (kept_ == cases.size()) {
    log_verbose(text);
  } else {
    log_info(text + "; the others are read again for each of their patches");
  }
}

CutPatch CaseStore::cut(std::size_t index, const std::array<std::int64_t, 3>& start_dhw,
                        const model::PatchShape& patch) const {
  const Kept* kept = &volumes_[index];
  Kept read;
  if (!kept->mask.defined()) {
    const WarningCapture seen;  // printed when the case was first read
    const Sample sample = load_sample_again(cases_[index], conditions_, hu_map_);
    if (!same_grid(sample.grid, headers_[index].grid)) {
      throw Error(fmt::format("case '{}' has changed since the training began: {}", sample.id,
                              grid_difference(sample.grid, headers_[index].grid)));
    }
    read.target.voxels = sample.target;
    for (std::int64_t c = 0; c < sample.conditions.size(0); ++c) {
      read.conditions.push_back({sample.conditions.slice(0, c, c + 1)});
    }
    read.mask = sample.mask;
    kept = &read;
  }
  const auto patch_of = [&](const Packed& volume) {
    const double air = volume.voxels.scalar_type() == torch::kInt16 ? hu_map_.low_hu : -1.0;
    return unpacked(volume, nn::cut_patch(volume.voxels, start_dhw, patch, air));
  };
  std::vector<Tensor> conditions;
  for (const Packed& condition : kept->conditions) conditions.push_back(patch_of(condition));
  return {torch::cat(conditions), patch_of(kept->target), nn::cut_patch(kept->mask, start_dhw, patch, 0)};
}

std::uint64_t CaseStore::Kept::bytes() const {
  std::uint64_t sum = mask.nbytes() + target.voxels.nbytes();
  for (const Packed& condition : conditions) sum += condition.voxels.nbytes();
  return sum;
}

CaseStore::Kept CaseStore::packed(const Sample& sample) const {
  Kept kept;
  for (std::int64_t c = 0; c < sample.conditions.size(0); ++c) {
    const Tensor condition = sample.conditions.slice(0, c, c + 1);
    const bool in_hu = conditions_[static_cast<std::size_t>(c)].scaling == "hu";
    kept.conditions.push_back(in_hu ? packed(condition, true) : Packed{condition.clone(), true});
  }
  kept.target = packed(sample.target, false);
  kept.mask = sample.mask;
  return kept;
}

CaseStore::Packed CaseStore::packed(const Tensor& units, bool scaled) const {
  Tensor hu = hu_map_.to_hu(units).round();
  if (scaled)
    hu = hu + (units >= nn::scaled_range("hu").most);  // clamped again when it is unpacked, whatever was rounded
  const Packed whole{hu.clamp(-32768, 32767).to(torch::kInt16), scaled};
  if (hu_map_.low_hu == std::round(hu_map_.low_hu) && torch::equal(unpacked(whole, whole.voxels), units)) return whole;
  return {units.clone(), scaled};  // not a part of something larger
}

Tensor CaseStore::unpacked(const Packed& volume, const Tensor& voxels) const {
  if (voxels.scalar_type() != torch::kInt16) return voxels;
  const Tensor units = hu_map_.to_unit(voxels.to(torch::kFloat32));
  const nn::ScaledRange kept = nn::scaled_range("hu");
  return volume.scaled ? units.clamp(kept.least, kept.most) : units;
}

}  // namespace gdm::data
