// What a method's volumes cost, from the sidecars beside them.
#pragma once

#include <string>
#include <vector>

#include "io/sidecar.hpp"
#include "metrics/summary.hpp"

namespace gdm::grade {

struct Efficiency {
  std::size_t volumes = 0, cases = 0;        ///< all; those whose sidecar says something (io/sidecar.hpp, Effort)
  metrics::Summary seconds, evaluations;     ///< over the cases that have them
  std::optional<double> peak_memory_mb_max;  ///< largest of all, 10^6 bytes
  std::vector<std::string> tools, devices, models;  ///< each once, sorted; models by the SHA-256 of their weights
  std::vector<std::string> notes;                   ///< sidecars that cannot be read
};

/// Sidecars that are missing or damaged are no error: what they would say is left out.
Efficiency efficiency_of(const std::vector<fs::path>& volumes);

}  // namespace gdm::grade
