// Distances are implicit values divided by the length of their gradient (Taubin 1994, ACM Trans. Graph. 13(1):3-42).
#include "phantom/shape.hpp"

#include <algorithm>
#include <cmath>

namespace gdm::phantom {
namespace {

float superellipsoid_mm(const Shape& shape, Vec3 p) {
  const Vec3 q = to_local(shape.rotation, p - shape.centre);
  const Vec3 u{std::abs(q.x) / shape.radii.x, std::abs(q.y) / shape.radii.y, std::abs(q.z) / shape.radii.z};
  const float smallest = std::min({shape.radii.x, shape.radii.y, shape.radii.z});
  Vec3 g;  // u^(p-1)
  if (shape.power == 2) {
    g = u;
  } else {
    const float e = shape.power - 1;
    g = {std::pow(u.x, e), std::pow(u.y, e), std::pow(u.z, e)};
  }
  const float sum = dot(g, u);  // r^p
  if (sum < 1e-6F) return -smallest;
  const float r = shape.power == 2 ? std::sqrt(sum) : std::pow(sum, 1 / shape.power);
  const Vec3 gradient{g.x / shape.radii.x, g.y / shape.radii.y, g.z / shape.radii.z};
  return std::max(-smallest, (r - 1) * (sum / r) / length(gradient));
}

float capsule_mm(const Shape& shape, Vec3 p) {
  const Vec3 axis = shape.end - shape.centre, from = p - shape.centre;
  const float t = std::clamp(dot(from, axis) / std::max(dot(axis, axis), 1e-6F), 0.0F, 1.0F);
  return length(from - t * axis) - (shape.radii.x + t * (shape.radii.y - shape.radii.x));
}

float ribs_mm(const Shape& shape, Vec3 p) {
  const Vec3 q = p - shape.centre;
  const float ux = q.x / shape.radii.x, uy = q.y / shape.radii.y;
  const float r = std::sqrt(ux * ux + uy * uy);
  if (r < 1e-3F) return shape.radii.y;
  const float gx = ux / shape.radii.x, gy = uy / shape.radii.y;
  const float wall = (r - 1) * r / std::sqrt(gx * gx + gy * gy);
  const float along = (q.z + shape.slope * q.y) / shape.period_mm;
  const float height = (along - std::round(along)) * shape.period_mm / std::sqrt(1 + shape.slope * shape.slope);
  return std::sqrt(wall * wall + 0.45F * height * height) - shape.radii.z;
}

}  // namespace

float length(Vec3 a) {
  return std::sqrt(dot(a, a));
}

Rotation rotation_deg(Vec3 degrees) {
  constexpr float to_rad = 0.017453292519943F;
  const float cx = std::cos(to_rad * degrees.x), sx = std::sin(to_rad * degrees.x);
  const float cy = std::cos(to_rad * degrees.y), sy = std::sin(to_rad * degrees.y);
  const float cz = std::cos(to_rad * degrees.z), sz = std::sin(to_rad * degrees.z);
  // Columns of Rz Ry Rx: where the local axes end up.
  return {Vec3{cz * cy, sz * cy, -sy}, Vec3{cz * sy * sx - sz * cx, sz * sy * sx + cz * cx, cy * sx},
          Vec3{cz * sy * cx + sz * sx, sz * sy * cx - cz * sx, cy * cx}};
}

Vec3 to_local(const Rotation& rotation, Vec3 p) {
  return {dot(rotation[0], p), dot(rotation[1], p), dot(rotation[2], p)};
}

Vec3 from_local(const Rotation& rotation, Vec3 p) {
  return p.x * rotation[0] + p.y * rotation[1] + p.z * rotation[2];
}

Shape ellipsoid(Vec3 centre, Vec3 radii, float power, Vec3 turn_deg) {
  Shape shape;
  shape.centre = centre;
  shape.radii = radii;
  shape.power = power;
  shape.rotation = rotation_deg(turn_deg);
  return shape;
}

Shape capsule(Vec3 start, Vec3 end, float start_radius, float end_radius) {
  Shape shape;
  shape.form = Shape::Form::capsule;
  shape.centre = start;
  shape.end = end;
  shape.radii = {start_radius, end_radius, 0};
  return shape;
}

Shape ribs(Vec3 centre, float radius_x, float radius_y, float bar_radius, float period_mm, float slope) {
  Shape shape;
  shape.form = Shape::Form::ribs;
  shape.centre = centre;
  shape.radii = {radius_x, radius_y, bar_radius};
  shape.period_mm = period_mm;
  shape.slope = slope;
  return shape;
}

Shape rough(Shape shape, float amplitude_mm, int field) {
  shape.roughness_mm = amplitude_mm;
  shape.roughness_field = field;
  return shape;
}

float distance_mm(const Shape& shape, Vec3 p) {
  switch (shape.form) {
    case Shape::Form::superellipsoid:
      return superellipsoid_mm(shape, p);
    case Shape::Form::capsule:
      return capsule_mm(shape, p);
    case Shape::Form::ribs:
      break;
  }
  return ribs_mm(shape, p);
}

Ball bounding_ball(const Shape& shape) {
  switch (shape.form) {
    case Shape::Form::superellipsoid:
      // A power above 2 bulges towards the corners of the box.
      return {shape.centre,
              shape.power <= 2 ? std::max({shape.radii.x, shape.radii.y, shape.radii.z}) : length(shape.radii)};
    case Shape::Form::capsule:
      return {0.5F * (shape.centre + shape.end),
              0.5F * length(shape.end - shape.centre) + std::max(shape.radii.x, shape.radii.y)};
    case Shape::Form::ribs:
      break;
  }
  return {shape.centre, 1e6F};
}

}  // namespace gdm::phantom
