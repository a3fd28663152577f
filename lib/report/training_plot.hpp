// The curves of a training, from its log.
#pragma once

#include <filesystem>
#include <vector>

#include "io/json.hpp"
#include "picture/png.hpp"

namespace gdm::report {

/// The JSON lines that gdm-drift-train writes. Throws Error naming file and line for one that is not an object with a
/// "step", and for a log without lines.
std::vector<Json> read_training_log(const std::filesystem::path& path);

/// Six panels over the steps: loss, gradient norms, cosines with the fidelity's
/// gradient, RMS of the raw drift force by level, validation MAE, validation SSIM; two more for the loss of a process
/// and the scores of a discriminator, if the log has such.
picture::Picture training_plot(const std::vector<Json>& log);

}  // namespace gdm::report
