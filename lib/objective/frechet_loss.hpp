// The Frechet distance of the bank's features as a loss: the drift's nearest rival, with the same bank and no
// temperature (after "FD-loss", arXiv 2604.28190).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bank/bank.hpp"
#include "io/json.hpp"
#include "objective/feature_pair.hpp"

namespace gdm::objective {

struct FrechetOptions {
  double weight_global = 0.25, weight_local = 0.5, weight_spatial = 1.0;  ///< of the levels, as the drift's
  std::int64_t finest_taps = 0;      ///< keys of the encoder's finest taps alone, so many; 0: of all
  std::int64_t memory_batches = 64;  ///< over so many batches generated moments are averaged, with decaying weight
  std::int64_t rows = 256;           ///< of each patch and key that are compared
};

/// Mean and second moment E[f f^T] of rows of features, float64.
struct Moments {
  Tensor mean;    ///< (C)
  Tensor second;  ///< (C, C)
};
/// Of rows (n, C); with `weight` (n) of sum 1 the weighted ones.
Moments moments(const Tensor& rows, const Tensor& weight = {});

/// |m_1 - m_2|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^(1/2)) (Dowson & Landau, J. Multivariate Anal. 12, 1982), to a real side
/// that is known beforehand.
class FrechetDistance {
 public:
  explicit FrechetDistance(const Moments& real);
  /// One element, float64; carries a graph to the moments that it is given.
  Tensor to(const Moments& generated) const;
  /// Trace of the real covariance: what the distance is of a single point in the real mean.
  Tensor spread() const { return trace_; }

 private:
  Tensor mean_, root_, trace_;  ///< root: of the covariance
};

/// Sum over levels of their weight times the mean over the level's keys of distance / spread. The generated moments are
/// averages over batches, which the present one has joined, and gradients flow through that one alone.
class FrechetLoss {
 public:
  /// Throws Error if no key of the bank has a weight above zero.
  FrechetLoss(const bank::RealBank& bank, const FrechetOptions& options);

  /// How many of the encoder's finest taps loss() looks at.
  std::size_t taps() const;
  /// `pair`: features of patches by the bank's encoder, at least of the first taps(). Undefined if nothing is compared.
  Tensor loss(const FeaturePair& pair, at::Generator& generator);

  void save(nn::TensorWriter& writer, const std::string& prefix, Json& json) const;
  void load(const SafetensorsFile& file, const std::string& prefix, const Json& json);

 private:
  struct Key {
    FrechetDistance real;
    double weight;
    Moments generated;  ///< averages; undefined before the first batch
    std::int64_t batches = 0;
  };
  Tensor key_loss(Key& key, const bank::Candidates& gen, at::Generator& generator) const;

  FrechetOptions options_;
  const bank::RealBank& bank_;
  std::map<std::string, Key> keys_;
  std::size_t taps_ = 0;
};

}  // namespace gdm::objective
