// The implicit shapes that anatomies are made of. Millimetres in the anatomy's own frame: x right, y front, z up.
#pragma once

#include <array>

namespace gdm::phantom {

struct Vec3 {
  float x = 0, y = 0, z = 0;
};
inline Vec3 operator+(Vec3 a, Vec3 b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
inline Vec3 operator-(Vec3 a, Vec3 b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
inline Vec3 operator*(float s, Vec3 a) {
  return {s * a.x, s * a.y, s * a.z};
}
inline float dot(Vec3 a, Vec3 b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
float length(Vec3 a);

/// Rows are the axes of a turned frame: local = {dot(rows[0], p), ...}.
using Rotation = std::array<Vec3, 3>;
/// Turns about x, then y, then z, in degrees.
Rotation rotation_deg(Vec3 degrees);
Vec3 to_local(const Rotation& rotation, Vec3 p);
Vec3 from_local(const Rotation& rotation, Vec3 p);

struct Shape {
  enum class Form {
    superellipsoid,  ///< |x/a|^p + |y/b|^p + |z/c|^p = 1 (Barr 1981, IEEE Comput. Graph. Appl. 1(1):11-23)
    capsule,         ///< round cone from `centre` to `end`
    ribs             ///< bars round an elliptic cylinder, repeated along a slanted z
  };
  Form form = Form::superellipsoid;
  Vec3 centre, end;
  Vec3 radii{1, 1, 1};  ///< superellipsoid: half axes; capsule: (start, end, -); ribs: (x, y of the cylinder, bar)
  float power = 2;      ///< superellipsoid: p
  float period_mm = 0;  ///< ribs: distance between bars
  float slope = 0;      ///< ribs: fall per mm towards the front
  Rotation rotation{Vec3{1, 0, 0}, Vec3{0, 1, 0}, Vec3{0, 0, 1}};
  float roughness_mm = 0;   ///< amplitude of the outline's noise
  int roughness_field = 1;  ///< which noise field: 0 coarse .. 3 fine
};

Shape ellipsoid(Vec3 centre, Vec3 radii, float power = 2, Vec3 turn_deg = {});
Shape capsule(Vec3 start, Vec3 end, float start_radius, float end_radius);
Shape ribs(Vec3 centre, float radius_x, float radius_y, float bar_radius, float period_mm, float slope);
Shape rough(Shape shape, float amplitude_mm, int field);

/// Approximate signed distance in mm, negative inside; first order exact at the surface.
float distance_mm(const Shape& shape, Vec3 p);

/// A ball that holds the shape; the radius is huge for `ribs`.
struct Ball {
  Vec3 centre;
  float radius_mm;
};
Ball bounding_ball(const Shape& shape);

}  // namespace gdm::phantom
