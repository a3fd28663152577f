// The linear map between Hounsfield units and what networks see.
#pragma once

#include "io/json.hpp"
#include "nn/tensor.hpp"

namespace gdm::nn {

/// [low_hu, high_hu] <-> [-1, 1]; values outside the range map outside [-1, 1].
struct HuMap {
  double low_hu = -1024.0;
  double high_hu = 2000.0;

  Tensor to_unit(const Tensor& hu) const { return (hu - low_hu) * (2.0 / (high_hu - low_hu)) - 1.0; }
  Tensor to_hu(const Tensor& unit) const { return (unit + 1.0) * (0.5 * (high_hu - low_hu)) + low_hu; }
  /// The same in place, for whole volumes.
  void to_unit_(Tensor& hu) const { hu.sub_(low_hu).mul_(2.0 / (high_hu - low_hu)).sub_(1.0); }
  void to_hu_(Tensor& unit) const { unit.add_(1.0).mul_(0.5 * (high_hu - low_hu)).add_(low_hu); }
  /// Mean absolute differences in HU from those in units.
  double hu_per_unit() const { return 0.5 * (high_hu - low_hu); }

  Json json() const { return Json::array({low_hu, high_hu}); }
  static HuMap from_json(const Json& range) { return {range.at(0).get<double>(), range.at(1).get<double>()}; }
};

}  // namespace gdm::nn
