// Slice pictures of a few cases: reading, cutting, painting. How the page shows them is html_viewer.cpp's.
#include "report/html/pictures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "image/grid_match.hpp"
#include "image/mask.hpp"
#include "image/regrid.hpp"
#include "io/nifti/nifti.hpp"
#include "picture/slices.hpp"
#include "report/montage.hpp"
#include "sys/error.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::report {
namespace {

constexpr double crop_margin_mm = 6.0, most_pixels = 360.0;
constexpr int error_steps = 24;  ///< of colour on either side of 0: few colours make small files
const char* const planes[] = {"axial", "coronal", "sagittal"};

/// A plane's frame: what all of its pictures share.
struct Frame {
  picture::Box box;
  int width = 1, height = 1;
  double pixels_per_mm = 1;

  Frame(const picture::Slice& mask, const picture::Box& cropped) : box(cropped) {
    const double across = box.right_mm - box.left_mm, down = box.bottom_mm - box.top_mm;
    pixels_per_mm = std::min(1.0 / std::min(mask.width_mm, mask.height_mm), most_pixels / std::max(across, down));
    width = std::max(1, static_cast<int>(std::lround(across * pixels_per_mm)));
    height = std::max(1, static_cast<int>(std::lround(down * pixels_per_mm)));
  }

  template <class Colour>
  EncodedPicture paint(const Colour& colour) const {
    picture::Picture picture(width, height, picture::outside_colour);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        picture.set(x, y, colour(box.left_mm + (x + 0.5) / pixels_per_mm, box.top_mm + (y + 0.5) / pixels_per_mm));
      }
    }
    return {picture::png_bytes(picture), width, height};
  }

  EncodedPicture grey(const picture::Slice& slice, double low, double high) const {
    return paint([&](double x, double y) { return picture::grey_of(picture::value_at(slice, x, y), low, high); });
  }
};

/// A plane while its volumes are read one after the other.
struct Plane {
  picture::Orientation view;
  std::int64_t index = 0;
  picture::Slice target, mask;
  Frame frame;

  Plane(const char* name, const Volume& volume, const Mask& body, PlanePictures& pictures)
      : view(picture::orientation_of(volume.grid, name)),
        index(picture::middle_index(body, view)),
        target(picture::cut(volume, view, index)),
        mask(picture::cut(body, view, index)),
        frame(mask, picture::box_around(mask, crop_margin_mm)) {
    const MontageOptions window;
    pictures.place = fmt::format("{} slice {} of {}", name, index + 1, volume.grid.shape_ijk[view.normal]);
    pictures.width_mm = frame.box.right_mm - frame.box.left_mm;
    pictures.target =
        frame.grey(target, window.level_hu - 0.5 * window.width_hu, window.level_hu + 0.5 * window.width_hu);
  }

  EncodedPicture error(const picture::Slice& prediction) const {
    const MontageOptions window;
    return frame.paint([&](double x, double y) {
      if (picture::value_at(mask, x, y) < 0.5F) return picture::outside_colour;
      const double t = (picture::value_at(prediction, x, y) - picture::value_at(target, x, y)) / window.error_hu;
      return picture::error_colour(std::round(std::clamp(t, -1.0, 1.0) * error_steps) / error_steps);
    });
  }
};

/// A volume of the case on the target's grid.
Volume read_for(const fs::path& path, const Volume& target, const Mask& mask, bool resample) {
  return with_context(path.string(), [&] {
    Volume volume = read_volume(path);
    if (resample && !same_grid(volume.grid, target.grid)) {
      constexpr float air_hu = -1024.0F;
      volume = regrid(volume, target.grid, air_hu).volume;
    }
    metrics::check_gradable(volume, target, mask);
    return volume;
  });
}

CasePictures pictures_of(const grade::PlannedCase& planned, const grade::GradeOptions& options,
                         const PicturedCase& which) {
  const Volume target = read_volume(*planned.reference.target);
  const Mask mask = grade::mask_of(planned.reference, target);
  CasePictures result{which, std::vector<PlanePictures>(std::size(planes))};
  std::vector<Plane> cuts;
  for (std::size_t p = 0; p < std::size(planes); ++p) cuts.emplace_back(planes[p], target, mask, result.planes[p]);
  const MontageOptions options_of_window;
  const double low = options_of_window.level_hu - 0.5 * options_of_window.width_hu;
  const double high = low + options_of_window.width_hu;
  if (!options.input_key.empty()) {
    const Volume input = read_for(planned.reference.input(options.input_key), target, mask, options.resample);
    const auto window =
        grade::needs_linear_fit(options.input_key) ? picture::window_of(input, mask) : std::make_pair(low, high);
    for (std::size_t p = 0; p < cuts.size(); ++p) {
      const picture::Slice slice = picture::cut(input, cuts[p].view, cuts[p].index);
      result.planes[p].inputs.push_back(cuts[p].frame.grey(slice, window.first, window.second));
    }
  }
  for (const fs::path& path : planned.predictions) {
    const Volume prediction = read_for(path, target, mask, options.resample);
    for (std::size_t p = 0; p < cuts.size(); ++p) {
      const picture::Slice slice = picture::cut(prediction, cuts[p].view, cuts[p].index);
      result.planes[p].predictions.push_back(cuts[p].frame.grey(slice, low, high));
      result.planes[p].errors.push_back(cuts[p].error(slice));
    }
  }
  return result;
}

}  // namespace

std::vector<CasePictures> gather_pictures(const std::vector<grade::MethodManifest>& methods,
                                          const grade::GradeOptions& options, const ShownReport& report,
                                          const std::vector<PicturedCase>& chosen) {
  const grade::Plan plan = grade::plan_cases(methods, options.split);
  std::vector<CasePictures> result;
  Progress progress("pictures", static_cast<std::int64_t>(chosen.size()), "case");
  for (const PicturedCase& which : chosen) {
    throw_if_stop_requested();
    const std::string& id = report.cases[which.index];
    const auto planned = std::find_if(plan.cases.begin(), plan.cases.end(),
                                      [&id](const grade::PlannedCase& c) { return c.reference.id == id; });
    result.push_back(with_context("case '" + id + "'", [&] { return pictures_of(*planned, options, which); }));
    progress.advance();
  }
  return result;
}

}  // namespace gdm::report
