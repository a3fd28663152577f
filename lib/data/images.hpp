// The volumes that encoders are trained on and probed with: CT, MR or label maps, one from each case.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/label_classes.hpp"
#include "data/samples.hpp"
#include "io/json.hpp"
#include "nn/encoder.hpp"

namespace gdm::data {

/// Which volume of each case is meant, and what its values are.
struct Source {
  std::string name = "target";  ///< or the name of an input
  std::string scaling = "hu";   ///< "hu", "percentile" (scale_condition) or "labels"
  double spacing_mm = 0;        ///< isotropic voxel edge that volumes are resampled to; 0: as they are
};

/// `wanted` "auto": the input "labels" if `labels_first` and all cases have it, else the target; the labels also where
/// no case has a target. `scaling` "auto": "hu" for the target and the input "fbp", "labels" for "labels", else
/// "percentile". Throws Error naming the first case that lacks the volume.
Source choose_source(const std::vector<Case>& cases, const std::string& wanted, const std::string& scaling,
                     bool labels_first);

/// Reads that volume of each case. Sample::target is in hu_map units (hu), about [-1, 1] (percentile), or the label
/// values themselves (labels). Outside a mask of the manifest HU are set to the lower end of hu_map. Without a mask in
/// the manifest the patient is the body of a CT, what is brighter than the volume's mean in others, and every label but
/// 0.
std::vector<Sample> load_images(const std::vector<Case>& cases, const Source& source, const nn::HuMap& hu_map,
                                Provenance& provenance, const std::string& use = "");

/// Least and largest mean voxel edge.
std::array<double, 2> edge_range_mm(const std::vector<Sample>& samples);

/// The classes of label maps: `groups` if it is not null, else each value of the samples is a class.
LabelClasses classes_of(const std::vector<const std::vector<Sample>*>& sets, const Json& groups);
/// Replaces the label values of samples by their places in `classes`.
void to_places(std::vector<Sample>& samples, const LabelClasses& classes);

/// Classes of voxels by their value: air, fat, soft tissue, dense tissue, bone of a CT; five equal steps from the lower
/// to the upper end of percentile units.
struct ValueClasses {
  std::vector<double> bounds;  ///< rising, in the units of Sample::target
  explicit ValueClasses(const Source& source, const nn::HuMap& hu_map);
  std::int64_t classes() const { return static_cast<std::int64_t>(bounds.size()) + 1; }
  /// The bounds in HU.
  Json json(const nn::HuMap& hu_map) const;
  /// int64, of the same shape.
  Tensor of(const Tensor& image) const;
};

}  // namespace gdm::data
