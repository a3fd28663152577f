#include "nn/noise.hpp"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <vector>

#include "sys/sha256.hpp"

namespace gdm::nn {
namespace {

constexpr std::int64_t before_zero = 1024;  // places that a patch may lie before the volume

/// Output `n` of SplitMix64 (Steele, Lea and Flood 2014) started at `key`.
std::uint64_t split_mix_at(std::uint64_t key, std::uint64_t n) {
  std::uint64_t z = key + (n + 1) * 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// Two normal numbers of 64 bits (Box-Muller; 32 bits reach 6.7 standard deviations).
std::array<float, 2> normal_pair(std::uint64_t bits) {
  constexpr double two_pi = 6.283185307179586476925, unit = 1.0 / 4294967296.0;
  const double radius = std::sqrt(-2.0 * std::log((static_cast<double>(bits >> 32) + 0.5) * unit));
  const double angle = two_pi * unit * static_cast<double>(bits & 0xffffffffULL);
  return {static_cast<float>(radius * std::cos(angle)), static_cast<float>(radius * std::sin(angle))};
}

}  // namespace

NoiseField::NoiseField(std::int64_t channels, std::uint64_t seed, const std::string& name) : channels_(channels) {
  const std::string text = fmt::format("noise {} {}", seed, name);
  const std::string digits = sha256_hex(text.data(), text.size());
  std::from_chars(digits.data(), digits.data() + 16, key_, 16);
}

Tensor NoiseField::patch(const std::array<std::int64_t, 3>& start_dhw, const model::PatchShape& shape) const {
  const std::int64_t d = shape[0], h = shape[1], w = shape[2];
  Tensor out = torch::empty({channels_, d, h, w});
  auto* values = out.data_ptr<float>();
  const auto place = [](std::int64_t voxel) { return static_cast<std::uint64_t>(voxel + before_zero); };
  at::parallel_for(0, channels_ * d * h, 64, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      const auto channel = static_cast<std::uint64_t>(row / (d * h));
      const std::uint64_t line =
          (channel << 48) | (place(start_dhw[0] + row / h % d) << 32) | (place(start_dhw[1] + row % h) << 16);
      std::array<float, 2> pair{};
      for (std::int64_t x = 0; x < w; ++x) {
        const std::uint64_t column = place(start_dhw[2] + x);
        if (x == 0 || column % 2 == 0) pair = normal_pair(split_mix_at(key_, line | (column / 2)));
        values[row * w + x] = pair[column % 2];
      }
    }
  });
  return out;
}

Tensor with_step_noise(const Tensor& patches, std::int64_t channels, std::uint64_t seed, std::int64_t step) {
  if (channels == 0) return patches;
  std::vector<Tensor> noise;
  for (std::int64_t item = 0; item < patches.size(0); ++item) {
    const NoiseField field(channels, seed, fmt::format("step {} item {}", step, item));
    noise.push_back(field.patch({0, 0, 0}, {patches.size(2), patches.size(3), patches.size(4)}));
  }
  return torch::cat({patches, torch::stack(noise).to(patches.device())}, 1);
}

}  // namespace gdm::nn
