// Which angles the views of a scan stand for, whatever their order: of use inside ct/ alone.
#pragma once

#include <vector>

#include "ct/geometry.hpp"

namespace gdm::ct {

/// Views without a gap of two median steps make a full turn; else the range starts after the widest gap. Each view
/// stands for half the way to its neighbours, the first and last one for a median step more outwards.
struct ViewArcs {
  std::vector<double> start_rad, cell_rad;  ///< of each view: from the start of the range, and what it stands for
  double range_rad = 0, step_rad = 0;       ///< step: the median
  bool has_gap = false;                     ///< a step within the range is more than twice the usual one
  bool full_turn = false;
};
ViewArcs arcs_of(const PosedScan& scan);

/// Whether the source goes around once or more and along the axis by more than a row as it is seen there, both in one
/// direction from view to view.
bool is_helix(const PosedScan& scan);
/// Of such views: each stands for half the way to its neighbours, and several turns for as many times 2 pi.
ViewArcs arcs_in_order(const PosedScan& scan);

}  // namespace gdm::ct
