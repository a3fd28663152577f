// How good a network is while it is trained, on data that it does not learn from.
#pragma once

#include <string>

#include "io/json.hpp"
#include "nn/tensor_io.hpp"

namespace gdm::train {

/// Judges the averaged weights now and then, and remembers what it found.
class Validator {
 public:
  virtual ~Validator() = default;

  /// Figures of the network, whose parameters are the averages after `done` steps, as the log tells them. If a signal
  /// stops it, StopRequested leaves it as it was: it is asked again when the training goes on.
  virtual Json judge(std::int64_t done) = 0;
  /// "validation MAE 31.2 HU" for the progress display; empty before there is anything.
  virtual std::string text() const = 0;

  /// What it remembers, for checkpoints; a rollback leaves it alone.
  virtual void save(nn::TensorWriter& writer, Json& json) const = 0;
  virtual void load(const SafetensorsFile& file, const Json& json) = 0;
};

}  // namespace gdm::train
