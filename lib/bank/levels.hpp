// The levels of the feature bank: how the stage maps of an encoder become sets of vectors that a drift problem
// compares.
//
//   global   mean and standard deviation of each map over the patch                          key "global.s2.std"
//   local    mean and standard deviation over cubes of 2^3 and 4^3 cells of strides 4 and 8   key "local.s2.k4.mean"
//   spatial  single cells of strides up to 8 in aligned blocks of 4^3 cells                   key "spatial.s1"
//
// Means and deviations are of the cells inside the patient, a cell on the border counting by its part inside: what
// share of a patch is air tells where it was cut, not what tissue looks like.
//
// A bank has one level more, for questions rather than for the drift:
//
//   upright  mean and standard deviation over the whole patch, air included, with its axes to superior, anterior and
//            right                                                                            key "upright.s2.std"
//
// The drift sees patches turned and flipped at random; where in the patient a patch lies, and whether it is one, shows
// far better in patches that all stand the same way.
//
// A key is LEVEL.TAP, where TAP is the encoder's name for the map, with what was taken of it behind.
//
// The levels follow the feature list of Deng et al. (arXiv 2602.04770, appendix A.5), carried to three dimensions.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "nn/encoder.hpp"

namespace gdm::bank {

using torch::Tensor;

constexpr std::int64_t block_edge = 4;  ///< cells along the edge of a spatial block
constexpr double least_inside = 0.5;    ///< a cube or block counts if this part of it is patient

/// The level of a key: "upright", "global", "local" or "spatial".
std::string level_of(const std::string& key);
/// Place of a key's tap among these; their number if it is none of them.
std::size_t tap_number(const std::string& key, const std::vector<nn::Tap>& taps);

/// One key's vectors of every patch, [patch][candidate]: (B, M, C), and which candidates lie inside the patient. A
/// patch of which nothing is inside has no global candidate.
struct Candidates {
  std::string key;
  Tensor vectors;  ///< (B, M, C); spatial: (B, blocks * 64, C), the cells of a block in a row
  Tensor inside;   ///< (B, M) bool, in the host's memory; spatial: (B, blocks) bool
};

/// Which keys are wanted; empty: all.
using KeyFilter = std::function<bool(const std::string& key)>;

/// The wanted candidates of all levels. maps: (B, C, D / stride, ...) for each tap; mask: (B, 1, D, H, W), 1 inside, in
/// the host's memory. Differentiable in the maps.
std::vector<Candidates> candidates(const std::vector<nn::Tap>& taps, const std::vector<Tensor>& maps,
                                   const Tensor& mask, const KeyFilter& wanted = {});

/// The candidates of level upright, one of each patch: maps of patches that were not turned.
std::vector<Candidates> upright_candidates(const std::vector<nn::Tap>& taps, const std::vector<Tensor>& maps);

/// Columns chosen of each row, in the host's memory: the first of a row are inside, those without `valid` only fill it
/// up.
struct Chosen {
  Tensor indices;  ///< (B, n) int64, n = min(count, the most inside of any row); n can be 0
  Tensor valid;    ///< (B, n) bool
};
/// Chooses up to `count` columns that are inside at random in each row of (B, M), all if there are fewer. What one row
/// has does not depend on the others.
Chosen choose(const Tensor& inside, std::int64_t count, at::Generator& generator);
/// vectors (B, M, C), indices (B, Q), of the host or where the vectors are -> (B, Q, C).
Tensor gather_rows(const Tensor& vectors, const Tensor& indices);
/// vectors (B, blocks * 64, C), indices of blocks (B, Q) -> (B * Q, 64, C): one problem for each block.
Tensor gather_blocks(const Tensor& vectors, const Tensor& block_indices);

}  // namespace gdm::bank
