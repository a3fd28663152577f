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
// was looked at (heads, necks, chests), 15 % only in crops of bone.
constexpr float shifted_low = 850, shifted_high = 1250, above_air = -900;
constexpr double most_shifted = 0.15;
// Air has -1000 and padding is one value, so values below this that vary are no HU.
constexpr float below_air = -1500;
constexpr double most_below_air = 0.05;
constexpr float least_of_ct = -1100, most_of_ct = 3200, mostly_air = -500;
constexpr double least_air = 0.01, most_beyond_ct = 0.01;

bool forced = false;

struct Counts {
  double least = std::numeric_limits<double>::infinity(), most = -std::numeric_limits<double>::infinity();
  double all = 0, not_air = 0, shifted = 0, below = 0, air = 0, beyond = 0;
};

Counts count(const Voxels<float>& voxels) {
  Counts counts;
  float least = std::numeric_limits<float>::infinity(), most = -least;
  for (const float v : voxels) {
    if (!std::isfinite(v)) continue;
    least = std::min(least, v);
    most = std::max(most, v);
  }
  std::int64_t all = 0, not_air = 0, shifted = 0, below = 0, air = 0, beyond = 0;
  for (const float v : voxels) {
    if (!std::isfinite(v)) continue;
    ++all;
    not_air += static_cast<std::int64_t>(v > above_air);
    shifted += static_cast<std::int64_t>(v > shifted_low && v < shifted_high);
    below += static_cast<std::int64_t>(v < below_air && v != least);
    air += static_cast<std::int64_t>(v < mostly_air);
    beyond += static_cast<std::int64_t>((v < least_of_ct && v != least) || v > most_of_ct);
  }
  counts.least = least;
  counts.most = most;
  const auto number = [](std::int64_t n) { return static_cast<double>(n); };
  counts.all = number(all);
  counts.not_air = number(not_air);
  counts.shifted = number(shifted);
  counts.below = number(below);
  counts.air = number(air);
  counts.beyond = number(beyond);
  return counts;
}

std::string guess_of_positive(const Counts& counts) {
  if (counts.most <= 1.5) return "scaled to 0..1, or attenuation";
  if (counts.most <= 255) return "8-bit grey values";
  if (counts.most <= 6000) return "HU + 1024 or HU + 1000, or not a CT";
  return "not a CT";
}

std::string problem_of(const Counts& counts) {
  if (counts.all == 0) return {};
  const std::string range = fmt::format("values from {:.5g} to {:.5g}", counts.least, counts.most);
  if (counts.least >= 0) {
    return fmt::format("{}, none below 0, where air has about -1000 HU ({}?)", range, guess_of_positive(counts));
  }
  if (counts.most - counts.least < least_span && counts.most > mostly_air) {  // nothing but air is in HU
    return fmt::format("{} span {:.3g}, where air and tissue are 1000 HU apart (a normalised CT?)", range,
                       counts.most - counts.least);
  }
  if (counts.shifted > most_shifted * counts.not_air) {
    return fmt::format(
        "{}, and {:.0f} % of what is no air lies between {:g} and {:g}, where HU have dense bone alone "
        "(HU + 1024 with padding below?)",
        range, 100 * counts.shifted / counts.not_air, shifted_low, shifted_high);
  }
  if (counts.below > most_below_air * counts.all) {
    return fmt::format(
        "{}, and {:.0f} % of the voxels lie below {:g}, where air has about -1000 HU (1024 subtracted "
        "twice?)",
        range, 100 * counts.below / counts.all, below_air);
  }
  return {};
}

std::string message_of(const Volume& ct, const std::string& what) {
  if (forced) return {};
  const std::string problem = problem_of(count(ct.voxels));
  if (problem.empty()) return {};
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

void require_hu(const Volume& ct, const std::string& what) {
  const std::string message = message_of(ct, what);
  if (!message.empty()) throw Error(message);
}

void warn_unless_hu(const Volume& ct, const std::string& what) {
  const std::string message = message_of(ct, what);
  if (!message.empty()) log_warning(message);
}

}  // namespace gdm
