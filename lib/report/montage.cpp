// Slices are gathered case by case, so that only they stay in memory; then the page is laid out and painted.
#include "report/montage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "image/mask.hpp"
#include "io/nifti/nifti.hpp"
#include "picture/slices.hpp"
#include "sys/error.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::report {
namespace {

constexpr picture::Rgb paper{255, 255, 255}, ink{30, 34, 40}, faint{110, 116, 124}, outside = picture::outside_colour;
constexpr int margin = 24, gap = 10, letter = 14, row_label = 26, text_scale = 2;
constexpr int title_height = letter + 10, panel_pixels = 300, tallest_panel = 420, bar_height = 14;
constexpr int bar_label = bar_height + 8, footer = gap + bar_label + letter;
constexpr double crop_margin_mm = 6.0, scale_bar_mm = 50.0;

struct CaseSlices {
  std::string id, place;
  picture::Box box;
  picture::Slice target, mask;
  std::optional<picture::Slice> input;
  double input_low = 0, input_high = 1;  ///< window of the input
  std::vector<picture::Slice> predictions;
  std::vector<double> mae_hu;  ///< over the whole mask
};

/// Cases by ids or by number.
std::vector<grade::PlannedCase> choose(const std::vector<grade::PlannedCase>& cases, const std::string& text) {
  std::vector<grade::PlannedCase> chosen;
  const auto find = [&cases](const std::string& id) {
    return std::find_if(cases.begin(), cases.end(),
                        [&id](const grade::PlannedCase& c) { return c.reference.id == id; });
  };
  const bool digits = !text.empty() && text.size() < 7 && text.find_first_not_of("0123456789") == std::string::npos;
  if (digits && find(text) == cases.end()) {
    const std::size_t wanted = std::stoul(text);
    if (wanted == 0) throw Error("--cases: at least one case is needed", Exit::usage);
    const std::size_t count = std::min(cases.size(), wanted);
    for (std::size_t n = 0; n < count; ++n) {
      chosen.push_back(cases[count == 1 ? 0 : n * (cases.size() - 1) / (count - 1)]);
    }
    return chosen;
  }
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string id = text.substr(from, comma - from);
    const auto at = find(id);
    if (at == cases.end()) throw Error(fmt::format("--cases: there is no graded case '{}'", id), Exit::usage);
    chosen.push_back(*at);
    from = comma + 1;
  }
  return chosen;
}

void set_input_window(const Volume& input, const Mask& mask, const MontageOptions& options, CaseSlices& slices) {
  slices.input_low = options.level_hu - 0.5 * options.width_hu;
  slices.input_high = options.level_hu + 0.5 * options.width_hu;
  if (!grade::needs_linear_fit(options.input_key)) return;
  std::tie(slices.input_low, slices.input_high) = picture::window_of(input, mask);
}

CaseSlices gather(const grade::PlannedCase& planned, const MontageOptions& options) {
  const Volume target = read_volume(*planned.reference.target);
  const Mask mask = grade::mask_of(planned.reference, target);
  const picture::Orientation view = picture::orientation_of(target.grid, options.plane);
  const std::int64_t index = picture::middle_index(mask, view);
  CaseSlices slices;
  slices.id = planned.reference.id;
  slices.place = fmt::format("{} slice {} of {}", options.plane, index + 1, target.grid.shape_ijk[view.normal]);
  slices.target = picture::cut(target, view, index);
  slices.mask = picture::cut(mask, view, index);
  slices.box = picture::box_around(slices.mask, crop_margin_mm);
  if (!options.input_key.empty()) {
    const fs::path& path = planned.reference.input(options.input_key);
    with_context(path.string(), [&] {
      const Volume input = read_volume(path);
      metrics::check_gradable(input, target, mask);
      set_input_window(input, mask, options, slices);
      slices.input = picture::cut(input, view, index);
    });
  }
  for (const fs::path& path : planned.predictions) {
    with_context(path.string(), [&] {
      const Volume prediction = read_volume(path);
      metrics::check_gradable(prediction, target, mask);
      slices.mae_hu.push_back(metrics::pixel_metrics(prediction, target, mask, {}).mae_hu);
      slices.predictions.push_back(picture::cut(prediction, view, index));
    });
  }
  return slices;
}

