// Slices of a case as pictures need them.
#include "picture/slices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sys/error.hpp"
#include "sys/quantile.hpp"

namespace gdm::picture {
namespace {

constexpr Rgb unknown_colour{255, 0, 255};  // no value

char opposite(char direction) {
  static const std::string pairs = "RLAPSI";
  return pairs[pairs.find(direction) ^ 1U];
}

/// The axis that runs along `direction` or against it.
std::size_t axis_along(const std::string& axes, char direction, bool& flip) {
  for (std::size_t a = 0; a < 3; ++a) {
    if (axes[a] == direction || axes[a] == opposite(direction)) {
      flip = axes[a] != direction;
      return a;
    }
  }
  throw Error(fmt::format("the grid's axes run {}, so no voxel axis runs along {}", axes, direction));
}

template <class T>
Slice cut_image(const Image<T>& image, const Orientation& view, std::int64_t index) {
  const Point3 spacing = image.grid.spacing_mm();
  Slice slice;
  slice.width = image.grid.shape_ijk[view.across];
  slice.height = image.grid.shape_ijk[view.down];
  slice.width_mm = spacing[view.across];
  slice.height_mm = spacing[view.down];
  slice.values.reserve(static_cast<std::size_t>(slice.width * slice.height));
  Index3 at{};
  at[view.normal] = index;
  for (std::int64_t y = 0; y < slice.height; ++y) {
    at[view.down] = view.flip_down ? slice.height - 1 - y : y;
    for (std::int64_t x = 0; x < slice.width; ++x) {
      at[view.across] = view.flip_across ? slice.width - 1 - x : x;
      slice.values.push_back(static_cast<float>(image.at(at[0], at[1], at[2])));
    }
  }
  return slice;
}

Rgb blend(const Rgb& a, const Rgb& b, double t) {
  Rgb result{};
  for (std::size_t c = 0; c < 3; ++c) {
    result[c] = static_cast<std::uint8_t>(std::lround(a[c] + t * (static_cast<double>(b[c]) - a[c])));
  }
  return result;
}

}  // namespace

Orientation orientation_of(const Grid& grid, const std::string& plane) {
  const std::string axes = grid.orientation();
  Orientation view;
  view.across = axis_along(axes, plane == "sagittal" ? 'P' : 'L', view.flip_across);
  view.down = axis_along(axes, plane == "axial" ? 'P' : 'I', view.flip_down);
  view.normal = 3 - view.across - view.down;
  return view;
}

Slice cut(const Volume& volume, const Orientation& view, std::int64_t index) {
  return cut_image(volume, view, index);
}
Slice cut(const Mask& mask, const Orientation& view, std::int64_t index) {
  return cut_image(mask, view, index);
}

std::int64_t middle_index(const Mask& mask, const Orientation& view) {
  const Index3& shape = mask.grid.shape_ijk;
  std::int64_t first = shape[view.normal], last = -1;
  Index3 at{};
  for (at[2] = 0; at[2] < shape[2]; ++at[2]) {
    for (at[1] = 0; at[1] < shape[1]; ++at[1]) {
      for (at[0] = 0; at[0] < shape[0]; ++at[0]) {
        if (mask.at(at[0], at[1], at[2]) == 0) continue;
        first = std::min(first, at[view.normal]);
        last = std::max(last, at[view.normal]);
      }
    }
  }
  return (first + last) / 2;
}

Box box_around(const Slice& mask, double margin_mm) {
  std::int64_t left = mask.width, top = mask.height, right = -1, bottom = -1;
  for (std::int64_t y = 0; y < mask.height; ++y) {
    for (std::int64_t x = 0; x < mask.width; ++x) {
      if (!(mask.values[static_cast<std::size_t>(y * mask.width + x)] > 0)) continue;
      left = std::min(left, x);
      right = std::max(right, x);
      top = std::min(top, y);
      bottom = std::max(bottom, y);
    }
  }
  const double width_mm = static_cast<double>(mask.width) * mask.width_mm;
  const double height_mm = static_cast<double>(mask.height) * mask.height_mm;
  if (right < 0) return {0, 0, width_mm, height_mm};
  return {std::max(0.0, static_cast<double>(left) * mask.width_mm - margin_mm),
          std::max(0.0, static_cast<double>(top) * mask.height_mm - margin_mm),
          std::min(width_mm, static_cast<double>(right + 1) * mask.width_mm + margin_mm),
          std::min(height_mm, static_cast<double>(bottom + 1) * mask.height_mm + margin_mm)};
}

float value_at(const Slice& slice, double x_mm, double y_mm) {
  const double x = std::clamp(x_mm / slice.width_mm - 0.5, 0.0, static_cast<double>(slice.width - 1));
  const double y = std::clamp(y_mm / slice.height_mm - 0.5, 0.0, static_cast<double>(slice.height - 1));
  const std::int64_t x0 = static_cast<std::int64_t>(x), y0 = static_cast<std::int64_t>(y);
  const std::int64_t x1 = std::min(x0 + 1, slice.width - 1), y1 = std::min(y0 + 1, slice.height - 1);
  const auto at = [&slice](std::int64_t column, std::int64_t row) {
    return static_cast<double>(slice.values[static_cast<std::size_t>(row * slice.width + column)]);
  };
  const double fx = x - static_cast<double>(x0), fy = y - static_cast<double>(y0);
  const double upper = at(x0, y0) + fx * (at(x1, y0) - at(x0, y0));
  const double lower = at(x0, y1) + fx * (at(x1, y1) - at(x0, y1));
  return static_cast<float>(upper + fy * (lower - upper));
}

Rgb grey_of(double value, double low, double high) {
  if (!std::isfinite(value)) return unknown_colour;
  const double t = high > low ? std::clamp((value - low) / (high - low), 0.0, 1.0) : 0.5;
  return blend({0, 0, 0}, {255, 255, 255}, t);
}

Rgb error_colour(double t) {
  if (!std::isfinite(t)) return unknown_colour;
  static constexpr Rgb cold[] = {{255, 255, 255}, {128, 178, 226}, {28, 92, 178}, {8, 28, 92}};
  static constexpr Rgb warm[] = {{255, 255, 255}, {247, 168, 116}, {206, 48, 38}, {96, 4, 24}};
  const double position = std::min(std::abs(t), 1.0) * 3.0;
  const int step = std::min(static_cast<int>(position), 2);
  const Rgb* const colours = t < 0 ? cold : warm;
  return blend(colours[step], colours[step + 1], position - step);
}

std::pair<double, double> window_of(const Volume& volume, const Mask& mask) {
  std::vector<double> values;
  for (std::size_t n = 0; n < mask.voxels.size(); ++n) {
    if (mask.voxels[n] != 0 && std::isfinite(volume.voxels[n])) values.push_back(volume.voxels[n]);
  }
  if (values.empty()) return {0, 1};
  std::sort(values.begin(), values.end());
  return {quantile_of_sorted(values, 0.01), quantile_of_sorted(values, 0.995)};
}

}  // namespace gdm::picture
