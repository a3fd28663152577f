#include "report/bank_plot.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "picture/chart.hpp"

namespace gdm::report {
namespace {

constexpr picture::Rgb pairs_colour{150, 150, 150}, nearest_colour{0, 114, 178};

void draw_points(picture::Picture& picture, picture::Axes a, const engine::BankPicture& bank) {
  a.x_low = a.y_low = 1e30;
  a.x_high = a.y_high = -1e30;
  for (const auto& point : bank.points) {
    a.x_low = std::min(a.x_low, static_cast<double>(point[0]));
    a.x_high = std::max(a.x_high, static_cast<double>(point[0]));
    a.y_low = std::min(a.y_low, static_cast<double>(point[1]));
    a.y_high = std::max(a.y_high, static_cast<double>(point[1]));
  }
  const double margin = 0.03 * std::max({a.x_high - a.x_low, a.y_high - a.y_low, 1e-6});
  a.x_low -= margin;
  a.x_high += margin;
  a.y_low -= margin;
  a.y_high += margin;
  picture::draw_frame(picture, a, fmt::format("{} upright patches", bank.points.size()),
                      fmt::format("principal axis 1, {:.0f} % of variance", 100 * bank.variance_share[0]),
                      fmt::format("principal axis 2, {:.0f} %", 100 * bank.variance_share[1]));
  for (std::size_t n = 0; n < bank.points.size(); ++n) {
    const picture::Rgb colour =
        picture::chart_colours[static_cast<std::size_t>(bank.strata[n]) % picture::chart_colours.size()];
    picture.fill_rect(a.x(bank.points[n][0]) - 1, a.y(bank.points[n][1]) - 1, 3, 3, colour);
  }
  int y = a.top + a.height + 3 * picture::chart_line_height + 8;
  for (std::size_t s = 0; s < bank.stratum_names.size() && y + picture::chart_line_height < picture.height;
       ++s, y += picture::chart_line_height) {
    picture.fill_rect(a.left, y + 1, 12, 12, picture::chart_colours[s % picture::chart_colours.size()]);
    picture.text(a.left + 20, y, bank.stratum_names[s], picture::ink, picture::chart_letters);
  }
}

/// Share of the values in each of `bins` equal bins from 0 to `high`; larger values count in the last one.
std::vector<double> histogram(const std::vector<float>& values, int bins, double high) {
  std::vector<double> share(static_cast<std::size_t>(bins), 0.0);
  for (const float value : values) {
    const int bin = std::clamp(static_cast<int>(static_cast<double>(value) / high * bins), 0, bins - 1);
    share[static_cast<std::size_t>(bin)] += 1.0 / static_cast<double>(values.size());
  }
  return share;
}

void draw_histogram(picture::Picture& picture, picture::Axes a, const engine::BankPicture::Distances& distances) {
  constexpr int bins = 80;
  constexpr double largest = 2.5;
  const std::vector<double> pairs = histogram(distances.pairs, bins, largest),
                            nearest = histogram(distances.nearest, bins, largest);
  a.x_low = a.y_low = 0;
  a.x_high = largest;
  a.y_high = 100 * 1.05 *
             std::max(*std::max_element(pairs.begin(), pairs.end()), *std::max_element(nearest.begin(), nearest.end()));
  picture::draw_frame(picture, a, distances.level + " level", "distance / mean distance", "% of distances");
  for (int bin = 0; bin < bins; ++bin) {
    const int left = a.x(largest * bin / bins), right = a.x(largest * (bin + 1) / bins);
    const auto bar = [&](double share, picture::Rgb colour, int from, int width) {
      const int top = a.y(100 * share);
      picture.fill_rect(from, top, width, a.top + a.height - top, colour);
    };
    bar(pairs[static_cast<std::size_t>(bin)], pairs_colour, left, std::max(1, right - left));
    bar(nearest[static_cast<std::size_t>(bin)], nearest_colour, left, std::max(1, (right - left) / 2));
  }
}

}  // namespace

picture::Picture bank_plot(const engine::BankPicture& bank) {
  const int legend =
      static_cast<int>(std::min<std::size_t>(bank.stratum_names.size(), 24)) * picture::chart_line_height;
  const int panels = static_cast<int>(bank.distances.size());
  constexpr int panel = 300, margin = 100;
  const int height = std::max(80 + 640 + 80 + legend, panels * panel + 80);
  picture::Picture picture(1500, height, picture::paper);
  if (!bank.points.empty()) draw_points(picture, {margin, 80, 640, 640, 0, 1, 0, 1}, bank);
  for (int n = 0; n < panels; ++n) {
    draw_histogram(picture, {900, 80 + n * panel, 540, panel - 140, 0, 1, 0, 1},
                   bank.distances[static_cast<std::size_t>(n)]);
  }
  const int y = panels * panel + 20;
  picture.fill_rect(900, y + 1, 12, 12, pairs_colour);
  picture.text(920, y, "entries of different patients", picture::ink, picture::chart_letters);
  picture.fill_rect(900, y + 1 + picture::chart_line_height, 12, 12, nearest_colour);
  picture.text(920, y + picture::chart_line_height, "to the nearest entry of another patient", picture::ink,
               picture::chart_letters);
  return picture;
}

}  // namespace gdm::report
