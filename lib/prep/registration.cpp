#include "prep/registration.hpp"

#include <fmt/format.h>

namespace gdm::prep {

std::string doubt(const Registration& found) {
  constexpr double least_fall = 0.03, least_overlap = 0.25;
  if (found.overlap < least_overlap) {
    return fmt::format("only {:.0f} % of the fixed body meets the moving field", 100 * found.overlap);
  }
  if (found.fall_beside < least_fall) {
    return fmt::format("{:g} mm or degrees beside it the two are as alike ({:.1f} % less mutual information)",
                       beside_mm, 100 * found.fall_beside);
  }
  return "";
}

}  // namespace gdm::prep
