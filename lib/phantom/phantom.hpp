// Simulated MR/CT pairs: data without a patient for demonstrations, tests and pre-training.
//
// The anatomy is procedural (simple but plausible shapes) or a label map. Both scanners see the same mixture of tissues
// in each voxel; what the tissues are comes from one table (tissue.hpp), what a scan shows of them from signal.hpp and
// scanner.hpp. The CT is not determined by the MR: bone density, texture, calcifications and noise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "image/volume.hpp"
#include "phantom/label_map.hpp"
#include "phantom/looks.hpp"
#include "phantom/tissue.hpp"

namespace gdm::phantom {

enum class Kind { head, pelvis, thorax };
/// "head", "pelvis", "thorax" -> Kind; throws Error with Exit::usage that lists the names.
Kind kind_from_name(const std::string& name);
const std::vector<std::string>& kind_names();

struct Truth {
  Mask tissue;         ///< place in the table of what fills most of the voxel
  Mask bone, air;      ///< at least half of the voxel is of that kind; air also outside the body
  Volume ct_hu;        ///< without noise and artefacts of the beam, texture included
  Volume expected_hu;  ///< the table's means in the voxel's mixture: the CT's mean over all subjects with these tissues
};

struct PairedCase {
  Volume mr;     ///< whole numbers from 0 to 3071, the brightest tissue about 1000 (looks.hpp)
  Volume ct_hu;  ///< whole HU in [-1024, 3071]
  Mask body;     ///< the patient in the CT, air-filled cavities included
  std::optional<Truth> truth;
};

struct Settings {
  const TissueTable* tissues = nullptr;  ///< none: standard_tissues()
  Protocol protocol;
  bool truth = false;
};

/// One case on a cube of `shape`^3 voxels of `spacing_mm`, axes as in Grid::centred. The anatomy is scaled to fill
/// the cube: it has life size at about 230 mm (head) or 420 mm (pelvis, thorax), and is a miniature below.
/// The result depends on (kind, shape, spacing_mm, seed, case_number, settings) and not on the thread count.
/// Throws Error unless 16 <= shape <= 512 and spacing_mm > 0.
PairedCase make_case(Kind kind, std::int64_t shape, double spacing_mm, std::uint64_t seed, std::uint64_t case_number,
                     const Settings& settings = {});

/// A label map with the table of the settings, with a margin of air (label_map.hpp). Throws Error for labels that are
/// not the table's.
LabelSource label_source(const Volume& labels, const Settings& settings = {});

/// One case from a label map (label_anatomy.hpp). The result depends on (labels, spacing_mm, deformation_mm, seed, id,
/// settings). Throws Error as label_case_grid().
PairedCase make_case(const LabelSource& labels, double spacing_mm, double deformation_mm, std::uint64_t seed,
                     const std::string& id, const Settings& settings = {});

}  // namespace gdm::phantom
