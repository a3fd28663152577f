#include "ct/geometry_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "image/vectors.hpp"

namespace gdm::ct {
namespace {

using picture::Picture;
using picture::Rgb;

constexpr Rgb white{255, 255, 255}, black{30, 30, 30}, grey{190, 190, 190}, red{200, 40, 40}, blue{40, 80, 190},
    green{30, 140, 70};
constexpr int panel_pixels = 480, caption_pixels = 40;

/// A square part of the picture that shows two world axes around the isocentre.
class AxesPanel {
 public:
  AxesPanel(Picture& picture, int left, const Point3& centre_mm, double reach_mm, const Point3& right,
            const Point3& down)
      : picture_(picture),
        left_(left),
        centre_(centre_mm),
        scale_(0.46 * panel_pixels / reach_mm),
        right_(right),
        down_(down) {}

  void dot(const Point3& p, int size, Rgb colour) {
    const auto [x, y] = place(p);
    picture_.fill_rect(round(x) - size / 2, round(y) - size / 2, size, size, colour);
  }
  void line(const Point3& from, const Point3& to, Rgb colour) {
    const auto [x0, y0] = place(from);
    const auto [x1, y1] = place(to);
    const int steps = static_cast<int>(std::min(4000.0, std::max(std::abs(x1 - x0), std::abs(y1 - y0)))) + 1;
    for (int n = 0; n <= steps; ++n) {
      const double t = static_cast<double>(n) / steps;
      picture_.set(round(x0 + t * (x1 - x0)), round(y0 + t * (y1 - y0)), colour);
    }
  }
  void circle(double radius_mm, Rgb colour) {
    constexpr int steps = 720;
    for (int n = 0; n < steps; ++n) {
      const double a = 6.283185307 * n / steps;
      dot(sum(sum(centre_, right_, radius_mm * std::cos(a)), down_, radius_mm * std::sin(a)), 1, colour);
    }
  }
  void label(const std::string& right, const std::string& left, const std::string& up, const std::string& down) {
    const int middle = caption_pixels + panel_pixels / 2;
    picture_.text(left_ + panel_pixels - 16, middle, right, grey, 2);
    picture_.text(left_ + 4, middle, left, grey, 2);
    picture_.text(left_ + panel_pixels / 2, caption_pixels + 4, up, grey, 2);
    picture_.text(left_ + panel_pixels / 2, caption_pixels + panel_pixels - 20, down, grey, 2);
  }

