// Whether a model that was trained on reconstructions of sparse scans may be given another scan. Needs no network
// library. An acquisition is an object as ct/acquisition.hpp reads it: "views", "geometry", "angular_range_deg",
// "photons", "oversample", "filter" or "method" with "strength_mm", "iterations", "weights", "start" and the like; in a
// model each of them is the list of the values that its training cases had.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/json.hpp"

namespace gdm::model {

/// "24 views, parallel beam, 180 degrees, filter hann, 100000 photons, oversample 3", of one scan or of a model's
/// lists ("24 or 48 views"); what is not known is left out.
std::string acquisition_text(const Json& acquisition);

/// Lists of the values that `acquisitions` have, in ascending order; what none of them has is left out.
Json merged_acquisitions(const std::vector<Json>& acquisitions);

/// What a generator's description tells of the scans behind one of its inputs ("fbp", "tv", ...); an empty object if
/// nothing.
Json trained_acquisition(const Json& description, const std::string& input);

/// The first filter of the training's back-projections, `input` being "fbp" or "fdk"; "hann", which is that of
/// `gdm-recon`, if the description tells none.
std::string trained_filter(const Json& description, const std::string& input = "fbp");

/// The first value that the training's scans behind an input had of a key ("method", "strength_mm", "iterations", ...).
std::optional<Json> trained_value(const Json& description, const std::string& input, const std::string& key);

struct AcquisitionDifference {
  std::string refusal;  ///< another number of views, geometry, angular range, filter or method; empty: none
  std::string warning;  ///< photons beyond a factor of 2, another oversampling or strength, or what is not known
};
/// Compares a scan with those of the training; a filter stands for the method "fbp". Each text names both sides.
AcquisitionDifference compare_acquisition(const Json& told_by_model, const Json& told_by_scan);

}  // namespace gdm::model
