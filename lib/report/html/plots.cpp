// Plots of the HTML page as inline SVG.
#include "report/html/plots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "metrics/summary.hpp"
#include "report/html/text.hpp"
#include "sys/quantile.hpp"

namespace gdm::report {
namespace {

constexpr double width = 420, right_margin = 14, row_height = 34, axis_height = 26, letter_width = 6.7;
constexpr std::size_t longest_label = 18, colours = 8;

std::string colour_class(std::size_t colour) {
  return fmt::format("c{}", colour % colours);
}

/// The first letters of UTF-8 text.
std::string shortened(const std::string& text) {
  std::size_t letters = 0, at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) continue;
    if (++letters == longest_label) break;
  }
  return at == text.size() ? text : text.substr(0, at) + "\u2026";
}

std::string line(double x1, double y1, double x2, double y2, const std::string& css_class) {
  return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>", css_class, x1, y1,
                     x2, y2);
}

std::string text(double x, double y, const std::string& anchor, const std::string& content) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", x, y, anchor, escape(content));
}

std::string dot(double x, double y, double radius, const std::string& css_class, const std::string& tip) {
  const std::string title = tip.empty() ? "" : "<title>" + escape(tip) + "</title>";
  return fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:g}\">{}</circle>", css_class, x, y, radius,
                     title);
}

std::string figure(const std::string& title, double w, double h, const std::string& drawing) {
  return fmt::format(
      "<figure class=\"plot\"><figcaption>{0}</figcaption>\n"
      "<svg viewBox=\"0 0 {1:g} {2:g}\" role=\"img\" aria-label=\"{0}\">{3}</svg>"
      "</figure>\n",
      escape(title), w, h, drawing);
}

/// Rows of a plot with a value axis below: where labels end and how high it is.
struct Rows {
  double left = 0, height = 0;
  PlotAxis axis;

  Rows(const std::vector<std::string>& labels, const PlotAxis& values) : axis(values) {
    std::size_t longest = 0;
    for (const std::string& label : labels) longest = std::max(longest, std::min(label.size(), longest_label));
    left = 14 + letter_width * static_cast<double>(longest);
    height = row_height * static_cast<double>(labels.size()) + axis_height + 4;
  }
  double x(double value) const { return axis.at(value, left, width - right_margin); }
  static double y(std::size_t row) { return row_height * (static_cast<double>(row) + 0.5) + 4; }

  std::string frame(const std::vector<std::string>& labels) const {
    std::string drawing;
    for (const double tick : axis.ticks) {
      drawing += line(x(tick), 4, x(tick), height - axis_height, "grid");
      drawing += text(x(tick), height - 8, "middle", decimal(tick, axis.decimals));
    }
    for (std::size_t row = 0; row < labels.size(); ++row) {
      drawing += text(left - 8, y(row) + 4, "end", shortened(labels[row]));
    }
    return drawing;
  }
};

std::string box(const Rows& rows, std::size_t row, const PlotSeries& series) {
  std::vector<double> sorted;
  for (const PlotPoint& point : series.points) sorted.push_back(point.x);
  std::sort(sorted.begin(), sorted.end());
  const double q1 = quantile_of_sorted(sorted, 0.25), q2 = quantile_of_sorted(sorted, 0.5);
  const double q3 = quantile_of_sorted(sorted, 0.75), reach = 1.5 * (q3 - q1), y = Rows::y(row);
  const double low = *std::find_if(sorted.begin(), sorted.end(), [&](double v) { return v >= q1 - reach; });
  const double high = *std::find_if(sorted.rbegin(), sorted.rend(), [&](double v) { return v <= q3 + reach; });
  const std::string colour = colour_class(series.colour);
  std::string drawing = line(rows.x(low), y, rows.x(q1), y, "stroke " + colour);
  drawing += line(rows.x(q3), y, rows.x(high), y, "stroke " + colour);
  drawing += fmt::format("<rect class=\"box {}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"20\"/>", colour,
                         rows.x(q1), y - 10, rows.x(q3) - rows.x(q1));
  for (std::size_t n = 0; n < series.points.size(); ++n) {
    const double jitter = 1.8 * (static_cast<double>(n * 5 % 9) - 4);  // equal values do not hide each other
    drawing += dot(rows.x(series.points[n].x), y + jitter, 2.5, "dot " + colour, series.points[n].tip);
  }
  return drawing + line(rows.x(q2), y - 11, rows.x(q2), y + 11, "median");
}

