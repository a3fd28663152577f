// A scene is an anatomy as data: shapes with tissues, painted in order. The builders (head, pelvis, thorax) make one
// from random numbers; the renderer turns it into volumes.
#pragma once

#include <vector>

#include "phantom/shape.hpp"
#include "phantom/tissue.hpp"
#include "sys/random.hpp"

namespace gdm::phantom {

struct Layer {
  Shape shape;
  Tissue tissue = Tissue::air;
  float inset_mm = 0;    ///< painted where the distance is below -inset_mm (negative: grown)
  bool is_body = false;  ///< the union of these layers, before any inset, is the patient
  float skin_mm = 2;     ///< other layers keep this far inside the patient
  int clip = -1;         ///< index of a shape in Scene::clips that the layer stays inside
  bool seen_by_mr = true;
};

struct Scene {
  float field_of_view_mm = 0;  ///< width of the cube that the anatomy is drawn for
  std::vector<Layer> layers;
  std::vector<Shape> clips;
};

/// Random numbers and the few phrases that every builder uses.
class Sculptor {
 public:
  Sculptor(Random random, float field_of_view_mm) : random_(random) { scene_.field_of_view_mm = field_of_view_mm; }

  float uniform(float low, float high) { return static_cast<float>(random_.uniform(low, high)); }
  bool chance(double probability) { return random_.uniform() < probability; }
  int below(int n) { return static_cast<int>(random_.below(n)); }
  /// The value times 1 + `relative` * (a number in -1 .. 1).
  float vary(float value, float relative) { return value * (1 + relative * uniform(-1, 1)); }
  /// The point moved by up to `mm` along each axis.
  Vec3 near(Vec3 point, float mm) {
    const float x = uniform(-mm, mm), y = uniform(-mm, mm), z = uniform(-mm, mm);
    return point + Vec3{x, y, z};
  }

  Layer& paint(const Shape& shape, Tissue tissue, float inset_mm = 0);
  void paint(const std::vector<Shape>& shapes, Tissue tissue, float inset_mm = 0);
  void body(const std::vector<Shape>& shapes, Tissue tissue);
  /// Compact bone with something inside.
  void bone(const std::vector<Shape>& shapes, float cortex_mm, Tissue inside = Tissue::spongy_bone);
  /// Capsules through the points, from the first radius to the last.
  std::vector<Shape> chain(const std::vector<Vec3>& points, float first_radius, float last_radius);
  int add_clip(const Shape& shape);
  /// `count` small blobs within `spread_mm` of a point.
  void sprinkle(Tissue tissue, Vec3 centre, Vec3 spread_mm, int count, float min_radius, float max_radius,
                bool seen_by_mr = true);
  /// One vertebra with its arch and the disc below it; the body is at `centre`, `size` = half axes of the body.
  void vertebra(Vec3 centre, Vec3 size, float pitch_mm);

  Scene take() { return std::move(scene_); }

 private:
  Random random_;
  Scene scene_;
};

Scene head_scene(const Random& random);
Scene pelvis_scene(const Random& random);
Scene thorax_scene(const Random& random);

}  // namespace gdm::phantom
