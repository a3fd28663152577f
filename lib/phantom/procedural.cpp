// Each voxel is a mixture: layers are laid over one another with the fraction of the voxel that they cover (1/2 -
// distance / voxel size, which is the box filter of a plane edge), so every edge is anti-aliased.
#include "phantom/procedural.hpp"

#include <algorithm>
#include <cmath>

namespace gdm::phantom {
namespace {

constexpr std::size_t outline_fields = 4;
constexpr float outline_step_mm[outline_fields] = {40, 18, 9, 5};  // of NoiseField, in the anatomy's millimetres
constexpr float warp_coarse_mm = 2.5F, warp_fine_mm = 0.7F;        // standard deviations of the displacement
constexpr float warp_reach_mm = 14.0F;                             // no displacement and outline noise is longer

/// What a sheet or tube thinner than a voxel covers at most, times the voxel size.
float thickness_mm(const Shape& shape) {
  const Vec3& r = shape.radii;
  return 2 * (shape.form == Shape::Form::superellipsoid ? std::min({r.x, r.y, r.z}) : std::max(r.x, r.y));
}

void blend(Look& below, const Look& above, float cover, bool seen_by_mr) {
  const auto mix = [cover](float& value, float other) { value += cover * (other - value); };
  mix(below.ct_hu, above.ct_hu);
  mix(below.ct_texture_hu, above.ct_texture_hu);
  mix(below.expected_hu, above.expected_hu);
  mix(below.bone, above.bone);
  mix(below.air, above.air);
  if (!seen_by_mr) return;
  mix(below.mr, above.mr);
  mix(below.mr_texture, above.mr_texture);
  mix(below.susceptibility, above.susceptibility);
}

}  // namespace

Pose::Pose(Random random) {
  const auto spread = [&random](double range) { return static_cast<float>(random.uniform(-range, range)); };
  rotation = rotation_deg({spread(7), spread(5), spread(6)});
  shift_mm = {spread(4), spread(4), spread(4)};
}

ProceduralAnatomy::ProceduralAnatomy(Scene&& scene, const Pose& pose, Random fields, std::int64_t shape,
                                     double spacing_mm, std::vector<Look> looks,
                                     const std::array<std::size_t, static_cast<std::size_t>(Tissue::count)>& places)
    : grid_(Grid::centred({shape, shape, shape}, {spacing_mm, spacing_mm, spacing_mm})),
      n_(shape),
      scene_(std::move(scene)),
      pose_(pose),
      looks_(std::move(looks)),
      places_(places),
      voxel_mm_(scene_.field_of_view_mm / static_cast<float>(shape)),
      anatomy_mm_per_mm_(voxel_mm_ / static_cast<float>(spacing_mm)) {
  const auto field = [&](double step_mm) { return NoiseField(fields, n_, std::max(1.0, step_mm / voxel_mm_)); };
  for (const float step_mm : outline_step_mm) outline_.push_back(field(step_mm));
  for (int axis = 0; axis < 3; ++axis) warp_coarse_.push_back(field(30));
  for (int axis = 0; axis < 3; ++axis) warp_fine_.push_back(field(11));
  for (const Layer& layer : scene_.layers) {
    Ball ball = bounding_ball(layer.shape);
    ball.centre = pose_.from_anatomy(ball.centre);
    ball.radius_mm += warp_reach_mm + std::max(0.0F, -layer.inset_mm);
    bounds_.push_back(ball);
  }
}

/// One slice while it is painted.
class SlicePainter {
 public:
  SlicePainter(const ProceduralAnatomy& anatomy, std::int64_t k, const std::vector<Vec3>* moved_mm, SliceMix& mix)
      : anatomy_(anatomy), k_(k), mix_(mix) {
    const auto size = static_cast<std::size_t>(anatomy.n_ * anatomy.n_);
    const std::size_t air = anatomy.places_[static_cast<std::size_t>(Tissue::air)];
    mix_.looks.assign(size, anatomy.looks_[air]);
    mix_.tissue.assign(size, static_cast<std::uint8_t>(air));
    mix_.body.assign(size, 0);
    to_body_mm_.assign(size, 1e6F);
    for (std::size_t f = 0; f < outline_fields; ++f) anatomy.outline_[f].slice(k, outline_[f]);
    place(moved_mm);
    // A layer that is moved towards the slice from beyond its ball is painted as well.
    for (std::size_t n = 0; moved_mm != nullptr && n < size; ++n) {
      reach_mm_ = std::max(reach_mm_, anatomy.anatomy_mm_per_mm_ * length((*moved_mm)[n]));
    }
    for (std::size_t n = 0; n < anatomy.scene_.layers.size(); ++n) paint(anatomy.scene_.layers[n], anatomy.bounds_[n]);
    for (std::size_t n = 0; n < size; ++n) mix_.body[n] = to_body_mm_[n] <= 0 ? 1 : 0;
  }

