// Random changes of the patches that a generator is trained on: of the anatomy's place and size, of MR intensities, and
// noise that an FBP with fewer photons would have. Every draw comes from the generator that is handed in.
//
// What is honest depends on the acquisition. An MR image of a patient who lies a little askew is an MR image, so for MR
// all patches of a case may be rotated and scaled together. The streaks of a sparse-view FBP lie along the views, and
// their spacing follows from the number of views and the distance to what throws them: turned or scaled by a few
// degrees or percent they are streaks that no scan has, and the network would learn to expect them. What commutes with
// such an acquisition is translation and, for evenly spaced views, the left-right flip (turning by whole steps between
// views would, too, but 7.5 degrees at 24 views is more than a patient turns). Both are in the sampler anyway, so
// conditions in HU take fresh noise and nothing else.
//
// Trilinear resampling smooths: half a voxel between two, it halves the power at half the Nyquist frequency. It does so
// to the target as well, whose texture a generator learns, so only every second patch is resampled.
#pragma once

#include <array>
#include <functional>
#include <string>

#include "data/augment.hpp"
#include "nn/generator_config.hpp"

namespace gdm::data {

/// What is cut from a case at one place: (C, D, H, W) and (1, D, H, W) float32, (1, D, H, W) uint8.
struct CutPatch {
  Tensor conditions, target, mask;
};

/// The draws of one patch.
at::Generator item_generator(std::uint64_t seed, std::int64_t step, std::int64_t place_in_batch);

class PatchChanges {
 public:
  /// (D, H, W) of the first voxel, shape.
  using Cut = std::function<CutPatch(const std::array<std::int64_t, 3>&, const model::PatchShape&)>;

  PatchChanges() = default;  ///< none
  /// `augment`: "none", "light" (rotation up to 5 degrees about each axis, size up to 5 %) or "strong" (twice that),
  /// with gain, gamma and bias of conditions in percentiles as strength_from_name() has them.
  /// `fresh_noise_hu`: standard deviation of the noise added to the condition "fbp"; 0: none. `fbp_filter` is its
  /// filter as gdm-recon names it; "" counts as ram-lak.
  /// Throws Error with Exit::usage for augmentation of a generator with a condition in HU, for noise without "fbp".
  PatchChanges(const std::string& augment, double fresh_noise_hu, const std::string& fbp_filter,
               const nn::GeneratorConfig& config);

  /// The changed patch of this shape at `start`. Conditions stay in nn::scaled_range().
  CutPatch draw(const Cut& cut, const std::array<std::int64_t, 3>& start_dhw, const model::PatchShape& shape,
                const std::array<double, 3>& spacing_dhw_mm, at::Generator& generator) const;

 private:
  double rotation_deg_ = 0, scaling_ = 0;
  Strength intensity_;
  double noise_ = 0;  ///< in units of the HU map
  Tensor noise_gain_;
  std::vector<std::int64_t> intensity_channels_, noise_channels_;
  std::vector<nn::ScaledRange> ranges_;  ///< of each channel
};

/// The patch whose voxel at offset x from its centre shows what lies at A x in the patient, A a rotation by these
/// angles about the axes D, H, W (in this order) divided by `scale`; one trilinear interpolation of everything, the
/// mask rounded.
CutPatch warped_patch(const PatchChanges::Cut& cut, const std::array<std::int64_t, 3>& start_dhw,
                      const model::PatchShape& shape, const std::array<double, 3>& spacing_dhw_mm,
                      const std::array<double, 3>& angles_deg, double scale);

/// Amplitudes (height, width) of FBP noise at the frequencies of `fbp_noise`, with mean square 1. White noise in the
/// projections has, after the ramp |f| with apodisation W and back-projection, which divides by |f|, the power spectrum
/// |f| W(f)^2 (Riederer, Pelc & Chesler 1978, Phys. Med. Biol. 23(3):446-454, "The noise power spectrum in computed
/// X-ray tomography"), here up to the Nyquist frequency of the voxels, which are taken to be square in the slice and
/// as large as the detector's. The smoothing by interpolation in the back-projection is left out.
Tensor fbp_noise_gain(std::int64_t height, std::int64_t width, const std::string& filter);
/// (slices, height, width) Gaussian noise of standard deviation 1, uncorrelated between slices; periodic in a slice.
Tensor fbp_noise(std::int64_t slices, const Tensor& gain, at::Generator& generator);

}  // namespace gdm::data
