// A head and upper neck. The skull grows outwards from the brain's cavities; the face hangs below and in front.
#include "phantom/scene.hpp"

namespace gdm::phantom {
namespace {

struct HeadPlan {
  Shape cerebrum, fossa;  // cavities of the skull
  float skull_mm, scalp_mm;
};

HeadPlan plan_head(Sculptor& s) {
  HeadPlan plan;
  plan.cerebrum = ellipsoid({0, -3, 26}, {s.vary(62, 0.06F), s.vary(78, 0.06F), s.vary(60, 0.05F)}, s.uniform(2, 2.3F));
  plan.fossa = ellipsoid({0, -47, -22}, {s.vary(46, 0.06F), s.vary(34, 0.06F), s.vary(30, 0.08F)});
  plan.skull_mm = s.uniform(5.5F, 9);
  plan.scalp_mm = s.uniform(5, 8.5F);
  return plan;
}

void soft_tissue(Sculptor& s, const HeadPlan& plan) {
  const float outside = -(plan.skull_mm + plan.scalp_mm);
  std::vector<Shape> trunk{
      rough(ellipsoid({0, 42, -46}, {s.vary(60, 0.06F), s.vary(50, 0.05F), s.vary(64, 0.05F)}, 2.3F), 1, 1),
      rough(capsule({0, -18, -40}, {0, -26, -170}, s.vary(54, 0.08F), s.vary(58, 0.08F)), 1, 1)};
  std::vector<Shape> small{capsule({0, 80, -12}, {0, s.uniform(90, 97), -42}, 6, s.uniform(9, 12)),
                           ellipsoid({0, 78, -92}, {24, s.vary(17, 0.15F), 17})};
  for (const float side : {-1.0F, 1.0F}) {
    small.push_back(ellipsoid({side * 76, -16, -12}, {5, s.vary(11, 0.2F), s.vary(21, 0.15F)}, 2, {0, side * -15, 0}));
  }
  s.paint(plan.cerebrum, Tissue::skin, outside).is_body = true;
  s.paint(plan.fossa, Tissue::skin, outside - 4).is_body = true;
  s.body(trunk, Tissue::skin);
  s.body(small, Tissue::skin);
  s.paint(plan.cerebrum, Tissue::fat, outside + 2);
  s.paint(plan.fossa, Tissue::fat, outside - 2);
  s.paint(trunk, Tissue::fat, 2);
  const float fat_mm = s.uniform(3, 9);
  for (const Shape& part : trunk) s.paint(rough(part, 1.5F, 2), Tissue::muscle, 2 + fat_mm);
  s.paint(rough(plan.fossa, 1, 2), Tissue::muscle, -(plan.skull_mm + 9));
  for (const float side : {-1.0F, 1.0F}) {
    s.paint(ellipsoid({side * 64, 14, -4}, {9, 30, 34}), Tissue::muscle);                // temporal muscle
    s.paint(ellipsoid({side * 50, 0, -62}, {s.vary(11, 0.2F), 14, 19}), Tissue::gland);  // parotid
    s.paint(ellipsoid({side * 38, 48, -70}, {s.vary(12, 0.3F), 16, 16}), Tissue::fat);   // cheek
    s.paint(s.chain({{side * 42, -8, -70}, {side * 36, 8, -100}, {side * 32, 14, -140}}, 5, 7), Tissue::fat);
    s.paint(capsule({side * 52, -22, -52}, {side * 30, 20, -150}, 8, 9), Tissue::muscle);   // sternomastoid
    s.paint(s.chain({{side * 30, 0, -55}, {side * 30, 4, -150}}, 3.5F, 4), Tissue::blood);  // vessels
    s.paint(capsule({side * 20, -48, -70}, {side * 26, -56, -160}, 2.5F, 3), Tissue::fat);
  }
}

void brain(Sculptor& s, const HeadPlan& plan) {
  s.paint(plan.cerebrum, Tissue::csf);
  s.paint(plan.fossa, Tissue::csf);
  const float atrophy_mm = s.uniform(0, 2.2F);
  s.paint(rough(plan.cerebrum, 1.8F + 0.5F * atrophy_mm, 3), Tissue::grey_matter, 2 + atrophy_mm);
  const int inside = s.add_clip(rough(plan.cerebrum, 0, 0));
  s.paint(rough(plan.cerebrum, 3.6F, 3), Tissue::white_matter, 9 + atrophy_mm);
  s.paint(rough(plan.fossa, 1, 3), Tissue::grey_matter, 2.5F);
  s.paint(rough(plan.fossa, 2.5F, 3), Tissue::white_matter, 11);
  s.paint(ellipsoid({0, 2, 52}, {s.uniform(0.9F, 1.6F), 82, 36}), Tissue::csf).clip = inside;
  s.paint(s.chain({{0, -16, 12}, {0, -24, -16}, {0, -32, -48}}, 14, 8), Tissue::white_matter);  // brain stem
  s.paint(ellipsoid({0, -36, -20}, {5, 4, 9}), Tissue::csf);                                    // fourth ventricle
  const float wide = s.uniform(0.75F, 1.6F);                                                    // of the ventricles
  for (const float side : {-1.0F, 1.0F}) {
    s.paint(ellipsoid({side * (26 + 2 * wide), 4, 20}, {8, 19, 12}, 2, {0, 0, side * -8}), Tissue::grey_matter);
    s.paint(ellipsoid({side * (11 + 2 * wide), -6, 20}, {8.5F, 14, 10}), Tissue::grey_matter);
    s.paint(ellipsoid({side * (13 + 2 * wide), 26, 30}, {6, 11, 9}), Tissue::grey_matter);
    s.paint(s.chain({{side * 8, 36, 30}, {side * 10, 4, 40}, {side * 19, -34, 30}, {side * 24, -48, 22}}, 4 * wide,
                    5 * wide),
            Tissue::csf);
    s.paint(ellipsoid({side * 48, 22, 8}, {1.4F * wide, 17, 14}, 2, {0, 0, side * 12}), Tissue::csf);  // Sylvian
    if (s.chance(0.6)) {
      s.sprinkle(Tissue::calcification, {side * 20, -34, 29}, {2, 4, 2}, 3, 1, s.uniform(1.4F, 3), false);
    }
  }
  s.paint(ellipsoid({0, -4, 20}, {1.5F * wide, 13, 9}), Tissue::csf);  // third ventricle
  if (s.chance(0.7)) s.paint(ellipsoid({0, -24, 20}, {2.2F, 2.6F, 2}), Tissue::calcification).seen_by_mr = false;
}

void skull(Sculptor& s, const HeadPlan& plan) {
  const float t = plan.skull_mm, table = s.uniform(1.5F, 2.2F);
  const Shape vault = rough(plan.cerebrum, 0.5F, 1), base = rough(plan.fossa, 0.6F, 1);
  std::vector<Shape> skull_base;
  for (const float side : {-1.0F, 1.0F}) {
    skull_base.push_back(rough(ellipsoid({side * 38, -20, -32}, {27, 10, 9}, 2, {0, 0, side * 35}), 1.5F, 3));
    skull_base.push_back(rough(ellipsoid({side * 54, -30, -36}, {11, 13, 17}), 1.5F, 3));  // mastoid
  }
  s.paint(vault, Tissue::compact_bone, -t);
  s.paint(base, Tissue::compact_bone, -t);
  s.bone(skull_base, 2.2F);
  s.paint(rough(vault, 0.9F, 2), Tissue::spongy_bone, -(t - table));
  s.paint(rough(base, 0.9F, 2), Tissue::spongy_bone, -(t - table));
  s.paint(vault, Tissue::compact_bone, -table);
  s.paint(base, Tissue::compact_bone, -table);
  s.bone({capsule({0, 12, -30}, {0, -10, -52}, 10, 8)}, 2);  // clivus
  brain(s, plan);
  for (const float side : {-1.0F, 1.0F}) {
    s.paint(rough(ellipsoid({side * 36, -18, -33}, {22, 8, 8}, 2, {0, 0, side * 35}), 1.2F, 3), Tissue::compact_bone);
    s.sprinkle(Tissue::air, {side * 54, -28, -36}, {7, 8, 11}, s.below(14) + 8, 1.5F, 3.5F);
    s.paint(capsule({side * 72, -12, -30}, {side * 44, -12, -32}, 3, 3), Tissue::air);  // ear canal
  }
}

void sinuses(Sculptor& s) {
  const float mucosa_mm = s.uniform(0.3F, 2.5F);
  const auto cavity = [&](const Shape& shape, float wall_mm) {
    s.paint(shape, Tissue::compact_bone, -wall_mm);
    s.paint(shape, Tissue::organ);
    s.paint(rough(shape, 0.5F * mucosa_mm, 2), Tissue::air, mucosa_mm);
  };
  cavity(ellipsoid({s.uniform(-4, 4), 24, -34}, {s.uniform(9, 17), 13, s.uniform(8, 12)}, 2.5F), 3);  // sphenoid
  for (const float side : {-1.0F, 1.0F}) {
    const Shape maxillary = ellipsoid({side * 25, 54, -54}, {s.vary(14, 0.15F), s.vary(16, 0.15F), s.vary(17, 0.15F)},
                                      2.5F, {0, side * 8, 0});
    cavity(maxillary, 1.6F);
    if (s.chance(0.2)) {
      const int inside = s.add_clip(maxillary);
      s.paint(ellipsoid({side * 25, 30, -54}, {30, s.uniform(15, 28), 30}, 6), Tissue::csf).clip =
          inside;  // fluid level
    }
    if (s.chance(0.8)) cavity(ellipsoid({side * s.uniform(8, 13), 80, 2}, {s.uniform(6, 11), 5, s.uniform(6, 12)}), 2);
    s.paint(ellipsoid({side * 7, 52, -26}, {7, 22, 9}), Tissue::compact_bone);
    for (int n = 0; n < 6; ++n) {
      s.paint(ellipsoid(s.near({side * 7, 34.0F + 7.0F * static_cast<float>(n), -26}, 1.5F), {4.5F, 3, 5.5F}),
              Tissue::air);
    }
  }
  s.paint(ellipsoid({0, 60, -50}, {13, 32, 19}), Tissue::organ, -1.5F);
  s.paint(ellipsoid({0, 60, -50}, {12, 32, 18}), Tissue::air);
  s.paint(ellipsoid({s.uniform(-2, 2), 60, -48}, {1.1F, 32, 20}, 2, {0, s.uniform(-6, 6), 0}), Tissue::cartilage);
  for (const float side : {-1.0F, 1.0F}) {
    s.paint(ellipsoid({side * 6.5F, 58, -57}, {s.uniform(2.5F, 4), 20, 5}), Tissue::organ);  // turbinates
    s.paint(ellipsoid({side * 6, 54, -44}, {s.uniform(1.8F, 3), 15, 4}), Tissue::organ);
  }
  s.paint(s.chain({{0, 26, -52}, {0, 20, -72}, {0, 14, -98}, {0, 16, -150}}, s.uniform(6, 8), s.uniform(7, 9)),
          Tissue::air);
}

void orbits(Sculptor& s) {
  for (const float side : {-1.0F, 1.0F}) {
    const Shape socket = ellipsoid({side * 30, 56, -18}, {18, 23, 16.5F}, 2.2F, {0, 0, side * -14});
    s.paint(socket, Tissue::compact_bone, -2.6F);
    s.paint(socket, Tissue::fat).skin_mm = 1;
    for (const float turn : {-1.0F, 1.0F}) {
      s.paint(capsule({side * 30 + turn * 12, 66, -18}, {side * 20, 36, -20}, 2.2F, 2), Tissue::muscle);
      s.paint(capsule({side * 30, 66, -18 + turn * 11}, {side * 20, 36, -20}, 2.2F, 2), Tissue::muscle);
    }
    s.paint(s.chain({{side * 30, 58, -18}, {side * 21, 36, -20}, {side * 6, 24, -16}}, 2.4F, 2), Tissue::white_matter);
    const Vec3 eye = s.near({side * 30, 67, -18}, 1);
    const float r = s.uniform(11.5F, 12.8F);
    s.paint(ellipsoid(eye, {r, r, r}), Tissue::muscle).skin_mm = 0;
    s.paint(ellipsoid(eye, {r, r, r}), Tissue::vitreous, 1.2F).skin_mm = 0.5F;
    s.paint(ellipsoid(eye + Vec3{0, 8.5F, 0}, {4.6F, 2.4F, 4.6F}), Tissue::lens).skin_mm = 0.5F;
  }
}

void jaws(Sculptor& s) {
  s.bone({ellipsoid({0, 56, -72}, {25, 27, 4.5F})}, 1.5F);  // palate
  std::vector<Shape> mandible;
  for (const float side : {-1.0F, 1.0F}) {
    for (const Shape& part : s.chain({{side * 50, 6, -42}, {side * 47, 10, -66}, {side * 44, 16, -92}}, 5, 6)) {
      mandible.push_back(part);
    }
    for (const Shape& part :
         s.chain({{side * 44, 16, -92}, {side * 34, 46, -98}, {side * 20, 68, -100}, {0, 76, -101}}, 6, 7)) {
      mandible.push_back(part);
    }
    s.bone(s.chain({{side * 26, 76, -42}, {side * 48, 58, -40}, {side * 66, 18, -38}, {side * 66, -2, -36}}, 6, 3),
           1.6F);
  }
  s.bone(mandible, 2, Tissue::fatty_marrow);
  s.paint(ellipsoid({0, 44, -88}, {s.vary(21, 0.1F), 27, 14}), Tissue::muscle);  // tongue
  if (s.chance(0.7)) s.paint(ellipsoid({0, 48, -77.5F}, {16, 22, s.uniform(1, 3.5F)}), Tissue::air);
  for (int n = -6; n <= 6; ++n) {
    const float a = 0.22F * static_cast<float>(n);
    const Vec3 at{30 * a * (1 - 0.09F * a * a), 80 - 17 * a * a, 0};
    for (const float row : {-78.0F, -90.0F}) {
      if (s.chance(0.08)) continue;
      s.paint(capsule(at + Vec3{0, 0, row - 3}, at + Vec3{0, 0, row + 3}, s.uniform(2.6F, 3.6F), 3), Tissue::enamel);
    }
  }
}

void neck(Sculptor& s) {
  for (int n = 0; n < 5; ++n) {
    const Vec3 centre{0, -8 - 0.5F * static_cast<float>(n), -64 - 17 * static_cast<float>(n)};
    s.vertebra(s.near(centre, 0.6F), {s.vary(12, 0.06F), s.vary(8.5F, 0.06F), 6.8F}, 17);
  }
  const std::vector<Shape> canal = s.chain({{0, -32, -46}, {0, -26, -70}, {0, -27, -170}}, 8.5F, 7.5F);
  s.paint(canal, Tissue::csf);
  s.paint(canal, Tissue::white_matter, 3);
}

}  // namespace

Scene head_scene(const Random& random) {
  Sculptor s(random, 230);
  const HeadPlan plan = plan_head(s);
  soft_tissue(s, plan);
  skull(s, plan);
  orbits(s);
  sinuses(s);
  jaws(s);
  neck(s);
  return s.take();
}

}  // namespace gdm::phantom
