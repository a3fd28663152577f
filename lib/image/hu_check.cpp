#include "image/hu_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm {
namespace {

// A CT of anything but water alone spans more than a hundred HU; scaled ones span 1 to 10, HU / 10 some 300.
constexpr double least_span = 100;
// Between these lies the soft tissue of HU + 1024. In HU it is dense bone: below 3 % of what is no air in every CT that
// was looked at (heads, necks, chests), and a third of what is bright at most. Where nothing lies at
// the HU of air, a large part of what is bright says that the values are shifted.
constexpr float shifted_low = 850, shifted_high = 1250, above_air = -900, bright = 300;
constexpr double most_shifted = 0.15, most_of_bright = 0.4, least_to_judge = 0.02;
constexpr float air_low = -1100, air_high = -850;
// Air has -1000 and padding is one value, so values below this that vary are no HU; and with padding below it, a body
// fills more than this share of the rest.
constexpr float below_air = -1500, soft_tissue = 150;
constexpr double most_below_air = 0.05, least_tissue = 0.03;
// Metal is brighter, and small.
constexpr double most_metal = 0.01;
constexpr float least_of_ct = -1100, most_of_ct = 3200, mostly_air = -500;
constexpr double least_air = 0.01, most_beyond_ct = 0.01;

// Metal that a scanner could not tell ends below it.
constexpr float impossible = 1e5F;

bool forced = false;

/// Finite voxels, all of them and those of a kind.
struct Counts {
  float least = std::numeric_limits<float>::infinity(), most = -std::numeric_limits<float>::infinity();
  double all = 0, not_air = 0, shifted = 0, bright = 0, at_air = 0, below = 0, above_padding = 0, tissue = 0, metal = 0;
  double air = 0, beyond = 0;
};

Counts count(const Voxels<float>& voxels) {
  Counts counts;
  for (const float v : voxels) {
    if (!std::isfinite(v)) continue;
    counts.least = std::min(counts.least, v);
    counts.most = std::max(counts.most, v);
  }
  for (const float v : voxels) {
    if (!std::isfinite(v)) continue;
    counts.all += 1;
    counts.not_air += v > above_air;
    counts.shifted += v > shifted_low && v < shifted_high;
    counts.bright += v > bright;
    counts.at_air += v > air_low && v < air_high;
    counts.below += v < below_air && v != counts.least;
    counts.above_padding += v > below_air;
    counts.tissue += std::abs(v) <= soft_tissue;
    counts.metal += v > most_of_ct;
    counts.air += v < mostly_air;
    counts.beyond += (v < least_of_ct && v != counts.least) || v > most_of_ct;
  }
  return counts;
}

std::string guess_of_positive(const Counts& counts) {
  if (counts.most <= 1.5) return "scaled to 0..1, or attenuation";
  if (counts.most <= 255) return "8-bit grey values";
  if (counts.most <= 6000) return "HU + 1024 or HU + 1000, or not a CT";
  return "not a CT";
}

bool is_shifted(const Counts& counts) {
  if (counts.shifted > most_shifted * counts.not_air) return true;
  const bool air = counts.at_air > least_air * counts.all;
  return !air && counts.shifted > most_of_bright * counts.bright && counts.shifted > least_to_judge * counts.all;
}

std::string range_of(const Counts& counts) {
  return fmt::format("values from {:.5g} to {:.5g}", counts.least, counts.most);
}

/// What no prediction or input gives by being poor: a scale that is not HU's.
std::string scale_problem(const Counts& counts) {
  if (counts.all == 0 || counts.least == counts.most) return {};  // a constant has no scale
  const std::string range = range_of(counts);
  if (counts.least >= 0) {
    return fmt::format("{}, none below 0, where air has about -1000 HU ({}?)", range, guess_of_positive(counts));
  }
  if (counts.most - counts.least < least_span && counts.most > mostly_air) {  // nothing but air is in HU
    return fmt::format("{} span {:.3g}, where air and tissue are 1000 HU apart (a normalised CT?)", range,
                       counts.most - counts.least);
  }
  return {};
}

std::string problem_of(const Counts& counts) {
  const std::string scale = scale_problem(counts);
  if (counts.all == 0 || !scale.empty()) return scale;
  const std::string range = range_of(counts);
  if (counts.most > impossible) return fmt::format("{}, and nothing has more than {:g} HU", range, impossible);
  if (is_shifted(counts)) {
    return fmt::format(
        "{}, and {:.0f} % of what is brighter than {:g} lies between {:g} and {:g}, where HU have dense bone "
        "alone (HU + 1024?)",
        range, 100 * counts.shifted / counts.bright, bright, shifted_low, shifted_high);
  }
  const bool nothing_but_padding = counts.least < below_air && counts.tissue < least_tissue * counts.above_padding;
  if (counts.below > most_below_air * counts.all || nothing_but_padding) {
    return fmt::format(
        "{}, {:.0f} % of the voxels below {:g} and {:.1f} % within {:g} of 0, where HU have soft tissue (1024 "
        "subtracted twice?)",
        range, 100 * (1 - counts.above_padding / counts.all), below_air, 100 * counts.tissue / counts.all, soft_tissue);
  }
  if (counts.metal > most_metal * counts.not_air) {
    return fmt::format("{}, and {:.0f} % of what is no air lies above {:g}, where HU have metal alone", range,
                       100 * counts.metal / counts.not_air, most_of_ct);
  }
  return {};
}

std::string message_of(const std::string& what, const std::string& problem) {
  if (forced || problem.empty()) return {};
  return fmt::format("{} is not in HU: {}; bring it to HU, or --assume-hu if it is", what, problem);
}

}  // namespace

std::string hu_problem(const Voxels<float>& voxels) {
  return problem_of(count(voxels));
}

bool looks_like_hu(const Voxels<float>& voxels) {
  const Counts counts = count(voxels);
  return counts.all > 0 && problem_of(counts).empty() && counts.air > least_air * counts.all &&
         counts.beyond < most_beyond_ct * counts.all;
}

bool assume_hu() {
  return forced;
}

void set_assume_hu(bool assume) {
  forced = assume;
}

void require_varied(const Volume& image, const std::string& what) {
  const Counts counts = count(image.voxels);
  if (counts.all == 0) throw Error(what + ": no voxel is finite");
  if (counts.least == counts.most) throw Error(fmt::format("{}: every voxel is {:g}", what, counts.least));
}

void require_hu(const Volume& ct, const std::string& what) {
  const std::string message = message_of(what, hu_problem(ct.voxels));
  if (!message.empty()) throw Error(message);
}

void warn_unless_hu(const Volume& ct, const std::string& what) {
  const std::string message = message_of(what, hu_problem(ct.voxels));
  if (!message.empty()) log_warning(message);
}

void require_hu_scale(const Volume& ct, const std::string& what) {
  const Counts counts = count(ct.voxels);
  const std::string wrong = message_of(what, scale_problem(counts)), poor = message_of(what, problem_of(counts));
  if (!wrong.empty()) throw Error(wrong);
  if (!poor.empty()) log_warning(poor);
}

void warn_unless_hu_scale(const Volume& ct, const std::string& what) {
  const std::string message = message_of(what, scale_problem(count(ct.voxels)));
  if (!message.empty()) log_warning(message);
}

}  // namespace gdm
