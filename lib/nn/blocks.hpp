// Building blocks of the generator and the encoders. All tensors are (B, C, D, H, W).
#pragma once

#include <limits>

#include "nn/modules.hpp"

namespace gdm::nn {

/// (B, C, D, H, W) -> (B, 8C, D/2, H/2, W/2): each 2^3 block of voxels becomes channels. Sizes must be even.
Tensor space_to_depth(const Tensor& x);
/// Inverse of space_to_depth.
Tensor depth_to_space(const Tensor& x);

/// Throws Error unless there are 1 to 6 levels of 1 to 4096 channels.
void check_widths(const std::vector<std::int64_t>& widths);

torch::nn::Conv3d convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1);
/// Groups of 8 channels, at least 4 groups where the width allows.
torch::nn::GroupNorm group_norm(std::int64_t channels);
/// In fp32, also within autocast: LibTorch 1.13 cannot normalise bf16 with fp32 weights on a CPU.
Tensor normalised(torch::nn::GroupNorm& norm, const Tensor& x);

/// x + conv(silu(norm(conv(silu(norm(x)))))), the pre-activation residual block (He et al. 2016, arXiv 1603.05027). A
/// block with a time width adds a linear map of the time's vector behind the first convolution.
struct ResidualBlockImpl : torch::nn::Module {
  explicit ResidualBlockImpl(std::int64_t channels, std::int64_t time_width = 0);
  /// `time` (B, time width), undefined without one.
  Tensor forward(const Tensor& x, const Tensor& time = {});

  torch::nn::GroupNorm norm1{nullptr}, norm2{nullptr};
  torch::nn::Conv3d conv1{nullptr}, conv2{nullptr};
  torch::nn::Linear of_time{nullptr};
};
TORCH_MODULE(ResidualBlock);

/// Vector of a time in [0, 1]: sinusoids of 1000 t at frequencies from 1 to 1 / 10000 (Vaswani et al. 2017, arXiv
/// 1706.03762, section 3.5), and two linear maps with a silu between them.
struct TimeEmbeddingImpl : torch::nn::Module {
  TimeEmbeddingImpl(std::int64_t sinusoids, std::int64_t width);
  /// (B) -> (B, width)
  Tensor forward(const Tensor& times);

  std::int64_t sinusoids;
  torch::nn::Linear first{nullptr}, second{nullptr};
};
TORCH_MODULE(TimeEmbedding);

/// Upsampling path of a U-Net with additive skips: at each level a 1^3 convolution to the finer width, nearest
/// upsampling to the skip's size, sum with the skip, residual blocks. `widths` run from fine to coarse.
struct UpPathImpl : torch::nn::Module {
  explicit UpPathImpl(const std::vector<std::int64_t>& widths, std::int64_t blocks_per_level = 1,
                      std::int64_t time_width = 0);
  /// `maps` from fine to coarse; returns a map of the finest size and width.
  Tensor forward(const std::vector<Tensor>& maps, const Tensor& time = {});

  std::vector<torch::nn::Conv3d> reduce;
  std::vector<std::vector<ResidualBlock>> blocks;  ///< of each level
};
TORCH_MODULE(UpPath);

/// Downsampling path: residual blocks on the stem's output, then a strided convolution and residual blocks per level.
struct DownPathImpl : torch::nn::Module {
  DownPathImpl(const std::vector<std::int64_t>& widths, std::int64_t blocks_per_level, std::int64_t deepest_blocks,
               std::int64_t time_width = 0);
  /// Maps from fine to coarse; each level halves the size (rounded up).
  /// The first `levels` alone are run.
  std::vector<Tensor> forward(const Tensor& stem, std::size_t levels = std::numeric_limits<std::size_t>::max(),
                              const Tensor& time = {});

  std::vector<torch::nn::Conv3d> reduce;
  std::vector<torch::nn::Sequential> blocks;
};
TORCH_MODULE(DownPath);

}  // namespace gdm::nn