/// A square drawing area with both axes.
struct Square {
  static constexpr double size = 360, left = 58, right = 340, bottom = 46, top = 8;
  static double x(const PlotAxis& axis, double value) { return axis.at(value, left, right); }
  static double y(const PlotAxis& axis, double value) { return axis.at(value, size - bottom, top); }
};

/// Rules and numbers of a logarithmic axis, as many as find room.
std::string logarithmic_rules(const PlotAxis& up, double left, double end, double floor) {
  std::string drawing;
  const bool sparse = up.high - up.low > 1.2;
  double last_y = 1e9;
  for (int power = static_cast<int>(std::floor(up.low)); power <= up.high; ++power) {
    for (const double digit : {1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 7.0, 8.0, 9.0}) {
      const double value = digit * std::pow(10.0, power), y = up.at(std::log10(value), floor, 8);
      if (y < 8 || y > floor || (sparse && digit != 1.0) || (digit != 1.0 && last_y - y < 18)) continue;
      drawing += line(left, y, end, y, value == 1.0 ? "rule" : "grid");
      drawing += text(left - 6, y + 4, "end", fmt::format("{:g}", value));
      last_y = y;
    }
  }
  return drawing;
}

}  // namespace

PlotAxis PlotAxis::around(double least, double most) {
  double span = most - least;
  if (!(span > 0)) {
    const double room = least != 0 ? 0.1 * std::abs(least) : 1.0;
    least -= room;
    most += room;
    span = 2 * room;
  }
  const double rough = span / 4, power = std::pow(10.0, std::floor(std::log10(rough)));
  const double step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
  PlotAxis axis;
  const double first = std::floor(least / step + 1e-9), last = std::ceil(most / step - 1e-9);
  axis.low = first * step;
  axis.high = last * step;
  for (double n = first; n <= last; ++n) axis.ticks.push_back(n * step);
  axis.decimals = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 12);
  return axis;
}

std::string box_plot(const std::string& title, const std::vector<PlotSeries>& series) {
  std::vector<std::string> labels;
  std::vector<double> all;
  for (const PlotSeries& s : series) {
    labels.push_back(s.label);
    for (const PlotPoint& point : s.points) all.push_back(point.x);
  }
  if (all.empty()) return "";
  const auto [least, most] = std::minmax_element(all.begin(), all.end());
  const Rows rows(labels, PlotAxis::around(*least, *most));
  std::string drawing = rows.frame(labels);
  for (std::size_t s = 0; s < series.size(); ++s) {
    if (!series[s].points.empty()) drawing += box(rows, s, series[s]);
  }
  return figure(title, width, rows.height, drawing);
}

std::string whisker_plot(const std::string& title, const std::vector<PlotWhisker>& whiskers) {
  if (whiskers.empty()) return "";
  std::vector<std::string> labels;
  double least = 0, most = 0;  // distances are read against zero
  for (const PlotWhisker& whisker : whiskers) {
    labels.push_back(whisker.label);
    least = std::min({least, whisker.value, whisker.low.value_or(least)});
    most = std::max({most, whisker.value, whisker.high.value_or(most)});
  }
  const Rows rows(labels, PlotAxis::around(least, most));
  std::string drawing = rows.frame(labels);
  for (std::size_t row = 0; row < whiskers.size(); ++row) {
    const PlotWhisker& whisker = whiskers[row];
    const double y = Rows::y(row);
    const std::string colour = colour_class(whisker.colour);
    std::string tip = whisker.label + ": " + short_number(whisker.value);
    if (whisker.low && whisker.high) {
      tip += " [" + short_number(whisker.low) + ", " + short_number(whisker.high) + "]";
      drawing += line(rows.x(*whisker.low), y, rows.x(*whisker.high), y, "stroke " + colour);
      for (const double end : {*whisker.low, *whisker.high}) {
        drawing += line(rows.x(end), y - 5, rows.x(end), y + 5, "stroke " + colour);
      }
    }
    drawing += dot(rows.x(whisker.value), y, 5, "fill " + colour, tip);
  }
  return figure(title, width, rows.height, drawing);
}

