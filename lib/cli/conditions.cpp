#include "cli/conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "image/grid_match.hpp"
#include "image/hu_check.hpp"
#include "image/mask.hpp"
#include "io/nifti/nifti.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/signals.hpp"

namespace gdm::cli {
namespace {

std::string input_title(const ConditionFile& file) {
  return fmt::format("{}: input '{}'", input_name(file.second), file.first);
}

void require_grid_of_first(const Grid& grid, const ConditionFile& file, const Grid& first, const ConditionFile& whose) {
  require_same_grid(grid, input_title(file), first, fmt::format("'{}'", whose.first));
}

/// What no network can use, looked for in the voxels of an input as they come.
class ConditionCheck {
 public:
  void add(const float* voxels, std::size_t count) {
    if (count > 0 && !first_) first_ = *voxels;
    non_finite_ += std::count_if(voxels, voxels + count, [](float v) { return !std::isfinite(v); });
    varied_ = varied_ || std::any_of(voxels, voxels + count, [this](float v) { return v != *first_; });
  }

  /// After all voxels. What has one value everywhere is an empty scan or a wrong file, and no CT that comes of it means
  /// anything.
  void finish(const std::string& title) const {
    if (non_finite_ > 0) throw Error(fmt::format("{} has {} voxels that are NaN or infinite", title, non_finite_));
    if (varied_ || !first_) return;
    throw Error(fmt::format("{} has the value {:g} everywhere", title, *first_));
  }

 private:
  std::optional<float> first_;
  std::int64_t non_finite_ = 0;
  bool varied_ = false;
};

[[noreturn]] void refuse_empty_mask(const fs::path& path) {
  throw Error(input_name(path) + ": the mask is empty");
}

/// All voxels of a volume, few slices at a time.
void for_slices(SliceReader& reader, const std::function<void(const float* voxels, std::size_t count)>& take) {
  constexpr std::int64_t at_once = 4;
  const Grid& grid = reader.info().grid;
  Voxels<float> some(static_cast<std::size_t>(at_once * grid.slice_voxels()));
  for (std::int64_t done = 0; done < grid.shape_ijk[2]; done += at_once) {
    throw_if_stop_requested();
    const std::int64_t slices = std::min(at_once, grid.shape_ijk[2] - done);
    reader.read(slices, some.data());
    take(some.data(), static_cast<std::size_t>(slices * grid.slice_voxels()));
  }
}

const Json& condition_of(const Json& description, std::size_t condition) {
  return description.at("generator").at("conditions").at(condition);
}

bool is_in_hu(const Json& condition) {
  return condition.value("scaling", "") == "hu";
}

}  // namespace

std::vector<Volume> read_conditions(const Json& description, const std::vector<ConditionFile>& files) {
  std::vector<Volume> volumes;
  for (const ConditionFile& file : files) {
    Volume volume = read_volume(file.second);
    if (!volumes.empty()) require_grid_of_first(volume.grid, file, volumes.front().grid, files.front());
    ConditionCheck check;
    check.add(volume.voxels.data(), volume.voxels.size());
    check.finish(input_title(file));
    require_scale(condition_of(description, volumes.size()), volume, input_title(file));
    volumes.push_back(std::move(volume));
  }
  return volumes;
}

std::vector<SliceReader> open_conditions(const std::vector<ConditionFile>& files, const Grid& grid, bool quiet) {
  std::vector<SliceReader> readers;
  for (const ConditionFile& file : files) {
    readers.emplace_back(file.second, quiet);
    require_grid_of_first(readers.back().info().grid, file, grid, files.front());
  }
  return readers;
}

void require_scale(const Json& condition, const Volume& volume, const std::string& title) {
  if (is_in_hu(condition)) require_hu_scale(volume, title);
  if (!condition.value("below_zero", true)) require_no_ct(volume, title);
}

void check_conditions(const Json& description, const std::vector<ConditionFile>& files, const Grid& grid) {
  std::vector<SliceReader> readers = open_conditions(files, grid, /*quiet=*/false);
  for (std::size_t n = 0; n < files.size(); ++n) {
    const bool in_hu = is_in_hu(condition_of(description, n));
    const std::string title = input_title(files[n]);
    ConditionCheck check;
    HuCounts hu;
    for_slices(readers[n], [&](const float* voxels, std::size_t count) {
      check.add(voxels, count);
      if (in_hu) hu.add(voxels, count);
    });
    check.finish(title);
    if (in_hu) require_hu_scale(hu, title);
  }
}

void check_mask(const fs::path& path, const Grid& grid) {
  require_grid_of_mask(path, grid);
  SliceReader reader(path);
  bool any = false;
  for_slices(reader, [&any](const float* voxels, std::size_t count) {
    any = any || std::any_of(voxels, voxels + count, [](float v) { return v != 0; });
  });
  if (!any) refuse_empty_mask(path);
}

Mask read_mask_of(const fs::path& path, const Grid& grid) {
  Mask mask = read_mask(path, &grid);
  if (count_inside(mask) == 0) refuse_empty_mask(path);
  return mask;
}

Grid grid_of_conditions(const std::vector<ConditionFile>& files) {
  const Grid first = read_nifti_info(files.front().second).grid;
  for (std::size_t n = 1; n < files.size(); ++n) {
    require_grid_of_first(read_nifti_info(files[n].second).grid, files[n], first, files.front());
  }
  return first;
}

}  // namespace gdm::cli
