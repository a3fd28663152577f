// What the CT scanner's beam adds to an image that is otherwise right: beam hardening and metal.
#pragma once

#include <cstdint>

#include "image/volume.hpp"
#include "phantom/looks.hpp"
#include "sys/random.hpp"

namespace gdm::phantom {

/// Puts scan.metal implants (balls of 2 to 4 mm radius that attenuate like steel, 3071 HU in the image) at random
/// places of `bone` into the CT and adds the artefacts of the beam to it. The volume is taken as water, bone (above 150
/// HU, with a ramp to 1000) and metal; a beam of five energies goes through it along parallel rays in each axial slice,
/// its counts are Poisson distributed where there is metal, water alone is corrected for, as scanners do, and what then
/// differs from the single energy is back-projected and added: streaks of metal, and with scan.beam_hardening the dark
/// bands between dense bones (Barrett & Keat 2004, RadioGraphics 24:1679-1691). Nothing without metal and beam
/// hardening.
void add_beam_artefacts(Volume& ct_hu, const Mask& bone, const CtScan& scan, Random& draws);

}  // namespace gdm::phantom
