#include "image/hu_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm {
namespace {

// A CT of anything but water alone spans more than a hundred HU; scaled ones span 1 to 10, HU / 10 some 300.
constexpr double least_span = 100;
// Between these lies the soft tissue of HU + 1024. In HU it is dense bone: below 3 % of what is no air in every CT that
// was looked at (heads, necks, chests), and a third of what is bright at most. Where nothing lies at
// the HU of air, a large part of what is bright says that the values are shifted.
constexpr float shifted_low = 850, shifted_high = 1250, above_air = -900, bright_hu = 300;
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

std::string guess_of_positive(const HuCounts& counts) {
  if (counts.most <= 1.5) return "scaled to 0..1, or attenuation";
  if (counts.most <= 255) return "8-bit grey values";
  if (counts.most <= 6000) return "HU + 1024 or HU + 1000, or not a CT";
  return "not a CT";
}

bool is_shifted(const HuCounts& counts) {
  if (counts.shifted > most_shifted * counts.not_air) return true;
  const bool air = counts.at_air > least_air * counts.all;
  return !air && counts.shifted > most_of_bright * counts.bright && counts.shifted > least_to_judge * counts.all;
}

std::string range_of(const HuCounts& counts) {
  return fmt::format("values from {:.5g} to {:.5g}", counts.least, counts.most);
}

/// What no prediction or input gives by being poor: a scale that is not HU's.
std::string scale_problem(const HuCounts& counts) {
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

std::string problem_of(const HuCounts& counts) {
  const std::string scale = scale_problem(counts);
  if (counts.all == 0 || !scale.empty()) return scale;
  const std::string range = range_of(counts);
  if (counts.most > impossible) return fmt::format("{}, and nothing has more than {:g} HU", range, impossible);
  if (is_shifted(counts)) {
    return fmt::format(
        "{}, and {:.0f} % of what is brighter than {:g} lies between {:g} and {:g}, where HU have dense bone "
        "alone (HU + 1024?)",
        range, 100 * counts.shifted / counts.bright, bright_hu, shifted_low, shifted_high);
  }
  const bool nothing_but_padding = counts.least < below_air && counts.tissue < least_tissue * counts.above_padding;
  if (counts.below_but_padding() > most_below_air * counts.all || nothing_but_padding) {
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

bool looks_like_hu(const HuCounts& counts) {
  return counts.all > 0 && problem_of(counts).empty() && counts.air > least_air * counts.all &&
         counts.beyond_but_padding() < most_beyond_ct * counts.all;
}

std::string message_of(const std::string& what, const std::string& problem) {
  if (forced || problem.empty()) return {};
  return fmt::format("{} is not in HU: {}; bring it to HU, or --assume-hu if it is", what, problem);
}

}  // namespace

HuCounts::HuCounts(const Voxels<float>& voxels) {
  add(voxels.data(), voxels.size());
}

void HuCounts::add(const float* voxels, std::size_t count) {
  for (const float* v = voxels; v != voxels + count; ++v) {
    if (!std::isfinite(*v)) continue;
    if (*v < least) {
      least = *v;
      at_least = 0;
    }
    most = std::max(most, *v);
    all += 1;
    at_least += *v == least;
    not_air += *v > above_air;
    shifted += *v > shifted_low && *v < shifted_high;
    bright += *v > bright_hu;
    at_air += *v > air_low && *v < air_high;
    below += *v < below_air;
    above_padding += *v > below_air;
    tissue += std::abs(*v) <= soft_tissue;
    metal += *v > most_of_ct;
    air += *v < mostly_air;
    beyond += *v < least_of_ct || *v > most_of_ct;
  }
}

double HuCounts::below_but_padding() const {
  return least < below_air ? below - at_least : below;
}

double HuCounts::beyond_but_padding() const {
  return least < least_of_ct ? beyond - at_least : beyond;
}

std::string hu_problem(const Voxels<float>& voxels) {
  return problem_of(HuCounts(voxels));
}

bool looks_like_hu(const Voxels<float>& voxels) {
  return looks_like_hu(HuCounts(voxels));
}

void require_no_ct(const Volume& image, const std::string& what) {
  const HuCounts counts(image.voxels);
  if (!looks_like_hu(counts)) return;
  throw Error(fmt::format(
      "{} looks like a CT in HU (values from {:g} to {:g}), the model learnt from images without values below 0; of "
      "an image that was shifted so, add what was taken away",
      what, counts.least, counts.most));
}

bool assume_hu() {
  return forced;
}

void set_assume_hu(bool assume) {
  forced = assume;
}

void require_varied(const Volume& image, const std::string& what) {
  const HuCounts counts(image.voxels);
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
  require_hu_scale(HuCounts(ct.voxels), what);
}

void require_hu_scale(const HuCounts& counts, const std::string& what) {
  const std::string wrong = message_of(what, scale_problem(counts)), poor = message_of(what, problem_of(counts));
  if (!wrong.empty()) throw Error(wrong);
  if (!poor.empty()) log_warning(poor);
}

void warn_unless_hu_scale(const Volume& ct, const std::string& what) {
  const std::string message = message_of(what, scale_problem(HuCounts(ct.voxels)));
  if (!message.empty()) log_warning(message);
}

}  // namespace gdm
