// Sinograms on disk: a float32 NIfTI (detector, view, slice) whose sidecar holds the scan and the grid of the volume
// that was projected, so that a reconstruction lands exactly where the original lay.
#pragma once

#include "ct/parallel.hpp"
#include "image/orientation.hpp"
#include "io/json.hpp"
#include "io/sidecar.hpp"

namespace gdm::ct {

struct StoredSinogram {
  Sinogram sinogram;
  Grid grid;     ///< of the volume as it is stored
  AxisMap axes;  ///< how it was turned before it was projected (axial_axes())

  /// The one that was projected.
  Grid projected_grid() const { return reoriented(grid, axes); }
};

/// Writes volume and sidecar. `details` (photons, seed, ...) join the geometry under gdm.details.sinogram.
void write_sinogram(const fs::path& path, const StoredSinogram& stored, Json details, const Provenance& provenance,
                    const std::vector<fs::path>& sources, Overwrite overwrite);

/// A sidecar without axes is that of a volume which was projected as it is stored. Throws Error if the sidecar is
/// missing, is not that of a gdm sinogram, or does not fit the volume.
StoredSinogram read_sinogram(const fs::path& path);

}  // namespace gdm::ct