 private:
  /// Where each voxel lies in the anatomy, warp included. i runs to the left: x falls with i.
  void place(const std::vector<Vec3>* moved_mm) {
    std::vector<float> coarse[3], fine[3];
    for (std::size_t axis = 0; axis < 3; ++axis) {
      anatomy_.warp_coarse_[axis].slice(k_, coarse[axis]);
      anatomy_.warp_fine_[axis].slice(k_, fine[axis]);
    }
    const auto warp = [&](std::size_t axis, std::size_t n) {
      return std::clamp(warp_coarse_mm * coarse[axis][n] + warp_fine_mm * fine[axis][n], -10.0F, 10.0F);
    };
    positions_.resize(mix_.looks.size());
    for (std::int64_t j = 0; j < anatomy_.n_; ++j) {
      for (std::int64_t i = 0; i < anatomy_.n_; ++i) {
        const auto n = static_cast<std::size_t>(i + anatomy_.n_ * j);
        Vec3 p{anatomy_.coordinate_mm(i), anatomy_.coordinate_mm(j), anatomy_.coordinate_mm(k_)};
        if (moved_mm != nullptr) p = p + anatomy_.anatomy_mm_per_mm_ * (*moved_mm)[n];
        positions_[n] = anatomy_.pose_.to_anatomy({-p.x, p.y, p.z}) + Vec3{warp(0, n), warp(1, n), warp(2, n)};
      }
    }
  }

  float layer_distance_mm(const Layer& layer, std::size_t n) const {
    const Vec3 p = positions_[n];
    float d = distance_mm(layer.shape, p) + layer.inset_mm;
    if (layer.shape.roughness_mm > 0) {
      d += layer.shape.roughness_mm * outline_[static_cast<std::size_t>(layer.shape.roughness_field)][n];
    }
    if (layer.clip >= 0) d = std::max(d, distance_mm(anatomy_.scene_.clips[static_cast<std::size_t>(layer.clip)], p));
    return layer.is_body ? d : std::max(d, to_body_mm_[n] + layer.skin_mm);
  }

  void paint(const Layer& layer, const Ball& ball) {
    const std::size_t tissue = anatomy_.places_[static_cast<std::size_t>(layer.tissue)];
    const Look& look = anatomy_.looks_[tissue];
    const float voxel_mm = anatomy_.voxel_mm_, thin = std::min(1.0F, thickness_mm(layer.shape) / voxel_mm);
    const float radius_mm = ball.radius_mm + reach_mm_, dz = anatomy_.coordinate_mm(k_) - ball.centre.z;
    const auto last = static_cast<float>(anatomy_.n_ - 1);
    for (std::int64_t j = 0; j < anatomy_.n_; ++j) {
      const float dy = anatomy_.coordinate_mm(j) - ball.centre.y;
      const float rest = radius_mm * radius_mm - dy * dy - dz * dz;
      if (rest <= 0) continue;
      const float half = std::sqrt(rest) / voxel_mm, middle = 0.5F * last - ball.centre.x / voxel_mm;
      const auto from = static_cast<std::int64_t>(std::clamp(std::ceil(middle - half), 0.0F, last));
      const auto to = static_cast<std::int64_t>(std::clamp(std::floor(middle + half), 0.0F, last));
      for (std::int64_t i = from; i <= to; ++i) {
        const auto n = static_cast<std::size_t>(i + anatomy_.n_ * j);
        const float d = layer_distance_mm(layer, n);
        if (layer.is_body) to_body_mm_[n] = std::min(to_body_mm_[n], d);
        const float cover = thin * std::clamp(0.5F - d / voxel_mm, 0.0F, 1.0F);
        if (cover > 0) blend(mix_.looks[n], look, cover, layer.seen_by_mr);
        if (cover >= 0.5F) mix_.tissue[n] = static_cast<std::uint8_t>(tissue);
      }
    }
  }

  const ProceduralAnatomy& anatomy_;
  std::int64_t k_;
  SliceMix& mix_;
  float reach_mm_ = 0;
  std::vector<float> to_body_mm_;
  std::vector<float> outline_[outline_fields];
  std::vector<Vec3> positions_;
};

void ProceduralAnatomy::slice(std::int64_t k, const std::vector<Vec3>* moved_mm, SliceMix& mix) const {
  SlicePainter(*this, k, moved_mm, mix);
}

}  // namespace gdm::phantom
