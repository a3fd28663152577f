// The phrases of the builders.
#include "phantom/scene.hpp"

namespace gdm::phantom {

Layer& Sculptor::paint(const Shape& shape, Tissue tissue, float inset_mm) {
  Layer layer;
  layer.shape = shape;
  layer.tissue = tissue;
  layer.inset_mm = inset_mm;
  scene_.layers.push_back(layer);
  return scene_.layers.back();
}

void Sculptor::paint(const std::vector<Shape>& shapes, Tissue tissue, float inset_mm) {
  for (const Shape& shape : shapes) paint(shape, tissue, inset_mm);
}

void Sculptor::body(const std::vector<Shape>& shapes, Tissue tissue) {
  for (const Shape& shape : shapes) paint(shape, tissue).is_body = true;
}

void Sculptor::bone(const std::vector<Shape>& shapes, float cortex_mm, Tissue inside) {
  paint(shapes, Tissue::compact_bone);
  for (Shape shape : shapes) {
    // The cortex varies in thickness: its inner face is rougher than its outer one.
    paint(rough(shape, shape.roughness_mm + 0.3F * cortex_mm, 2), inside, cortex_mm);
  }
}

std::vector<Shape> Sculptor::chain(const std::vector<Vec3>& points, float first_radius, float last_radius) {
  std::vector<Shape> shapes;
  const auto links = static_cast<float>(points.size() - 1);
  for (std::size_t n = 0; n + 1 < points.size(); ++n) {
    const float a = static_cast<float>(n) / links, b = static_cast<float>(n + 1) / links;
    shapes.push_back(capsule(points[n], points[n + 1], first_radius + a * (last_radius - first_radius),
                             first_radius + b * (last_radius - first_radius)));
  }
  return shapes;
}

int Sculptor::add_clip(const Shape& shape) {
  scene_.clips.push_back(shape);
  return static_cast<int>(scene_.clips.size()) - 1;
}

void Sculptor::sprinkle(Tissue tissue, Vec3 centre, Vec3 spread_mm, int count, float min_radius, float max_radius,
                        bool seen_by_mr) {
  for (int n = 0; n < count; ++n) {
    const Vec3 u = near({}, 1);
    const float r = uniform(min_radius, max_radius);
    const Vec3 at = centre + Vec3{u.x * spread_mm.x, u.y * spread_mm.y, u.z * spread_mm.z};
    const Vec3 radii{vary(r, 0.3F), vary(r, 0.3F), vary(r, 0.3F)};
    paint(ellipsoid(at, radii, 2, near({}, 45)), tissue).seen_by_mr = seen_by_mr;
  }
}

void Sculptor::vertebra(Vec3 centre, Vec3 size, float pitch_mm) {
  const float h = 0.5F * pitch_mm;
  paint(ellipsoid(centre - Vec3{0, 0, h}, {0.95F * size.x, 0.95F * size.y, h - 0.6F * size.z}, 3), Tissue::cartilage);
  const float back = centre.y - size.y;  // rear face of the body
  std::vector<Shape> parts;
  parts.push_back(rough(ellipsoid(centre, size, 4), 0.05F * size.x, 2));
  for (const float side : {-1.0F, 1.0F}) {
    const Vec3 pedicle{side * 0.75F * size.x, back + 1, centre.z + 0.2F * size.z};
    const Vec3 lamina{side * 0.8F * size.x, back - 0.9F * size.y, centre.z};
    const Vec3 rear{0, back - 1.7F * size.y, centre.z - 0.4F * size.z};
    const Vec3 transverse{side * 1.9F * size.x, back - 0.9F * size.y, centre.z};
    parts.push_back(capsule(pedicle, lamina, 0.24F * size.x, 0.28F * size.x));
    parts.push_back(capsule(lamina, rear, 0.28F * size.x, 0.2F * size.x));
    parts.push_back(capsule(lamina, transverse, 0.28F * size.x, 0.18F * size.x));
  }
  const Vec3 spine_start{0, back - 1.7F * size.y, centre.z - 0.4F * size.z};
  parts.push_back(
      capsule(spine_start, spine_start + Vec3{0, -1.3F * size.y, -0.9F * size.z}, 0.2F * size.x, 0.22F * size.x));
  bone(parts, 0.1F * size.x);
}

}  // namespace gdm::phantom
