// One pass over the masked voxels for all classes, in slices that are summed in their order.
#include "metrics/tissue.hpp"

#include <cmath>

#include "metrics/pixel.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {

const std::vector<ValueClass>& tissue_classes() {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  static const std::vector<ValueClass> classes{{"air", -infinity, -950.0},
                                               {"lung", -950.0, -500.0},
                                               {"fat", -190.0, -30.0},
                                               {"soft", -30.0, 150.0},
                                               {"bone", bone_threshold_hu, infinity}};
  return classes;
}

std::vector<ClassErrors> errors_by_class(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                         const Volume& classified, const std::vector<ValueClass>& classes) {
  const Index3& shape = mask.grid.shape_ijk;
  const std::int64_t slice = shape[0] * shape[1];
  std::vector<std::vector<ClassErrors>> slices(static_cast<std::size_t>(shape[2]));
  parallel_for(shape[2], [&](std::int64_t k) {
    std::vector<ClassErrors>& sums = slices[static_cast<std::size_t>(k)];
    sums.resize(classes.size());
    for (std::int64_t n = k * slice; n < (k + 1) * slice; ++n) {
      const std::size_t at = static_cast<std::size_t>(n);
      if (mask.voxels[at] == 0) continue;
      const double value = classified.voxels[at];
      for (std::size_t c = 0; c < classes.size(); ++c) {
        if (!(value >= classes[c].low && value < classes[c].high)) continue;
        const double difference =
            static_cast<double>(prediction_hu.voxels[at]) - static_cast<double>(target_hu.voxels[at]);
        ++sums[c].voxels;
        sums[c].absolute_hu += std::abs(difference);
        sums[c].signed_hu += difference;
        break;
      }
    }
  });
  std::vector<ClassErrors> total(classes.size());
  for (const std::vector<ClassErrors>& sums : slices) {
    for (std::size_t c = 0; c < classes.size(); ++c) {
      total[c].voxels += sums[c].voxels;
      total[c].absolute_hu += sums[c].absolute_hu;
      total[c].signed_hu += sums[c].signed_hu;
    }
  }
  return total;
}

}  // namespace gdm::metrics
