#include "cli/conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "image/grid_match.hpp"
#include "image/hu_check.hpp"
#include "io/nifti/nifti.hpp"
#include "io/nifti/slices.hpp"
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
  void finish(const std::string& scaling, const std::string& title) const {
    if (non_finite_ > 0) throw Error(fmt::format("{} has {} voxels that are NaN or infinite", title, non_finite_));
    if (varied_ || !first_) return;
    const std::string what = fmt::format("{} has the value {:g} everywhere", title, *first_);
    if (scaling == "percentile" || scaling == "zscore") throw Error(what + ", and the model scales by contrast");
    log_warning(what);
  }

 private:
  std::optional<float> first_;
  std::int64_t non_finite_ = 0;
  bool varied_ = false;
};

std::string scaling_of(const Json& description, std::size_t condition) {
  return description.at("generator").at("conditions").at(condition).value("scaling", "");
}

}  // namespace

std::vector<Volume> read_conditions(const Json& description, const std::vector<ConditionFile>& files) {
  std::vector<Volume> volumes;
  for (const ConditionFile& file : files) {
    Volume volume = read_volume(file.second);
    if (!volumes.empty()) require_grid_of_first(volume.grid, file, volumes.front().grid, files.front());
    ConditionCheck check;
    check.add(volume.voxels.data(), volume.voxels.size());
    check.finish(scaling_of(description, volumes.size()), input_title(file));
    volumes.push_back(std::move(volume));
  }
  return volumes;
}

void check_conditions(const Json& description, const std::vector<ConditionFile>& files) {
  constexpr std::int64_t slices = 4;
  const Grid grid = grid_of_conditions(files);
  Voxels<float> some(static_cast<std::size_t>(slices * grid.shape_ijk[0] * grid.shape_ijk[1]));
  for (std::size_t n = 0; n < files.size(); ++n) {
    SliceReader reader(files[n].second);
    ConditionCheck check;
    HuCounts hu;
    for (std::int64_t done = 0; done < grid.shape_ijk[2]; done += slices) {
      throw_if_stop_requested();
      const std::int64_t next = std::min(slices, grid.shape_ijk[2] - done);
      const auto count = static_cast<std::size_t>(next * grid.shape_ijk[0] * grid.shape_ijk[1]);
      reader.read(next, some.data());
      check.add(some.data(), count);
      hu.add(some.data(), count);
    }
    const std::string scaling = scaling_of(description, n), title = input_title(files[n]);
    check.finish(scaling, title);
    if (scaling == "hu") require_hu_scale(hu, title);
  }
}

Grid grid_of_conditions(const std::vector<ConditionFile>& files) {
  const Grid first = read_nifti_info(files.front().second).grid;
  for (std::size_t n = 1; n < files.size(); ++n) {
    require_grid_of_first(read_nifti_info(files[n].second).grid, files[n], first, files.front());
  }
  return first;
}

}  // namespace gdm::cli
