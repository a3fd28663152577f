#include "picture/planes.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "picture/slices.hpp"

namespace gdm::picture {
namespace {

constexpr Rgb paper{255, 255, 255}, ink{30, 34, 40}, outline_colour{255, 176, 0}, edge_colour{0, 220, 90};
constexpr int margin = 12, gap = 8, panel = 320, title = 22, text_scale = 2;
constexpr double square_mm = 20;  // of the checkerboard
const std::array<std::string, 3> plane_names{"axial", "coronal", "sagittal"};

/// The three views through the middle of a mask and the scale at which all of them fit into a panel.
struct Views {
  std::array<Orientation, 3> views;
  std::array<std::int64_t, 3> index{};
  std::array<Slice, 3> mask;
  std::array<Box, 3> box;
  double pixels_per_mm = 0;
  int height = 0;  ///< of the tallest panel

  explicit Views(const Mask& body) {
    double longest_mm = 0, tallest_mm = 0;
    for (std::size_t p = 0; p < 3; ++p) {
      views[p] = orientation_of(body.grid, plane_names[p]);
      index[p] = middle_index(body, views[p]);
      mask[p] = cut(body, views[p], index[p]);
      box[p] = box_around(mask[p], 10);
      tallest_mm = std::max(tallest_mm, box[p].bottom_mm - box[p].top_mm);
      longest_mm = std::max({longest_mm, box[p].right_mm - box[p].left_mm, tallest_mm});
    }
    pixels_per_mm = panel / longest_mm;
    height = std::max(1, static_cast<int>(std::lround(tallest_mm * pixels_per_mm)));
  }
};

/// Calls colour(x_mm, y_mm) for every pixel of the panel of plane p whose column begins at x.
template <class Colour>
void paint(Picture& picture, const Views& views, std::size_t p, int x, int y, const Colour& colour) {
  const Box& box = views.box[p];
  const int w = static_cast<int>((box.right_mm - box.left_mm) * views.pixels_per_mm),
            h = static_cast<int>((box.bottom_mm - box.top_mm) * views.pixels_per_mm);
  picture.fill_rect(x, y, panel, views.height, {0, 0, 0});
  for (int py = 0; py < h; ++py) {
    for (int px = 0; px < w; ++px) {
      picture.set(
          x + (panel - w) / 2 + px, y + (views.height - h) / 2 + py,
          colour(box.left_mm + (px + 0.5) / views.pixels_per_mm, box.top_mm + (py + 0.5) / views.pixels_per_mm));
    }
  }
}

Picture page(const Views& views, std::size_t rows) {
  return {2 * margin + 3 * panel + 2 * gap,
          2 * margin + static_cast<int>(rows) * (title + views.height) + static_cast<int>(rows - 1) * gap, paper};
}

int row_y(const Views& views, std::size_t row) {
  return margin + static_cast<int>(row) * (title + views.height + gap);
}

bool inside(const Slice& mask, double x_mm, double y_mm) {
  return value_at(mask, x_mm, y_mm) >= 0.5F;
}

/// Length of the gradient of a slice, per millimetre, at each of its pixels; 0 beside pixels without a finite value,
/// which nothing could be sorted with.
Slice gradient_of(const Slice& slice) {
  Slice result = slice;
  const auto at = [&slice](std::int64_t x, std::int64_t y) {
    return slice.values[static_cast<std::size_t>(std::clamp<std::int64_t>(y, 0, slice.height - 1) * slice.width +
                                                 std::clamp<std::int64_t>(x, 0, slice.width - 1))];
  };
  for (std::int64_t y = 0; y < slice.height; ++y) {
    for (std::int64_t x = 0; x < slice.width; ++x) {
      const auto length = static_cast<float>(
          std::hypot((at(x + 1, y) - at(x - 1, y)) / slice.width_mm, (at(x, y + 1) - at(x, y - 1)) / slice.height_mm));
      result.values[static_cast<std::size_t>(y * slice.width + x)] = std::isfinite(length) ? length : 0.0F;
    }
  }
  return result;
}

/// The strongest eighth of the gradients, thinned to their ridges across the picture or down it.
Slice edges_of(const Slice& slice) {
  const Slice gradient = gradient_of(slice);
  std::vector<float> sorted = gradient.values;
  const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() * 7 / 8);
  std::nth_element(sorted.begin(), nth, sorted.end());
  Slice edges = slice;
  for (std::int64_t y = 0; y < slice.height; ++y) {
    for (std::int64_t x = 0; x < slice.width; ++x) {
      const auto n = static_cast<std::size_t>(y * slice.width + x);
      const auto stride = static_cast<std::size_t>(slice.width);
      const float here = gradient.values[n];
      const bool across =
          x > 0 && x + 1 < slice.width && here > gradient.values[n - 1] && here >= gradient.values[n + 1];
      const bool down =
          y > 0 && y + 1 < slice.height && here > gradient.values[n - stride] && here >= gradient.values[n + stride];
      edges.values[n] = here > *nth && (across || down) ? 1.0F : 0.0F;
    }
  }
  return edges;
}

}  // namespace

