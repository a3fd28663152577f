// Gradient coordination in the shared output space: every objective gives a gradient with respect to the predicted
// volume, of the same shape; they are brought to comparable size, conflicts are removed, and one cotangent goes
// back through the generator.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/training_choices.hpp"
#include "nn/tensor.hpp"

namespace gdm::objective {

using torch::Tensor;

using engine::Coordination;

struct CoordinationOptions {
  Coordination mode = Coordination::norm_pcgrad;
  double conflict = 1.0;           ///< kappa in [0, 1]: part of the opposing component that is removed
  std::int64_t conflict_edge = 0;  ///< edge of the cubes of voxels that conflicts are removed in; 0: the whole volume
};

/// What an objective beside fidelity asks for.
struct SideGradient {
  std::string name;    ///< its usual norm is remembered under this name
  Tensor gradient;     ///< (B, 1, D, H, W)
  double share = 0.3;  ///< its size relative to the fidelity's gradient
};

/// Bias-corrected EMA of batch-mean norms; part of the checkpoint. One-element float64 tensors where the gradients are,
/// so that no step waits for them.
struct NormAverage {
  Tensor sum, updates;  ///< undefined before the first add()
  /// Takes `norm` in where `usable` (one bool) is true.
  void add(const Tensor& norm, const Tensor& usable);
  Tensor value() const;  ///< 0 if nothing was taken in
};

struct CoordinationState {
  NormAverage fidelity;
  std::map<std::string, NormAverage> sides;
};

struct Coordinated {
  /// One element each, where the gradients are.
  struct Side {
    Tensor norm;             ///< batch mean of the per-volume norms, before any scaling
    Tensor cosine;           ///< with the fidelity's, batch mean, before projection
    Tensor conflict_rate;    ///< part of the volumes (or cubes) where the two oppose each other
    Tensor effective_share;  ///< |what is added| / |fidelity|, batch mean; 0 where modes mix inseparably
    Tensor used;             ///< bool: false for a gradient that is zero or not finite
  };
  Tensor gradient;       ///< the fidelity's if no other could be used
  Tensor fidelity_norm;  ///< batch mean of the per-volume norms
  std::map<std::string, Side> sides;
};

/// One cotangent from the fidelity's gradient (B, 1, D, H, W) and the others. A volume whose gradient is more than 5
/// times its usual norm is cut to that. Of null_space the others come as their parts that no ray sees already. Averages
/// are of unprojected norms, so a share shrinks in conflict. Waits for no device, but for mgda and cagrad, whose
/// weights are sought on the host.
Coordinated coordinate(const Tensor& fidelity, const std::vector<SideGradient>& sides,
                       const CoordinationOptions& options, CoordinationState& state);

/// Weights on the simplex that make |sum w_i v_i| least, from the Gram matrix of the v_i (row major, n x n).
std::vector<double> shortest_combination(const std::vector<double>& gram, std::size_t n);

}  // namespace gdm::objective
