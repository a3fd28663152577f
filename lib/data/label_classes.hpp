// Label maps as training material: which values there are, which class each belongs to, and random images painted on
// them (domain randomisation as in SynthSeg: Billot et al., Medical Image Analysis 2023, arXiv 2107.09559), so that no
// patient image is needed.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "io/json.hpp"
#include "nn/tensor.hpp"

namespace gdm::data {

using torch::Tensor;

/// Label values in rising order, and the class of each. Value 0 is always there: it is what lies beyond a volume.
class LabelClasses {
 public:
  /// Each value is a class of its own.
  explicit LabelClasses(const std::set<std::int64_t>& values);
  /// `groups`: {"bone": [515, 516], ...}. Throws Error for another form, a value in two classes, or a value of
  /// `values` in none (0 is then "background").
  LabelClasses(const std::set<std::int64_t>& values, const Json& groups);

  std::int64_t labels() const { return static_cast<std::int64_t>(values_.size()); }
  std::int64_t classes() const { return static_cast<std::int64_t>(names_.size()); }
  const std::vector<std::string>& names() const { return names_; }
  /// {"background": [0], "bone": [515, 516], ...}
  Json json() const;

  /// Label values (any shape, float) -> places in the list of values (float32). Throws Error for a value not in it.
  Tensor places(const Tensor& values) const;
  /// Places, -1 beyond the volume (any shape) -> classes (int64).
  Tensor classes_of(const Tensor& places) const;

 private:
  std::vector<std::int64_t> values_, class_of_;
  std::vector<std::string> names_;
};

/// Throws Error unless a volume holds label values: at least two different whole numbers from 0 to 65535.
std::set<std::int64_t> label_values(const Tensor& volume);

/// An image in [-1, 1] for places (B, 1, D, H, W): each label of each patch has a random mean and a random texture,
/// fine or coarse. Label 0 is -1 in half of the patches, as air is in a CT. `faint`: the part of the patches in which
/// most labels differ by little, as soft tissues do in the HU.
Tensor paint_labels(const Tensor& places, std::int64_t labels, at::Generator& generator, double faint = 0);

}  // namespace gdm::data
