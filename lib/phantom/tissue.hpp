// What each tissue looks like in CT and in T1-weighted MR, and how that varies from patient to patient.
#pragma once

#include <array>
#include <cstddef>

#include "sys/random.hpp"

namespace gdm::phantom {

enum class Tissue {
  air,
  skin,
  fat,
  muscle,
  compact_bone,
  spongy_bone,
  fatty_marrow,
  enamel,
  cartilage,
  csf,
  grey_matter,
  white_matter,
  vitreous,
  lens,
  gland,
  blood,
  lung,
  liver,
  spleen,
  organ,
  urine,
  bowel_content,
  calcification,
  count
};

struct Look {
  float ct_hu = 0;          ///< mean
  float mr = 0;             ///< mean, arbitrary units, about 0 (air) to 1000 (fat)
  float ct_texture_hu = 0;  ///< standard deviation of fine structure that the MR does not show
  float mr_texture = 0;
};

using Looks = std::array<Look, static_cast<std::size_t>(Tissue::count)>;

/// Looks of one patient and one MR scan. CT: HU that are usual at 120 kVp (chosen by hand, not
/// from one source) with a per-patient shift, large for bone (mineral density is not visible in MR). MR: T1-weighted
/// order (fat > marrow > white > grey > muscle > fluid > compact bone > air), each tissue scaled by up to about 10 %,
/// and a common gamma.
Looks patient_looks(Random& random);

}  // namespace gdm::phantom
