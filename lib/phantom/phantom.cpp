// The renderer. Each voxel is a mixture: layers are laid over one another with the fraction of the voxel that they
// cover (1/2 - distance / voxel size, which is the box filter of a plane edge), so every edge is anti-aliased.
#include "phantom/phantom.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "phantom/noise.hpp"
#include "phantom/scene.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::phantom {
namespace {

constexpr std::size_t outline_fields = 4;
constexpr float outline_step_mm[outline_fields] = {40, 18, 9, 5};  // of NoiseField, in the anatomy's millimetres
constexpr float warp_coarse_mm = 2.5F, warp_fine_mm = 0.7F;        // standard deviations of the displacement
constexpr float warp_reach_mm = 14.0F;                             // no displacement and outline noise is longer

/// Streams of random numbers of one case; noise takes one per slice from `noise` on.
enum Stream : std::uint64_t { anatomy, looks, fields, pose, noise = 16, per_case = 1024 };

struct Pose {
  Rotation rotation;
  Vec3 shift_mm;

  explicit Pose(Random random) {
    const auto spread = [&random](double range) { return static_cast<float>(random.uniform(-range, range)); };
    rotation = rotation_deg({spread(7), spread(5), spread(6)});
    shift_mm = {spread(4), spread(4), spread(4)};
  }
  Vec3 to_anatomy(Vec3 p) const { return to_local(rotation, p - shift_mm); }
  Vec3 from_anatomy(Vec3 p) const { return from_local(rotation, p) + shift_mm; }
};

/// Everything of a case that all its slices share.
struct Studio {
  std::int64_t n;
  std::uint64_t seed, first_stream;
  Scene scene;
  Looks looks;
  Pose pose;
  float voxel_mm;  // in the anatomy's millimetres
  std::vector<NoiseField> outline, warp_coarse, warp_fine;
  std::vector<NoiseField> texture;  // 0: CT, 1: MR, 2: HU drift, 3: receive coil
  std::vector<Ball> bounds;         // of the layers, in the posed frame
  float coil_strength, mr_noise, ct_noise_hu;

  Studio(Scene&& drawn, std::int64_t shape, std::uint64_t case_seed, std::uint64_t stream)
      : n(shape),
        seed(case_seed),
        first_stream(stream),
        scene(std::move(drawn)),
        looks(make_looks()),
        pose(Random(case_seed, stream + Stream::pose)),
        voxel_mm(scene.field_of_view_mm / static_cast<float>(shape)) {
    Random random(seed, first_stream + Stream::fields);
    const auto field = [&](double step_mm) { return NoiseField(random, n, std::max(1.0, step_mm / voxel_mm)); };
    for (const float step_mm : outline_step_mm) outline.push_back(field(step_mm));
    for (int axis = 0; axis < 3; ++axis) warp_coarse.push_back(field(30));
    for (int axis = 0; axis < 3; ++axis) warp_fine.push_back(field(11));
    texture = {field(1.3 * voxel_mm), field(1.6 * voxel_mm), field(14), field(0.4 * scene.field_of_view_mm)};
    coil_strength = static_cast<float>(random.uniform(0.04, 0.12));
    mr_noise = static_cast<float>(random.uniform(10, 22));
    ct_noise_hu = static_cast<float>(random.uniform(6, 12));
    for (const Layer& layer : scene.layers) {
      Ball ball = bounding_ball(layer.shape);
      ball.centre = pose.from_anatomy(ball.centre);
      ball.radius_mm += warp_reach_mm + std::max(0.0F, -layer.inset_mm);
      bounds.push_back(ball);
    }
  }

  Looks make_looks() const {
    Random random(seed, first_stream + Stream::looks);
    return patient_looks(random);
  }
  float coordinate_mm(std::int64_t index) const {
    return (static_cast<float>(index) - 0.5F * static_cast<float>(n - 1)) * voxel_mm;
  }
};

/// What a sheet or tube thinner than a voxel covers at most, times the voxel size.
float thickness_mm(const Shape& shape) {
  const Vec3& r = shape.radii;
  return 2 * (shape.form == Shape::Form::superellipsoid ? std::min({r.x, r.y, r.z}) : std::max(r.x, r.y));
}

/// One slice while it is painted.
class SlicePainter {
 public:
  SlicePainter(const Studio& studio, std::int64_t k) : studio_(studio), k_(k), z_mm_(studio.coordinate_mm(k)) {
    const auto size = static_cast<std::size_t>(studio.n * studio.n);
    const Look& air = studio.looks[static_cast<std::size_t>(Tissue::air)];
    mixture_.assign(size, air);
    to_body_mm_.assign(size, 1e6F);
    for (std::size_t f = 0; f < outline_fields; ++f) studio.outline[f].slice(k, outline_[f]);
    place();
    for (std::size_t n = 0; n < studio.scene.layers.size(); ++n) paint(studio.scene.layers[n], studio.bounds[n]);
  }

