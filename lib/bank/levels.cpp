#include "bank/levels.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nn/host.hpp"

namespace gdm::bank {
namespace {

constexpr double variance_floor = 1e-6;
constexpr double smallest_part = 1e-6;  // a divisor where nothing is inside

/// (B, C, d, h, w) -> (B, d*h*w, C)
Tensor cells(const Tensor& map) {
  return map.flatten(2).transpose(1, 2);
}

/// Means over cubes of edge^3 cells, at every cell, axis by axis: avg_pool3d visits all edge^3 cells each time, which
/// cost more than half of what the encoder did.
Tensor cube_means(const Tensor& map, std::int64_t edge) {
  Tensor mean = map;
  for (const std::int64_t dim : {2, 3, 4}) {
    const std::int64_t places = mean.size(dim) - edge + 1;
    Tensor sum = mean.narrow(dim, 0, places);
    for (std::int64_t shift = 1; shift < edge; ++shift) sum = sum + mean.narrow(dim, shift, places);
    mean = sum / static_cast<double>(edge);
  }
  return mean;
}

Tensor deviation(const Tensor& mean_of_square, const Tensor& mean) {
  return (mean_of_square - mean.square()).clamp_min(0.0).add(variance_floor).sqrt();
}

bool wants(const KeyFilter& wanted, const std::string& key) {
  return !wanted || wanted(key);
}

/// Keys "PREFIX.mean" and "PREFIX.std".
bool wants_statistics(const KeyFilter& wanted, const std::string& prefix) {
  return wants(wanted, prefix + ".mean") || wants(wanted, prefix + ".std");
}

void add_statistics(const std::string& prefix, const Tensor& mean, const Tensor& deviation, const Tensor& inside,
                    const KeyFilter& wanted, std::vector<Candidates>& out) {
  if (wants(wanted, prefix + ".mean")) out.push_back({prefix + ".mean", mean, inside});
  if (wants(wanted, prefix + ".std")) out.push_back({prefix + ".std", deviation, inside});
}

/// The part of each cell that is inside, (B, 1, d, h, w): in the host's memory, where rows are counted and chosen, and
/// beside the map, where cells are weighed.
struct InsidePart {
  Tensor host, beside;
};

void add_global(const std::string& level, const Tensor& map, const InsidePart& inside, const nn::Tap& tap,
                const KeyFilter& wanted, std::vector<Candidates>& out) {
  const std::string prefix = fmt::format("{}.{}", level, tap.name);
  if (!wants_statistics(wanted, prefix)) return;
  const Tensor weighted = map * inside.beside, part = inside.beside.sum({2, 3, 4}).clamp_min(smallest_part);
  const Tensor mean = weighted.sum({2, 3, 4}) / part, square = (weighted * map).sum({2, 3, 4}) / part;
  add_statistics(prefix, mean.unsqueeze(1), deviation(square, mean).unsqueeze(1), inside.host.sum({2, 3, 4}) > 0,
                 wanted, out);
}

/// The same of cubes.
void add_local(const Tensor& map, const InsidePart& inside, const nn::Tap& tap, const KeyFilter& wanted,
               std::vector<Candidates>& out) {
  const Tensor weighted = map * inside.beside;
  for (const std::int64_t edge : {2, 4}) {
    const std::string prefix = fmt::format("local.{}.k{}", tap.name, edge);
    if (std::min({map.size(2), map.size(3), map.size(4)}) < edge || !wants_statistics(wanted, prefix)) continue;
    const Tensor all = cube_means(inside.host, edge);
    const Tensor part = nn::to_device(all, map.device()).clamp_min(smallest_part);
    const Tensor mean = cube_means(weighted, edge) / part, square = cube_means(weighted * map, edge) / part;
    add_statistics(prefix, cells(mean), cells(deviation(square, mean)), cells(all).squeeze(2) >= least_inside, wanted,
                   out);
  }
}

/// Cuts a map into aligned blocks of block_edge^3 cells: (B, C, d, h, w) -> (B, blocks * 64, C).
Tensor block_cells(const Tensor& map) {
  constexpr std::int64_t b = block_edge;
  const std::int64_t nd = map.size(2) / b, nh = map.size(3) / b, nw = map.size(4) / b;
  return map.slice(2, 0, nd * b)
      .slice(3, 0, nh * b)
      .slice(4, 0, nw * b)
      .reshape({map.size(0), map.size(1), nd, b, nh, b, nw, b})
      .permute({0, 2, 4, 6, 3, 5, 7, 1})
      .reshape({map.size(0), nd * nh * nw * b * b * b, map.size(1)});
}

void add_spatial(const Tensor& map, const Tensor& host_part, const nn::Tap& tap, const KeyFilter& wanted,
                 std::vector<Candidates>& out) {
  const std::string key = fmt::format("spatial.{}", tap.name);
  if (std::min({map.size(2), map.size(3), map.size(4)}) < block_edge || !wants(wanted, key)) return;
  const Tensor block_means = torch::avg_pool3d(host_part, block_edge);
  const Tensor inside = cells(block_means).squeeze(2) >= least_inside;
  out.push_back({key, block_cells(map), inside});
}

}  // namespace

std::string level_of(const std::string& key) {
  return key.substr(0, key.find('.'));
}

std::size_t tap_number(const std::string& key, const std::vector<nn::Tap>& taps) {
  const std::string behind_level = key.substr(key.find('.') + 1);
  const std::string name = behind_level.substr(0, behind_level.find('.'));
  const auto found = std::find_if(taps.begin(), taps.end(), [&](const nn::Tap& tap) { return tap.name == name; });
  return static_cast<std::size_t>(found - taps.begin());
}

std::vector<Candidates> candidates(const std::vector<nn::Tap>& taps, const std::vector<Tensor>& maps,
                                   const Tensor& mask, const KeyFilter& wanted) {
  std::vector<Candidates> out;
  for (std::size_t index = 0; index < maps.size(); ++index) {
    const Tensor& map = maps[index];
    const nn::Tap& tap = taps.at(index);
    const Tensor part = torch::adaptive_avg_pool3d(mask.to(torch::kFloat32), map.sizes().slice(2));
    const InsidePart inside{part, nn::to_device(part, map.device())};
    add_global("global", map, inside, tap, wanted, out);
    if (tap.stride == 4 || tap.stride == 8) add_local(map, inside, tap, wanted, out);
    if (tap.stride <= 8) add_spatial(map, inside.host, tap, wanted, out);
  }
  return out;
}

std::vector<Candidates> upright_candidates(const std::vector<nn::Tap>& taps, const std::vector<Tensor>& maps) {
  std::vector<Candidates> out;
  for (std::size_t index = 0; index < maps.size(); ++index) {
    const Tensor everywhere = torch::ones_like(maps[index].slice(1, 0, 1), torch::kCPU);
    add_global("upright", maps[index], {everywhere, everywhere.to(maps[index].device())}, taps.at(index), {}, out);
  }
  return out;
}

Chosen choose(const Tensor& inside, std::int64_t count, at::Generator& generator) {
  const std::int64_t available = inside.numel() == 0 ? 0 : nn::host_value<std::int64_t>(inside.sum(1).max());
  const Tensor order = torch::rand(inside.sizes(), generator) + (~inside).to(torch::kFloat32);
  auto [least, indices] = order.topk(std::min(count, available), 1, false);
  return {std::move(indices), least < 1.0};
}

Tensor gather_rows(const Tensor& vectors, const Tensor& indices) {
  return vectors.gather(1, nn::to_device(indices, vectors.device()).unsqueeze(2).expand({-1, -1, vectors.size(2)}));
}

Tensor gather_blocks(const Tensor& vectors, const Tensor& block_indices) {
  constexpr std::int64_t cells_of_block = block_edge * block_edge * block_edge;
  const std::int64_t channels = vectors.size(2);
  const Tensor blocks = vectors.reshape({vectors.size(0), -1, cells_of_block * channels});
  return gather_rows(blocks, block_indices).reshape({-1, cells_of_block, channels});
}

}  // namespace gdm::bank
