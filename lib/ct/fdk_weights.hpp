// How much each ray of a scan counts in filtered back-projection: of use inside ct/ alone.
#pragma once

#include <cstdint>
#include <vector>

#include "ct/geometry.hpp"
#include "ct/view_arcs.hpp"

namespace gdm::ct {

/// Shares of the views and of their rays in an integral over half a turn of parallel rays.
class RayShares {
 public:
  /// Throws Error where the rays miss the axis, and for a helix with an offset detector. Warns of a range that is too
  /// short.
  explicit RayShares(const PosedScan& scan);
  /// In rad: of all columns of a view, the same in each row. The scan may be one that is wider by what the detector
  /// lacks.
  std::vector<double> of_view(const PosedScan& scan, std::int64_t view) const;
  /// Columns that an offset detector lacks before its first or after its last one, so that it would reach as far on
  /// both sides. Nothing is measured there, but the filter carries what is into it.
  struct Lacking {
    std::int64_t before = 0, after = 0;
  };
  const Lacking& lacking() const { return lacking_; }
  /// Whether voxels are not seen alike.
  bool of_helix() const { return of_helix_; }
  /// What each view stands for.
  const std::vector<double>& arcs_rad() const { return arcs_.cell_rad; }

 private:
  bool of_helix_;
  ViewArcs arcs_;
  double overlap_mm_ = 0;  ///< of an offset detector: how far it reaches on its short side; 0 where it is centred
  double longer_side_ = 1;
  Lacking lacking_;

  void set_offset(const PosedScan& scan, double low_mm, double high_mm);
};

}  // namespace gdm::ct
