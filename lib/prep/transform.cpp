#include "prep/transform.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace gdm::prep {

TransformStage affine_stage(const Matrix4& fixed_to_moving_ras_mm) {
  const Matrix4 lps = between_lps_and_ras(fixed_to_moving_ras_mm);
  TransformStage stage{"AffineTransform_double_3_3", {}, {0, 0, 0}};
  for (std::size_t r = 0; r < 3; ++r) stage.parameters.insert(stage.parameters.end(), lps[r].begin(), lps[r].end() - 1);
  for (std::size_t r = 0; r < 3; ++r) stage.parameters.push_back(lps[r][3]);
  return stage;
}

std::string transform_text(const Transform& transform) {
  std::string text = "#Insight Transform File V1.0\n";
  int number = 0;
  if (transform.size() > 1) text += fmt::format("#Transform {}\nTransform: CompositeTransform_double_3_3\n", number++);
  for (const TransformStage& stage : transform) {
    text += fmt::format("#Transform {}\nTransform: {}\nParameters: {}\nFixedParameters: {}\n", number++, stage.type,
                        fmt::join(stage.parameters, " "), fmt::join(stage.fixed_parameters, " "));
  }
  return text;
}

}  // namespace gdm::prep
