// A thorax from the shoulders to the upper abdomen, with branching vessels in the lungs.
#include "phantom/scene.hpp"

namespace gdm::phantom {
namespace {

struct ChestPlan {
  float half_width, half_depth;  // of the rib cage
  Shape lung[2];                 // left (x < 0), right
};

ChestPlan plan_chest(Sculptor& s) {
  ChestPlan plan;
  plan.half_width = s.uniform(122, 136);
  plan.half_depth = s.uniform(76, 88);
  for (int n = 0; n < 2; ++n) {
    const float side = n == 0 ? -1.0F : 1.0F;
    plan.lung[n] =
        ellipsoid({side * 0.52F * plan.half_width, -2, 12},
                  {0.415F * plan.half_width, plan.half_depth - 10, s.vary(172, 0.05F)}, 2.4F, {0, 0, side * -4});
  }
  return plan;
}

void chest_wall(Sculptor& s, const ChestPlan& plan) {
  const float fat_mm = s.uniform(5, 20), muscle_mm = s.uniform(9, 15);
  const float a = plan.half_width + muscle_mm + fat_mm, b = plan.half_depth + muscle_mm + fat_mm;
  std::vector<Shape> parts{rough(ellipsoid({0, 0, 0}, {a, b, 2000}, 2.4F), 2, 0)};
  const bool breasts = s.chance(0.5);
  for (const float side : {-1.0F, 1.0F}) {
    parts.push_back(rough(ellipsoid({side * 120, -12, 190}, {62, 52, 84}), 2, 0));  // shoulders
    if (breasts) parts.push_back(ellipsoid({side * 66, b - 12, 14}, {52, s.uniform(22, 40), 50}));
  }
  s.body(parts, Tissue::skin);
  s.paint(parts, Tissue::fat, 2.5F);
  for (std::size_t n = 0; n < 3; ++n) {
    const Shape& part = parts[n == 0 ? 0 : (breasts ? 2 * n - 1 : n)];
    s.paint(rough(part, 2.5F, 1), Tissue::muscle, 2.5F + fat_mm);
  }
  for (const float side : {-1.0F, 1.0F}) {
    if (breasts) s.paint(rough(ellipsoid({side * 66, b - 4, 14}, {30, 16, 30}), 5, 2), Tissue::gland);
    s.paint(ellipsoid({side * (plan.half_width + 2), 10, 130}, {16, 34, 50}), Tissue::fat);  // armpit
    s.paint(ellipsoid({side * 70, plan.half_depth + 3, 90}, {60, 2, 70}, 2, {0, 0, side * -20}), Tissue::fat);
    s.bone({rough(ellipsoid({side * 96, -0.95F * plan.half_depth, 100}, {42, 3.2F, 66}, 2, {0, side * 8, side * 32}),
                  0.8F, 2)},
           1.4F);
    s.bone(
        s.chain({{side * 16, plan.half_depth - 4, 168}, {side * 60, plan.half_depth - 12, 188}, {side * 122, 6, 200}},
                8, 6),
        2);
    s.bone(
        {ellipsoid({side * 148, -8, 178}, {24, 24, 24}), capsule({side * 150, -8, 176}, {side * 160, -6, 60}, 18, 13)},
        3);
  }
  const Shape inside = ellipsoid({0, 0, 0}, {plan.half_width, plan.half_depth, 2000}, 2);
  s.paint(inside, Tissue::muscle, 5);
  s.paint(inside, Tissue::fat, 8);
}

void lung_tree(Sculptor& s, Tissue tissue, int clip, Vec3 from, Vec3 direction, float radius, int depth) {
  const Vec3 to = from + s.uniform(13, 23) * direction;
  s.paint(capsule(from, to, radius, 0.86F * radius), tissue).clip = clip;
  if (depth == 0) return;
  for (int child = 0; child < 2; ++child) {
    Vec3 turned = direction + s.near({}, 0.85F);
    turned = (1 / length(turned)) * turned;
    lung_tree(s, tissue, clip, to, turned, s.uniform(0.66F, 0.84F) * radius, depth - 1);
  }
}

void lungs(Sculptor& s, const ChestPlan& plan) {
  for (int n = 0; n < 2; ++n) {
    const float side = n == 0 ? -1.0F : 1.0F;
    const Shape lung = rough(plan.lung[n], 1.5F, 1);
    s.paint(lung, Tissue::lung);
    const int clip = s.add_clip(plan.lung[n]);
    const Vec3 hilum{side * 38, -10, 26};
    for (const Vec3 direction :
         {Vec3{0.5F * side, 0.1F, 0.8F}, Vec3{0.9F * side, 0.4F, 0}, Vec3{0.5F * side, -0.5F, -0.7F},
          Vec3{0.6F * side, 0.5F, -0.6F}, Vec3{0.6F * side, -0.7F, 0.3F}}) {
      lung_tree(s, Tissue::blood, clip, s.near(hilum, 6), direction, s.uniform(4.5F, 6.5F), 5);
    }
    lung_tree(s, Tissue::air, clip, hilum, {0.7F * side, -0.2F, 0.1F}, 4.5F, 3);
    s.paint(ellipsoid({side * 70, 0, 6}, {70, 1.3F, 120}, 2, {s.uniform(25, 45), 0, 0}), Tissue::organ).clip =
        clip;  // fissure
    if (s.chance(0.3)) {
      const float r = s.uniform(3, 11);
      s.paint(rough(ellipsoid(s.near({side * 70, -5, 30}, 35), {r, r, r}), 1.5F, 2), Tissue::organ).clip = clip;
    }
    if (s.chance(0.3)) s.sprinkle(Tissue::calcification, {side * 70, 0, 20}, {35, 40, 80}, 2, 1.5F, 3);
  }
}

void mediastinum(Sculptor& s) {
  s.paint(rough(ellipsoid({0, 8, 90}, {30, 44, 110}, 2.3F), 2, 1), Tissue::fat);
  const float size = s.uniform(0.88F, 1.15F);
  const Shape heart = rough(ellipsoid({-20, 22, -38}, {58 * size, 42 * size, 50 * size}, 2.2F, {20, 20, -25}), 1.5F, 1);
  s.paint(heart, Tissue::fat, -5);
  s.paint(heart, Tissue::muscle);
  s.paint(ellipsoid({-38, 16, -46}, {22 * size, 19 * size, 30 * size}, 2, {0, 20, -30}), Tissue::blood);
  s.paint(ellipsoid({-4, 42, -40}, {26 * size, 14 * size, 30 * size}, 2, {0, 10, -15}), Tissue::blood);
  s.paint(ellipsoid({-6, -8, -8}, {30 * size, 15 * size, 20 * size}), Tissue::blood);
  s.paint(ellipsoid({26, 24, -24}, {18 * size, 22 * size, 28 * size}), Tissue::blood);
  const float aorta = s.uniform(11, 16);
  const std::vector<Shape> arch =
      s.chain({{6, 14, -12}, {12, 20, 34}, {6, 12, 66}, {-14, -22, 72}, {-22, -42, 50}}, aorta, 0.9F * aorta);
  s.paint(arch, Tissue::muscle, -1.5F);
  s.paint(arch, Tissue::blood);
  const std::vector<Shape> descending =
      s.chain({{-22, -42, 50}, {-20, -46, -80}, {-10, -44, -260}}, 0.85F * aorta, 0.75F * aorta);
  s.paint(descending, Tissue::muscle, -1.5F);
  s.paint(descending, Tissue::blood);
  s.paint(s.chain({{28, 14, -10}, {28, 12, 100}, {20, 16, 150}}, 9, 8), Tissue::blood);  // superior vena cava
  s.paint(s.chain({{-12, 26, 10}, {-6, 4, 30}, {40, -8, 26}}, 12, 9), Tissue::blood);    // pulmonary arteries
  s.paint(capsule({-6, 4, 32}, {-42, -8, 34}, 11, 9), Tissue::blood);
  for (const float side : {-1.0F, 1.0F})
    s.paint(capsule({side * 16, 14, 90}, {side * 26, 10, 230}, 5, 4.5F), Tissue::blood);
  if (s.chance(0.6)) s.sprinkle(Tissue::calcification, {-18, -20, 60}, {14, 24, 14}, 6, 1.2F, 2.8F, false);
  if (s.chance(0.5)) s.sprinkle(Tissue::calcification, {-20, 40, -12}, {24, 12, 10}, 5, 1, 2.4F, false);
  const float r = s.uniform(8, 10.5F);
  std::vector<Shape> airway = s.chain({{0, -2, 260}, {0, -8, 120}, {2, -14, 52}}, r, r);
  airway.push_back(capsule({2, -14, 52}, {40, -12, 26}, 0.75F * r, 0.6F * r));
  airway.push_back(capsule({2, -14, 52}, {-42, -14, 22}, 0.7F * r, 0.55F * r));
  s.paint(airway, Tissue::cartilage, -1.6F);
  s.paint(airway, Tissue::air);
  const std::vector<Shape> oesophagus =
      s.chain({{-4, -24, 260}, {-4, -30, 60}, {-8, -30, -60}, {-18, -14, -150}}, 7, 7.5F);
  s.paint(oesophagus, Tissue::muscle);
  if (s.chance(0.6)) s.paint(capsule({-4, -27, s.uniform(60, 160)}, {-4, -27, 60}, 3, 3.5F), Tissue::air);
}

void abdomen(Sculptor& s, const ChestPlan& plan) {
  const float dome = s.uniform(-78, -50);  // height of the right diaphragm
  const float w = plan.half_width - 11, d = plan.half_depth - 11;
  const int inside = s.add_clip(ellipsoid({0, 0, 0}, {w, d, 2000}));
  const auto organ = [&](const Shape& shape, Tissue tissue, float inset = 0) {
    s.paint(shape, tissue, inset).clip = inside;
  };
  const float left = dome - s.uniform(8, 22);
  organ(ellipsoid({0.5F * w, 0, dome - 120}, {0.75F * w, 1.3F * d, 120}, 2.2F), Tissue::muscle, -6);
  organ(ellipsoid({-0.5F * w, 0, left - 120}, {0.75F * w, 1.3F * d, 120}, 2.2F), Tissue::muscle, -6);
  for (const Vec3 top : {Vec3{0.5F * w, 0, dome - 120}, Vec3{-0.5F * w, 0, left - 120}}) {
    organ(ellipsoid(top, {0.75F * w, 1.3F * d, 120}, 2.2F), Tissue::fat);
  }
  organ(rough(ellipsoid({0.5F * w, 2, dome - 110}, {0.78F * w, 1.05F * d, 110}, 2.2F), 2, 1), Tissue::liver);
  organ(ellipsoid({0.1F * w, 35, dome - 80}, {50, 34, 55}), Tissue::liver);
  const Shape stomach = rough(ellipsoid({-0.45F * w, 24, left - 52}, {38, 32, 46}, 2, {0, -20, 0}), 2, 1);
  organ(stomach, Tissue::muscle);
  organ(stomach, Tissue::bowel_content, 4);
  if (s.chance(0.8)) organ(ellipsoid({-0.45F * w, 38, left - 42}, {24, s.uniform(8, 17), 26}), Tissue::air);
  organ(rough(ellipsoid({-0.74F * w, -28, left - 60}, {19, 38, 48}), 1.5F, 1), Tissue::spleen);
  for (const Shape& part : s.chain({{20, -2, -30}, {24, -18, -110}, {22, -22, -260}}, 11, 11))
    organ(part, Tissue::blood);  // caval vein
}

void skeleton(Sculptor& s, const ChestPlan& plan) {
  const float slope = s.uniform(0.3F, 0.5F), period = s.uniform(25, 29);
  Shape cage =
      ribs({0, 0, s.uniform(-12, 12)}, plan.half_width - 1, plan.half_depth - 1, s.uniform(4.4F, 5.6F), period, slope);
  // Towards the sternum ribs are cartilage: the bony part ends at a frontal plane.
  s.paint(cage, Tissue::cartilage);
  const int bony = s.add_clip(ellipsoid({0, plan.half_depth - 220, 0}, {1000, 205, 4000}, 8));
  cage.roughness_mm = 0.3F;
  s.paint(cage, Tissue::compact_bone).clip = bony;
  s.paint(cage, Tissue::spongy_bone, 1.7F).clip = bony;
  s.bone({rough(ellipsoid({0, plan.half_depth - 1, 70}, {s.vary(17, 0.15F), 6.5F, 88}, 2.6F, {-6, 0, 0}), 0.6F, 2)},
         1.6F);
  const float y = -plan.half_depth + 14;
  for (int n = 10; n >= -10; --n) {
    s.vertebra(s.near({0, y, 24 * static_cast<float>(n)}, 0.8F), {s.vary(16, 0.05F), s.vary(13.5F, 0.05F), 9.8F}, 24);
  }
  const std::vector<Shape> canal{capsule({0, y - 23, 300}, {0, y - 23, -300}, 8, 8)};
  s.paint(canal, Tissue::csf);
  s.paint(canal, Tissue::white_matter, 3);
}

}  // namespace

Scene thorax_scene(const Random& random) {
  Sculptor s(random, 420);
  const ChestPlan plan = plan_chest(s);
  chest_wall(s, plan);
  lungs(s, plan);
  mediastinum(s);
  abdomen(s, plan);
  skeleton(s, plan);
  return s.take();
}

}  // namespace gdm::phantom
