// What a network is shown of a condition volume: raw values brought to about [-1, 1].
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "io/json.hpp"
#include "nn/hu_map.hpp"
#include "nn/tensor.hpp"

namespace gdm::nn {

/// A condition volume of a generator or an encoder, and how its values are scaled. Nothing is cut off at 0: MR may be
/// z-scored, phases and differences have both signs.
struct Condition {
  /// hu          the HU map; kept from -1 to 1.5, as what lies below air is air
  /// percentile  each volume for itself: low, which is 0 or, if that is lower, the 0.5th percentile, becomes -1; the
  ///             99.5th percentile of the voxels above the volume's mean becomes 1
  /// zscore      each volume for itself: its mean becomes 0, 4 standard deviations above it 1
  /// range       all volumes alike: `low` becomes -1, `high` 1
  /// All but hu are kept from -1.5 to 1.5.
  std::string name, scaling;
  double low = 0, high = 0;  ///< of "range"
  bool below_zero = true;    ///< volumes with values below 0 are what the training had; used by "percentile" alone

  Json json() const;
  /// Throws Error for an unknown scaling or a range without extent.
  static Condition from_json(const Json& json);
  bool operator==(const Condition& other) const { return json() == other.json(); }
};

/// Scaled values are clamped to these.
struct ScaledRange {
  double least, most;
};
ScaledRange scaled_range(const std::string& scaling);

/// The raw values that become -1 and 1. Throws Error if the volume is constant, so that there are none.
struct RawRange {
  double low, high;
};
/// Of a scaling that does not depend on the volume ("hu", "range").
std::optional<RawRange> fixed_range(const Condition& condition, const HuMap& hu_map);
RawRange raw_range(const Tensor& raw, const Condition& condition, const HuMap& hu_map);

/// What the values of one volume become, all of them or a part: raw.low is -1, raw.high 1, and the rest in proportion
/// as far as it is kept.
struct ValueScale {
  RawRange raw;
  ScaledRange kept;
  /// A new tensor, on the device of the values.
  Tensor operator()(const Tensor& values) const;
};

/// Voxels of a volume beyond what its scale keeps (of "hu": above it), in one part or several.
class OutsideCount {
 public:
  OutsideCount(Condition condition, const ValueScale& scale) : condition_(std::move(condition)), scale_(scale) {}
  void add(const float* raw, std::size_t count);
  /// If they are more than 1 %, naming the condition.
  void warn() const;

 private:
  double raw_of(double scaled) const;

  Condition condition_;
  ValueScale scale_;
  std::int64_t outside_ = 0, all_ = 0;
};

/// That of a volume (any shape and strides, finite, on the CPU). Warns as OutsideCount does, and if "percentile" meets
/// values below 0 that the training had not. Throws as raw_range() does.
ValueScale scale_of(const Tensor& raw, const Condition& condition, const HuMap& hu_map);

/// The whole volume in its scale.
Tensor scale_condition(const Tensor& raw, const Condition& condition, const HuMap& hu_map);

}  // namespace gdm::nn
