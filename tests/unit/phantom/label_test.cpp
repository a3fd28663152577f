// Label maps as anatomies: fractions, volumes, crops, parts, and what is refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "phantom/label_anatomy.hpp"
#include "phantom/label_holes.hpp"
#include "phantom/label_map.hpp"
#include "phantom/label_parts.hpp"
#include "phantom/phantom.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

using namespace gdm;
using namespace gdm::phantom;

namespace {

/// A ball of white matter in fluid, bone, muscle and skin; 5 mm voxels, axes as they come.
Volume ball_head(std::int64_t n = 36, double voxel_mm = 5) {
  Volume labels(Grid::centred({n, n, n}, {voxel_mm, voxel_mm, voxel_mm}), 0.0F);
  const double middle = 0.5 * static_cast<double>(n - 1), unit = static_cast<double>(n) / 36;
  for (std::int64_t k = 0; k < n; ++k) {
    for (std::int64_t j = 0; j < n; ++j) {
      for (std::int64_t i = 0; i < n; ++i) {
        const double r = std::hypot(static_cast<double>(i) - middle, static_cast<double>(j) - middle,
                                    static_cast<double>(k) - middle) /
                         unit;
        labels.at(i, j, k) = r < 8 ? 2 : r < 9.5 ? 24 : r < 11 ? 515 : r < 13 ? 507 : r < 14 ? 511 : 0;
      }
    }
  }
  return labels;
}

/// Looks by which each fraction can be read off: bone is 1 for every tissue, expected_hu for one of them.
std::vector<Look> counting_looks(std::size_t tissues, std::size_t counted) {
  std::vector<Look> looks(tissues);
  for (Look& look : looks) look.bone = 1;
  looks[counted].expected_hu = 1;
  return looks;
}

std::string refusal(const Volume& labels) {
  try {
    LabelSource(labels, standard_tissues(), 8);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("labels: fractions sum to one and keep the volume of each tissue") {
  const TissueTable& table = standard_tissues();
  LabelMap map;
  map.grid = Grid::centred({30, 36, 42}, {1, 1, 1});
  Random random(4, 0);
  for (std::int64_t n = 0; n < map.grid.voxels(); ++n) map.tissue.push_back(static_cast<std::uint8_t>(random.below(5)));
  map.body.assign(map.tissue.size(), 1);
  const auto wanted = static_cast<double>(std::count(map.tissue.begin(), map.tissue.end(), 3));
  for (const double spacing_mm : {0.75, 1.0, 1.5, 1.875}) {  // 30, 36 and 42 mm are not whole numbers of all of them
    const bool fills = spacing_mm == 1.0 || spacing_mm == 1.5;
    const LabelAnatomy anatomy(map, counting_looks(table.tissues.size(), 3), random, spacing_mm, 0);
    double found = 0;
    SliceMix mix;
    for (std::int64_t k = 0; k < anatomy.grid().shape_ijk[2]; ++k) {
      anatomy.slice(k, nullptr, mix);
      for (const Look& look : mix.looks) {
        if (std::abs(look.bone - 1) > 1e-5F) FAIL_CHECK("fractions sum to ", look.bone);
        found += look.expected_hu * std::pow(spacing_mm, 3);
      }
      CHECK(*std::min_element(mix.body.begin(), mix.body.end()) == 1);
    }
    if (fills) CHECK(found == doctest::Approx(wanted).epsilon(1e-5));
  }
}

TEST_CASE("labels: at the map's own spacing and without deformation every voxel is its label's tissue") {
  const TissueTable& table = standard_tissues();
  Random random(1, 0);
  const LabelMap map = LabelSource(ball_head(), table, 8).subject(random);
  const LabelAnatomy anatomy(map, counting_looks(table.tissues.size(), 0), random, 5, 0);
  CHECK(anatomy.grid().shape_ijk == map.grid.shape_ijk);
  SliceMix mix;
  anatomy.slice(13, nullptr, mix);
  const auto first = map.tissue.begin() + 13 * map.grid.shape_ijk[0] * map.grid.shape_ijk[1];
  CHECK(std::equal(mix.tissue.begin(), mix.tissue.end(), first));
  // A shift of half a voxel gives halves.
  std::vector<Vec3> half(mix.looks.size(), Vec3{2.5F, 0, 0});
  const LabelAnatomy air(map, counting_looks(table.tissues.size(), 0), random, 5, 0);
  air.slice(13, &half, mix);
  const auto is_half = [](const Look& look) { return std::abs(look.expected_hu - 0.5F) < 1e-5F; };
  CHECK(std::count_if(mix.looks.begin(), mix.looks.end(), is_half) > 20);
}

TEST_CASE("labels: a deformation has its size, and keeps volumes roughly") {
  const TissueTable& table = standard_tissues();
  const auto white = [&](double deformation_mm) {
    Random random(1, 0);
    const LabelMap map = LabelSource(ball_head(), table, 8).subject(random);
    const LabelAnatomy anatomy(map, counting_looks(table.tissues.size(), table.place("white_matter")), random, 5,
                               deformation_mm);
    std::vector<float> all;
    SliceMix mix;
    for (std::int64_t k = 0; k < anatomy.grid().shape_ijk[2]; ++k) {
      anatomy.slice(k, nullptr, mix);
      for (const Look& look : mix.looks) all.push_back(look.expected_hu);
    }
    return all;
  };
  const auto rigid = white(0), soft = white(4);
  double before = 0, after = 0, changed = 0;
  for (std::size_t n = 0; n < rigid.size(); ++n) {
    before += rigid[n];
    after += soft[n];
    changed += std::abs(rigid[n] - soft[n]);
  }
  CHECK(std::abs(after / before - 1) < 0.25);
  CHECK(changed / before > 0.05);
  CHECK(changed / before < 0.8);
}

TEST_CASE("labels: specks outside the body are air, borders are cropped to a margin, cut faces keep none") {
  Volume labels = ball_head();
  labels.at(1, 1, 1) = 24;
  Random random(1, 0);
  const LabelMap map = LabelSource(labels, standard_tissues(), 8).subject(random);
  CHECK(map.grid.shape_ijk == Index3{32, 32, 32});  // 28 voxels of the ball and two on each side
  CHECK(map.grid.orientation() == "LAS");
  const Point3 centre = map.grid.ras_of_index({15.5, 15.5, 15.5});
  for (const double mm : centre) CHECK(mm == doctest::Approx(0));
  CHECK(map.tissue.front() == 0);
  // The field of view ends at the height of the neck: k from 10 on.
  Volume cut = labels;
  for (std::int64_t n = 0; n < 10 * 36 * 36; ++n) cut.voxels[static_cast<std::size_t>(n)] = 0;
  Random again(1, 0);
  const LabelMap neck = LabelSource(cut, standard_tissues(), 8).subject(again);
  CHECK(neck.grid.shape_ijk == Index3{32, 32, 23});  // 22 slices less the ragged one and two of margin
  CHECK(std::count(neck.body.begin(), neck.body.begin() + 32 * 32, 1) > 300);
  // The same head along other axes is the same map.
  Random third(1, 0);
  Volume flipped = labels;
  std::reverse(flipped.voxels.begin(), flipped.voxels.end());
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (std::size_t row = 0; row < 3; ++row) {
      flipped.grid.ijk_to_ras_mm[row][3] += 35 * flipped.grid.ijk_to_ras_mm[row][axis];
      flipped.grid.ijk_to_ras_mm[row][axis] *= -1;
    }
  }
  CHECK(LabelSource(flipped, standard_tissues(), 8).subject(third).tissue == map.tissue);
}

TEST_CASE("labels: small pockets of air are filled from around them, large and open ones stay") {
  Mask body(Grid::centred({20, 20, 20}, {1, 1, 1}), 1);
  std::vector<std::uint8_t> tissue(8000, 3);
  const auto at = [](std::size_t i, std::size_t j, std::size_t k) { return i + 20 * (j + 20 * k); };
  for (std::size_t n = 0; n < 8000; ++n) tissue[n] = n % 20 < 6 ? 4 : 3;
  tissue[at(3, 5, 5)] = tissue[at(12, 5, 5)] = 0;
  for (std::size_t n = 0; n < 27; ++n) tissue[at(12 + n % 3, 12 + n / 3 % 3, 12 + n / 9)] = 0;  // 27 mm^3
  for (std::size_t n = 0; n < 64; ++n) tissue[at(8 + n % 4, 2 + n / 4 % 4, 14 + n / 16)] = 0;   // 64 mm^3
  tissue[at(10, 10, 0)] = tissue[at(10, 10, 1)] = 0;
  body.voxels[at(10, 10, 0)] = 0;
  CHECK(fill_pockets(tissue, body, 30) == 29);
  CHECK(tissue[at(3, 5, 5)] == 4);
  CHECK(tissue[at(12, 5, 5)] == 3);
  CHECK(tissue[at(13, 13, 13)] == 3);  // the middle of the 27
  CHECK(std::count(tissue.begin(), tissue.end(), 0) == 66);
}

TEST_CASE("labels: parts by depth and in sheets") {
  CHECK(normal_quantile(0.5) == doctest::Approx(0).epsilon(1e-6));
  CHECK(normal_quantile(0.975) == doctest::Approx(1.959964).epsilon(1e-5));
  TissueTable table = standard_tissues();
  const std::size_t white = table.place("white_matter"), fat = table.place("fat");
  table.tissues[white].parts = {{fat, TissuePart::Of::everywhere, {}, false, 0, 0.3, 12}};
  for (const char* name : {"compact_bone", "skin"}) table.tissues[table.place(name)].parts.clear();
  const std::size_t muscle = table.place("muscle");
  table.tissues[muscle].parts = {{table.place("gland"), TissuePart::Of::labels, {515}, false, 2, 1, 0}};
  Random random(6, 0);
  const LabelMap map = LabelSource(ball_head(48, 4), table, 8).subject(random);
  const auto count = [&](const std::string& name) {
    return static_cast<double>(
        std::count(map.tissue.begin(), map.tissue.end(), static_cast<std::uint8_t>(table.place(name))));
  };
  CHECK(count("skin") > 0);
  CHECK(std::abs(count("fat") / (count("fat") + count("white_matter")) - 0.3) < 0.05);
  CHECK(count("gland") > 0);  // muscle whose centre is within about 4 mm of bone
  CHECK(count("muscle") > count("gland") * 0.3);
}

TEST_CASE("labels: what is no label map of the table is refused") {
  CHECK(refusal(ball_head()) == "accepted");
  Volume bad = ball_head();
  bad.at(18, 18, 18) = 900;
  bad.at(18, 18, 17) = 901;
  bad.at(18, 17, 17) = 901;
  CHECK(refusal(bad).find("covers the labels 900 (1 voxels), 901 (2 voxels)") != std::string::npos);
  bad = ball_head();
  bad.at(18, 18, 18) = 2.5F;
  CHECK(refusal(bad) == "holds the value 2.5, expected labels: whole numbers from 0 to 65535");
  bad.at(18, 18, 18) = -3;
  CHECK(refusal(bad).find("holds the value -3") != std::string::npos);
  bad.at(18, 18, 18) = std::nanf("");
  CHECK(refusal(bad).find("holds the value nan") != std::string::npos);
  CHECK(refusal(Volume(bad.grid, 0.0F)) == "holds no tissue but air");
  CHECK_THROWS_WITH(make_case(label_source(ball_head()), 12, 0, 1, "a"),
                    doctest::Contains("expected 16 to 512 along each axis"));
  CHECK_THROWS_WITH(make_case(label_source(ball_head()), 0.2, 0, 1, "a"),
                    doctest::Contains("expected 16 to 512 along each axis"));
}

TEST_CASE("labels: a case depends on its id and the seed, not on threads, and truth is what it says") {
  Settings settings;
  settings.truth = true;
  settings.protocol.misregistration_mm = 2;
  const Volume labels = ball_head();
  set_thread_count(1);
  const PairedCase a = make_case(label_source(labels, settings), 6, 3, 1, "a", settings);
  set_thread_count(2);
  const PairedCase b = make_case(label_source(labels, settings), 6, 3, 1, "a", settings);
  set_thread_count(0);
  CHECK(a.mr.voxels == b.mr.voxels);
  CHECK(a.ct_hu.voxels == b.ct_hu.voxels);
  CHECK(a.truth->tissue.voxels == b.truth->tissue.voxels);
  CHECK(make_case(label_source(labels), 6, 3, 1, "b", settings).mr.voxels != a.mr.voxels);
  CHECK(make_case(label_source(labels), 6, 3, 2, "a", settings).ct_hu.voxels != a.ct_hu.voxels);
  REQUIRE(a.truth);
  double clean = 0, expected = 0, inside = 0;
  for (std::size_t n = 0; n < a.body.voxels.size(); ++n) {
    if (a.truth->air.voxels[n] != 0) CHECK(a.truth->tissue.voxels[n] == 0);
    if (a.body.voxels[n] == 0) continue;
    inside += 1;
    clean += std::abs(a.ct_hu.voxels[n] - a.truth->ct_hu.voxels[n]);
    expected += std::abs(a.ct_hu.voxels[n] - a.truth->expected_hu.voxels[n]);
  }
  CHECK(clean / inside > 4);  // the scanner's noise, 6 to 12 HU
  CHECK(clean / inside < 11);
  CHECK(expected > 1.3 * clean);
  CHECK(std::count(a.truth->bone.voxels.begin(), a.truth->bone.voxels.end(), 1) > 100);
}
