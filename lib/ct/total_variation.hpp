// The penalty of total variation and its proximal step: of use inside ct/ alone.
//
// TV(x) = sum over voxels of phi(|D x|), D x the forward differences times (mean in-plane spacing / spacing along their
// axis), 0 across the last voxel, so that a strength means the same along every axis and the penalty has the unit of x.
// phi(t) = t (Rudin, Osher & Fatemi 1992, Physica D 60:259-268, isotropic), or with Huber's edge preservation
// t^2 / (2 h) below h and t - h/2 above.
//
// A descent step in the metric of a diagonal M looks for
//   argmin_x 1/2 |x - v|^2_M + strength * TV(x), x >= lowest
// by one step on the dual y, |y| <= 1 in each voxel, that goes on where the last call stopped: x(y) = max(lowest, v -
// strength M^-1 D^T y), y <- projection of (y + s D x(y)) / (1 + s h) (Chambolle 2004, J. Math. Imaging Vis. 20:89-97;
// Beck & Teboulle 2009, IEEE Trans. Image Process. 18(11):2419-2434). Without momentum this is the primal-dual
// fixed-point method of Loris & Verhoeven 2011 (Inverse Problems 27:125007). s = min(M at the voxels of D x) / (4
// strength sum of squared weights) keeps the diagonal scaling of Pock & Chambolle 2011 (ICCV): |S^1/2 D M^-1/2| <= 1.
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"

namespace gdm::ct {

/// Voxels as TV sees them: rows of `length` values, whose neighbours lie `step` apart within the row, in planes of
/// `rows` rows. A weight of 0 leaves an axis out.
struct TvLattice {
  std::int64_t length = 0, step = 1, rows = 0, planes = 1;
  float row_weight = 1.0F, column_weight = 1.0F, plane_weight = 0.0F;

  std::int64_t plane() const { return length * rows; }
  std::int64_t voxels() const { return plane() * planes; }
};
/// Of a volume; `across_slices`: differences along k besides.
TvLattice tv_lattice(const Grid& grid, bool across_slices);
/// Of a Projector::slab()'s volume: slices apart, each in its lane.
TvLattice tv_lattice_of_slab(const Grid& grid);

class TotalVariation {
 public:
  /// `metric`: the diagonal M > 0, for every voxel.
  TotalVariation(const TvLattice& lattice, double strength, double huber, float lowest, std::vector<float> metric);

  /// x <- the step's minimiser, z <- x + momentum * (x - x before). On entry v = z - gradient / M.
  /// `gradient` is overwritten. Gives |change|^2 and |x|^2.
  struct Move {
    double change = 0.0, norm = 0.0;
  };
  Move step(float* gradient, float momentum, float* x, float* z);
  double value(const float* x) const;

 private:
  /// Value (0, 0, 0) of a dual: zeros lie before it, for the differences into the first row and plane.
  float* dual(int axis) { return dual_[axis].data() + lead_; }
  void descend(const float* target, float* out);
  void ascend(const float* x);

  TvLattice lattice_;
  float strength_, huber_, lowest_;
  std::int64_t lead_;
  std::vector<float> inverse_metric_, dual_step_, inner_;
  std::vector<float> dual_[3];
};

}  // namespace gdm::ct
