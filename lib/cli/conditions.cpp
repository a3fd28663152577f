#include "cli/conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "image/grid_match.hpp"
#include "io/nifti/nifti.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

std::string input_title(const ConditionFile& file) {
  return fmt::format("{}: input '{}'", input_name(file.second), file.first);
}

void require_grid_of_first(const Grid& grid, const ConditionFile& file, const Grid& first, const ConditionFile& whose) {
  require_same_grid(grid, input_title(file), first, fmt::format("'{}'", whose.first));
}

void require_finite(const Volume& volume, const std::string& title) {
  const auto count =
      std::count_if(volume.voxels.begin(), volume.voxels.end(), [](float v) { return !std::isfinite(v); });
  if (count > 0) throw Error(fmt::format("{} has {} voxels that are NaN or infinite", title, count));
}

/// What has one value everywhere is an empty scan or a wrong file, and no CT that comes of it means anything.
void look_for_contrast(const Volume& volume, const std::string& scaling, const std::string& title) {
  const float first = volume.voxels.front();
  if (!std::all_of(volume.voxels.begin(), volume.voxels.end(), [first](float v) { return v == first; })) return;
  const std::string what = fmt::format("{} has the value {:g} everywhere", title, first);
  if (scaling == "percentile" || scaling == "zscore") throw Error(what + ", and the model scales by contrast");
  log_warning(what);
}

}  // namespace

std::vector<Volume> read_conditions(const Json& description, const std::vector<ConditionFile>& files) {
  const Json& declared = description.at("generator").at("conditions");
  std::vector<Volume> volumes;
  for (const ConditionFile& file : files) {
    Volume volume = read_volume(file.second);
    if (!volumes.empty()) require_grid_of_first(volume.grid, file, volumes.front().grid, files.front());
    const std::string title = input_title(file);
    require_finite(volume, title);
    look_for_contrast(volume, declared.at(volumes.size()).value("scaling", ""), title);
    volumes.push_back(std::move(volume));
  }
  return volumes;
}

Grid grid_of_conditions(const std::vector<ConditionFile>& files) {
  const Grid first = read_nifti_info(files.front().second).grid;
  for (std::size_t n = 1; n < files.size(); ++n) {
    require_grid_of_first(read_nifti_info(files[n].second).grid, files[n], first, files.front());
  }
  return first;
}

}  // namespace gdm::cli
