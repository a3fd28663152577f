#include "data/samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "data/placement.hpp"
#include "image/grid_match.hpp"
#include "image/hu_check.hpp"
#include "image/mask.hpp"
#include "io/nifti/nifti.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/quantile.hpp"
#include "sys/random.hpp"
#include "sys/signals.hpp"

namespace gdm::data {

using nn::cut_patch;
using nn::tensor_of;

namespace {

Tensor read_condition(const fs::path& path, const nn::Condition& condition, const Grid& grid, const nn::HuMap& hu_map) {
  Volume volume = read_volume(path);
  require_finite(tensor_of(volume), path);
  Tensor scaled;
  with_context(path.string(), [&] {
    with_warning_prefix(path.string(), [&] {
      require_same_grid(volume.grid, condition.name, grid, "the target");
      if (condition.scaling == "hu") require_hu_scale(volume, condition.name);
      const Volume turned = nn::turned_for_network(std::move(volume));
      scaled = nn::scale_condition(tensor_of(turned), condition, hu_map);
    });
  });
  return scaled;
}

Sample read_sample(const Case& item, const std::vector<nn::GeneratorConfig::Condition>& conditions,
                   const nn::HuMap& hu_map) {
  if (!item.target) throw Error("no target");
  Sample sample;
  sample.id = item.id;
  sample.patient = item.patient();
  Volume target = read_volume(*item.target);
  const Grid stored_grid = target.grid;
  require_finite(tensor_of(target), *item.target);
  require_hu(target, item.target->string() + ": the target");
  Mask mask = item.mask ? read_mask(*item.mask, &stored_grid) : body_mask_from_ct(target);
  if (count_inside(mask) == 0) throw Error("the mask is empty");
  target = nn::turned_for_network(std::move(target));
  mask = nn::turned_for_network(std::move(mask));
  sample.grid = target.grid;
  sample.mask = tensor_of(mask).unsqueeze(0).clone();
  sample.foreground = foreground_indices(sample.mask);
  sample.target = hu_map.to_unit(tensor_of(target)).unsqueeze(0);
  std::vector<Tensor> channels;
  for (const auto& condition : conditions) {
    channels.push_back(read_condition(item.input(condition.name), condition, stored_grid, hu_map));
  }
  sample.conditions = channels.empty() ? sample.target.slice(0, 0, 0) : torch::stack(channels);
  return sample;
}

}  // namespace

void require_finite(const Tensor& tensor, const fs::path& path) {
  if (!torch::isfinite(tensor).all().item<bool>()) throw Error(path.string() + ": contains NaN or infinite voxels");
}

Sample load_sample(const Case& item, const std::vector<nn::GeneratorConfig::Condition>& conditions,
                   const nn::HuMap& hu_map, Provenance& provenance, const std::string& use) {
  Sample sample = load_sample_again(item, conditions, hu_map);
  provenance.add_source(*item.target, use);
  if (item.mask) provenance.add_source(*item.mask, use);
  for (const auto& condition : conditions) provenance.add_source(item.input(condition.name), use);
  return sample;
}

Sample load_sample_again(const Case& item, const std::vector<nn::GeneratorConfig::Condition>& conditions,
                         const nn::HuMap& hu_map) {
  return with_context("case '" + item.id + "'", [&] { return read_sample(item, conditions, hu_map); });
}

std::vector<Sample> load_samples(const std::vector<Case>& cases,
                                 const std::vector<nn::GeneratorConfig::Condition>& conditions, const nn::HuMap& hu_map,
                                 Provenance& provenance, const std::string& use) {
  std::vector<Sample> samples;
  Progress progress("loading", static_cast<std::int64_t>(cases.size()), "case");
  for (const Case& item : cases) {
    throw_if_stop_requested();
    samples.push_back(load_sample(item, conditions, hu_map, provenance, use));
    progress.advance();
  }
  return samples;
}

void DataDigest::add(const Sample& sample) {
  digest_.update(sample.id.c_str(), sample.id.size() + 1);
  for (const Tensor& tensor : {sample.conditions, sample.target, sample.mask}) {
    const Tensor plain = tensor.contiguous();
    digest_.update(plain.data_ptr(), plain.nbytes());
  }
}

std::string data_digest(const std::vector<Sample>& samples) {
  DataDigest digest;
  for (const Sample& sample : samples) digest.add(sample);
  return digest.hex();
}

double median_edge_mm(const std::vector<Sample>& samples) {
  std::vector<double> edges;
  for (const Sample& sample : samples) edges.push_back(sample.grid.mean_edge_mm());
  return median_of(std::move(edges));
}

std::vector<Case> usable_cases(const Manifest& manifest, const std::string& split) {
  std::vector<Case> cases = manifest.split(split);
  const std::size_t all = cases.size();
  cases.erase(std::remove_if(cases.begin(), cases.end(), [](const Case& item) { return item.error.has_value(); }),
              cases.end());
  if (cases.empty()) throw Error(fmt::format("all {} cases of split '{}' failed in an earlier tool", all, split));
  if (cases.size() < all) {
    log_warning(fmt::format("{} of {} cases of split '{}' failed in an earlier tool and are left out",
                            all - cases.size(), all, split));
  }
  return cases;
}

PatchSampler::PatchSampler(const std::vector<Sample>& samples, const model::PatchShape& patch, std::int64_t batch,
                           std::uint64_t seed)
    : patch_(patch), batch_(batch), seed_(seed) {
  for (const Sample& sample : samples) {
    const auto sizes = sample.target.sizes();
    places_.push_back({sample.foreground, {sizes[1], sizes[2], sizes[3]}, {1, 1, 1}});
  }
  cut_ = [&samples](std::size_t index, const std::array<std::int64_t, 3>& start, const model::PatchShape& shape) {
    const Sample& sample = samples[index];
    return CutPatch{cut_patch(sample.conditions, start, shape, -1.0), cut_patch(sample.target, start, shape, -1.0),
                    cut_patch(sample.mask, start, shape, 0)};
  };
  group_patients(samples);
}

PatchSampler::PatchSampler(const std::vector<Sample>& headers, Cut cut, const model::PatchShape& patch,
                           std::int64_t batch, std::uint64_t seed, PatchChanges changes)
    : cut_(std::move(cut)), patch_(patch), batch_(batch), seed_(seed), changes_(std::move(changes)) {
  for (const Sample& header : headers) {
    const Index3& shape = header.grid.shape_ijk;
    const Point3 spacing = header.grid.spacing_mm();
    places_.push_back({header.foreground, {shape[2], shape[1], shape[0]}, {spacing[2], spacing[1], spacing[0]}});
  }
  group_patients(headers);
}

void PatchSampler::group_patients(const std::vector<Sample>& samples) {
  std::map<std::string, std::size_t> number;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto [place, fresh] = number.emplace(samples[i].patient, patients_.size());
    if (fresh) patients_.emplace_back();
    patients_[place->second].push_back(i);
  }
}

