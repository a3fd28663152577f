// Frames, ticks and lines: what the pictures of banks and trainings share.
#pragma once

#include <string>
#include <vector>

#include "picture/png.hpp"

namespace gdm::picture {

constexpr Rgb paper{255, 255, 255}, ink{30, 30, 30}, grid_line{225, 225, 225};
/// Told apart also by colour-blind people (Wong, Nature Methods 8, 2011), and two more.
constexpr std::array<Rgb, 8> chart_colours{{{0, 114, 178},
                                            {213, 94, 0},
                                            {0, 158, 115},
                                            {204, 121, 167},
                                            {230, 159, 0},
                                            {86, 180, 233},
                                            {120, 94, 240},
                                            {90, 90, 90}}};
constexpr int chart_letters = 2;  ///< scale of the 5 x 7 font
constexpr int chart_line_height = 20;

/// A rectangle of the picture with the values at its edges.
struct Axes {
  int left, top, width, height;
  double x_low, x_high, y_low, y_high;

  int x(double value) const;
  int y(double value) const;
};

/// Grid with ticks at round values, a title above the y axis' title, the x axis' title below.
void draw_frame(Picture& picture, const Axes& axes, const std::string& title, const std::string& x_title,
                const std::string& y_title);

struct Curve {
  std::string name;
  std::vector<double> x, y;  ///< values that are not finite break the line
};

/// Frame, curves in chart_colours, and their names below. `axes` says the x range. Its y range becomes that of the
/// middle 99 % of the points, so that one wild step does not flatten the rest. Of many points the mean of those in each
/// column of the picture is drawn; few have marks. `log_y`: decades; what is not above 0 is left out. Nothing but the
/// title if no curve has a point.
void draw_curves(Picture& picture, Axes axes, const std::string& title, const std::string& x_title,
                 const std::string& y_title, const std::vector<Curve>& curves, bool log_y);

}  // namespace gdm::picture
