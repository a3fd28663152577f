#include "dicom/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <tuple>

namespace gdm::dicom {
namespace {

/// Marks in the order in which they are tried: what a user means by several volumes in one series first, times, which
/// differ between any two slices, last.
constexpr std::array<const char*, 13> marks_in_order = {
    "acquisition",    "echo",       "echo time", "time point",   "image type",       "complex part", "diffusion b",
    "inversion time", "flip angle", "stack id",  "trigger time", "acquisition time", "content time"};

bool one_direction(const Frame& a, const Frame& b) {
  constexpr double noise = 1e-4;  // a twentieth of a voxel at the edge of 1000
  for (std::size_t r = 0; r < 3; ++r) {
    if (std::abs(a.i_lps[r] - b.i_lps[r]) > noise || std::abs(a.j_lps[r] - b.j_lps[r]) > noise) return false;
  }
  return true;
}

auto key_of(const Frame& f) {
  // Spacings are compared as far as they matter over a thousand voxels.
  const auto rounded = [](double mm) { return std::llround(mm * 1e5); };
  return std::make_tuple(f.patient, f.study_uid, f.series_number, f.series_uid, f.frame_of_reference_uid, f.modality,
                         f.shape_ijk, rounded(f.spacing_mm[0]), rounded(f.spacing_mm[1]));
}

bool is_good(const Stack& stack) {
  return stack.fault.empty() && stack.uneven.empty() && stack.doubled.empty();
}
bool is_single_layered(const Stack& stack) {
  return stack.slices.size() > 1 && stack.doubled.empty();
}

/// How a mark's value is told: numbers as they are, all else by its place, as texts and times of day may tell too much.
std::string told(const std::string& mark, const std::string& value, std::size_t place) {
  const bool clock = mark == "acquisition time" || mark == "content time";
  const bool number = !value.empty() && value.find_first_not_of("0123456789.-") == std::string::npos;
  return number && !clock ? value : fmt::format("number {}", place);
}

using Judge = bool (*)(const Stack&);

/// The frames by the value of a mark, in the order of the values; numbers in the order of numbers.
std::vector<std::pair<std::string, std::vector<Frame>>> by_mark(const std::vector<Frame>& frames, const char* mark) {
  std::map<std::pair<double, std::string>, std::vector<Frame>> classes;
  for (const Frame& frame : frames) {
    const auto found = frame.marks.find(mark);
    const std::string value = found == frame.marks.end() ? "" : found->second;
    classes[{std::strtod(value.c_str(), nullptr), value}].push_back(frame);
  }
  std::vector<std::pair<std::string, std::vector<Frame>>> listed;
  for (auto& [value, members] : classes) listed.emplace_back(value.second, std::move(members));
  return listed;
}

/// Parts by marks from number `from` on so that all pass; none if no marks do it.
std::optional<std::vector<Part>> parted(const std::vector<Frame>& frames, std::size_t from, Judge passes) {
  Stack stack = stack_of(frames);
  if (passes(stack)) return std::vector<Part>{{std::move(stack), {}}};
  for (std::size_t n = from; n < marks_in_order.size(); ++n) {
    const auto classes = by_mark(frames, marks_in_order[n]);
    if (classes.size() < 2 || classes.size() > frames.size() / 2) continue;
    std::vector<Part> all;
    bool good = true;
    std::size_t place = 0;
    for (const auto& [value, members] : classes) {
      ++place;
      std::optional<std::vector<Part>> parts = members.size() < 2 ? std::nullopt : parted(members, n + 1, passes);
      good = parts.has_value();
      if (!good) break;
      for (Part& part : *parts) {
        part.marks[marks_in_order[n]] = told(marks_in_order[n], value, place);
        all.push_back(std::move(part));
      }
    }
    if (good) return all;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::vector<Frame>> series_of(const std::vector<Frame>& frames) {
  std::map<decltype(key_of(frames.front())), std::vector<std::vector<Frame>>> groups;
  for (const Frame& frame : frames) {
    std::vector<std::vector<Frame>>& directions = groups[key_of(frame)];
    const auto same = std::find_if(directions.begin(), directions.end(),
                                   [&](const auto& members) { return one_direction(members.front(), frame); });
    if (same == directions.end()) {
      directions.push_back({frame});
    } else {
      same->push_back(frame);
    }
  }
  std::vector<std::vector<Frame>> series;
  for (auto& [key, directions] : groups) {
    for (auto& members : directions) series.push_back(std::move(members));
  }
  return series;
}

std::vector<Part> volumes_of(const std::vector<Frame>& series) {
  for (const Judge passes : {&is_good, &is_single_layered}) {
    if (auto parts = parted(series, 0, passes)) return *parts;
  }
  return {{stack_of(series), {}}};
}

}  // namespace gdm::dicom
