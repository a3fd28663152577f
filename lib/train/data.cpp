#include "train/data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "image/mask.hpp"
#include "io/nifti.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/random.hpp"
#include "sys/sha256.hpp"
#include "sys/signals.hpp"

namespace gdm::train {

using nn::cut_window;
using nn::tensor_of;

namespace {

constexpr std::int64_t most_foreground = 65536;

Volume read_on_grid(const fs::path& path, const Grid& grid, const char* what) {
  Volume volume = read_volume(path);
  if (!same_grid(volume.grid, grid)) {
    throw Error(
        fmt::format("{}: {} has {}, the target has {}", path.string(), what, describe(volume.grid), describe(grid)));
  }
  return volume;
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
    const fs::path& path = item.input(condition.name);
    const Volume volume = nn::turned_for_network(read_on_grid(path, stored_grid, condition.name.c_str()));
    require_finite(tensor_of(volume), path);
    channels.push_back(nn::scale_condition(tensor_of(volume), condition, hu_map));
  }
  sample.conditions = channels.empty() ? sample.target.slice(0, 0, 0) : torch::stack(channels);
  return sample;
}

}  // namespace

Tensor foreground_indices(const Tensor& mask) {
  const Tensor all = mask.flatten().nonzero().flatten();
  const std::int64_t step = std::max<std::int64_t>(1, (all.size(0) + most_foreground - 1) / most_foreground);
  return all.slice(0, 0, all.size(0), step).contiguous();
}

void require_finite(const Tensor& tensor, const fs::path& path) {
  if (!torch::isfinite(tensor).all().item<bool>()) throw Error(path.string() + ": contains NaN or infinite voxels");
}

Sample load_sample(const Case& item, const std::vector<nn::GeneratorConfig::Condition>& conditions,
                   const nn::HuMap& hu_map, Provenance& provenance) {
  Sample sample = with_context("case '" + item.id + "'", [&] { return read_sample(item, conditions, hu_map); });
  provenance.add_source(*item.target);
  if (item.mask) provenance.add_source(*item.mask);
  for (const auto& condition : conditions) provenance.add_source(item.input(condition.name));
  return sample;
}

std::vector<Sample> load_samples(const std::vector<Case>& cases,
                                 const std::vector<nn::GeneratorConfig::Condition>& conditions, const nn::HuMap& hu_map,
                                 Provenance& provenance) {
  std::vector<Sample> samples;
  Progress progress("loading", static_cast<std::int64_t>(cases.size()), "case");
  for (const Case& item : cases) {
    throw_if_stop_requested();
    samples.push_back(load_sample(item, conditions, hu_map, provenance));
    progress.advance();
  }
  return samples;
}

std::string data_digest(const std::vector<Sample>& samples) {
  Sha256 digest;
  for (const Sample& sample : samples) {
    digest.update(sample.id.c_str(), sample.id.size() + 1);
    for (const Tensor& tensor : {sample.conditions, sample.target, sample.mask}) {
      const Tensor plain = tensor.contiguous();
      digest.update(plain.data_ptr(), plain.nbytes());
    }
  }
  return digest.hex();
}

double median_edge_mm(const std::vector<Sample>& samples) {
  std::vector<double> edges;
  for (const Sample& sample : samples) {
    const Point3 spacing = sample.grid.spacing_mm();
    edges.push_back((spacing[0] + spacing[1] + spacing[2]) / 3.0);
  }
  const auto middle = edges.begin() + static_cast<std::ptrdiff_t>(edges.size() / 2);
  std::nth_element(edges.begin(), middle, edges.end());
  return *middle;
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

WindowSampler::WindowSampler(const std::vector<Sample>& samples, std::int64_t window, std::int64_t batch,
                             std::uint64_t seed)
    : samples_(samples), window_(window), batch_(batch), seed_(seed) {
  std::map<std::string, std::size_t> number;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto [place, fresh] = number.emplace(samples[i].patient, patients_.size());
    if (fresh) patients_.emplace_back();
    patients_[place->second].push_back(i);
  }
}

Batch WindowSampler::draw(std::int64_t step, torch::Device device) const {
  Random random(seed_, static_cast<std::uint64_t>(step) + 1);
  std::vector<Tensor> conditions, targets, masks;
  Batch batch;
  for (std::int64_t b = 0; b < batch_; ++b) {
    const auto& owned = patients_[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(patients_.size())))];
    const std::size_t index = owned[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(owned.size())))];
    const Sample& sample = samples_[index];
    batch.cases.push_back(index);
    const auto sizes = sample.target.sizes();
    std::int64_t flat = sample.foreground[random.below(sample.foreground.size(0))].item<std::int64_t>();
    std::array<std::int64_t, 3> start{};
    for (std::size_t axis = 3; axis-- > 0;) {
      const std::int64_t extent = sizes[static_cast<std::int64_t>(axis) + 1];
      const std::int64_t centre = flat % extent;
      flat /= extent;
      const std::int64_t jittered = centre - window_ / 2 + random.below(window_ / 2 + 1) - window_ / 4;
      const std::int64_t last = extent - window_;
      start[axis] = last >= 0 ? std::clamp<std::int64_t>(jittered, 0, last) : last / 2;
    }
    const bool flip = random.below(2) == 1;
    const auto take = [&](const Tensor& volume, double fill) {
      const Tensor window = cut_window(volume, start, window_, fill);
      return flip ? window.flip({3}) : window;
    };
    conditions.push_back(take(sample.conditions, -1.0));
    targets.push_back(take(sample.target, -1.0));
    masks.push_back(take(sample.mask, 0));
  }
  batch.conditions = torch::stack(conditions).to(device);
  batch.target = torch::stack(targets).to(device);
  batch.mask = torch::stack(masks).to(device);
  return batch;
}

}  // namespace gdm::train
