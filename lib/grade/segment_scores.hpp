// The five numbers of a segment as metrics, shared by segments from HU and from label volumes.
#pragma once

#include <string>
#include <vector>

#include "grade/metric.hpp"

namespace gdm::grade {

/// dice, hd95_mm, assd_mm, volume_error_ml and volume_error_percent of the segment whose keys begin with `prefix`;
/// `what` is its definition in words.
std::vector<Metric> segment_metrics(const std::string& prefix, const std::string& title, const std::string& what,
                                    const std::string& block, const Settings& settings);

bool wants_segment(const Scores& scores, const std::string& prefix);
/// Where one of the volumes alone has the segment, its distances are settings.undefined_distance_mm, with a note; where
/// neither has it they stay undefined, as nothing was missed.
void score_segment(const Mask& prediction, const Mask& target, const std::string& prefix, const Settings& settings,
                   Scores& scores);

}  // namespace gdm::grade
