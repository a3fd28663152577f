#include "phantom/label_anatomy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "image/regrid.hpp"
#include "sys/error.hpp"

namespace gdm::phantom {
namespace {

constexpr double coarse_step_mm = 50, fine_step_mm = 18;  // of NoiseField
constexpr double coarse_share = 0.9;                      // of the mean square of the displacement
constexpr std::int64_t least_voxels = 16, most_voxels = 512;

/// Shares of a box around `centre` (an index) along one axis in the voxels from `first` on.
struct Overlap {
  std::int64_t first = 0;
  std::vector<float> shares;
};

void overlap_of(double centre, double width, Overlap& overlap) {
  const double low = centre - 0.5 * width, high = centre + 0.5 * width;
  overlap.first = static_cast<std::int64_t>(std::floor(low + 0.5));
  const auto last = static_cast<std::int64_t>(std::floor(high + 0.5));
  overlap.shares.clear();
  for (std::int64_t m = overlap.first; m <= last; ++m) {
    const auto at = static_cast<double>(m);
    const double share = (std::min(high, at + 0.5) - std::max(low, at - 0.5)) / width;
    overlap.shares.push_back(static_cast<float>(std::max(share, 0.0)));
  }
}

void add(Look& sum, const Look& look, float fraction) {
  sum.ct_hu += fraction * look.ct_hu;
  sum.ct_texture_hu += fraction * look.ct_texture_hu;
  sum.expected_hu += fraction * look.expected_hu;
  sum.mr += fraction * look.mr;
  sum.mr_texture += fraction * look.mr_texture;
  sum.susceptibility += fraction * look.susceptibility;
  sum.bone += fraction * look.bone;
  sum.air += fraction * look.air;
}

/// The fractions of one voxel, cleared after each use.
class Fractions {
 public:
  explicit Fractions(std::size_t tissues) : fraction_(tissues, 0.0F) {}

  void collect(const LabelMap& map, const Overlap (&overlap)[3]) {
    const Index3& shape = map.grid.shape_ijk;
    const auto clamped = [&](std::int64_t index, std::size_t axis) {
      return std::clamp<std::int64_t>(index, 0, shape[axis] - 1);
    };
    body_ = 0;
    // The tissue at hand: neighbours mostly are one, whose sum then need not go through memory.
    std::size_t at_hand = map.tissue.front();
    float sum = fraction_[at_hand];
    for (std::size_t c = 0; c < overlap[2].shares.size(); ++c) {
      const std::int64_t k = clamped(overlap[2].first + static_cast<std::int64_t>(c), 2);
      for (std::size_t b = 0; b < overlap[1].shares.size(); ++b) {
        const std::int64_t j = clamped(overlap[1].first + static_cast<std::int64_t>(b), 1);
        const float outer = overlap[2].shares[c] * overlap[1].shares[b];
        const auto row = static_cast<std::size_t>(shape[0] * (j + shape[1] * k));
        for (std::size_t a = 0; a < overlap[0].shares.size(); ++a) {
          const std::int64_t i = clamped(overlap[0].first + static_cast<std::int64_t>(a), 0);
          const float share = outer * overlap[0].shares[a];
          const std::size_t at = row + static_cast<std::size_t>(i);
          const std::uint8_t tissue = map.tissue[at];
          if (tissue != at_hand) {
            fraction_[at_hand] = sum;
            at_hand = tissue;
            sum = fraction_[tissue];
          }
          if (sum == 0 && share > 0) touched_.push_back(tissue);
          sum += share;
          if (map.body[at] != 0) body_ += share;
        }
      }
    }
    fraction_[at_hand] = sum;
  }

  void mix(const std::vector<Look>& looks, Look& look, std::uint8_t& tissue, std::uint8_t& body) {
    look = {};
    float most = -1;
    for (const std::uint8_t t : touched_) {
      add(look, looks[t], fraction_[t]);
      if (fraction_[t] > most || (fraction_[t] == most && t > tissue)) {
        most = fraction_[t];
        tissue = t;
      }
      fraction_[t] = 0;
    }
    touched_.clear();
    body = body_ >= 0.5F ? 1 : 0;
  }

 private:
  std::vector<float> fraction_;
  std::vector<std::uint8_t> touched_;
  float body_ = 0;
};

}  // namespace

Grid label_case_grid(const Grid& map, double spacing_mm) {
  Grid grid = respaced(map, {spacing_mm, spacing_mm, spacing_mm});
  for (const std::int64_t n : grid.shape_ijk) {
    if (n < least_voxels || n > most_voxels) {
      throw Error(
          fmt::format("a spacing of {} mm makes {} x {} x {} voxels of it: expected {} to {} along each axis",
                      spacing_mm, grid.shape_ijk[0], grid.shape_ijk[1], grid.shape_ijk[2], least_voxels, most_voxels),
          Exit::usage);
    }
  }
  return grid;
}

LabelAnatomy::LabelAnatomy(LabelMap map, std::vector<Look> looks, Random& fields, double spacing_mm,
                           double deformation_mm)
    : map_(std::move(map)), looks_(std::move(looks)), grid_(label_case_grid(map_.grid, spacing_mm)) {
  voxel_mm_ = map_.grid.spacing_mm();
  first_ = map_.grid.index_of_ras(grid_.ras_of_index({0, 0, 0}));
  for (std::size_t axis = 0; axis < 3; ++axis) steps_[axis] = spacing_mm / voxel_mm_[axis];
  coarse_mm_ = static_cast<float>(deformation_mm * std::sqrt(coarse_share / 3));
  fine_mm_ = static_cast<float>(deformation_mm * std::sqrt((1 - coarse_share) / 3));
  const auto field = [&](double step_mm) {
    return NoiseField(fields, grid_.shape_ijk, std::max(1.0, step_mm / spacing_mm));
  };
  for (int axis = 0; axis < 3; ++axis) coarse_.push_back(field(coarse_step_mm));
  for (int axis = 0; axis < 3; ++axis) fine_.push_back(field(fine_step_mm));
}

void LabelAnatomy::slice(std::int64_t k, const std::vector<Vec3>* moved_mm, SliceMix& mix) const {
  const std::int64_t ni = grid_.shape_ijk[0], nj = grid_.shape_ijk[1];
  const auto size = static_cast<std::size_t>(ni * nj);
  std::vector<float> coarse[3], fine[3];
  for (std::size_t axis = 0; axis < 3; ++axis) {
    coarse_[axis].slice(k, coarse[axis]);
    fine_[axis].slice(k, fine[axis]);
  }
  mix.looks.resize(size);
  mix.tissue.assign(size, 0);
  mix.body.assign(size, 0);
  Fractions fractions(looks_.size());
  Overlap overlap[3];
  std::size_t n = 0;
  for (std::int64_t j = 0; j < nj; ++j) {
    for (std::int64_t i = 0; i < ni; ++i, ++n) {
      const Point3 index{static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)};
      const Vec3 moved = moved_mm != nullptr ? (*moved_mm)[n] : Vec3{};
      const float extra_mm[3] = {moved.x, moved.y, moved.z};
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const float moved_here_mm = extra_mm[axis] + coarse_mm_ * coarse[axis][n] + fine_mm_ * fine[axis][n];
        overlap_of(first_[axis] + index[axis] * steps_[axis] + moved_here_mm / voxel_mm_[axis],
                   std::max(1.0, steps_[axis]), overlap[axis]);
      }
      fractions.collect(map_, overlap);
      fractions.mix(looks_, mix.looks[n], mix.tissue[n], mix.body[n]);
    }
  }
}

}  // namespace gdm::phantom
