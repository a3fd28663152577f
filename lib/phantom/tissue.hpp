// The tissue table: what each tissue is in CT and in MR, which labels of a label map it covers, and where each value
// comes from. One JSON file, so that a simulation's assumptions can be read and replaced (share/gdm/tissues.json, with
// a schema beside it).
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "image/volume.hpp"
#include "io/json.hpp"
#include "phantom/signal.hpp"
#include "sys/names.hpp"

namespace gdm::phantom {

namespace fs = std::filesystem;

/// The tissues that the procedural anatomies are made of; a table has each by its name.
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

enum class TissueKind { soft, bone, air };

enum class FieldStrength { tesla_1_5, tesla_3 };
double tesla(FieldStrength field);

constexpr std::int64_t largest_label = 65535;  ///< that a label map may hold

/// A part of what a label covers that is another tissue: label maps know less than a picture shows.
struct TissuePart {
  enum class Of { everywhere, body_surface, bone_surface, labels };
  std::size_t tissue = 0;            ///< place in the table
  Of of = Of::everywhere;            ///< surfaces: depth below them; labels: distance from them
  std::vector<std::int64_t> labels;  ///< of Of::labels
  bool beyond = false;               ///< farther than `distance_mm` instead of at most so far
  double distance_mm = 0;
  double share = 1;     ///< below 1: only in winding sheets, some `scale_mm` apart, that fill this share
  double scale_mm = 0;  ///< of the sheets
};

struct TissueEntry {
  std::string name;
  TissueKind kind = TissueKind::soft;
  std::vector<std::int64_t> labels;
  double hu = 0, hu_between = 0, hu_within = 0;  ///< mean; standard deviations between subjects and of texture
  double proton_density = 0;                     ///< of water's
  double proton_density_between = 0;             ///< relative, as those below
  double mr_within = 0;
  std::array<Relaxation, 2> relaxation;  ///< by FieldStrength
  Relaxation relaxation_between;         ///< relative standard deviations
  double susceptibility_ppm = 0;         ///< volume susceptibility, SI
  std::vector<TissuePart> parts;         ///< the first that holds counts
};

struct TissueTable {
  std::string name;  ///< what messages call it
  std::vector<TissueEntry> tissues;

  /// Its place; throws Error that names the table if there is none.
  std::size_t place(const std::string& tissue) const;
  /// The place of each Tissue of the procedural anatomies.
  std::array<std::size_t, static_cast<std::size_t>(Tissue::count)> procedural_places() const;
};

/// Throws Error, with the tissue's name, for keys that are missing or unknown, names and labels given twice, values
/// that cannot be, and no tissue of kind "air" (the first one is what lies outside).
TissueTable tissues_from_json(const Json& json, const std::string& name);
TissueTable read_tissues(const fs::path& path);
/// share/gdm/tissues.json.
fs::path standard_tissues_path();
const TissueTable& standard_tissues();

}  // namespace gdm::phantom

template <>
struct gdm::Names<gdm::phantom::Tissue> {
  using T = phantom::Tissue;
  static constexpr std::array list{std::pair{T::air, "air"},
                                   std::pair{T::skin, "skin"},
                                   std::pair{T::fat, "fat"},
                                   std::pair{T::muscle, "muscle"},
                                   std::pair{T::compact_bone, "compact_bone"},
                                   std::pair{T::spongy_bone, "spongy_bone"},
                                   std::pair{T::fatty_marrow, "fatty_marrow"},
                                   std::pair{T::enamel, "enamel"},
                                   std::pair{T::cartilage, "cartilage"},
                                   std::pair{T::csf, "csf"},
                                   std::pair{T::grey_matter, "grey_matter"},
                                   std::pair{T::white_matter, "white_matter"},
                                   std::pair{T::vitreous, "vitreous"},
                                   std::pair{T::lens, "lens"},
                                   std::pair{T::gland, "gland"},
                                   std::pair{T::blood, "blood"},
                                   std::pair{T::lung, "lung"},
                                   std::pair{T::liver, "liver"},
                                   std::pair{T::spleen, "spleen"},
                                   std::pair{T::organ, "organ"},
                                   std::pair{T::urine, "urine"},
                                   std::pair{T::bowel_content, "bowel_content"},
                                   std::pair{T::calcification, "calcification"}};
};

template <>
struct gdm::Names<gdm::phantom::TissueKind> {
  using K = phantom::TissueKind;
  static constexpr std::array list{std::pair{K::soft, "soft"}, std::pair{K::bone, "bone"}, std::pair{K::air, "air"}};
};

template <>
struct gdm::Names<gdm::phantom::FieldStrength> {
  using F = phantom::FieldStrength;
  static constexpr std::array list{std::pair{F::tesla_1_5, "1.5"}, std::pair{F::tesla_3, "3"}};
};