/// The page: columns of one width, rows of their own height, one scale.
class Page {
 public:
  Page(const std::vector<CaseSlices>& rows, const std::vector<std::string>& methods, const MontageOptions& options)
      : rows_(rows), methods_(methods), options_(options), picture_(1, 1, paper) {
    double widest_mm = 0, tallest_mm = 0;
    for (const CaseSlices& row : rows_) {
      widest_mm = std::max(widest_mm, row.box.right_mm - row.box.left_mm);
      tallest_mm = std::max(tallest_mm, row.box.bottom_mm - row.box.top_mm);
    }
    pixels_per_mm_ = std::min(panel_pixels / widest_mm, tallest_panel / tallest_mm);
    has_input_ = rows_.front().input.has_value();
    const int columns = (has_input_ ? 1 : 0) + 2 * static_cast<int>(methods_.size()) + 1;
    int height = margin + title_height;
    for (const CaseSlices& row : rows_) height += row_label + panel_height(row) + gap;
    const int width = 2 * margin + columns * panel_pixels + (columns - 1) * gap;
    picture_ = picture::Picture(width, height + footer + (has_note() ? letter + 8 : 0) + margin, paper);
  }

  picture::Picture paint() {
    paint_titles();
    int y = margin + title_height;
    for (const CaseSlices& row : rows_) {
      paint_row(row, y);
      y += row_label + panel_height(row) + gap;
    }
    paint_footer(y + gap);
    return std::move(picture_);
  }

 private:
  int column_x(int column) const { return margin + column * (panel_pixels + gap); }
  int first_prediction() const { return has_input_ ? 1 : 0; }
  int target_column() const { return first_prediction() + static_cast<int>(methods_.size()); }
  bool has_note() const { return has_input_ && grade::needs_linear_fit(options_.input_key); }
  int panel_height(const CaseSlices& row) const {
    return std::max(1, static_cast<int>(std::lround((row.box.bottom_mm - row.box.top_mm) * pixels_per_mm_)));
  }
  int panel_width(const CaseSlices& row) const {
    return std::max(1, static_cast<int>(std::lround((row.box.right_mm - row.box.left_mm) * pixels_per_mm_)));
  }

  void centred(int x, int y, int width, std::string text, picture::Rgb colour) {
    const std::size_t fits = static_cast<std::size_t>((width / text_scale + 1) / 6);
    if (text.size() > fits) text = text.substr(0, fits - 2) + "..";
    picture_.text(x + (width - picture::Picture::text_width(text, text_scale)) / 2, y, text, colour, text_scale);
  }

  void paint_titles() {
    if (has_input_) centred(column_x(0), margin, panel_pixels, "input: " + options_.input_key, ink);
    centred(column_x(target_column()), margin, panel_pixels, "target", ink);
    for (int m = 0; m < static_cast<int>(methods_.size()); ++m) {
      const std::string& name = methods_[static_cast<std::size_t>(m)];
      centred(column_x(first_prediction() + m), margin, panel_pixels, name, ink);
      centred(column_x(target_column() + 1 + m), margin, panel_pixels, name + " - target", ink);
    }
  }

  /// Calls colour(x_mm, y_mm) for every pixel of a panel, which is centred in its column on a ground of its own.
  template <class Colour>
  void paint_panel(const CaseSlices& row, int column, int y, picture::Rgb ground, const Colour& colour) {
    const int w = panel_width(row), h = panel_height(row), x = column_x(column) + (panel_pixels - w) / 2;
    picture_.fill_rect(column_x(column), y, panel_pixels, h, ground);
    for (int py = 0; py < h; ++py) {
      for (int px = 0; px < w; ++px) {
        picture_.set(
            x + px, y + py,
            colour(row.box.left_mm + (px + 0.5) / pixels_per_mm_, row.box.top_mm + (py + 0.5) / pixels_per_mm_));
      }
    }
  }

  void paint_grey(const CaseSlices& row, int column, int y, const picture::Slice& slice, double low, double high) {
    paint_panel(row, column, y, {0, 0, 0}, [&](double x_mm, double y_mm) {
      return picture::grey_of(picture::value_at(slice, x_mm, y_mm), low, high);
    });
  }

