// Slice pictures of a few cases for the HTML page: three planes through the middle of each mask.
#pragma once

#include <string>
#include <vector>

#include "grade/grade.hpp"
#include "report/html/report.hpp"

namespace gdm::report {

/// A PNG file's bytes with its size, for square pixels in millimetres.
struct EncodedPicture {
  std::string png;
  int width = 0, height = 0;
};

/// One plane of a case, cut to the mask; see montage() for convention and windows.
struct PlanePictures {
  std::string place;  ///< "axial slice 12 of 80"
  double width_mm = 0;
  EncodedPicture target;
  std::vector<EncodedPicture> inputs;               ///< one or none
  std::vector<EncodedPicture> predictions, errors;  ///< one per manifest
};

struct CasePictures {
  PicturedCase which;
  std::vector<PlanePictures> planes;
};

/// Reads the volumes of `chosen` once more, as grade() read them. Throws Error naming the case.
std::vector<CasePictures> gather_pictures(const std::vector<grade::MethodManifest>& methods,
                                          const grade::GradeOptions& options, const ShownReport& report,
                                          const std::vector<PicturedCase>& chosen);

/// The section of the page; the methods are the last of the report's. "" without pictures.
std::string pictures_section(const ShownReport& report, const std::vector<CasePictures>& cases);

}  // namespace gdm::report