  /// CT with texture, but without noise; noise-free MR; body.
  void finish(PairedCase& result) const {
    std::vector<float> fine_ct, fine_mr, drift;
    studio_.texture[0].slice(k_, fine_ct);
    studio_.texture[1].slice(k_, fine_mr);
    studio_.texture[2].slice(k_, drift);
    const std::size_t first = result.mr.offset(0, 0, k_);
    for (std::size_t n = 0; n < mixture_.size(); ++n) {
      const Look& look = mixture_[n];
      result.ct_hu.voxels[first + n] = look.ct_hu + look.ct_texture_hu * (0.8F * fine_ct[n] + 0.6F * drift[n]);
      result.mr.voxels[first + n] = look.mr + look.mr_texture * fine_mr[n];
      result.body.voxels[first + n] = to_body_mm_[n] <= 0 ? 1 : 0;
    }
  }

 private:
  /// Where each voxel lies in the anatomy, warp included. i runs to the left: x falls with i.
  void place() {
    std::vector<float> coarse[3], fine[3];
    for (std::size_t axis = 0; axis < 3; ++axis) {
      studio_.warp_coarse[axis].slice(k_, coarse[axis]);
      studio_.warp_fine[axis].slice(k_, fine[axis]);
    }
    const auto moved = [&](std::size_t axis, std::size_t n) {
      return std::clamp(warp_coarse_mm * coarse[axis][n] + warp_fine_mm * fine[axis][n], -10.0F, 10.0F);
    };
    positions_.resize(mixture_.size());
    for (std::int64_t j = 0; j < studio_.n; ++j) {
      for (std::int64_t i = 0; i < studio_.n; ++i) {
        const auto n = static_cast<std::size_t>(i + studio_.n * j);
        const Vec3 p{-studio_.coordinate_mm(i), studio_.coordinate_mm(j), z_mm_};
        positions_[n] = studio_.pose.to_anatomy(p) + Vec3{moved(0, n), moved(1, n), moved(2, n)};
      }
    }
  }

  float layer_distance_mm(const Layer& layer, std::size_t n) const {
    const Vec3 p = positions_[n];
    float d = distance_mm(layer.shape, p) + layer.inset_mm;
    if (layer.shape.roughness_mm > 0) {
      d += layer.shape.roughness_mm * outline_[static_cast<std::size_t>(layer.shape.roughness_field)][n];
    }
    if (layer.clip >= 0) d = std::max(d, distance_mm(studio_.scene.clips[static_cast<std::size_t>(layer.clip)], p));
    return layer.is_body ? d : std::max(d, to_body_mm_[n] + layer.skin_mm);
  }

  void paint(const Layer& layer, const Ball& ball) {
    const Look& look = studio_.looks[static_cast<std::size_t>(layer.tissue)];
    const float thin = std::min(1.0F, thickness_mm(layer.shape) / studio_.voxel_mm);
    const float dz = z_mm_ - ball.centre.z;
    for (std::int64_t j = 0; j < studio_.n; ++j) {
      const float dy = studio_.coordinate_mm(j) - ball.centre.y;
      const float rest = ball.radius_mm * ball.radius_mm - dy * dy - dz * dz;
      if (rest <= 0) continue;
      const float half = std::sqrt(rest) / studio_.voxel_mm;
      const float middle = 0.5F * static_cast<float>(studio_.n - 1) - ball.centre.x / studio_.voxel_mm;
      const auto last = static_cast<float>(studio_.n - 1);
      const auto from = static_cast<std::int64_t>(std::clamp(std::ceil(middle - half), 0.0F, last));
      const auto to = static_cast<std::int64_t>(std::clamp(std::floor(middle + half), 0.0F, last));
      for (std::int64_t i = from; i <= to; ++i) {
        const auto n = static_cast<std::size_t>(i + studio_.n * j);
        const float d = layer_distance_mm(layer, n);
        if (layer.is_body) to_body_mm_[n] = std::min(to_body_mm_[n], d);
        const float cover = thin * std::clamp(0.5F - d / studio_.voxel_mm, 0.0F, 1.0F);
        if (cover > 0) blend(mixture_[n], look, cover, layer.seen_by_mr);
      }
    }
  }

