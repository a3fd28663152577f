// The scanners: distributions of noise, slices, voids, and what the beam adds.
#include "phantom/scanner.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "phantom/artefacts.hpp"
#include "phantom/displacement.hpp"
#include "phantom/distance.hpp"
#include "sys/parallel.hpp"

using namespace gdm;
using namespace gdm::phantom;

namespace {

/// Gudbjartsson & Patz 1995, by Bessel functions.
double rice_mean(double signal, double deviation) {
  const double x = signal * signal / (2 * deviation * deviation);
  return deviation * std::sqrt(1.5707963267948966) * std::exp(-x / 2) *
         ((1 + x) * std::cyl_bessel_i(0.0, x / 2) + x * std::cyl_bessel_i(1.0, x / 2));
}

Grid cube(std::int64_t n, double mm) {
  return Grid::centred({n, n, n}, {mm, mm, mm});
}

}  // namespace

TEST_CASE("scanner: the magnitude of complex noise has the mean of the Rice distribution") {
  for (const double snr : {0.0, 1.0, 3.0, 20.0}) {
    Random random(1, static_cast<std::uint64_t>(snr));
    double sum = 0;
    constexpr int draws = 100000;
    for (int n = 0; n < draws; ++n) sum += rician(static_cast<float>(10 * snr), 10, random) / draws;
    CHECK(sum == doctest::Approx(rice_mean(10 * snr, 10)).epsilon(0.005));
  }
}

TEST_CASE("scanner: CT noise has deviation 1, is correlated in plane, and holds nothing at low frequencies") {
  const Volume noise = ct_noise(cube(64, 1), {3, 100});
  double squares = 0, along_i = 0, along_k = 0, blocks = 0, count = 0;
  for (std::int64_t k = 8; k < 55; ++k) {
    for (std::int64_t j = 8; j < 56; ++j) {
      for (std::int64_t i = 8; i < 56; ++i, count += 1) {
        const double here = noise.at(i, j, k);
        squares += here * here;
        along_i += here * noise.at(i + 1, j, k);
        along_k += here * noise.at(i, j, k + 1);
      }
    }
    for (std::int64_t j = 8; j < 56; j += 8) {
      for (std::int64_t i = 8; i < 56; i += 8) {
        double mean = 0;
        for (std::int64_t n = 0; n < 64; ++n) mean += noise.at(i + n % 8, j + n / 8, k) / 64;
        blocks += mean * mean / (36 * 47);
      }
    }
  }
  CHECK(squares / count == doctest::Approx(1).epsilon(0.03));
  CHECK(along_i / count > 0.25);
  CHECK(along_i / count < 0.6);
  CHECK(std::abs(along_k / count - 0.39) < 0.03);  // 2 * .15 * .7 / (.7^2 + 2 * .15^2)
  CHECK(blocks < 0.25 / 64 * 4);                   // white noise of that correlation length would have more than 4 / 64
}

TEST_CASE("scanner: thick slices keep what is the same along k and smear what is not") {
  MrScan scan;
  scan.snr = 1e4;
  scan.thickness_mm = 6;
  const auto acquired = [&](const Volume& ideal) {
    Volume mr = ideal;
    Random draws(1, 0);
    acquire_mr(mr, std::nullopt, scan, draws, {1, 10});
    return mr;
  };
  Volume flat(cube(24, 2), 500.0F), point = flat;
  for (std::int64_t j = 0; j < 24; ++j) {
    for (std::int64_t i = 0; i < 24; ++i) point.at(i, j, 12) = 1100.0F;
  }
  const Volume a = acquired(flat), b = acquired(point);
  // The coil alone makes the flat image uneven.
  const auto [least, most] = std::minmax_element(a.voxels.begin(), a.voxels.end());
  CHECK(*most / *least < 1.9F);
  const auto gain = [&](std::int64_t k) { return (b.at(12, 12, k) - a.at(12, 12, k)) / a.at(12, 12, k); };
  CHECK(gain(13) == doctest::Approx(1.2 / 3).epsilon(0.1));  // the middle of its slice of three voxels
  CHECK(gain(12) > 0.2F);
  CHECK(std::abs(gain(18)) < 0.02F);
}

TEST_CASE("scanner: a last slice that the end of the volume cuts lies in its own middle") {
  MrScan scan;
  scan.snr = 1e4;
  scan.thickness_mm = 10;  // five voxels: slices of 5, 5, 5, 5 and 4
  const auto acquired = [&](const Volume& ideal) {
    Volume mr = ideal;
    Random draws(1, 0);
    acquire_mr(mr, std::nullopt, scan, draws, {1, 10});
    return mr;
  };
  const Volume flat(cube(24, 2), 500.0F);
  Volume ramp = flat;
  for (std::size_t n = 0; n < ramp.voxels.size(); ++n) {
    ramp.voxels[n] += 20.0F * static_cast<float>(n / static_cast<std::size_t>(24 * 24));
  }
  const Volume a = acquired(flat), b = acquired(ramp);
  // A ramp stays a ramp between the middles of the first slice and of the last one, which are voxels 2 and 21.5.
  for (std::int64_t k = 3; k <= 21; ++k) {
    const double gain = (b.at(12, 12, k) - a.at(12, 12, k)) / a.at(12, 12, k);
    CHECK(std::abs(gain - 0.04 * static_cast<double>(k)) < 0.012);
  }
}

