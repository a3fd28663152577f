// Parameters under training: optimiser, gradient clipping, learning rate and the moving average that is used in the
// end.
#pragma once

#include <memory>
#include <vector>

#include "io/json.hpp"
#include "nn/tensor.hpp"
#include "nn/tensor_io.hpp"

namespace torch::optim {
class AdamW;
}

namespace gdm::train {

using torch::Tensor;

/// Linear warm-up over the first min(200, steps / 10) steps, constant, then a cosine to 2 % over the last 40 %.
double learning_rate(double peak, std::int64_t step, std::int64_t steps);

class Trainee {
 public:
  /// AdamW (Loshchilov & Hutter, arXiv 1711.05101), betas (0.9, 0.99), weight decay 0.01.
  Trainee(const torch::nn::Module& module, double ema_decay);
  ~Trainee();

  void zero_grad();
  /// L2 norm of all gradients, one element where the parameters are.
  Tensor gradient_norm() const;
  /// Clips the gradients, whose norm this is, to a norm of 1, steps, updates the average. A loss or norm that is not
  /// finite changes nothing but the counts of such steps. The rate is multiplied by rate_factor().
  void step(double rate, double loss, double norm);

  std::int64_t bad_in_a_row() const { return bad_in_a_row_; }
  std::int64_t skipped() const { return skipped_; }      ///< steps since the beginning that were not finite
  std::int64_t rollbacks() const { return rollbacks_; }  ///< calls of roll_back()
  /// Each rollback halves it.
  double rate_factor() const;
  /// load() of an earlier state, except for the counts.
  void roll_back(const SafetensorsFile& file, const Json& json);

  /// The averages take the parameters' place for the life of the guard.
  class AverageGuard {
   public:
    explicit AverageGuard(Trainee& owner) : owner_(owner) { owner_.swap(); }
    ~AverageGuard() { owner_.swap(); }
    AverageGuard(const AverageGuard&) = delete;
    AverageGuard& operator=(const AverageGuard&) = delete;

   private:
    Trainee& owner_;
  };

  void save(nn::TensorWriter& writer, Json& json) const;
  void load(const SafetensorsFile& file, const Json& json);

 private:
  void swap();
  void load_weights(const SafetensorsFile& file, const Json& json);

  std::vector<std::string> names_;
  std::vector<Tensor> parameters_, averages_;
  double ema_decay_;
  std::int64_t updates_ = 0, bad_in_a_row_ = 0, skipped_ = 0, rollbacks_ = 0;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
};

}  // namespace gdm::train