  static void blend(Look& below, const Look& above, float cover, bool seen_by_mr) {
    below.ct_hu += cover * (above.ct_hu - below.ct_hu);
    below.ct_texture_hu += cover * (above.ct_texture_hu - below.ct_texture_hu);
    if (!seen_by_mr) return;
    below.mr += cover * (above.mr - below.mr);
    below.mr_texture += cover * (above.mr_texture - below.mr_texture);
  }

  const Studio& studio_;
  std::int64_t k_;
  float z_mm_;
  std::vector<Look> mixture_;
  std::vector<float> to_body_mm_;
  std::vector<float> outline_[outline_fields];
  std::vector<Vec3> positions_;
};

/// (side, 1 - 2 side, side) along one axis; the ends keep their own value.
void smooth_axis(Voxels<float>& voxels, std::int64_t n, std::int64_t stride, float side) {
  parallel_for(n, [&](std::int64_t outer) {
    for (std::int64_t inner = 0; inner < n; ++inner) {
      const std::int64_t other = stride == 1 ? n : 1, third = stride == n * n ? n : n * n;
      float* line = voxels.data() + outer * third + inner * other;
      float before = line[0];
      for (std::int64_t m = 1; m + 1 < n; ++m) {
        const float here = line[m * stride];
        line[m * stride] = (1 - 2 * side) * here + side * (before + line[(m + 1) * stride]);
        before = here;
      }
    }
  });
}

/// The scanners: point spread, coil, noise, whole numbers.
void acquire(const Studio& studio, PairedCase& result) {
  const std::int64_t n = studio.n;
  for (const std::int64_t stride : {std::int64_t{1}, n, n * n}) smooth_axis(result.mr.voxels, n, stride, 0.14F);
  parallel_for(n, [&](std::int64_t k) {
    Random random(studio.seed, studio.first_stream + Stream::noise + static_cast<std::uint64_t>(k));
    std::vector<float> coil;
    studio.texture[3].slice(k, coil);
    const std::size_t first = result.mr.offset(0, 0, k);
    for (std::size_t v = 0; v < coil.size(); ++v) {
      float& mr = result.mr.voxels[first + v];
      const float real =
          mr * std::exp(studio.coil_strength * coil[v]) + studio.mr_noise * static_cast<float>(random.normal());
      mr = std::round(std::hypot(real, studio.mr_noise * static_cast<float>(random.normal())));
      float& hu = result.ct_hu.voxels[first + v];
      hu = std::round(std::clamp(hu + studio.ct_noise_hu * static_cast<float>(random.normal()), -1024.0F, 3071.0F));
    }
  });
}

Scene draw_scene(Kind kind, const Random& random) {
  switch (kind) {
    case Kind::head:
      return head_scene(random);
    case Kind::pelvis:
      return pelvis_scene(random);
    case Kind::thorax:
      break;
  }
  return thorax_scene(random);
}

}  // namespace

const std::vector<std::string>& kind_names() {
  static const std::vector<std::string> names{"head", "pelvis", "thorax"};
  return names;
}

Kind kind_from_name(const std::string& name) {
  const auto& names = kind_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw Error(fmt::format("'{}' is not a kind of phantom; there are {}", name, fmt::join(names, ", ")), Exit::usage);
  }
  return static_cast<Kind>(found - names.begin());
}

PairedCase make_case(Kind kind, std::int64_t shape, double spacing_mm, std::uint64_t seed, std::uint64_t case_number) {
  if (shape < 16 || shape > 512) throw Error(fmt::format("a phantom of {} voxels a side: expected 16 to 512", shape));
  if (!(spacing_mm > 0) || !std::isfinite(spacing_mm)) {
    throw Error(fmt::format("a phantom with voxels of {} mm: expected more than 0", spacing_mm));
  }
  const std::uint64_t first_stream = (case_number * kind_names().size() + static_cast<std::uint64_t>(kind)) * per_case;
  const Studio studio(draw_scene(kind, Random(seed, first_stream + Stream::anatomy)), shape, seed, first_stream);
  const Grid grid = Grid::centred({shape, shape, shape}, {spacing_mm, spacing_mm, spacing_mm});
  PairedCase result{Volume(grid, 0.0F), Volume(grid, 0.0F), Mask(grid, 0)};
  parallel_for(shape, [&](std::int64_t k) { SlicePainter(studio, k).finish(result); });
  acquire(studio, result);
  return result;
}

}  // namespace gdm::phantom
