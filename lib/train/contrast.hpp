// Places told apart: the second training task of an encoder that grades. The same place under two scans should give the
// same features; another place, or the same place smoothed or sharpened, others (InfoNCE: van den Oord et al., arXiv
// 1807.03748, on what a grader compares: means and deviations of its maps over cubes, with no layers in between that
// could take the difference upon themselves).
#pragma once

#include <vector>

#include "data/augment.hpp"
#include "nn/encoder.hpp"

namespace gdm::train {

using torch::Tensor;

constexpr std::int64_t scan_shift = 3;   ///< voxels along each axis between the two scans of a place
constexpr std::int64_t place_edge = 16;  ///< of the cubes that are told apart, in voxels

/// Three looks at the same patches, (B, 1, w, w, w) in [-1, 1].
struct Looks {
  Tensor scan, rescan;  ///< each with its own intensities, noise and shift
  Tensor altered;       ///< where `scan` lies, smoothed or sharpened, with intensities and noise of its own
  Tensor inside;        ///< where `scan` lies: 1 inside the patient
};

/// `images`, `inside` (B, 1, w + 2 scan_shift, ...); all draws come from `generator`. Blur and resolution of `strength`
/// have no effect: they are what `altered` is to be known by.
Looks random_looks(const Tensor& images, const Tensor& inside, const data::Strength& strength,
                   at::Generator& generator);

/// Patches (B, 1, w, w, w) smoothed (Gaussian, standard deviation .4 to 1.2 voxels) or sharpened (unsharp mask, .4 to
/// 1.5 times what a Gaussian takes away), each with probability one half.
Tensor altered(const Tensor& patches, at::Generator& generator);

/// Means, then deviations, of a map (B, C, D, H, W) over aligned cubes of `cells`^3: (B * cubes, 2 C).
Tensor cube_vectors(const Tensor& map, std::int64_t cells);

/// InfoNCE of rows (N, C) that are each other's match, `wrong` (M, C) matching none, in units of the deviation of each
/// column over all of them: cross-entropy of -distance^2 / (2 C temperature), from `scan` to `rescan` and `wrong`, and
/// from `rescan` to `scan` and `wrong`; their mean.
Tensor info_nce(const Tensor& scan, const Tensor& rescan, const Tensor& wrong, double temperature);

/// The mean over taps (strides up to place_edge) of info_nce() of the maps of three looks, over cubes of which half is
/// inside; 0 where less than two are.
Tensor contrast_loss(const std::vector<nn::Tap>& taps, const std::vector<Tensor>& scan,
                     const std::vector<Tensor>& rescan, const std::vector<Tensor>& altered, const Tensor& inside);

}  // namespace gdm::train
