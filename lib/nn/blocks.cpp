#include "nn/blocks.hpp"

#include <algorithm>
#include <cmath>

#include "sys/error.hpp"

namespace gdm::nn {

Tensor space_to_depth(const Tensor& x) {
  const auto s = x.sizes();
  return x.reshape({s[0], s[1], s[2] / 2, 2, s[3] / 2, 2, s[4] / 2, 2})
      .permute({0, 1, 3, 5, 7, 2, 4, 6})
      .reshape({s[0], s[1] * 8, s[2] / 2, s[3] / 2, s[4] / 2});
}

Tensor depth_to_space(const Tensor& x) {
  const auto s = x.sizes();
  return x.reshape({s[0], s[1] / 8, 2, 2, 2, s[2], s[3], s[4]})
      .permute({0, 1, 5, 2, 6, 3, 7, 4})
      .reshape({s[0], s[1] / 8, s[2] * 2, s[3] * 2, s[4] * 2});
}

void check_widths(const std::vector<std::int64_t>& widths) {
  const bool levels = !widths.empty() && widths.size() <= 6;
  if (!levels || std::any_of(widths.begin(), widths.end(), [](std::int64_t w) { return w < 1 || w > 4096; })) {
    throw Error("the widths of a network must be 1 to 6 numbers from 1 to 4096");
  }
}

torch::nn::Conv3d convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  return torch::nn::Conv3d(torch::nn::Conv3dOptions(in, out, kernel).stride(stride).padding(kernel / 2));
}

torch::nn::GroupNorm group_norm(std::int64_t channels) {
  std::int64_t groups = std::max<std::int64_t>(4, channels / 8);
  while (channels % groups != 0) --groups;
  return torch::nn::GroupNorm(groups, channels);
}

Tensor normalised(torch::nn::GroupNorm& norm, const Tensor& x) {
  return norm(x.scalar_type() == torch::kBFloat16 ? x.to(torch::kFloat32) : x);
}

ResidualBlockImpl::ResidualBlockImpl(std::int64_t channels, std::int64_t time_width) {
  norm1 = register_module("norm1", group_norm(channels));
  conv1 = register_module("conv1", convolution(channels, channels, 3));
  norm2 = register_module("norm2", group_norm(channels));
  conv2 = register_module("conv2", convolution(channels, channels, 3));
  if (time_width > 0) of_time = register_module("of_time", torch::nn::Linear(time_width, channels));
}

Tensor ResidualBlockImpl::forward(const Tensor& x, const Tensor& time) {
  Tensor inner = conv1(torch::silu(normalised(norm1, x)));
  if (of_time) inner = inner + of_time(torch::silu(time)).view({x.size(0), -1, 1, 1, 1});
  return x + conv2(torch::silu(normalised(norm2, inner)));
}

TimeEmbeddingImpl::TimeEmbeddingImpl(std::int64_t sinusoids_, std::int64_t width) : sinusoids(sinusoids_) {
  first = register_module("first", torch::nn::Linear(sinusoids, width));
  second = register_module("second", torch::nn::Linear(width, width));
}

Tensor TimeEmbeddingImpl::forward(const Tensor& times) {
  constexpr double per_unit = 1000.0, longest = 10000.0;
  const std::int64_t half = sinusoids / 2;
  const Tensor place = torch::arange(half, times.options()) / static_cast<double>(half - 1);
  const Tensor angles = (times * per_unit).unsqueeze(1) * torch::exp(place * -std::log(longest)).unsqueeze(0);
  return second(torch::silu(first(torch::cat({angles.sin(), angles.cos()}, 1))));
}

UpPathImpl::UpPathImpl(const std::vector<std::int64_t>& widths, std::int64_t blocks_per_level,
                       std::int64_t time_width) {
  for (std::size_t level = 0; level + 1 < widths.size(); ++level) {
    const std::string number = std::to_string(level);
    reduce.push_back(register_module("reduce" + number, convolution(widths[level + 1], widths[level], 1)));
    std::vector<ResidualBlock> stack{register_module("block" + number, ResidualBlock(widths[level], time_width))};
    for (std::int64_t b = 1; b < blocks_per_level; ++b) {
      const std::string name = "block" + number + "_" + std::to_string(b);
      stack.push_back(register_module(name, ResidualBlock(widths[level], time_width)));
    }
    blocks.push_back(std::move(stack));
  }
}

Tensor UpPathImpl::forward(const std::vector<Tensor>& maps, const Tensor& time) {
  Tensor x = maps.back();
  for (std::size_t level = maps.size() - 1; level-- > 0;) {
    x = torch::upsample_nearest3d(reduce[level](x), maps[level].sizes().slice(2));
    x = x + maps[level];
    for (ResidualBlock& block : blocks[level]) x = block(x, time);
  }
  return x;
}

DownPathImpl::DownPathImpl(const std::vector<std::int64_t>& widths, std::int64_t blocks_per_level,
                           std::int64_t deepest_blocks, std::int64_t time_width) {
  for (std::size_t level = 0; level < widths.size(); ++level) {
    const std::string number = std::to_string(level);
    if (level > 0) {
      reduce.push_back(register_module("reduce" + number, convolution(widths[level - 1], widths[level], 3, 2)));
    }
    torch::nn::Sequential stack;
    const std::int64_t count = level + 1 == widths.size() ? deepest_blocks : blocks_per_level;
    for (std::int64_t b = 0; b < count; ++b) stack->push_back(ResidualBlock(widths[level], time_width));
    blocks.push_back(register_module("blocks" + number, stack));
  }
}

std::vector<Tensor> DownPathImpl::forward(const Tensor& stem, std::size_t levels, const Tensor& time) {
  std::vector<Tensor> maps;
  Tensor x = stem;
  for (std::size_t level = 0; level < std::min(levels, blocks.size()); ++level) {
    if (level > 0) x = reduce[level - 1](x);
    for (auto& block : *blocks[level]) x = block.get<ResidualBlockImpl>().forward(x, time);
    maps.push_back(x);
  }
  return maps;
}

}  // namespace gdm::nn
