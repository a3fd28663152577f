// The scanners: what makes measured images of noise-free ones.
#pragma once

#include <cstdint>
#include <optional>

#include "image/volume.hpp"
#include "phantom/looks.hpp"
#include "sys/random.hpp"

namespace gdm::phantom {

/// Where the noise of one case comes from: slice k draws from stream `first_stream` + k of `seed`.
struct NoiseSource {
  std::uint64_t seed = 0, first_stream = 0;
  Random slice(std::int64_t k) const { return Random(seed, first_stream + static_cast<std::uint64_t>(k)); }
};

/// The magnitude of `signal` plus complex noise of this standard deviation in each channel (Rice distribution;
/// Gudbjartsson & Patz 1995, Magn. Reson. Med. 34:910-914).
float rician(float signal, float deviation, Random& random);

/// Noise-free magnitude in, measured MR out, in whole numbers: point spread, the coil's smooth sensitivity, slices of
/// scan.thickness_mm (means along k, put back on the grid by linear interpolation), Rician noise. With
/// scan.susceptibility, `susceptibility_ppm` is the map of volume susceptibilities and each voxel loses the sinc of the
/// phase that its field gradient winds up until TE along each axis. The field is a crude local model: gamma B0 times a
/// third of the susceptibility blurred by 2.5 mm, the field inside a sphere, and no dipole's far field.
void acquire_mr(Volume& mr, const std::optional<Volume>& susceptibility_ppm, const MrScan& scan, Random& draws,
                const NoiseSource& noise);

/// White noise shaped by the difference of two blurs in plane (.63 and 1.4 voxels) and a little blurred along k,
/// standard deviation 1. Its spectrum rises from 0, has its top at middle frequencies and falls again, as that of
/// filtered back-projection does (Riederer, Pelc & Chesler 1978, Phys. Med. Biol. 23:446-454).
Volume ct_noise(const Grid& grid, const NoiseSource& noise);

/// Adds scanner noise of `noise_hu` and rounds to whole HU from -1024 to 3071.
void acquire_ct(Volume& ct_hu, double noise_hu, const NoiseSource& noise);

}  // namespace gdm::phantom
