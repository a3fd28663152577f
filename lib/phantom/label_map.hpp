// Label maps of real heads (or other bodies) as tissues.
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"
#include "phantom/label_parts.hpp"
#include "phantom/tissue.hpp"
#include "sys/random.hpp"

namespace gdm::phantom {

struct LabelMap {
  Grid grid;                         ///< axes to the left, to anterior, to superior, cropped to the body
  std::vector<std::uint8_t> tissue;  ///< places in the table
  std::vector<std::uint8_t> body;    ///< 1 inside, air-filled cavities included
};

/// What all subjects of one map of labels have in common.
class LabelSource {
 public:
  /// The map's tissues by the table, which must outlive this. What hangs together with the largest part of the body
  /// stays, the rest is air. The box around it gets `margin_mm` of air, but none on sides where the field of view cuts
  /// the body (more than an eighth of the box's side): there the outermost slice goes, since maps are ragged at their
  /// ends, and the image ends. Throws Error for values that are no whole numbers, for labels that no tissue covers (how
  /// many, which), and for a map without a body.
  LabelSource(const Volume& labels, const TissueTable& table, double margin_mm);

  /// One subject: parts (TissuePart) are drawn from `random`, their distances within 15 per cent of the table's. Safe
  /// from several threads.
  LabelMap subject(Random& random) const;
  const TissueTable& table() const { return *table_; }
  const Grid& grid() const { return whole_.grid; }  ///< of every subject

 private:
  /// The tissues before parts, and the labels on the same grid.
  struct Whole {
    LabelMap map;
    std::vector<std::uint16_t> labels;
  };
  static Whole whole_of(const Volume& labels, const TissueTable& table, double margin_mm);
  LabelSource(Whole whole, const TissueTable& table);

  const TissueTable* table_;
  LabelMap whole_;
  PartDistances distances_;
};

}  // namespace gdm::phantom
