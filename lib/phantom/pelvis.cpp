// A pelvis from the third lumbar vertebra to the thighs.
#include "phantom/scene.hpp"

namespace gdm::phantom {
namespace {

void soft_tissue(Sculptor& s) {
  const float fat_mm = s.uniform(10, 30);
  std::vector<Shape> parts{rough(ellipsoid({0, 0, 100}, {s.vary(172, 0.05F), s.vary(108, 0.08F), 260}, 2.6F), 2.5F, 0)};
  for (const float side : {-1.0F, 1.0F}) {
    parts.push_back(rough(capsule({side * 84, -8, -80}, {side * 82, -4, -360}, s.vary(84, 0.04F), 78), 2, 0));
    parts.push_back(ellipsoid({side * 72, -62, -40}, {s.vary(72, 0.06F), s.vary(52, 0.1F), 84}));  // buttocks
  }
  s.body(parts, Tissue::skin);
  s.paint(parts, Tissue::fat, 2.5F);
  for (const Shape& part : parts) s.paint(rough(part, 4, 1), Tissue::muscle, 2.5F + fat_mm);
  for (const float side : {-1.0F, 1.0F}) {
    s.paint(ellipsoid({side * 80, -72, -40}, {60, 2.2F, 70}, 2, {-8, 0, side * -28}), Tissue::fat);
    s.paint(ellipsoid({side * 96, -52, -30}, {44, 1.8F, 60}, 2, {0, 0, side * -40}), Tissue::fat);
    s.paint(ellipsoid({side * 70, -30, -150}, {50, 2, 70}, 2, {0, 0, side * 20}), Tissue::fat);
    s.paint(ellipsoid({side * 100, 22, -150}, {2, 44, 80}, 2, {0, 0, side * 25}), Tissue::fat);
    s.paint(ellipsoid({side * 62, 60, -80}, {20, 16, 60}), Tissue::fat);  // femoral triangle
  }
  s.paint(ellipsoid({0, 0, -130}, {7, 110, 60}), Tissue::fat);
}

void bowel(Sculptor& s, int cavity) {
  for (int loop = 0; loop < 26; ++loop) {
    Vec3 at{s.uniform(-95, 95), s.uniform(-8, 68), s.uniform(5, 210)};
    std::vector<Vec3> points{at};
    for (int n = 0; n < 3; ++n) points.push_back(at = at + s.near({}, 26));
    const float r = s.uniform(9, 16);
    for (const Shape& part : s.chain(points, r, s.vary(r, 0.2F))) {
      s.paint(rough(part, 1.2F, 2), Tissue::organ).clip = cavity;
      s.paint(part, Tissue::bowel_content, 3).clip = cavity;
    }
    if (s.chance(0.4)) {
      const float g = 0.65F * r;
      s.paint(rough(ellipsoid(points[1] + Vec3{0, 2, 0}, {g, 0.7F * g, g}), 1, 2), Tissue::air).clip = cavity;
    }
  }
}

void cavity(Sculptor& s) {
  const Shape room = rough(ellipsoid({0, 22, 110}, {s.vary(112, 0.06F), s.vary(58, 0.08F), 165}, 2.4F), 3, 1);
  s.paint(room, Tissue::fat);
  bowel(s, s.add_clip(room));
  s.paint(ellipsoid({0, 0, -45}, {54, 56, 62}, 2.3F), Tissue::fat);  // lesser pelvis
  for (const float side : {-1.0F, 1.0F}) {
    s.paint(s.chain({{side * 46, -22, 230}, {side * 62, 0, 90}, {side * 84, 34, -30}, {side * 100, 4, -90}}, 26, 15),
            Tissue::muscle);
    s.paint(ellipsoid({side * 54, 2, -56}, {9, 44, 34}, 2, {0, 0, side * -12}), Tissue::muscle);  // obturator
    s.paint(s.chain({{side * 4, -12, 230},
                     {side * 12, -10, 120},
                     {side * 48, 10, 40},
                     {side * 66, 58, -50},
                     {side * 72, 60, -220}},
                    8, 5.5F),
            Tissue::blood);
    if (s.chance(0.6)) s.sprinkle(Tissue::calcification, {side * 22, -4, 100}, {12, 6, 30}, 4, 1.2F, 3, false);
  }
  const float full = s.uniform(0.75F, 1.3F);
  const Shape bladder = rough(ellipsoid({s.uniform(-5, 5), 30, -42}, {38 * full, 27 * full, 26 * full}, 2.2F), 1.5F, 1);
  s.paint(bladder, Tissue::muscle);
  s.paint(bladder, Tissue::urine, s.uniform(3, 5));
  const Shape prostate = rough(ellipsoid({0, 20, -86}, {s.vary(22, 0.2F), s.vary(17, 0.2F), s.vary(18, 0.2F)}), 1, 2);
  s.paint(prostate, Tissue::organ);
  s.sprinkle(Tissue::calcification, {0, 18, -86}, {10, 7, 9}, s.below(5), 1, 2.2F, false);
  const float r = s.uniform(13, 19);
  const std::vector<Shape> rectum = s.chain({{6, -44, 20}, {0, -50, -25}, {0, -34, -70}, {0, -36, -110}}, r, 0.75F * r);
  s.paint(rectum, Tissue::organ);
  s.paint(rectum, Tissue::bowel_content, 3.5F);
  if (s.chance(0.75)) s.paint(rough(ellipsoid({0, -40, s.uniform(-60, 0)}, {8, 7, 18}), 1.5F, 2), Tissue::air);
}

void hip(Sculptor& s, float side) {
  std::vector<Shape> coxa;
  coxa.push_back(rough(ellipsoid({side * 88, -22, 48}, {9, 58, 62}, 2.2F, {0, side * 20, side * -32}), 1.5F, 1));
  coxa.push_back(rough(ellipsoid({side * 78, -16, -26}, {20, 30, 32}), 1, 1));
  for (const Shape& part : s.chain({{side * 78, 10, -34}, {side * 48, 46, -52}, {side * 12, 60, -66}}, 12, 10))
    coxa.push_back(part);
  for (const Shape& part : s.chain({{side * 78, -24, -44}, {side * 66, -32, -90}, {side * 60, -26, -104}}, 18, 13))
    coxa.push_back(part);
  for (const Shape& part : s.chain({{side * 58, -24, -104}, {side * 34, 26, -96}, {side * 11, 56, -76}}, 9, 8))
    coxa.push_back(part);
  s.bone(coxa, s.uniform(2.4F, 3.6F));
  const Vec3 head{side * 98, 4, -42};
  const float r = s.uniform(22, 25.5F);
  s.paint(ellipsoid(head, {r, r, r}), Tissue::compact_bone, -6.5F);  // socket
  s.paint(ellipsoid(head, {r, r, r}), Tissue::cartilage, -2.6F);
  const std::vector<Shape> upper{ellipsoid(head, {r, r, r}), capsule(head, {side * 130, -4, -72}, 15, 17),
                                 rough(ellipsoid({side * 136, -10, -66}, {15, 19, 20}), 1, 1),
                                 capsule({side * 130, -4, -72}, {side * 124, -2, -130}, 19, 16)};
  const Shape shaft = capsule({side * 124, -2, -125}, {side * 112, 0, -400}, 16, 14.5F);
  s.paint(shaft, Tissue::compact_bone);
  s.bone(upper, s.uniform(1.8F, 2.8F));
  s.paint(rough(shaft, 0.8F, 2), Tissue::fatty_marrow, s.uniform(5, 7.5F));
}

void spine(Sculptor& s) {
  for (int n = 3; n >= 0; --n) {
    s.vertebra(s.near({0, -38 + 3 * static_cast<float>(n), 106 + 38 * static_cast<float>(n)}, 1.5F),
               {s.vary(26, 0.06F), s.vary(18, 0.06F), 14.5F}, 38);
  }
  const Shape sacrum = rough(ellipsoid({0, -66, 36}, {s.vary(50, 0.06F), 19, 58}, 2.4F, {-24, 0, 0}), 1.5F, 1);
  s.bone({sacrum}, 2.6F);
  for (const float side : {-1.0F, 1.0F}) {
    s.paint(ellipsoid({side * 54, -56, 44}, {1.6F, 26, 36}, 2, {0, side * 8, side * -30}), Tissue::cartilage);  // joint
    for (int n = 0; n < 3; ++n) {
      const float z = 58 - 22 * static_cast<float>(n);
      s.paint(ellipsoid({side * 21, -62 - 0.35F * (58 - z), z}, {5, 10, 5}), Tissue::fat);
    }
  }
  const std::vector<Shape> canal = s.chain({{0, -62, 260}, {0, -70, 120}, {0, -76, 60}, {0, -86, 10}}, 10, 5);
  s.paint(canal, Tissue::csf);
  s.paint(canal, Tissue::grey_matter, 6);
  s.bone(s.chain({{0, -84, -8}, {0, -76, -40}, {0, -62, -56}}, 9, 4), 2);  // coccyx
  s.paint(ellipsoid({0, 61, -68}, {3.5F, 12, 16}), Tissue::cartilage);     // symphysis
}

}  // namespace

Scene pelvis_scene(const Random& random) {
  Sculptor s(random, 420);
  soft_tissue(s);
  cavity(s);
  for (const float side : {-1.0F, 1.0F}) hip(s, side);
  spine(s);
  if (s.chance(0.5)) s.sprinkle(Tissue::compact_bone, {80, -10, -30}, {20, 20, 20}, 2, 2, 4);  // bone islands
  return s.take();
}

}  // namespace gdm::phantom
