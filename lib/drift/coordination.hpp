// Gradient coordination in the shared output space: both objectives give a gradient with respect to the predicted
// volume, of the same shape; they are brought to comparable size, conflicts are removed, and one cotangent goes
// back through the generator.
#pragma once

#include "nn/compat.hpp"

namespace gdm::drift {

using torch::Tensor;

struct CoordinationOptions {
  double rho = 0.3;       ///< size of the drift gradient relative to the fidelity gradient
  double conflict = 1.0;  ///< kappa in [0, 1]: part of the drift's opposing component that is removed per volume
};

/// EMA of the batch-mean norms, bias-corrected; part of the checkpoint.
struct CoordinationState {
  double fidelity_norm = 0, drift_norm = 0;
  std::int64_t updates = 0;
};

struct Coordinated {
  Tensor gradient;           ///< g_f + rho (n_f / n_d) g_d', the shape of both inputs
  double fidelity_norm = 0;  ///< batch mean of the per-volume norms, before any scaling
  double drift_norm = 0;
  double cosine = 0;           ///< batch mean of the per-volume cosine, before projection
  double conflict_rate = 0;    ///< part of the volumes whose gradients oppose each other
  double effective_share = 0;  ///< |scaled drift| / |fidelity|, batch mean, after projection
  bool drift_used = false;     ///< false when the drift gradient was zero or not finite: gradient is then g_f exactly
};

/// Balance by EMA norms (Defossez et al. 2022, arXiv 2210.13438, section 3.4) after a one-sided projection (Yu et al.
/// 2020, arXiv 2001.06782, applied to the drift alone): to first order the drift never raises the fidelity loss of a
/// volume. The EMA is that of the unprojected norm, so the share shrinks in conflict. Volumes run along the first axis.
Coordinated coordinate(const Tensor& fidelity, const Tensor& drift, const CoordinationOptions& options,
                       CoordinationState& state);

}  // namespace gdm::drift
