#include "bank/patches.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "data/placement.hpp"
#include "data/view.hpp"
#include "nn/resample.hpp"
#include "nn/step_generator.hpp"
#include "sys/error.hpp"
#include "sys/random.hpp"
#include "sys/signals.hpp"

namespace gdm::bank {
namespace {

constexpr std::int64_t patches_in_forward = 4;  // more are no faster and cost memory

struct DrawnPatch {
  std::array<std::int64_t, 3> start{};
  std::int64_t axial_bin = 0;
  data::View view;
  at::Generator generator;
};

double superior_of(const BankVolume& volume, std::int64_t d, std::int64_t h, std::int64_t w) {
  return volume.superior_mm[0] * static_cast<double>(d) + volume.superior_mm[1] * static_cast<double>(h) +
         volume.superior_mm[2] * static_cast<double>(w);
}

void measure_extent(BankVolume& volume) {
  volume.foreground = data::foreground_indices(volume.mask);
  if (volume.foreground.numel() == 0) throw Error("the mask is empty");
  const std::int64_t height = volume.mask.size(2), width = volume.mask.size(3);
  const auto* flat = volume.foreground.data_ptr<std::int64_t>();
  volume.extent_mm = {1e30, -1e30};
  for (std::int64_t n = 0; n < volume.foreground.size(0); ++n) {
    const double at = superior_of(volume, flat[n] / (height * width), flat[n] / width % height, flat[n] % width);
    volume.extent_mm = {std::min(volume.extent_mm[0], at), std::max(volume.extent_mm[1], at)};
  }
}

/// A view of a training's patch; places, turns and later choices follow from the patch's own streams.
DrawnPatch draw_patch(const BankVolume& volume, const BankRecipe& recipe, std::int64_t number) {
  const auto stream = static_cast<std::uint64_t>(row_priority(recipe.seed, volume.id, number, "window", 0));
  Random random(stream);
  DrawnPatch drawn;
  const auto sizes = volume.image.sizes();
  drawn.start =
      data::draw_patch_start(volume.foreground, {sizes[1], sizes[2], sizes[3]}, recipe.training_patch, random);
  drawn.generator = nn::step_generator(stream, 0);
  drawn.view = data::View::random(recipe.training_patch, recipe.patch, drawn.generator);
  std::array<std::int64_t, 3> centre{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    drawn.start[axis] += drawn.view.offset[axis];  // what is cut is the view, so nothing is left for it to cut off
    drawn.view.offset[axis] = 0;
    centre[axis] = drawn.start[axis] + recipe.patch / 2;
  }
  const double height = std::max(volume.extent_mm[1] - volume.extent_mm[0], 1e-6);
  const double place = (superior_of(volume, centre[0], centre[1], centre[2]) - volume.extent_mm[0]) / height;
  drawn.axial_bin = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(std::floor(place * static_cast<double>(recipe.axial_bins))), 0, recipe.axial_bins - 1);
  return drawn;
}

/// Candidates of patch b of a batch -> the vectors that may enter the bank, (n, C); undefined without any.
Tensor chosen_vectors(const Candidates& candidates, std::int64_t b, std::int64_t tokens, at::Generator& generator) {
  const std::string level = level_of(candidates.key);
  Tensor vectors = candidates.vectors.slice(0, b, b + 1);
  const Tensor inside = candidates.inside.slice(0, b, b + 1);
  if (level == "local" || level == "global") {
    vectors = gather_rows(vectors, choose(inside, tokens, generator).indices);
  } else if (level == "spatial") {
    const Tensor block = choose(inside, 1, generator).indices;
    if (block.size(1) == 0) return {};
    const Tensor cells = gather_blocks(vectors, block);
    const Tensor all = torch::ones({cells.size(0), cells.size(1)}, torch::kBool);
    vectors = gather_rows(cells, choose(all, tokens, generator).indices);
  }
  return vectors.size(1) > 0 ? vectors.reshape({-1, vectors.size(2)}) : Tensor();
}

std::vector<Tensor> part_of(const std::vector<Tensor>& maps, std::int64_t first, std::int64_t end) {
  std::vector<Tensor> part;
  for (const Tensor& map : maps) part.push_back(map.slice(0, first, end));
  return part;
}

Tensor priorities_of(const BankRecipe& recipe, const std::string& id, std::int64_t patch, const std::string& key,
                     std::int64_t tokens) {
  const std::string level = level_of(key);
  const std::string& name = level == "global" || level == "upright" ? level : key;
  std::vector<std::int64_t> priorities;
  for (std::int64_t token = 0; token < tokens; ++token) {
    priorities.push_back(row_priority(recipe.seed, id, patch, name, token));
  }
  return torch::tensor(priorities, torch::kInt64);
}

double thread_cpu_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Adds the time until it ends to `time`.
class Stopwatch {
 public:
  explicit Stopwatch(ForwardTime* time) : time_(time), wall_(Clock::now()), cpu_s_(thread_cpu_s()) {}
  ~Stopwatch() {
    if (time_ == nullptr) return;
    time_->wall_s += std::chrono::duration<double>(Clock::now() - wall_).count();
    time_->cpu_s += thread_cpu_s() - cpu_s_;
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  ForwardTime* time_;
  Clock::time_point wall_;
  double cpu_s_;
};

}  // namespace

BankVolume bank_volume(const Tensor& image, const Tensor& mask, const Grid& grid, double spacing_mm) {
  BankVolume volume;
  volume.image = image;
  volume.mask = mask;
  const Point3 spacing = grid.spacing_mm();
  std::array<double, 3> edge{};
  for (std::size_t place = 0; place < 3; ++place) {  // D, H, W are k, j, i
    edge[place] = spacing[2 - place];
    volume.superior_mm[place] = grid.ijk_to_ras_mm[2][2 - place];
  }
  if (spacing_mm > 0) {
    nn::Extent size{};
    for (std::size_t place = 0; place < 3; ++place) {
      const auto old = volume.image.size(static_cast<std::int64_t>(place) + 1);
      size[place] = std::max<std::int64_t>(1, std::llround(static_cast<double>(old) * edge[place] / spacing_mm));
      volume.superior_mm[place] *= static_cast<double>(old) / static_cast<double>(size[place]);
      edge[place] = spacing_mm;
    }
    volume.image = nn::area_mean(volume.image, size);
    volume.mask = nn::majority(volume.mask, size);
  }
  volume.image = nn::air_outside(volume.image, volume.mask).contiguous();
  volume.edge_mm = (edge[0] + edge[1] + edge[2]) / 3.0;
  measure_extent(volume);
  return volume;
}

BankVolume bank_volume(const Case& item, const BankRecipe& recipe, const nn::HuMap& units, Provenance& provenance) {
  const data::Sample sample = data::load_sample(item, {}, units, provenance);
  return with_context("case '" + item.id + "'", [&] {
    BankVolume volume = bank_volume(sample.target, sample.mask, sample.grid, recipe.spacing_mm);
    volume.id = item.id;
    volume.patient = item.patient();
    volume.anatomy = item.meta_text(recipe.anatomy_key, "any");
    volume.user = item.meta_text(recipe.stratum_key, "");
    return volume;
  });
}

void for_each_patch(const nn::FrozenEncoder& encoder, const BankVolume& volume, const BankRecipe& recipe,
                    const nn::HuMap& units, torch::Device device, PatchLevels levels,
                    const std::function<void(PatchRows&&)>& sink, ForwardTime* time) {
  for (std::int64_t first = 0; first < recipe.patches_per_case; first += patches_in_forward) {
    throw_if_stop_requested();
    const std::int64_t end = std::min(first + patches_in_forward, recipe.patches_per_case);
    std::vector<DrawnPatch> drawn;
    std::vector<Tensor> images, turned_images, turned_masks;
    for (std::int64_t w = first; w < end; ++w) {
      drawn.push_back(draw_patch(volume, recipe, w));
      const DrawnPatch& patch = drawn.back();
      images.push_back(nn::cut_patch(volume.image, patch.start, recipe.patch, nn::air_units).unsqueeze(0));
      if (levels == PatchLevels::upright) continue;
      turned_images.push_back(patch.view.apply(images.back()));
      turned_masks.push_back(patch.view.apply(nn::cut_patch(volume.mask, patch.start, recipe.patch, 0).unsqueeze(0)));
    }
    images.insert(images.end(), turned_images.begin(), turned_images.end());
    const Tensor batch = torch::cat(images).to(device);
    std::vector<Tensor> maps;
    {
      const Stopwatch stopwatch(time);
      maps = encoder.features(batch, units, volume.edge_mm);
    }
    const auto count = static_cast<std::int64_t>(drawn.size());
    auto found = upright_candidates(encoder.taps(), part_of(maps, 0, count));
    if (levels == PatchLevels::all) {
      auto turned = candidates(encoder.taps(), part_of(maps, count, 2 * count), torch::cat(turned_masks));
      std::move(turned.begin(), turned.end(), std::back_inserter(found));
    }
    for (std::int64_t b = 0; b < count; ++b) {
      DrawnPatch& patch = drawn[static_cast<std::size_t>(b)];
      for (const Candidates& candidates : found) {
        const Tensor vectors = chosen_vectors(candidates, b, recipe.tokens_per_patch, patch.generator);
        if (!vectors.defined()) continue;
        sink({candidates.key,
              vectors,
              priorities_of(recipe, volume.id, first + b, candidates.key, vectors.size(0)),
              first + b,
              {volume.anatomy, patch.axial_bin, volume.user}});
      }
    }
  }
}

std::map<std::string, Tensor> upright_rows(const nn::FrozenEncoder& encoder, const BankVolume& volume,
                                           const std::vector<PatchStart>& starts, std::int64_t edge,
                                           const nn::HuMap& units, torch::Device device) {
  std::map<std::string, std::vector<Tensor>> parts;
  const auto count = static_cast<std::int64_t>(starts.size());
  for (std::int64_t first = 0; first < count; first += patches_in_forward) {
    throw_if_stop_requested();
    std::vector<Tensor> images;
    for (std::int64_t n = first; n < std::min(first + patches_in_forward, count); ++n) {
      images.push_back(nn::cut_patch(volume.image, starts[static_cast<std::size_t>(n)], edge, nn::air_units));
    }
    const auto maps = encoder.features(torch::stack(images).to(device), units, volume.edge_mm);
    for (const Candidates& found : upright_candidates(encoder.taps(), maps)) {
      parts[found.key].push_back(found.vectors.squeeze(1));
    }
  }
  std::map<std::string, Tensor> rows;
  for (const auto& [key, some] : parts) rows[key] = torch::cat(some);
  return rows;
}

}  // namespace gdm::bank