Batch PatchSampler::draw(std::int64_t step, torch::Device device) const {
  Random random(seed_, static_cast<std::uint64_t>(step) + 1);
  std::vector<Tensor> conditions, targets, masks;
  Batch batch;
  for (std::int64_t b = 0; b < batch_; ++b) {
    const auto& owned = patients_[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(patients_.size())))];
    const std::size_t index = owned[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(owned.size())))];
    const Place& place = places_[index];
    const auto start = draw_patch_start(place.foreground, place.shape_dhw, patch_, random);
    const bool flip = random.below(2) == 1;
    batch.places.push_back({index, start, flip});
    at::Generator generator = item_generator(seed_, step, b);
    const CutPatch patch = changes_.draw([&](const auto& from, const auto& shape) { return cut_(index, from, shape); },
                                         start, patch_, place.spacing_dhw_mm, generator);
    const auto turned = [flip](const Tensor& tensor) { return flip ? tensor.flip({3}) : tensor; };
    conditions.push_back(turned(patch.conditions));
    targets.push_back(turned(patch.target));
    masks.push_back(turned(patch.mask));
  }
  batch.conditions = torch::stack(conditions).to(device);
  batch.target = torch::stack(targets).to(device);
  batch.host_mask = torch::stack(masks);
  batch.mask = batch.host_mask.to(device);
  return batch;
}

}  // namespace gdm::data