std::string scatter_plot(const std::string& title, const std::string& x_label, const std::string& y_label,
                         const std::vector<PlotSeries>& series) {
  std::vector<double> all;
  for (const PlotSeries& s : series) {
    for (const PlotPoint& point : s.points) all.insert(all.end(), {point.x, point.y});
  }
  if (all.empty()) return "";
  const auto [least, most] = std::minmax_element(all.begin(), all.end());
  const PlotAxis axis = PlotAxis::around(*least, *most);
  std::string drawing;
  const double floor = Square::size - Square::bottom, end = Square::right;
  for (const double tick : axis.ticks) {
    const double x = Square::x(axis, tick), y = Square::y(axis, tick);
    drawing += line(x, Square::top, x, floor, "grid") + line(Square::left, y, end, y, "grid");
    drawing += text(x, floor + 16, "middle", decimal(tick, axis.decimals));
    drawing += text(Square::left - 6, y + 4, "end", decimal(tick, axis.decimals));
  }
  drawing += line(Square::left, floor, end, Square::top, "rule");
  for (const PlotSeries& s : series) {
    for (const PlotPoint& point : s.points) {
      drawing += dot(Square::x(axis, point.x), Square::y(axis, point.y), 4, "dot " + colour_class(s.colour), point.tip);
    }
  }
  drawing += text((Square::left + end) / 2, Square::size - 8, "middle", x_label);
  drawing += fmt::format("<text transform=\"translate(14 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
                         (Square::top + floor) / 2, escape(y_label));
  return figure(title, Square::size, Square::size, drawing);
}

std::string line_plot(const std::string& title, const std::string& x_label, const std::string& y_label,
                      const std::vector<PlotSeries>& series) {
  constexpr double height = 280, left = 58, floor = height - 46, end = 640 - 14;
  double most_x = 0, least = 1, most = 1;
  for (const PlotSeries& s : series) {
    for (const PlotPoint& point : s.points) {
      if (!(point.y > 0)) continue;
      most_x = std::max(most_x, point.x);
      least = std::min(least, point.y);
      most = std::max(most, point.y);
    }
  }
  if (!(most_x > 0)) return "";
  const PlotAxis across = PlotAxis::around(0, most_x);
  PlotAxis up;  // of the logarithm
  up.low = std::log10(least) - 0.05;
  up.high = std::log10(most) + 0.05;
  std::string drawing;
  for (const double tick : across.ticks) {
    const double x = across.at(tick, left, end);
    drawing += line(x, 8, x, floor, "grid") + text(x, floor + 16, "middle", decimal(tick, across.decimals));
  }
  drawing += logarithmic_rules(up, left, end, floor);
  for (const PlotSeries& s : series) {
    std::string points;
    for (const PlotPoint& point : s.points) {
      if (!(point.y > 0)) continue;
      points += fmt::format("{:.1f},{:.1f} ", across.at(point.x, left, end), up.at(std::log10(point.y), floor, 8));
    }
    drawing += fmt::format("<polyline class=\"curve {}\" points=\"{}\"><title>{}</title></polyline>",
                           colour_class(s.colour), points, escape(s.label));
  }
  drawing += text((left + end) / 2, height - 8, "middle", x_label);
  drawing += fmt::format("<text transform=\"translate(14 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
                         (8 + floor) / 2, escape(y_label));
  return figure(title, 640, height, drawing);
}

std::string legend(const std::vector<PlotSeries>& series) {
  std::string items;
  for (const PlotSeries& s : series) {
    items += fmt::format(
        "<li><svg viewBox=\"0 0 24 12\" aria-hidden=\"true\">"
        "<line class=\"curve {0}\" x1=\"0\" y1=\"6\" x2=\"24\" y2=\"6\"/></svg>{1}</li>",
        colour_class(s.colour), escape(s.label));
  }
  return "<ul class=\"legend\">" + items + "</ul>\n";
}

}  // namespace gdm::report
