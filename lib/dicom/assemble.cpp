#include "dicom/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>

#include "image/grid_match.hpp"
#include "image/mask.hpp"
#include "image/regrid.hpp"
#include "sys/parallel.hpp"
#include "sys/signals.hpp"

namespace gdm::dicom {
namespace {

float air_of(const Frame& frame) {
  return frame.modality == "CT" ? air_hu : 0.0F;
}

/// A frame's place in the volume; `again` if another frame has filled it and this one must be the same.
struct Task {
  const Frame* frame;
  std::size_t slice;
};

/// Rescales one frame. Returns how many voxels are padding.
std::int64_t convert(const Frame& frame, const std::int32_t* stored, std::size_t count, float* to) {
  const double low = frame.padding ? std::min(*frame.padding, frame.padding_limit.value_or(*frame.padding)) : 1;
  const double high = frame.padding ? std::max(*frame.padding, frame.padding_limit.value_or(*frame.padding)) : 0;
  const bool ct = frame.modality == "CT";
  const float air = air_of(frame);
  std::int64_t padding = 0;
  for (std::size_t n = 0; n < count; ++n) {
    const double value = frame.slope * stored[n] + frame.intercept;
    const bool padded = (stored[n] >= low && stored[n] <= high) || (ct && value < lowest_measured_hu);
    padding += padded ? 1 : 0;
    to[n] = padded ? air : static_cast<float>(value);
  }
  return padding;
}

/// All frames by the file that they are in, since a file is decoded whole.
std::vector<std::vector<Task>> by_file(const Stack& stack, bool doubled) {
  std::map<std::filesystem::path, std::vector<Task>> files;
  for (std::size_t n = 0; n < stack.slices.size(); ++n) {
    for (std::size_t m = doubled ? 1 : 0; m < (doubled ? stack.slices[n].size() : 1); ++m) {
      files[stack.slices[n][m].file].push_back({&stack.slices[n][m], n});
    }
  }
  std::vector<std::vector<Task>> tasks;
  for (auto& file : files) tasks.push_back(std::move(file.second));
  return tasks;
}

/// The values of a file, at least `least` of them.
Stored read_pixels(const std::filesystem::path& file, std::size_t least, const ReadPixels& read) {
  try {
    Stored stored = read(file);
    if (stored.size() < least) throw Error("an image holds fewer pixels than its header says");
    return stored;
  } catch (const Error& error) {
    throw PixelError(error, file);
  }
}

/// Calls use(task, first stored value) for each frame.
template <class Use>
void for_frames(const std::vector<std::vector<Task>>& files, std::size_t pixels, const ReadPixels& read,
                const Use& use) {
  parallel_for(static_cast<std::int64_t>(files.size()), [&](std::int64_t n) {
    throw_if_stop_requested();
    const std::vector<Task>& tasks = files[static_cast<std::size_t>(n)];
    const auto first = [pixels](const Task& task) { return static_cast<std::size_t>(task.frame->number) * pixels; };
    std::size_t least = 0;
    for (const Task& task : tasks) least = std::max(least, first(task) + pixels);
    const Stored stored = read_pixels(tasks.front().frame->file, least, read);
    for (const Task& task : tasks) use(task, stored.data() + first(task));
  });
}

Volume read_slices(const Stack& stack, const ReadPixels& read, Assembled& result) {
  Volume volume(grid_of(stack), 0.0F);
  const Index3& shape = volume.grid.shape_ijk;
  const auto pixels = static_cast<std::size_t>(shape[0] * shape[1]);
  std::atomic<std::int64_t> padding{0};
  for_frames(by_file(stack, false), pixels, read, [&](const Task& task, const std::int32_t* stored) {
    padding += convert(*task.frame, stored, pixels, volume.voxels.data() + task.slice * pixels);
  });
  std::atomic<std::int64_t> same{0};
  for_frames(by_file(stack, true), pixels, read, [&](const Task& task, const std::int32_t* stored) {
    std::vector<float> slice(pixels);
    convert(*task.frame, stored, pixels, slice.data());
    if (!std::equal(slice.begin(), slice.end(),
                    volume.voxels.begin() + static_cast<std::ptrdiff_t>(task.slice * pixels))) {
      throw Error(stack.doubled + "; they differ, and nothing in their headers tells them apart");
    }
    ++same;
  });
  result.padding_voxels = padding;
  result.doubled_slices = same;
  return volume;
}

/// The volume on even slices; each new one lies between two old ones, or on one, whose values it then has.
Volume evened(const Volume& volume, Stack& stack, std::int64_t& made) {
  const std::vector<double> wanted = even_positions_mm(stack);
  const double step = stack.positions_mm.back() / static_cast<double>(wanted.size() - 1);
  const std::vector<double>& at = stack.positions_mm;
  const auto pixels = static_cast<std::size_t>(volume.grid.shape_ijk[0] * volume.grid.shape_ijk[1]);
  Stack even = stack;
  even.slices.resize(wanted.size());
  even.positions_mm = wanted;
  even.step_mm = step;
  even.uneven.clear();
  Volume result(grid_of(even), 0.0F);
  for (std::size_t n = 0; n < wanted.size(); ++n) {
    const auto above = std::lower_bound(at.begin() + 1, at.end() - 1, wanted[n]) - at.begin();
    const auto high = static_cast<std::size_t>(above), low = high - 1;
    double weight = std::clamp((wanted[n] - at[low]) / (at[high] - at[low]), 0.0, 1.0);
    // A slice that lies within the tolerance of its place is not blurred for the sake of a few micrometres.
    if (std::abs(wanted[n] - at[low]) <= grid_tolerance_voxels() * step) weight = 0;
    if (std::abs(wanted[n] - at[high]) <= grid_tolerance_voxels() * step) weight = 1;
    made += weight > 0 && weight < 1 ? 1 : 0;
    const auto share = static_cast<float>(weight);
    const float* a = volume.voxels.data() + low * pixels;
    const float* b = volume.voxels.data() + high * pixels;
    float* to = result.voxels.data() + n * pixels;
    for (std::size_t p = 0; p < pixels; ++p)
      to[p] = weight == 0 ? a[p] : weight == 1 ? b[p] : a[p] + share * (b[p] - a[p]);
  }
  stack = std::move(even);
  return result;
}

}  // namespace

std::string refusal(const Stack& stack, const AssembleOptions& options) {
  for (const auto& slice : stack.slices) {
    for (const Frame& frame : slice) {
      if (!frame.damage.empty()) return "an image of it is damaged: " + frame.damage;
    }
  }
  if (!stack.fault.empty()) return stack.fault;
  if (!stack.uneven.empty() && !options.resample_gaps) {
    return stack.uneven + "; --resample-gaps interpolates" + (stack.doubled.empty() ? "" : "; and " + stack.doubled);
  }
  return "";
}

Assembled assemble(const Stack& given, const AssembleOptions& options, const ReadPixels& read) {
  const std::string reason = refusal(given, options);
  if (!reason.empty()) throw Error(reason);
  Assembled result;
  Stack stack = given;
  result.volume = read_slices(stack, read, result);
  if (!stack.uneven.empty()) result.volume = evened(result.volume, stack, result.made_slices);
  if (stack.leans() && !options.keep_tilt) {
    // i and j alone are resampled: slices of the new grid are those of the old one.
    const Frame& first = given.slices.front().front();
    Regridded straight = regrid(result.volume, upright(stack), air_of(first));
    result.volume = std::move(straight.volume);
    result.tilt_outside = straight.outside;
  }
  return result;
}

}  // namespace gdm::dicom
