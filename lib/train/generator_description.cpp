#include "train/generator_description.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "ct/acquisition.hpp"
#include "model/acquisition.hpp"
#include "sys/log.hpp"
#include "sys/quantile.hpp"

namespace gdm::train {

std::string fbp_filter(const fs::path& volume) {
  return ct::reconstruction_acquisition(volume).value("filter", "");
}

Json data_json(const std::vector<data::Sample>& samples, const std::vector<Case>& cases,
               const std::vector<std::string>& conditions, const std::string& digest) {
  std::set<std::string> patients;
  std::vector<double> edges, ratios;
  std::array<std::vector<double>, 3> along;
  for (const data::Sample& sample : samples) {
    patients.insert(sample.patient);
    for (std::size_t axis = 0; axis < 3; ++axis) along[axis].push_back(sample.grid.spacing_mm()[axis]);
    edges.push_back(sample.grid.mean_edge_mm());
    ratios.push_back(sample.grid.anisotropy());
  }
  std::sort(edges.begin(), edges.end());
  std::sort(ratios.begin(), ratios.end());
  for (std::vector<double>& one : along) std::sort(one.begin(), one.end());
  Json json{{"sha256", digest},
            {"cases", samples.size()},
            {"patients", patients.size()},
            {"voxel_edge_mm",
             {{"least", edges.front()}, {"median", quantile_of_sorted(edges, 0.5)}, {"largest", edges.back()}}},
            {"anisotropy", {{"least", ratios.front()}, {"largest", ratios.back()}}},
            {"median_edges_mm",
             {{"right", quantile_of_sorted(along[0], 0.5)},
              {"anterior", quantile_of_sorted(along[1], 0.5)},
              {"superior", quantile_of_sorted(along[2], 0.5)}}}};
  for (const std::string& name : conditions) {
    std::vector<Json> acquisitions;
    for (const Case& item : cases) {
      const auto input = item.inputs.find(name);
      if (input != item.inputs.end()) acquisitions.push_back(ct::reconstruction_acquisition(input->second));
    }
    const Json scans = model::merged_acquisitions(acquisitions);
    if (!scans.empty()) json["scans"][name] = scans;
  }
  return json;
}

void warn_of_mixed_voxels(const std::vector<data::Sample>& samples) {
  constexpr double most_ratio = 1.5;  // two or three scanners' protocols of one body part lie closer together
  std::array<double, 2> edges{0, 0}, ratios{0, 0};
  const auto widen = [](std::array<double, 2>& range, double value) {
    range[0] = range[0] == 0 ? value : std::min(range[0], value);
    range[1] = std::max(range[1], value);
  };
  for (const data::Sample& sample : samples) {
    widen(edges, sample.grid.mean_edge_mm());
    widen(ratios, sample.grid.anisotropy());
  }
  if (edges[1] > most_ratio * edges[0]) {
    log_warning(
        fmt::format("voxels of the training cases have edges of {:.3g} to {:.3g} mm on average; gdm-prep resample "
                    "brings them to one size",
                    edges[0], edges[1]));
  }
  if (ratios[1] > most_ratio * ratios[0]) {
    log_warning(
        fmt::format("voxels of the training cases are {:.3g} to {:.3g} times as long as wide; gdm-prep resample "
                    "brings them to one shape",
                    ratios[0], ratios[1]));
  }
}

}  // namespace gdm::train