  void paint_row(const CaseSlices& row, int top) {
    const int y = top + row_label, label_y = top + row_label - letter - 4;
    const double low = options_.level_hu - 0.5 * options_.width_hu, high = low + options_.width_hu;
    picture_.text(column_x(0), label_y, row.id, ink, text_scale);
    picture_.text(column_x(0) + picture::Picture::text_width(row.id + "  ", text_scale), label_y, row.place, faint,
                  text_scale);
    if (row.input) paint_grey(row, 0, y, *row.input, row.input_low, row.input_high);
    paint_grey(row, target_column(), y, row.target, low, high);
    for (std::size_t m = 0; m < row.predictions.size(); ++m) {
      const int method = static_cast<int>(m), error_column = target_column() + 1 + method;
      const picture::Slice& prediction = row.predictions[m];
      paint_grey(row, first_prediction() + method, y, prediction, low, high);
      centred(column_x(error_column), label_y, panel_pixels, fmt::format("MAE {:.1f} HU", row.mae_hu[m]), faint);
      paint_panel(row, error_column, y, outside, [&](double x_mm, double y_mm) {
        if (picture::value_at(row.mask, x_mm, y_mm) < 0.5F) return outside;
        const double error = picture::value_at(prediction, x_mm, y_mm) - picture::value_at(row.target, x_mm, y_mm);
        return picture::error_colour(error / options_.error_hu);
      });
    }
  }

  /// A bar of one panel's width with its ends and middle written below.
  template <class Colour>
  void paint_bar(int column, int y, const std::string (&labels)[3], const Colour& colour) {
    const int x = column_x(column), w = panel_pixels;
    picture_.fill_rect(x, y, w, bar_height, faint);
    for (int px = 1; px + 1 < w; ++px) {
      picture_.fill_rect(x + px, y + 1, 1, bar_height - 2, colour(static_cast<double>(px - 1) / (w - 3)));
    }
    const int below = y + bar_label, right = picture::Picture::text_width(labels[2], text_scale);
    for (const int tick : {0, w / 2, w - 1}) picture_.fill_rect(x + tick, y + bar_height, 1, 4, faint);
    picture_.text(x, below, labels[0], ink, text_scale);
    centred(x, below, w, labels[1], ink);
    picture_.text(x + w - right, below, labels[2], ink, text_scale);
  }

  void paint_footer(int y) {
    const int length = static_cast<int>(std::lround(scale_bar_mm * pixels_per_mm_)), x = column_x(0);
    picture_.fill_rect(x, y + bar_height / 2 - 1, length, 3, ink);
    for (const int end : {0, length - 2}) picture_.fill_rect(x + end, y, 2, bar_height, ink);
    picture_.text(x, y + bar_label, fmt::format("{:g} cm", scale_bar_mm / 10.0), ink, text_scale);
    if (has_note()) {
      picture_.text(x, y + bar_label + letter + 8, options_.input_key + ": 1 to 99.5 percentile", faint, text_scale);
    }
    const double low = options_.level_hu - 0.5 * options_.width_hu, high = low + options_.width_hu;
    paint_bar(target_column(), y,
              {fmt::format("{:g}", low), fmt::format("{:g}", options_.level_hu), fmt::format("{:g} HU", high)},
              [](double t) { return picture::grey_of(t, 0, 1); });
    paint_bar(target_column() + 1, y,
              {fmt::format("-{:g}", options_.error_hu), "0", fmt::format("+{:g} HU", options_.error_hu)},
              [](double t) { return picture::error_colour(2.0 * t - 1.0); });
  }

  const std::vector<CaseSlices>& rows_;
  const std::vector<std::string>& methods_;
  const MontageOptions& options_;
  picture::Picture picture_;
  double pixels_per_mm_ = 1.0;
  bool has_input_ = false;
};

}  // namespace

picture::Picture montage(const std::vector<grade::MethodManifest>& methods, const MontageOptions& options) {
  const std::vector<grade::PlannedCase> cases = choose(grade::plan_cases(methods, options.split).cases, options.cases);
  std::vector<CaseSlices> rows;
  Progress progress("reading", static_cast<std::int64_t>(cases.size()), "case");
  for (const grade::PlannedCase& planned : cases) {
    throw_if_stop_requested();
    rows.push_back(with_context("case '" + planned.reference.id + "'", [&] { return gather(planned, options); }));
    progress.advance();
  }
  std::vector<std::string> names;
  for (const grade::MethodManifest& method : methods) names.push_back(method.name);
  return Page(rows, names, options).paint();
}

}  // namespace gdm::report
