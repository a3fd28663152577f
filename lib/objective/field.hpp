// The drift field of Deng et al. (arXiv 2602.04770, section 3 and their published code), in the form that
// conditional generation with small batches needs: EMA scales instead of per-batch ones, and sets that are completed
// by banks of real and of generated features.
#pragma once

#include <vector>

#include "nn/tensor.hpp"

namespace gdm::objective {

using torch::Tensor;

struct FieldOptions {
  std::vector<double> temperatures{0.05, 0.2, 0.5};  ///< relative to the mean pairwise distance
  double affinity_floor = 1e-6;                      ///< floor of the product of both softmaxes
  bool siblings = true;                              ///< generated samples repel each other (self excluded)
};

/// What one drift problem remembers between steps; part of the checkpoint.
/// Numbers are one-element float64 tensors where the features are, so that no step waits for them.
struct FieldState {
  Tensor scale;             ///< EMA of the mean pairwise distance; undefined or <= 0: not yet known
  std::vector<Tensor> rms;  ///< EMA of the raw force's RMS, one for each temperature; <= 0: not yet known
};

struct Field {
  Tensor force;                 ///< V, (R, G, C), in units of `unit`; carries no gradient
  Tensor unit;                  ///< one float64: features are divided by it, so that the mean distance becomes sqrt(C)
  std::vector<Tensor> raw_rms;  ///< RMS of the unnormalised force per temperature: the quantity that falls as q -> p

  /// One bool: false if features or their distances are not finite; then there is no force that anything may follow.
  Tensor finite() const;
};

/// The sets of R independent problems.
struct FieldSets {
  Tensor gen;         ///< (R, G, C): what is moved
  Tensor neg;         ///< (R, N, C), N >= 0
  Tensor pos;         ///< (R, P, C)
  Tensor pos_weight;  ///< (P) or undefined: multiplies the affinities of the positives' columns
  /// (R, G) bool or undefined: rows of `gen` without it only fill up their problem. They feel no force, exert none and
  /// count in no average, so that problems of unequal size can be solved together.
  Tensor valid;
};

/// Computes in float32 without gradient and updates `state`, unless a raw RMS is not finite (Field::finite()). Waits
/// for no device.
///
/// A = sqrt(softmax over targets * softmax over queries) of -distance / (temperature * scale);
/// V = sum over temperatures of [ (A+ rowsum(A-)) pos - (A- rowsum(A+)) (gen, neg) ] / (unit * RMS). Attraction and
/// repulsion carry equal mass, so V(p, q) = -V(q, p) and V = 0 at p = q.
Field drift_field(const FieldSets& sets, const FieldOptions& options, FieldState& state);

/// mean over the problems, of those with a valid row, of the mean over its valid elements of
/// (gen / unit - sg(gen / unit + V))^2: its gradient moves gen along V and nothing else.
Tensor drift_loss(const FieldSets& sets, const Field& field);

}  // namespace gdm::objective
