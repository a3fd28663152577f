#include "model/trained_voxels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "image/regrid.hpp"
#include "image/voxel_edge.hpp"
#include "sys/error.hpp"

namespace gdm::model {
namespace {

struct Range {
  double least = 0, largest = 0;

  double nearest(double value) const { return std::clamp(value, least, largest); }
  bool beyond(double value, double factor) const { return value * factor < least || value > largest * factor; }
};

/// What the description tells under training.data.
std::optional<Range> range_of(const Json& description, const char* key) {
  const auto place = Json::json_pointer(std::string("/training/data/") + key);
  if (!description.contains(place)) return {};
  return Range{description.at(place).value("least", 0.0), description.at(place).value("largest", 0.0)};
}

/// The range if the value does not fit it.
std::optional<Range> misfit(const Json& description, const char* key, double value) {
  const std::optional<Range> range = range_of(description, key);
  return range && !edge_fits(value, range->least, range->largest) ? range : std::nullopt;
}

/// Of edges of models that do not tell the median.
double median_edge_mm(const Json& description, const Grid& grid) {
  const std::optional<Range> range = range_of(description, "voxel_edge_mm");
  if (!range) return grid.mean_edge_mm();
  const auto place = Json::json_pointer("/training/data/voxel_edge_mm/median");
  return description.contains(place) ? description.at(place).get<double>() : std::sqrt(range->least * range->largest);
}

void refuse_beyond(const Json& description, const Grid& grid) {
  const auto refuse = [](const std::optional<Range>& range, double value, double factor, const std::string& what,
                         const std::string& unit) {
    if (!range || !range->beyond(value, factor)) return;
    const double least_taken = unit.empty() ? 1.0 : range->least / factor;  // no ratio is below 1
    throw Error(
        fmt::format("{}; the model was trained on {:.3g} to {:.3g}{}, to which {:.3g} to {:.3g}{} are resampled; "
                    "`gdm-prep resample` brings others nearer",
                    what, range->least, range->largest, unit, least_taken, range->largest * factor, unit));
  };
  refuse(range_of(description, "voxel_edge_mm"), grid.mean_edge_mm(), most_edge_factor,
         fmt::format("voxels of {:.3g} mm on average", grid.mean_edge_mm()), " mm");
  refuse(range_of(description, "anisotropy"), grid.anisotropy(), most_anisotropy_factor,
         fmt::format("voxels {:.3g} times as long as wide", grid.anisotropy()), "");
}

/// The median edges of the training along the axes of the grid, if the description tells them.
std::optional<Point3> median_edges_mm(const Json& description, const Grid& grid) {
  const Json::json_pointer place("/training/data/median_edges_mm");
  if (!description.contains(place)) return {};
  const Json& edges = description.at(place);
  const std::string letters = grid.orientation();
  Point3 along{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const char letter = letters[axis];
    const char* const name = letter == 'R' || letter == 'L'   ? "right"
                             : letter == 'A' || letter == 'P' ? "anterior"
                                                              : "superior";
    along[axis] = edges.at(name).get<double>();
  }
  return along;
}

std::size_t head_foot_axis(const Grid& grid) {
  const std::string letters = grid.orientation();
  return std::min(letters.find('S'), letters.find('I'));
}

/// Edges of the mean 1 whose longest is `ratio` times the shortest, as like those of the grid as can be.
Point3 proportions(const Grid& grid, double ratio) {
  Point3 edges = grid.spacing_mm();
  const double mean = grid.mean_edge_mm(), now = grid.anisotropy();
  if (ratio <= now) {
    const double power = now > 1 ? std::log(ratio) / std::log(now) : 1.0;
    for (double& edge : edges) edge = std::pow(edge / mean, power);
    return edges;
  }
  edges.fill(std::pow(ratio, -1.0 / 3.0));
  edges[head_foot_axis(grid)] *= ratio;
  return edges;
}

}  // namespace

std::optional<std::string> voxel_edge_warning(const Json& description, const Grid& grid) {
  if (const auto edges = misfit(description, "voxel_edge_mm", grid.mean_edge_mm())) {
    return fmt::format("voxels of {:.3g} mm on average, the model was trained on {:.3g} to {:.3g} mm",
                       grid.mean_edge_mm(), edges->least, edges->largest);
  }
  if (const auto ratios = misfit(description, "anisotropy", grid.anisotropy())) {
    return fmt::format("voxels are {:.3g} times as long as wide, those of the training {:.3g} to {:.3g} times",
                       grid.anisotropy(), ratios->least, ratios->largest);
  }
  return {};
}

std::optional<Grid> working_grid(const Json& description, const Grid& grid) {
  if (!voxel_edge_warning(description, grid)) return {};
  refuse_beyond(description, grid);
  const auto ratios = misfit(description, "anisotropy", grid.anisotropy());
  if (const auto edges = ratios ? median_edges_mm(description, grid) : std::nullopt) return respaced(grid, *edges);
  Point3 spacing_mm = proportions(grid, ratios ? ratios->nearest(grid.anisotropy()) : grid.anisotropy());
  const double median_mm = median_edge_mm(description, grid);
  for (double& edge : spacing_mm) edge *= median_mm;
  return respaced(grid, spacing_mm);
}

bool adds_to_first(const Json& description) {
  const Json& generator = description.at("generator");
  return generator.value("residual_on_first", false) && generator.at("conditions").at(0).value("scaling", "") == "hu";
}

}  // namespace gdm::model
