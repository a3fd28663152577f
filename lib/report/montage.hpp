// Slice pictures that show what the numbers mean: one row per case, input | predictions | target | errors.
#pragma once

#include <string>
#include <vector>

#include "grade/grade.hpp"
#include "picture/png.hpp"

namespace gdm::report {

struct MontageOptions {
  std::string input_key;        ///< empty: no input column
  std::string split;            ///< see plan_cases()
  std::string cases = "4";      ///< ids separated by commas, or a number of cases spread evenly over the list
  std::string plane = "axial";  ///< axial | coronal | sagittal
  double level_hu = 100.0;      ///< centre of the grey window
  double width_hu = 1000.0;     ///< width of the grey window
  double error_hu = 300.0;      ///< the error colours run from -error_hu to +error_hu
};

/// The middle slice of each case's mask, cut to the mask, all at one scale with square pixels in millimetres.
/// Radiological convention: the patient's right is on the left; anterior or superior is on top; sagittal slices look
/// left. Inputs that need_linear_fit() are windowed from their 1st to their 99.5th percentile inside the mask, others
/// in HU. Errors are prediction minus target inside the mask; the mean over the whole mask stands above them.
/// Throws Error as plan_cases() and check_gradable() do, and for an unknown case id.
picture::Picture montage(const std::vector<grade::MethodManifest>& methods, const MontageOptions& options);

}  // namespace gdm::report
