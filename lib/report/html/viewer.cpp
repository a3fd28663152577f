// How the page shows slices: for each plane a column with the target and one per method, prediction above error. The
// script lays the target over each prediction, with a slider between them; without it they stand side by side.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "picture/slices.hpp"
#include "report/html/pictures.hpp"
#include "report/html/text.hpp"
#include "report/montage.hpp"

namespace gdm::report {
namespace {

std::string image(const EncodedPicture& picture, const std::string& alt) {
  return fmt::format("<img src=\"data:image/png;base64,{}\" width=\"{}\" height=\"{}\" alt=\"{}\"/>",
                     base64(picture.png), picture.width, picture.height, escape(alt));
}

std::string slice(const std::string& css_class, const std::string& picture, const std::string& caption) {
  return fmt::format("<figure class=\"slice {}\"><div class=\"stage\">{}</div><figcaption>{}</figcaption></figure>\n",
                     css_class, picture, escape(caption));
}

/// A bar of colours with its ends and middle written below.
template <class Colour>
std::string scale(const std::string& label, const std::string (&ends)[3], const Colour& colour) {
  constexpr int steps = 32;
  std::string drawing;
  for (int n = 0; n < steps; ++n) {
    const picture::Rgb c = colour((n + 0.5) / steps);
    drawing += fmt::format("<rect x=\"{}\" y=\"0\" width=\"5.2\" height=\"12\" fill=\"#{:02x}{:02x}{:02x}\"/>", n * 5,
                           c[0], c[1], c[2]);
  }
  const char* const anchors[] = {"start", "middle", "end"};
  for (int n = 0; n < 3; ++n) {
    drawing += fmt::format("<text x=\"{}\" y=\"26\" text-anchor=\"{}\">{}</text>", n * 80, anchors[n], ends[n]);
  }
  return fmt::format(
      "<p class=\"scale\">{0}<svg viewBox=\"0 0 161 30\" role=\"img\" aria-label=\"{0}: {1} to {2}\">{3}</svg></p>",
      escape(label), ends[0], ends[2], drawing);
}

std::string scales(const PlanePictures& plane) {
  const MontageOptions window;
  const double low = window.level_hu - 0.5 * window.width_hu, high = low + window.width_hu;
  std::string text =
      scale("CT window", {fmt::format("{:g}", low), fmt::format("{:g}", window.level_hu), fmt::format("{:g} HU", high)},
            [](double t) { return picture::grey_of(t, 0, 1); });
  text += scale("error", {fmt::format("\u2212{:g}", window.error_hu), "0", fmt::format("+{:g} HU", window.error_hu)},
                [](double t) { return picture::error_colour(2 * t - 1); });
  return "<div class=\"scales\">" + text +
         fmt::format("<p class=\"scale\">width {:.0f} mm</p></div>\n", plane.width_mm);
}

std::string plane_html(const ShownReport& report, const PlanePictures& plane, std::size_t index) {
  const std::size_t first = report.methods.size() - plane.predictions.size();
  const std::string where = ", " + plane.place + ", case " + report.cases[index];
  std::string columns = slice("target", image(plane.target, "Target" + where), "target") + scales(plane);
  for (const EncodedPicture& input : plane.inputs) {
    columns += slice("input", image(input, "Input" + where), "input") + "<div></div>\n";
  }
  for (std::size_t m = 0; m < plane.predictions.size(); ++m) {
    const std::string& name = report.methods[first + m].name;
    columns += slice("prediction", image(plane.predictions[m], "Prediction of " + name + where), name);
    columns += slice("error", image(plane.errors[m], "Error of " + name + where), name + " \u2212 target");
  }
  return fmt::format(
      "<div class=\"plane\"><h4>{0}</h4><div class=\"box slices\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\">"
      "\n{1}</div></div>\n",
      escape(plane.place), columns);
}

std::string case_html(const ShownReport& report, const CasePictures& pictures) {
  const std::size_t index = pictures.which.index;
  std::string values;
  if (!report.metrics.empty()) {
    const ShownMetric& leading = report.metrics[report.leading];
    for (const ShownMethod& method : report.methods) {
      values += fmt::format("{}{} {}", values.empty() ? leading.title + ": " : ", ", method.name,
                            decimal(method.values[report.leading][index], leading.decimals));
    }
  }
  const PlanePictures& plane = pictures.planes.front();
  const std::size_t columns = 1 + plane.inputs.size() + plane.predictions.size();
  const std::string why = pictures.which.why == "middle" ? "around the median" : "among the " + pictures.which.why;
  std::string body;
  for (const PlanePictures& plane : pictures.planes) body += plane_html(report, plane, index);
  return fmt::format(
      "<details class=\"case\" id=\"case-{}\" open=\"open\"><summary><h3>{}</h3> <span class=\"why {}\">{}</span> "
      "<span>{}</span></summary>\n<div class=\"planes k{}\">{}</div></details>\n",
      index, escape(report.cases[index]), pictures.which.why, why, escape(values), std::min<std::size_t>(columns, 5),
      body);
}

}  // namespace

std::string pictures_section(const ShownReport& report, const std::vector<CasePictures>& cases) {
  std::string body;
  for (const CasePictures& pictures : cases) body += case_html(report, pictures);
  if (body.empty()) return "";
  return section(
      "pictures", "Pictures",
      "<p>Three planes through the middle of each mask, the patient\u2019s right on the left, sagittal slices "
      "looking left. Errors are prediction minus target inside the mask.<span class=\"scripted\"> Drag "
      "across a prediction to lay the target over it.</span></p>\n" +
          body);
}

}  // namespace gdm::report
