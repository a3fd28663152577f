#include "picture/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gdm::picture {
namespace {

constexpr std::size_t most_marked = 60;  // points of a curve that each get a mark

/// A round step that gives about five ticks.
double tick_step(double low, double high) {
  const double rough = (high - low) / 5.0, power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power) return factor * power;
  }
  return 10.0 * power;
}

void centred(Picture& picture, int x, int y, const std::string& text) {
  picture.text(x - Picture::text_width(text, chart_letters) / 2, y, text, ink, chart_letters);
}

/// The mean of the points in each column of the picture.
Curve thinned(const Curve& curve, const Axes& axes, bool log_y) {
  Curve out;
  std::vector<double> sum(static_cast<std::size_t>(axes.width), 0.0);
  std::vector<int> count(sum.size(), 0);
  for (std::size_t n = 0; n < curve.x.size(); ++n) {
    const double y = log_y ? std::log10(curve.y[n]) : curve.y[n];
    const int column = axes.x(curve.x[n]) - axes.left;
    if (!std::isfinite(y) || column < 0 || column >= axes.width) continue;
    sum[static_cast<std::size_t>(column)] += y;
    ++count[static_cast<std::size_t>(column)];
  }
  for (std::size_t column = 0; column < sum.size(); ++column) {
    if (count[column] == 0) continue;
    out.x.push_back(static_cast<double>(axes.left) + static_cast<double>(column));
    out.y.push_back(sum[column] / count[column]);
  }
  return out;
}

void draw_line(Picture& picture, const Axes& frame, double x0, double y0, double x1, double y1, Rgb colour) {
  const int steps = std::max(1, static_cast<int>(std::ceil(std::max(std::abs(x1 - x0), std::abs(y1 - y0)))));
  for (int n = 0; n <= steps; ++n) {
    const double part = static_cast<double>(n) / steps, y = y0 + part * (y1 - y0);
    if (y < frame.top || y > frame.top + frame.height - 1) continue;
    picture.fill_rect(static_cast<int>(std::lround(x0 + part * (x1 - x0))), static_cast<int>(std::lround(y)), 2, 2,
                      colour);
  }
}

/// Sets the y range to that of the middle 99 % of the points, and a margin.
void fit_range(Axes& axes, const std::vector<Curve>& thin) {
  std::vector<double> all;
  for (const Curve& curve : thin) all.insert(all.end(), curve.y.begin(), curve.y.end());
  std::sort(all.begin(), all.end());
  const std::size_t cut = all.size() / 200;
  axes.y_low = all[cut];
  axes.y_high = all[all.size() - 1 - cut];
  const double margin = std::max({0.04 * (axes.y_high - axes.y_low), 1e-3 * std::abs(axes.y_high), 1e-12});
  axes.y_low -= margin;
  axes.y_high += margin;
}

void draw_legend(Picture& picture, const Axes& axes, const std::vector<Curve>& curves) {
  int x = axes.left, y = axes.top + axes.height + 8 + 2 * chart_line_height;
  for (std::size_t n = 0; n < curves.size(); ++n) {
    const int end = x + 18 + Picture::text_width(curves[n].name, chart_letters);
    if (x > axes.left && end > axes.left + axes.width) {
      x = axes.left;
      y += chart_line_height;
    }
    picture.fill_rect(x, y + 1, 12, 12, chart_colours[n % chart_colours.size()]);
    picture.text(x + 18, y, curves[n].name, ink, chart_letters);
    x += 18 + Picture::text_width(curves[n].name, chart_letters) + 24;
  }
}

}  // namespace

int Axes::x(double value) const {
  return left + static_cast<int>(std::lround((value - x_low) / (x_high - x_low) * (width - 1)));
}

int Axes::y(double value) const {
  return top + height - 1 - static_cast<int>(std::lround((value - y_low) / (y_high - y_low) * (height - 1)));
}

void draw_frame(Picture& picture, const Axes& a, const std::string& title, const std::string& x_title,
                const std::string& y_title) {
  const double dx = tick_step(a.x_low, a.x_high), dy = tick_step(a.y_low, a.y_high);
  for (double v = std::ceil(a.x_low / dx) * dx; v <= a.x_high + 1e-9 * dx; v += dx) {
    picture.fill_rect(a.x(v), a.top, 1, a.height, grid_line);
    centred(picture, a.x(v), a.top + a.height + 8, fmt::format("{:.4g}", std::abs(v) < 1e-9 * dx ? 0.0 : v));
  }
  for (double v = std::ceil(a.y_low / dy) * dy; v <= a.y_high + 1e-9 * dy; v += dy) {
    picture.fill_rect(a.left, a.y(v), a.width, 1, grid_line);
    const std::string text = fmt::format("{:.4g}", std::abs(v) < 1e-9 * dy ? 0.0 : v);
    picture.text(a.left - 8 - Picture::text_width(text, chart_letters), a.y(v) - 7, text, ink, chart_letters);
  }
  picture.fill_rect(a.left, a.top + a.height, a.width, 1, ink);
  picture.fill_rect(a.left - 1, a.top, 1, a.height + 1, ink);
  picture.text(a.left, a.top - 2 * chart_line_height - 8, title, ink, chart_letters);
  picture.text(a.left, a.top - chart_line_height, y_title, ink, chart_letters);
  centred(picture, a.left + a.width / 2, a.top + a.height + 8 + chart_line_height, x_title);
}

void draw_curves(Picture& picture, Axes axes, const std::string& title, const std::string& x_title,
                 const std::string& y_title, const std::vector<Curve>& curves, bool log_y) {
  std::vector<Curve> thin, named;
  for (const Curve& curve : curves) {
    Curve columns = thinned(curve, axes, log_y);
    if (columns.y.empty()) continue;
    thin.push_back(std::move(columns));
    named.push_back({curve.name, {}, {}});
  }
  if (thin.empty()) {
    picture.text(axes.left, axes.top - 2 * chart_line_height - 8, title + ": nothing logged", ink, chart_letters);
    return;
  }
  fit_range(axes, thin);
  draw_frame(picture, axes, title, x_title, log_y ? "log10 of " + y_title : y_title);
  for (std::size_t n = 0; n < thin.size(); ++n) {
    const Rgb colour = chart_colours[n % chart_colours.size()];
    const auto row = [&](std::size_t p) { return static_cast<double>(axes.y(thin[n].y[p])); };
    for (std::size_t p = 0; p < thin[n].x.size(); ++p) {
      const std::size_t next = std::min(p + 1, thin[n].x.size() - 1);
      draw_line(picture, axes, thin[n].x[p], row(p), thin[n].x[next], row(next), colour);
      if (thin[n].x.size() > most_marked) continue;
      picture.fill_rect(static_cast<int>(thin[n].x[p]) - 2, static_cast<int>(row(p)) - 2, 6, 6, colour);
    }
  }
  draw_legend(picture, axes, named);
}

}  // namespace gdm::picture
