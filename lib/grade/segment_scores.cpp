// The five numbers of a segment as metrics.
#include "grade/segment_scores.hpp"

#include <fmt/format.h>

#include "metrics/segmentation.hpp"

namespace gdm::grade {
namespace {

void set_distance(const std::string& key, const std::optional<double>& distance_mm, const std::string& missing,
                  const std::optional<double>& otherwise_mm, Scores& scores) {
  if (!scores.wants(key)) return;
  const bool replaced = !distance_mm && otherwise_mm;
  if (replaced) scores.notes.push_back(fmt::format("{} is counted as {:g} mm: {}", key, *otherwise_mm, missing));
  scores.set(key, replaced ? otherwise_mm : distance_mm, missing);
}

}  // namespace

std::vector<Metric> segment_metrics(const std::string& prefix, const std::string& title, const std::string& what,
                                    const std::string& block, const Settings& settings) {
  const std::string penalty =
      settings.undefined_distance_mm
          ? fmt::format("; {:g} mm where one of the volumes alone has none", *settings.undefined_distance_mm)
          : "";
  return {
      {prefix + "_dice", title + " Dice", 4, "Dice coefficient of " + what, block, Better::higher},
      {prefix + "_hd95_mm", title + " HD95/mm", 2,
       "larger of the two directed 95th percentiles (linear interpolation) of distances between the surfaces of " +
           what + "; surface: voxels with a face neighbour outside the segment, distances between voxel centres in mm" +
           penalty,
       block},
      {prefix + "_assd_mm", title + " ASSD/mm", 2,
       "average symmetric surface distance of " + what + ": mean over the distances of both directions together" +
           penalty,
       block},
      {prefix + "_volume_error_ml", title + " dV/mL", 1, "predicted minus target volume of " + what, block,
       Better::nearest_zero},
      {prefix + "_volume_error_percent", title + " dV/%", 2,
       "predicted minus target volume of " + what + " in percent of the target's", block, Better::nearest_zero}};
}

bool wants_segment(const Scores& scores, const std::string& prefix) {
  for (const char* end : {"_dice", "_hd95_mm", "_assd_mm", "_volume_error_ml", "_volume_error_percent"}) {
    if (scores.wants(prefix + end)) return true;
  }
  return false;
}

void score_segment(const Mask& prediction, const Mask& target, const std::string& prefix, const Settings& settings,
                   Scores& scores) {
  const bool surfaces = scores.wants(prefix + "_hd95_mm") || scores.wants(prefix + "_assd_mm");
  const metrics::SegmentMetrics segment = metrics::compare_segments(prediction, target, surfaces);
  const bool no_target = !segment.volume_error_percent;
  const std::string missing = no_target ? (segment.dice ? "the target has no " : "neither volume has ") + prefix
                                        : "the prediction has no " + prefix;
  scores.set(prefix + "_dice", segment.dice, missing);
  if (surfaces) {
    const bool one_alone = segment.dice && !segment.hd95_mm;
    const std::optional<double> otherwise_mm = one_alone ? settings.undefined_distance_mm : std::nullopt;
    set_distance(prefix + "_hd95_mm", segment.hd95_mm, missing, otherwise_mm, scores);
    set_distance(prefix + "_assd_mm", segment.assd_mm, missing, otherwise_mm, scores);
  }
  scores.set(prefix + "_volume_error_ml", segment.volume_error_ml);
  scores.set(prefix + "_volume_error_percent", segment.volume_error_percent, missing);
}

}  // namespace gdm::grade
