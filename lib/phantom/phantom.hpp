// Procedural paired MR/CT anatomies: data without a patient for demonstrations, tests and pre-training.
//
// They are simple but plausible: tissues in their usual order and with their usual values, outlines that are not
// ellipses, and a CT that the MR does not determine (bone density, trabecular texture, calcifications).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/volume.hpp"

namespace gdm::phantom {

enum class Kind { head, pelvis, thorax };
/// "head", "pelvis", "thorax" -> Kind; throws Error with Exit::usage that lists the names.
Kind kind_from_name(const std::string& name);
const std::vector<std::string>& kind_names();

struct PairedCase {
  Volume mr;     ///< arbitrary units, 0 .. about 1500; T1-like, bias field, blur and Rician noise included
  Volume ct_hu;  ///< whole HU in [-1024, 3071]
  Mask body;     ///< the patient, air-filled cavities included
};

/// One case on a cube of `shape`^3 voxels of `spacing_mm`, axes as in Grid::centred. The anatomy is scaled to fill
/// the cube: it has life size at about 230 mm (head) or 420 mm (pelvis, thorax), and is a miniature below.
/// The result depends on (kind, shape, spacing_mm, seed, case_number) and not on the thread count.
/// Throws Error unless 16 <= shape <= 512 and spacing_mm > 0.
PairedCase make_case(Kind kind, std::int64_t shape, double spacing_mm, std::uint64_t seed, std::uint64_t case_number);

}  // namespace gdm::phantom