TEST_CASE("scanner: a void stands where the susceptibility changes, and grows with TE") {
  Volume susceptibility(cube(32, 1.5), -9.0F);
  for (std::int64_t k = 0; k < 32; ++k) {
    for (std::int64_t j = 0; j < 32; ++j) {
      for (std::int64_t i = 0; i < 8; ++i) susceptibility.at(i, j, k) = 0.36F;
    }
  }
  const auto acquired = [&](double te_ms, bool with_void) {
    MrScan scan;
    scan.snr = 1e4;
    scan.timing = {Sequence::spgr, 50, te_ms, 30};
    scan.susceptibility = with_void;
    Volume mr(susceptibility.grid, 1000.0F);
    Random draws(1, 0);
    acquire_mr(mr, with_void ? std::optional<Volume>(susceptibility) : std::nullopt, scan, draws, {1, 10});
    return mr;
  };
  const auto kept = [&](double te_ms, std::int64_t i) {
    return acquired(te_ms, true).at(i, 16, 16) / acquired(te_ms, false).at(i, 16, 16);
  };
  CHECK(kept(5, 28) == doctest::Approx(1).epsilon(0.02));
  CHECK(kept(5, 8) < 0.95F);
  CHECK(kept(10, 8) < kept(5, 8) - 0.1F);
}

TEST_CASE(
    "artefacts: none are asked for, water stays water, dense bones darken what lies between them, metal streaks") {
  const Grid grid = Grid::centred({64, 64, 4}, {3, 3, 3});
  Volume water(grid, -1000.0F), head = water;
  Mask bone(grid, 0);
  for (std::int64_t k = 0; k < 4; ++k) {
    for (std::int64_t j = 0; j < 64; ++j) {
      for (std::int64_t i = 0; i < 64; ++i) {
        const double x = 3 * (static_cast<double>(i) - 31.5), y = 3 * (static_cast<double>(j) - 31.5);
        if (std::hypot(x, y) < 85) water.at(i, j, k) = head.at(i, j, k) = 0;
        if (std::hypot(std::abs(x) - 40, y) > 15) continue;
        bone.at(i, j, k) = 1;
        head.at(i, j, k) = 1500;
      }
    }
  }
  const auto with = [&](const Volume& ct, const CtScan& scan) {
    Volume result = ct;
    Random draws(7, 0);
    add_beam_artefacts(result, bone, scan, draws);
    return result;
  };
  CHECK(with(head, {0, false}).voxels == head.voxels);
  CHECK(std::abs(with(water, {0, true}).at(32, 32, 2)) < 3.0F);
  const Volume hardened = with(head, {0, true});
  CHECK(hardened.at(32, 32, 2) < hardened.at(32, 50, 2) - 15.0F);
  CHECK(hardened.at(32, 32, 2) > -250.0F);
  const Volume metal = with(head, {2, false});
  CHECK(*std::max_element(metal.voxels.begin(), metal.voxels.end()) == doctest::Approx(3071));
  double streaks = 0;
  for (std::size_t n = 0; n < head.voxels.size(); ++n) {
    if (head.voxels[n] == 0) streaks = std::max(streaks, std::abs(static_cast<double>(metal.voxels[n])));
  }
  CHECK(streaks > 50.0);
}

TEST_CASE("displacement: its root mean square is what was asked for, and it is smooth") {
  const Grid grid = Grid::centred({40, 48, 36}, {3, 3, 3});
  double squares = 0, steps = 0, count = 0;
  for (std::uint64_t n = 0; n < 12; ++n) {
    Random random(9, n);
    const Misregistration misregistration(random, grid, 2.5);
    std::vector<Vec3> a, b;
    for (std::int64_t k = 0; k + 1 < 36; k += 5) {
      misregistration.slice(k, a);
      misregistration.slice(k + 1, b);
      for (std::size_t v = 0; v < a.size(); ++v, count += 1) {
        squares += std::pow(length(a[v]), 2);
        steps += std::pow(length(b[v] - a[v]), 2);
      }
    }
  }
  CHECK(std::sqrt(squares / count) == doctest::Approx(2.5).epsilon(0.12));
  CHECK(std::sqrt(steps / count) < 0.3);  // mm from one slice to the next
}

TEST_CASE("distance: as by brute force, and the reach beyond it") {
  const Grid grid = Grid::centred({14, 11, 9}, {1, 1.5, 2});
  std::vector<std::uint8_t> set(static_cast<std::size_t>(grid.voxels()), 0);
  Random random(2, 0);
  for (std::uint8_t& value : set) value = random.uniform() < 0.01 ? 1 : 0;
  set[5] = 1;
  const auto squared = squared_distances(set, grid, 6);
  for (std::int64_t n = 0; n < grid.voxels(); ++n) {
    double least = 36;
    for (std::int64_t m = 0; m < grid.voxels(); ++m) {
      if (set[static_cast<std::size_t>(m)] == 0) continue;
      const double di = static_cast<double>(n % 14 - m % 14), dj = 1.5 * static_cast<double>(n / 14 % 11 - m / 14 % 11);
      const double dk = 2 * static_cast<double>(n / 154 - m / 154);
      least = std::min(least, di * di + dj * dj + dk * dk);
    }
    CHECK(squared[static_cast<std::size_t>(n)] == doctest::Approx(least));
  }
}
