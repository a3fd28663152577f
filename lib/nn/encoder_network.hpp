// What all architectures of encoders share.
#pragma once

#include <algorithm>
#include <vector>

#include "nn/encoder.hpp"
#include "nn/modules.hpp"

namespace gdm::nn {

/// A network with taps. Its parameters and buffers are its identity (state_digest).
class EncoderNetwork : public torch::nn::Module {
 public:
  virtual const std::vector<Tap>& taps() const = 0;
  /// (B, 1, D, H, W) in the network's own units -> one map for each of the first `count` taps (at most all of them),
  /// (B, channels, D / stride, ...). What lies behind the last of them is not run.
  std::vector<Tensor> maps(const Tensor& x, std::size_t count = all_taps) {
    return first_maps(x, std::min(count, taps().size()));
  }
  /// Called by freeze() once the state is loaded.
  virtual void prepare(torch::Device) {}

  /// maps(), each channel standardised by the statistics where there are any.
  std::vector<Tensor> features(const Tensor& x, std::size_t count = all_taps);
  /// Adds buffers for the mean and standard deviation of each channel of each tap: 0 and 1 until they are loaded or
  /// set.
  void add_statistics();
  void set_statistics(std::size_t tap, const Tensor& mean, const Tensor& deviation);
  bool has_statistics() const { return !means_.empty(); }

 private:
  virtual std::vector<Tensor> first_maps(const Tensor& x, std::size_t count) = 0;

  std::vector<Tensor> means_, deviations_;  ///< (channels) each
};

}  // namespace gdm::nn
