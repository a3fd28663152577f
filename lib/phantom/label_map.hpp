// Label maps of real heads (or other bodies) as tissues.
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"
#include "phantom/tissue.hpp"
#include "sys/random.hpp"

namespace gdm::phantom {

struct LabelMap {
  Grid grid;                         ///< axes to the left, to anterior, to superior, cropped to the body
  std::vector<std::uint8_t> tissue;  ///< places in the table
  std::vector<std::uint8_t> body;    ///< 1 inside, air-filled cavities included
};

/// The map's tissues by the table. What hangs together with the largest part of the body stays, the rest is air. The
/// box around it gets `margin_mm` of air, but none on sides where the field of view cuts the body (more than an eighth
/// of the box's side): there the outermost slice goes, since maps are ragged at their ends, and the image ends. Parts
/// (TissuePart) are drawn from `random`, their distances within 15 per cent of the table's.
/// Throws Error for values that are no whole numbers, for labels that no tissue covers (how many, which), and for a map
/// without a body.
LabelMap label_map(const Volume& labels, const TissueTable& table, Random& random, double margin_mm);

}  // namespace gdm::phantom
