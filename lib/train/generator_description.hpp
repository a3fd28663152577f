// What a generator file says about the data of its training. model/generator_text.hpp shows it.
#pragma once

#include "data/samples.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"

namespace gdm::train {

/// The ramp filter of an FBP as gdm-recon notes it in the volume's sidecar; "" where nothing is said.
std::string fbp_filter(const fs::path& volume);

/// {"sha256", "cases", "patients", "voxel_edge_mm": {"least", "median", "largest"} (mean edges of the cases),
/// "anisotropy": {"least", "largest"} (longest to shortest edge), "median_edges_mm": {"right", "anterior", "superior"},
/// and for the inputs `conditions` that are reconstructions "scans": {INPUT: the acquisitions that their sidecars tell,
/// merged (model/acquisition.hpp)}}.
Json data_json(const std::vector<data::Sample>& samples, const std::vector<Case>& cases,
               const std::vector<std::string>& conditions, const std::string& digest);

/// Warns if the voxels of the cases differ so much that a network meets anatomy at several sizes.
void warn_of_mixed_voxels(const std::vector<data::Sample>& samples);

}  // namespace gdm::train