 private:
  static int round(double x) { return static_cast<int>(std::lround(x)); }
  std::array<double, 2> place(const Point3& p) const {
    const Point3 d = difference(p, centre_);
    return {left_ + 0.5 * panel_pixels + scale_ * inner(d, right_),
            caption_pixels + 0.5 * panel_pixels + scale_ * inner(d, down_)};
  }
  Picture& picture_;
  int left_;
  Point3 centre_;
  double scale_;
  Point3 right_, down_;
};

/// A ray as it is drawn: from the source, or through the field of view.
Ray drawn_ray(const PosedScan& scan, std::int64_t view, double u, double v, double reach_mm) {
  Ray ray = scan.ray(view, u, v);
  if (scan.geometry().kind != ScanKind::parallel) return ray;
  const Point3 along = unit(difference(ray.element_mm, ray.source_mm));
  const double middle_mm = inner(difference(scan.isocenter_mm(), ray.source_mm), along);
  return {sum(ray.source_mm, along, middle_mm - reach_mm), sum(ray.source_mm, along, middle_mm + reach_mm)};
}

double reach_of(const PosedScan& scan, const ScanFigures& figures) {
  const double field_mm = std::max(figures.extended_radius_mm, 0.5 * figures.field_of_view_height_mm);
  if (scan.geometry().kind == ScanKind::parallel) return 1.5 * field_mm;
  double reach_mm = 1.1 * field_mm;
  for (std::int64_t view = 0; view < scan.view_count(); ++view) {
    for (const double u : {0.0, static_cast<double>(scan.geometry().detector_columns - 1)}) {
      const Ray ray = scan.ray(view, u, 0);
      reach_mm = std::max({reach_mm, length(difference(ray.source_mm, scan.isocenter_mm())),
                           length(difference(ray.element_mm, scan.isocenter_mm()))});
    }
  }
  return reach_mm;
}

/// Edge rays and detector of the first view.
void draw_view(AxesPanel& panel, const PosedScan& scan, double reach_mm) {
  const Geometry& g = scan.geometry();
  const double columns = static_cast<double>(g.detector_columns), rows = static_cast<double>(g.detector_rows);
  for (const double u : {-0.5, columns - 0.5}) {
    for (const double v : {-0.5, rows - 0.5}) {
      const Ray ray = drawn_ray(scan, 0, u, v, reach_mm);
      panel.line(ray.source_mm, ray.element_mm, grey);
    }
  }
  constexpr int parts = 64;
  for (int n = 0; n < parts; ++n) {
    const auto at = [&](int m) { return -0.5 + columns * m / parts; };
    for (const double v : {-0.5, rows - 0.5}) {
      panel.line(drawn_ray(scan, 0, at(n), v, reach_mm).element_mm,
                 drawn_ray(scan, 0, at(n + 1), v, reach_mm).element_mm, blue);
    }
  }
  for (const double u : {-0.5, columns - 0.5}) {
    panel.line(drawn_ray(scan, 0, u, -0.5, reach_mm).element_mm, drawn_ray(scan, 0, u, rows - 0.5, reach_mm).element_mm,
               blue);
  }
}

}  // namespace

Picture picture_of(const PosedScan& scan) {
  const ScanFigures figures = figures_of(scan);
  const Geometry& g = scan.geometry();
  const double reach_mm = reach_of(scan, figures);
  const double u = 0.5 * static_cast<double>(g.detector_columns - 1),
               v = 0.5 * static_cast<double>(g.detector_rows - 1);
  Picture picture(2 * panel_pixels, panel_pixels + caption_pixels, white);
  AxesPanel across(picture, 0, scan.isocenter_mm(), reach_mm, {-1, 0, 0}, {0, -1, 0});
  AxesPanel side(picture, panel_pixels, scan.isocenter_mm(), reach_mm, {0, -1, 0}, {0, 0, -1});
  across.label("L", "R", "A", "P");
  side.label("P", "A", "S", "I");
  for (AxesPanel* panel : {&across, &side}) draw_view(*panel, scan, reach_mm);
  for (std::int64_t view = scan.view_count() - 1; view >= 0; --view) {
    const Point3 source = drawn_ray(scan, view, u, v, reach_mm).source_mm;
    for (AxesPanel* panel : {&across, &side}) panel->dot(source, view == 0 ? 9 : 3, red);
  }
  across.circle(figures.field_of_view_radius_mm, green);
  if (figures.extended_radius_mm > 1.05 * figures.field_of_view_radius_mm)
    across.circle(figures.extended_radius_mm, grey);
  const double r = figures.field_of_view_radius_mm, h = 0.5 * figures.field_of_view_height_mm;
  const auto corner = [&](double y, double z) { return sum(scan.isocenter_mm(), {0, y, z}); };
  for (const double sign : {-1.0, 1.0}) {
    side.line(corner(-r, sign * h), corner(r, sign * h), green);
    side.line(corner(sign * r, -h), corner(sign * r, h), green);
  }
  picture.text(8, 6,
               fmt::format("{}, {} views: sources red, detector of the first view blue, field of view green",
                           scan_kind_names()[static_cast<std::size_t>(g.kind)], scan.view_count()),
               black);
  picture.text(8, 22, "Left: from the feet. Right: from the patient's left side.", black);
  return picture;
}

}  // namespace gdm::ct