Picture planes(const std::vector<Shown>& volumes, const Mask& mask, bool outline) {
  const Views views(mask);
  Picture picture = page(views, volumes.size());
  const double pixel_mm = 1 / views.pixels_per_mm;
  for (std::size_t row = 0; row < volumes.size(); ++row) {
    const Shown& shown = volumes[row];
    picture.text(margin, row_y(views, row) + 2, shown.name, ink, text_scale);
    for (std::size_t p = 0; p < 3; ++p) {
      const Slice slice = cut(*shown.volume, views.views[p], views.index[p]);
      paint(picture, views, p, margin + static_cast<int>(p) * (panel + gap), row_y(views, row) + title,
            [&](double x, double y) {
              const bool here = inside(views.mask[p], x, y);
              const bool border = outline && (here != inside(views.mask[p], x + pixel_mm, y) ||
                                              here != inside(views.mask[p], x, y + pixel_mm));
              return border ? outline_colour : grey_of(value_at(slice, x, y), shown.low, shown.high);
            });
    }
  }
  return picture;
}

Picture overlay(const Volume& fixed, const Volume& moved, const Mask& mask) {
  const Views views(mask);
  Picture picture = page(views, 2);
  picture.text(margin, row_y(views, 0) + 2, "fixed and moved, in squares", ink, text_scale);
  picture.text(margin, row_y(views, 1) + 2, "fixed, edges of moved", ink, text_scale);
  const auto [fixed_low, fixed_high] = window_of(fixed, mask);
  const auto [moved_low, moved_high] = window_of(moved, mask);
  for (std::size_t p = 0; p < 3; ++p) {
    const Slice a = cut(fixed, views.views[p], views.index[p]), b = cut(moved, views.views[p], views.index[p]);
    const Slice edges = edges_of(b);
    const int x = margin + static_cast<int>(p) * (panel + gap);
    const auto grey = [&, low = fixed_low, high = fixed_high](double x_mm, double y_mm) {
      return grey_of(value_at(a, x_mm, y_mm), low, high);
    };
    paint(picture, views, p, x, row_y(views, 0) + title,
          [&, low = moved_low, high = moved_high](double x_mm, double y_mm) {
            const auto square =
                static_cast<std::int64_t>(x_mm / square_mm) + static_cast<std::int64_t>(y_mm / square_mm);
            return square % 2 == 0 ? grey(x_mm, y_mm) : grey_of(value_at(b, x_mm, y_mm), low, high);
          });
    paint(picture, views, p, x, row_y(views, 1) + title,
          [&](double x_mm, double y_mm) { return inside(edges, x_mm, y_mm) ? edge_colour : grey(x_mm, y_mm); });
  }
  return picture;
}

Picture contact_sheet(const std::vector<std::pair<std::string, Picture>>& pictures, int width) {
  const int columns = std::clamp(static_cast<int>(std::ceil(std::sqrt(static_cast<double>(pictures.size())))), 1, 6);
  const int rows = (static_cast<int>(pictures.size()) + columns - 1) / columns;
  int height = 1;
  for (const auto& [name, picture] : pictures) {
    height = std::max(height, std::max(1, picture.height * width / picture.width));
  }
  Picture sheet(2 * margin + columns * width + (columns - 1) * gap,
                2 * margin + rows * (title + height) + std::max(0, rows - 1) * gap, paper);
  for (std::size_t n = 0; n < pictures.size(); ++n) {
    const auto& [name, picture] = pictures[n];
    const int x = margin + static_cast<int>(n) % columns * (width + gap),
              y = margin + static_cast<int>(n) / columns * (title + height + gap);
    sheet.text(x, y + 2, name.substr(0, static_cast<std::size_t>(width / 12)), ink, text_scale);
    const int shrunk = std::max(1, picture.height * width / picture.width);
    for (int py = 0; py < shrunk; ++py) {
      for (int px = 0; px < width; ++px) {
        // The mean over what the small pixel covers.
        const int x0 = px * picture.width / width, x1 = std::max(x0 + 1, (px + 1) * picture.width / width);
        const int y0 = py * picture.height / shrunk, y1 = std::max(y0 + 1, (py + 1) * picture.height / shrunk);
        std::array<int, 3> sum{};
        for (int sy = y0; sy < y1; ++sy) {
          for (int sx = x0; sx < x1; ++sx) {
            for (std::size_t c = 0; c < 3; ++c) {
              sum[c] += picture.rgb[3 * static_cast<std::size_t>(sy * picture.width + sx) + c];
            }
          }
        }
        Rgb colour{};
        for (std::size_t c = 0; c < 3; ++c) colour[c] = static_cast<std::uint8_t>(sum[c] / ((x1 - x0) * (y1 - y0)));
        sheet.set(x + px, y + title + py, colour);
      }
    }
  }
  return sheet;
}

}  // namespace gdm::picture
