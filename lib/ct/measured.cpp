#include "ct/measured.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sys/error.hpp"

namespace gdm::ct {
namespace {

double percent(std::int64_t part, std::size_t whole) {
  return 100.0 * static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(whole, 1));
}

/// I0 of each element of a view.
std::vector<double> net_flat(std::int64_t elements, const Field& flat, const Field& dark) {
  std::vector<double> net(static_cast<std::size_t>(elements));
  std::int64_t none = 0;
  for (std::int64_t n = 0; n < elements; ++n) {
    const double value = flat.at(n) - dark.at(n);
    if (!(value > 0)) ++none;
    net[static_cast<std::size_t>(n)] = value;
  }
  if (none > 0) {
    throw Error(fmt::format("I0 is zero, or not above the dark field, in {} of {} detector elements", none, elements));
  }
  return net;
}

/// How many counts are equal to the largest one, where these are a plateau below I0: a thousandth of all or more, most
/// of them beside another one in their row, and five times as many as a little less. The largest count of an object
/// that is wider than the detector stands alone at its edge.
void find_ceiling(const Volume& counts, double flat, MeasuredReport& report) {
  const float most = *std::max_element(counts.voxels.begin(), counts.voxels.end());
  if (!(static_cast<double>(most) < 0.9 * flat)) return;
  const float little = std::max(0.01F * most, 3.5F);
  std::int64_t at = 0, next = 0, together = 0;
  const auto columns = static_cast<std::size_t>(counts.grid.shape_ijk[0]);
  for (std::size_t n = 0; n < counts.voxels.size(); ++n) {
    const float value = counts.voxels[n];
    next += value < most && value > most - little ? 1 : 0;
    if (value != most) continue;
    ++at;
    const bool left = n % columns > 0 && counts.voxels[n - 1] == most;
    const bool right = n % columns + 1 < columns && counts.voxels[n + 1] == most;
    together += left || right ? 1 : 0;
  }
  if (at < 5 * next || 2 * together < at || at * 1000 < static_cast<std::int64_t>(counts.voxels.size())) return;
  report.at_ceiling = at;
  report.ceiling = static_cast<double>(most);
}

}  // namespace

void require_finite(const Volume& values) {
  const std::int64_t wrong =
      std::count_if(values.voxels.begin(), values.voxels.end(), [](float value) { return !std::isfinite(value); });
  if (wrong > 0) {
    throw Error(fmt::format("{} of {} numbers ({:.3g} %) are NaN or infinite", wrong, values.voxels.size(),
                            percent(wrong, values.voxels.size())));
  }
}

Field mean_field(const Volume& views) {
  require_finite(views);
  Field field;
  const std::int64_t elements = views.grid.shape_ijk[0] * views.grid.shape_ijk[1], count = views.grid.shape_ijk[2];
  for (std::int64_t n = 0; n < elements; ++n) {
    double sum = 0;
    for (std::int64_t view = 0; view < count; ++view) {
      sum += views.voxels[static_cast<std::size_t>(n + view * elements)];
    }
    field.elements.push_back(static_cast<float>(sum / static_cast<double>(count)));
  }
  return field;
}

MeasuredReport line_integrals_from_counts(Volume& counts, const Field& flat, const Field& dark, double saturated_at) {
  require_finite(counts);
  const std::int64_t negative =
      std::count_if(counts.voxels.begin(), counts.voxels.end(), [](float value) { return value < 0; });
  if (negative > 0) {
    throw Error(fmt::format("{} of {} counts ({:.3g} %) are negative; line integrals are read without --counts",
                            negative, counts.voxels.size(), percent(negative, counts.voxels.size())));
  }
  const std::int64_t elements = counts.grid.shape_ijk[0] * counts.grid.shape_ijk[1];
  const std::vector<double> net = net_flat(elements, flat, dark);
  MeasuredReport report;
  for (const double value : net) report.mean_flat += value;
  report.mean_flat /= static_cast<double>(elements);
  double mean_dark = 0;
  for (std::int64_t n = 0; n < elements; ++n) mean_dark += dark.at(n) / static_cast<double>(elements);
  find_ceiling(counts, report.mean_flat + mean_dark, report);
  for (std::size_t n = 0; n < counts.voxels.size(); ++n) {
    const auto element = static_cast<std::int64_t>(n) % elements;
    const double i0 = net[static_cast<std::size_t>(element)], least = std::min(1.0, 1e-4 * i0);
    const auto value = static_cast<double>(counts.voxels[n]);
    if (saturated_at > 0 && value >= saturated_at) ++report.saturated;
    if (value - dark.at(element) < least) ++report.starved;
    if (value - dark.at(element) > 1.1 * i0 + 5 * std::sqrt(i0)) ++report.above_flat;
    counts.voxels[n] = static_cast<float>(std::log(i0 / std::max(value - dark.at(element), least)));
  }
  return report;
}

}  // namespace gdm::ct
