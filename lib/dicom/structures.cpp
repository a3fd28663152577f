#include "dicom/structures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "image/orientation.hpp"
#include "sys/error.hpp"

namespace gdm::dicom {
namespace {

using Polygon = std::vector<std::array<double, 2>>;  ///< (i, j) in voxels

struct Plane {
  double k = 0;
  std::vector<Polygon> polygons;
};

constexpr double one_plane = 0.01;  // slices: contours that lie no farther apart along k are of one plane

std::vector<Plane> planes_of(const Structure& structure, const Grid& grid, std::int64_t& outside) {
  std::vector<Plane> all;
  for (const Contour& contour : structure.contours) {
    Polygon polygon;
    double low = 0, high = 0, sum = 0;
    for (const Point3& lps : contour) {
      const Point3 index = grid.index_of_ras(ras_of_lps(lps));
      low = polygon.empty() ? index[2] : std::min(low, index[2]);
      high = polygon.empty() ? index[2] : std::max(high, index[2]);
      sum += index[2];
      polygon.push_back({index[0], index[1]});
    }
    if (high - low > 0.5) {
      throw Error(fmt::format("contours are not drawn on slices of the reference: one goes across {:.1f} of them",
                              high - low + 1));
    }
    const double k = sum / static_cast<double>(polygon.size());
    const auto apart = [&grid](double value, std::size_t axis) {
      return value < -0.5 || value > static_cast<double>(grid.shape_ijk[axis]) - 0.5;
    };
    bool away = apart(k, 2);
    for (std::size_t axis = 0; axis < 2 && !away; ++axis) {
      const auto [least, most] = std::minmax_element(
          polygon.begin(), polygon.end(), [axis](const auto& a, const auto& b) { return a[axis] < b[axis]; });
      away = (*most)[axis] < -0.5 || (*least)[axis] > static_cast<double>(grid.shape_ijk[axis]) - 0.5;
    }
    outside += away ? 1 : 0;
    all.push_back({k, {std::move(polygon)}});
  }
  std::stable_sort(all.begin(), all.end(), [](const Plane& a, const Plane& b) { return a.k < b.k; });
  std::vector<Plane> planes;
  for (Plane& plane : all) {
    if (planes.empty() || plane.k - planes.back().k > one_plane) {
      planes.push_back(std::move(plane));
    } else {
      planes.back().polygons.push_back(std::move(plane.polygons.front()));
    }
  }
  return planes;
}

/// The least distance between neighbouring planes, in slices, at least one: where another is larger the structure has
/// parts. Contours that are more than 10 mm apart are no samples of one thing.
double plane_distance(const std::vector<Plane>& planes, const Grid& grid) {
  constexpr double same_plane = 0.5, farthest_mm = 10;
  const double farthest = farthest_mm / grid.spacing_mm()[2];
  double least = farthest;
  bool sampled = false;
  for (std::size_t n = 1; n < planes.size(); ++n) {
    const double step = planes[n].k - planes[n - 1].k;
    if (step <= same_plane || step > farthest) continue;
    least = std::min(least, step);
    sampled = true;
  }
  return sampled ? std::max(1.0, least) : 1.0;
}

/// Turns the voxels of a row that lie inside a polygon, by the crossings of the row with its edges.
void turn_inside(const Polygon& polygon, double j, std::uint8_t* row, std::int64_t ni) {
  std::vector<double> crossings;
  for (std::size_t n = 0; n < polygon.size(); ++n) {
    const auto &a = polygon[n], &b = polygon[(n + 1) % polygon.size()];
    if ((a[1] <= j) == (b[1] <= j)) continue;
    crossings.push_back(a[0] + (j - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
  }
  std::sort(crossings.begin(), crossings.end());
  for (std::size_t n = 0; n + 1 < crossings.size(); n += 2) {
    const double first = std::max(0.0, std::ceil(crossings[n]));
    const double end = std::min(static_cast<double>(ni), std::ceil(crossings[n + 1]));
    for (auto i = static_cast<std::int64_t>(first); static_cast<double>(i) < end; ++i) row[i] ^= 1U;
  }
}

}  // namespace

Drawn draw(const Structure& structure, const Grid& grid) {
  Drawn drawn{Mask(grid, 0), 0};
  const std::vector<Plane> planes = planes_of(structure, grid, drawn.outside);
  const double reach = 0.5 * plane_distance(planes, grid) + 1e-3;
  for (std::int64_t k = 0; k < grid.shape_ijk[2]; ++k) {
    const Plane* nearest = nullptr;
    for (const Plane& plane : planes) {
      const double away = std::abs(plane.k - static_cast<double>(k));
      if (away <= reach && (nearest == nullptr || away < std::abs(nearest->k - static_cast<double>(k)))) {
        nearest = &plane;
      }
    }
    if (nearest == nullptr) continue;
    for (const Polygon& polygon : nearest->polygons) {
      for (std::int64_t j = 0; j < grid.shape_ijk[1]; ++j) {
        turn_inside(polygon, static_cast<double>(j), &drawn.mask.at(0, j, k), grid.shape_ijk[0]);
      }
    }
  }
  return drawn;
}

void require_on_slices(const Structure& structure, const Grid& grid) {
  std::int64_t outside = 0;
  static_cast<void>(planes_of(structure, grid, outside));
}

std::vector<std::string> file_names(const std::vector<Structure>& structures) {
  std::vector<std::string> names;
  std::set<std::string> lower;  // some file systems do not tell Brain from brain
  for (const Structure& structure : structures) {
    std::string name;
    for (const char c : structure.name.substr(0, 64)) {
      const bool kept =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      name += kept ? c : '_';
    }
    if (name.find_first_not_of('_') == std::string::npos) name = "unnamed";
    if (name.front() == '-') name.front() = '_';
    const auto lowered = [](std::string text) {
      for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      return text;
    };
    std::string unique = name;
    for (int n = 2; !lower.insert(lowered(unique)).second; ++n) unique = fmt::format("{}-{}", name, n);
    names.push_back(unique);
  }
  return names;
}

}  // namespace gdm::dicom
