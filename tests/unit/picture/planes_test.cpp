// Pictures of cases: what stands where, and that two volumes that fit are told from two that do not.
#include "picture/planes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace gdm;
using namespace gdm::picture;

namespace {

/// A box of 40 x 30 x 20 mm in air, moved along i by a number of voxels.
Volume box(std::int64_t moved = 0) {
  Volume volume(Grid::centred({40, 36, 30}, {2, 2, 2}), -1000.0F);
  for (std::int64_t k = 10; k < 20; ++k) {
    for (std::int64_t j = 10; j < 25; ++j) {
      for (std::int64_t i = 10; i < 30; ++i)
        volume.at(i + moved, j, k) = static_cast<float>(20 * (i % 5) + 10 * (j % 3));
    }
  }
  return volume;
}

Mask inside(const Volume& volume) {
  Mask mask(volume.grid, 0);
  for (std::size_t n = 0; n < mask.voxels.size(); ++n) mask.voxels[n] = volume.voxels[n] > -500 ? 1 : 0;
  return mask;
}

std::int64_t count(const Picture& picture, Rgb colour) {
  std::int64_t found = 0;
  for (std::size_t n = 0; n < picture.rgb.size(); n += 3) {
    found += std::equal(colour.begin(), colour.end(), picture.rgb.begin() + static_cast<std::ptrdiff_t>(n)) ? 1 : 0;
  }
  return found;
}

constexpr Rgb outline{255, 176, 0}, white{255, 255, 255};

}  // namespace

TEST_CASE("planes: a row for each volume, an outline on request, all three planes at one scale") {
  const Volume volume = box();
  const Mask mask = inside(volume);
  const std::vector<Shown> two{{"a", &volume, -1000, 100}, {"b", &volume, -1000, -900}};
  const Picture with = planes(two, mask, true), without = planes(two, mask, false);
  CHECK(with.width == without.width);
  CHECK(planes({two.front()}, mask, true).height < with.height);
  CHECK(count(without, outline) == 0);
  // The longest side with its margin is 60 mm wide on 320 pixels. In each of two rows the outlines go round
  // 2 x (40 + 30 + 40 + 20 + 30 + 20) mm.
  const double expected = 2 * 360 * 320.0 / 60;
  CHECK(std::abs(static_cast<double>(count(with, outline)) - expected) < 0.05 * expected);
}

TEST_CASE("overlay: squares of two equal volumes are the one volume") {
  const Volume volume = box();
  const Mask mask = inside(volume);
  const Picture same = overlay(volume, volume, mask), moved = overlay(volume, box(4), mask);
  CHECK(same.width == moved.width);
  CHECK(same.height == moved.height);
  // The checkerboard, which is the upper half, shows where the other one is elsewhere.
  std::int64_t other = 0;
  for (std::size_t n = 0; n < same.rgb.size() / 2; ++n) other += same.rgb[n] != moved.rgb[n] ? 1 : 0;
  CHECK(other > 1000);
}

TEST_CASE("contact sheet: pictures in rows, shrunk by means") {
  std::vector<std::pair<std::string, Picture>> pictures;
  for (int n = 0; n < 5; ++n) {
    Picture picture(64, 32, {0, 0, 0});
    picture.fill_rect(0, 0, 32, 32, white);
    pictures.emplace_back("case" + std::to_string(n), std::move(picture));
  }
  const Picture sheet = contact_sheet(pictures, 16);
  CHECK(sheet.width == 2 * 12 + 3 * 16 + 2 * 8);
  CHECK(sheet.height == 2 * 12 + 2 * (22 + 8) + 8);
  const auto pixel = [&sheet](int x, int y) { return sheet.rgb[3 * static_cast<std::size_t>(y * sheet.width + x)]; };
  CHECK(pixel(12 + 3, 12 + 22 + 4) == 255);
  CHECK(pixel(12 + 12, 12 + 22 + 4) == 0);
  CHECK(contact_sheet({}, 16).width > 0);
}
