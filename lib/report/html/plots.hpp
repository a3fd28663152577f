// Plots of the HTML page as inline SVG. Colours come from the style sheet (classes c0 to c7, by method), so that they
// follow the reader's light or dark scheme. All lengths are units of the drawing; the page scales it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace gdm::report {

/// A value with what a pointer resting on it reads.
struct PlotPoint {
  double x = 0, y = 0;
  std::string tip;
};

/// What one method gives to a plot.
struct PlotSeries {
  std::string label;
  std::size_t colour = 0;
  std::vector<PlotPoint> points;
};

/// A value with an interval, if there is one.
struct PlotWhisker {
  std::string label;
  std::size_t colour = 0;
  double value = 0;
  std::optional<double> low, high;
};

/// An axis that ends at round numbers.
struct PlotAxis {
  double low = 0, high = 1;
  std::vector<double> ticks;
  int decimals = 0;

  /// Around all values, finite; a single value gets room on both sides.
  static PlotAxis around(double least, double most);
  /// Position of a value between `from` and `to`.
  double at(double value, double from, double to) const { return from + (value - low) / (high - low) * (to - from); }
};

/// One box per series over the x of its points: median, quartiles (type 7), whiskers to the last point within 1.5 IQR
/// (Tukey, 1977), all points.
std::string box_plot(const std::string& title, const std::vector<PlotSeries>& series);

/// One dot per row, with its interval as a line.
std::string whisker_plot(const std::string& title, const std::vector<PlotWhisker>& rows);

/// Points over a square with the line of equal values.
std::string scatter_plot(const std::string& title, const std::string& x_label, const std::string& y_label,
                         const std::vector<PlotSeries>& series);

/// Lines over a logarithmic y axis with a rule at 1; points with y <= 0 are left out.
std::string line_plot(const std::string& title, const std::string& x_label, const std::string& y_label,
                      const std::vector<PlotSeries>& series);

/// Names of the series with their colours, for plots without labels of their own.
std::string legend(const std::vector<PlotSeries>& series);

}  // namespace gdm::report
