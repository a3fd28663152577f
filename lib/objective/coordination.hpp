// Gradient coordination in the shared output space: every objective gives a gradient with respect to the predicted
// volume, of the same shape; they are brought to comparable size, conflicts are removed, and one cotangent goes
// back through the generator.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nn/tensor.hpp"

namespace gdm::objective {

using torch::Tensor;

/// How gradients meet. f is the fidelity's gradient, d one of the others', s its share, n their usual norms.
enum class Coordination {
  fixed,        ///< f + s d: s has the unit of the ratio of two losses
  norm,         ///< f + s (n_f / n_d) d (Defossez et al. 2022, arXiv 2210.13438, section 3.4)
  pcgrad,       ///< fixed, after the part of d that opposes f is removed (Yu et al. 2020, arXiv 2001.06782, one-sided)
  norm_pcgrad,  ///< norm after that projection; to first order fidelity is never opposed
  mgda,         ///< n_f times the shortest convex combination of f / n_f and d / n_d (Desideri 2012); s is not used
  cagrad        ///< g = f + s (n_f / n_d) d, turned so that no objective does badly (Liu et al. 2021, arXiv 2110.14048)
};
/// "fixed", "norm", "pcgrad", "norm+pcgrad", "mgda", "cagrad". Throws Error (usage) for anything else.
Coordination coordination_from_name(const std::string& name);

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

/// Bias-corrected EMA of batch-mean norms; part of the checkpoint.
struct NormAverage {
  double sum = 0;
  std::int64_t updates = 0;
  void add(double norm);
  double value() const;  ///< 0 before the first add()
};

struct CoordinationState {
  NormAverage fidelity;
  std::map<std::string, NormAverage> sides;
};

struct Coordinated {
  struct Side {
    double norm = 0;             ///< batch mean of the per-volume norms, before any scaling
    double cosine = 0;           ///< with the fidelity's, batch mean, before projection
    double conflict_rate = 0;    ///< part of the volumes (or cubes) where the two oppose each other
    double effective_share = 0;  ///< |what is added| / |fidelity|, batch mean; 0 where modes mix inseparably
    bool used = false;           ///< false for a gradient that is zero or not finite
  };
  Tensor gradient;           ///< exactly the fidelity's if no other could be used
  double fidelity_norm = 0;  ///< batch mean of the per-volume norms
  std::map<std::string, Side> sides;
};

/// One cotangent from the fidelity's gradient (B, 1, D, H, W) and the others. A volume whose gradient is more than 5
/// times its usual norm is cut to that. Averages are of unprojected norms, so a share shrinks in conflict.
Coordinated coordinate(const Tensor& fidelity, const std::vector<SideGradient>& sides,
                       const CoordinationOptions& options, CoordinationState& state);

/// Weights on the simplex that make |sum w_i v_i| least, from the Gram matrix of the v_i (row major, n x n).
std::vector<double> shortest_combination(const std::vector<double>& gram, std::size_t n);

}  // namespace gdm::objective
