// What a network learns from its batches: the seam between a training's loop (train/session.hpp) and its loss.
#pragma once

#include <string>

#include "data/samples.hpp"
#include "io/json.hpp"
#include "nn/log_line.hpp"
#include "nn/tensor_io.hpp"

namespace gdm::train {

/// Which of a training's batches one is.
struct BatchPlace {
  std::int64_t step = 0;     ///< the first is 0
  std::int64_t number = 0;   ///< counted over the batches of all steps; what is random follows from (seed, number)
  std::int64_t in_step = 1;  ///< batches of each step, whose gradients are averaged
};

/// A way to learn. It holds what it needs beside the parameters that a Session steps: objectives, a discriminator with
/// an optimiser of its own.
class Method {
 public:
  virtual ~Method() = default;

  /// Adds 1 / in_step of the gradients of the loss of this batch to those of the parameters. Returns what the log says
  /// of the batch, loss_key() among it; what it adds to itself depends on the batch, its place and what load() brings
  /// back, on nothing else. It looks at no value that a device computes: on a GPU it only asks, and is not waited for.
  virtual nn::LogLine add_gradients(const data::Batch& batch, const BatchPlace& place) = 0;
  /// Called when the optimiser has made its step, or, with false, has skipped it since loss or gradient were not
  /// finite. What add_gradients() asked for is computed by then.
  virtual void after_step(bool /*taken*/) {}

  /// Name of the loss in the log: a step in which it is not finite is skipped, and its running mean is displayed.
  virtual std::string loss_key() const = 0;
  /// "L1 31.2 HU" for the progress display.
  virtual std::string loss_text(double loss) const = 0;

  /// State that steps depend on: it is in checkpoints, and a rollback takes it back. None unless overridden.
  virtual void save(nn::TensorWriter& /*writer*/, Json& /*json*/) const {}
  virtual void load(const SafetensorsFile& /*file*/, const Json& /*json*/) {}
};

}  // namespace gdm::train
