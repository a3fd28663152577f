// The volumes of tests/data/metrics_golden.py and metrics_image_golden.py, by the same integer formulas.
#pragma once

#include <string>
#include <vector>

#include "image/volume.hpp"

namespace gdm::test {

struct Pair {
  Volume prediction, target;
  Mask mask;
};

inline Pair formula_pair(std::int64_t ni, std::int64_t nj, std::int64_t nk, std::int64_t p) {
  Grid grid = Grid::centred({ni, nj, nk}, {1, 1, 1});
  grid.ijk_to_ras_mm[1][1] *= -1;  // LPS, in which metrics are taken: the arrays of the recipes as they are
  grid.ijk_to_ras_mm[1][3] *= -1;
  Pair pair{Volume(grid, 0), Volume(grid, 0), Mask(grid, 0)};
  const auto square = [](std::int64_t v) { return v * v; };
  for (std::int64_t k = 0; k < nk; ++k) {
    for (std::int64_t j = 0; j < nj; ++j) {
      for (std::int64_t i = 0; i < ni; ++i) {
        const std::int64_t smooth = (i * i * (3 + p) + j * j * 5 + k * k * 17 + i * j * k) % 5200 - 1500;
        const std::int64_t noise = (i * 1299 + j * 7919 + k * 10473 + p * 31) % 601 - 280;
        pair.target.at(i, j, k) = static_cast<float>(smooth);
        const float scaled = static_cast<float>(smooth + noise * (1 + p % 7)) * 0.96875F;
        pair.prediction.at(i, j, k) = scaled + 0.3125F * static_cast<float>(p);
        const bool ellipsoid = square(2 * i - ni + 1) * square(nj * nk) + square(2 * j - nj + 1) * square(ni * nk) +
                                   square(2 * k - nk + 1) * square(ni * nj) <=
                               square(ni * nj * nk);
        pair.mask.at(i, j, k) = ellipsoid && (i + 2 * j + 3 * k + p) % 11 != 0 ? 1 : 0;
      }
    }
  }
  return pair;
}

inline Pair golden_pair(std::int64_t p) {
  return formula_pair(20 + p % 5, 18 + p % 4 * 9, 9 + p % 3 * 4, p);
}

struct Segments {
  Mask prediction, target;
};

/// Two ellipsoids on an anisotropic grid, one of them shifted, carved and with a distant speck.
inline Segments golden_segments(std::int64_t p) {
  const Point3 spacing_mm{0.75 + 0.25 * static_cast<double>(p % 3), 1.0 + 0.5 * static_cast<double>(p % 2),
                          1.5 + 0.5 * static_cast<double>(p % 4)};
  const Grid grid = Grid::centred({37, 31, 23}, spacing_mm);
  Segments segments{Mask(grid, 0), Mask(grid, 0)};
  const auto reach = [](std::int64_t i, std::int64_t j, std::int64_t k) { return 9 * i * i + 16 * j * j + 36 * k * k; };
  for (std::int64_t k = 0; k < 23; ++k) {
    for (std::int64_t j = 0; j < 31; ++j) {
      for (std::int64_t i = 0; i < 37; ++i) {
        segments.target.at(i, j, k) = reach(i - 17, j - 14, k - 10) < 1700 + 40 * p ? 1 : 0;
        const bool shifted = reach(i - 17 - p % 4, j - 14 + p % 3, k - 10 - p % 2) < 1500 + 60 * p;
        const bool carved = (i * 7 + j * 5 + k * 3 + p) % (13 + p) == 0;
        const bool speck = i < 2 && j < 2 + p % 3 && k == p;
        segments.prediction.at(i, j, k) = (shifted && !carved) || speck ? 1 : 0;
      }
    }
  }
  return segments;
}

inline Volume blobs(std::int64_t p) {
  Volume ct(Grid::centred({41, 37, 11}, {1, 1, 1}), -900.0F);
  for (std::int64_t k = 0; k < 11; ++k) {
    for (std::int64_t j = 0; j < 37; ++j) {
      for (std::int64_t i = 0; i < 41; ++i) {
        const std::int64_t r = (i - 17) * (i - 17) + (j - 18) * (j - 18) + (2 * k - 9) * (2 * k - 9);
        const bool shell = r < 230 && r > 40 + 9 * p;
        if (shell || ((i * 7 + j * 5 + k * 3 + p) % 19 < 4 && i > 25)) ct.at(i, j, k) = 100.0F;
      }
    }
  }
  return ct;
}

/// A body without symmetry on an anisotropic grid (i to the left, j to anterior, k to superior): a trachea that leaves
/// at the top, a sinus that opens to the front in its axial slices, a closed lung, bone, and a couch beside it.
inline Pair lopsided_pair() {
  const Index3 shape{38, 40, 34};
  const Grid grid = Grid::centred(shape, {1.5, 1.25, 2.0});
  Pair pair{Volume(grid, 0), Volume(grid, -1000.0F), Mask(grid, 0)};
  for (std::int64_t k = 0; k < shape[2]; ++k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        float& hu = pair.target.at(i, j, k);
        const auto within = [&](std::int64_t ci, std::int64_t cj, std::int64_t ck, std::int64_t r) {
          return (i - ci) * (i - ci) + (j - cj) * (j - cj) + (k - ck) * (k - ck) < r * r;
        };
        const bool body = i >= 2 && i < 36 && j >= 3 && j < 38 && k >= 1 && k < 33 && i + j + k < 92;
        if (body) hu = 20.0F + static_cast<float>((i * 7 + j * 13 + k * 5) % 41);
        if (body && within(24, 20, 9, 6)) hu = 700.0F + static_cast<float>((i * 3 + k) % 29);
        if (within(12, 18, 11, 6)) hu = -800.0F;
        if (i >= 18 && i < 22 && j >= 8 && j < 13 && k >= 20) hu = -1000.0F;
        if (i >= 8 && i < 12 && j >= 22 && k >= 22 && k < 28) hu = -1000.0F;
        if (j == 0 && k > 4) hu = -100.0F;
        pair.prediction.at(i, j, k) = hu + static_cast<float>((i * 11 + j * 17 + k * 23) % 97) - 40.0F;
        pair.mask.at(i, j, k) = body ? 1 : 0;
      }
    }
  }
  return pair;
}

/// Letters of all 48 orders and flips of three axes.
inline std::vector<std::string> all_orientations() {
  std::vector<std::string> all;
  const std::string letters[3] = {"LR", "AP", "IS"};
  constexpr std::size_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (const auto& order : orders) {
    for (std::size_t flips = 0; flips < 8; ++flips) {
      std::string name;
      for (std::size_t a = 0; a < 3; ++a) name += letters[order[a]][flips >> a & 1];
      all.push_back(name);
    }
  }
  return all;
}

}  // namespace gdm::test
