// What detectors of other people read, as line integrals.
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"

namespace gdm::ct {

/// One number for all elements, or one for each element of a view.
struct Field {
  double number = 0;
  std::vector<float> elements;  ///< (u, v); empty: the number
  double at(std::int64_t element) const {
    return elements.empty() ? number : static_cast<double>(elements[static_cast<std::size_t>(element)]);
  }
};
/// Mean of the views of a volume (u, v, n). Throws Error for numbers that are not finite.
Field mean_field(const Volume& views);

struct MeasuredReport {
  std::int64_t above_flat = 0;  ///< counts that exceed I0 by more than noise and a tenth
  std::int64_t saturated = 0;   ///< equal to the largest value
  std::int64_t at_ceiling = 0;  ///< equal to the largest count where that is a plateau below I0
  double ceiling = 0;           ///< that count
  std::int64_t starved = 0;     ///< no more than the dark field, or next to nothing: read as least counts
  double mean_flat = 0;         ///< I0 less the dark field, mean over the elements
};
/// Counts (u, v, view) to line integrals ln((flat - dark) / (counts - dark)), in place. What is less than one count, or
/// less than a ten-thousandth of I0 if that is less, is taken for that. `saturated_at`: of the detector; 0: not known.
/// Throws Error for numbers that are not finite, negative counts, and elements whose I0 is not above the dark field.
MeasuredReport line_integrals_from_counts(Volume& counts, const Field& flat, const Field& dark, double saturated_at);

/// Throws Error if a number is not finite: how many.
void require_finite(const Volume& values);

}  // namespace gdm::ct
