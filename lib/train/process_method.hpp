// Learning a process (model/process.hpp): flow matching, a diffusion bridge, or diffusion.
#pragma once

#include "nn/generator.hpp"
#include "train/method.hpp"

namespace gdm::train {

using torch::Tensor;

/// Times of the patches of batch `number`, (batch) in (0, 1): one in each of `batch` equal parts, at a place there that
/// moves on by the golden section from batch to batch, so that all times come equally often.
Tensor stratified_times(std::int64_t batch, std::uint64_t seed, std::int64_t number);

/// Process::spread of such batches: root mean square of target minus source, with weight 0.05 outside the mask. `base`
/// as of ProcessMethod.
double spread_about_source(const model::Process& process, nn::Generator& base, const std::vector<data::Batch>& batches);

class ProcessMethod : public Method {
 public:
  /// `network` and `base`, which is empty unless the process begins with a regression's output, lie on `device`.
  /// `seed`: of the noise.
  ProcessMethod(nn::Generator network, nn::Generator base, const nn::GeneratorConfig& config, std::uint64_t seed,
                torch::Device device, bool bfloat16);

  /// Mean square of what the network makes of a state at a time against what is to be learnt (model/process.hpp), with
  /// weight 0.05 outside the mask ("process_loss"); "l1_hu" is the error, weighted alike, of the target that its output
  /// tells.
  nn::LogLine add_gradients(const data::Batch& batch, const BatchPlace& place) override;
  std::string loss_key() const override { return "process_loss"; }
  std::string loss_text(double loss) const override;

 private:
  nn::Generator network_, base_;
  const nn::GeneratorConfig& config_;
  std::uint64_t seed_;
  torch::Device device_;
  bool bfloat16_;
};

}  // namespace gdm::train
