// Sinograms of every kind of scan, in memory and on disk: a float32 NIfTI whose sidecar holds the scan and the grid of
// the volume that was projected, so that a reconstruction lands exactly where the original lay. Whoever reads one needs
// not know of which kind it is.
//
// There are two kinds. A stack of slices is scanned slice by slice by the same parallel beam (ct/parallel.hpp); its
// file is (detector, view, slice). Every other scan is a ct::Geometry in the world frame; its file is (u, v, view), and
// its sidecar holds what a geometry file holds, isocentre included.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ct/counts.hpp"
#include "ct/fdk.hpp"
#include "ct/parallel.hpp"
#include "ct/projector.hpp"
#include "image/orientation.hpp"
#include "io/json.hpp"
#include "io/sidecar.hpp"

namespace gdm::ct {

struct StoredSinogram {
  Sinogram sinogram;                 ///< line integrals of any scan; its other parts belong to a stack
  std::optional<Geometry> geometry;  ///< none of a stack
  Grid grid;                         ///< of the volume as it is stored
  AxisMap axes;  ///< how it is turned before it is projected: of a stack axial_axes(), else axes_for()
  Beam beam{0, 0, 0, mu_water_per_mm};

  /// The grid that projections work on; turned() and turned_back() lead there and back.
  Grid projected_grid() const { return reoriented(grid, axes); }
  const float* rays() const { return sinogram.line_integrals.data(); }
  std::int64_t ray_count() const { return static_cast<std::int64_t>(sinogram.line_integrals.size()); }
  std::int64_t view_count() const { return geometry ? geometry->view_count() : sinogram.scan.views; }
  /// How rays lie in memory; the shares are those of the beam's bow-tie.
  RayBlocks blocks() const;
  /// On projected_grid(), rays in the order of the file. Elements read the mean of so many rays over their width (of a
  /// geometry, along both edges).
  std::shared_ptr<const Projector> make_projector(std::int64_t rays_per_element = 1) const;
  /// "fbp" of a stack, "fdk" of a geometry: the method of back_projection().
  std::string analytic_method() const { return geometry ? "fdk" : "fbp"; }
  /// Filtered, in attenuation per mm on projected_grid().
  Volume back_projection(const FdkOptions& options) const;
  /// The same on any grid of the world. Of a stack, on another grid than its own, by fdk() of a copy of the rays.
  Volume back_projection_on(const Grid& on, const FdkOptions& options) const;
  /// "24 views over 180 degrees, 183 detectors of 4 mm, parallel beam".
  std::string text() const;
};

/// Of a geometry: slices become axial ones (for what works slice by slice), and nothing is flipped, so that most
/// volumes stay as they are.
AxisMap axes_for(const Grid& grid);

/// Share of detector rows, over all views, whose first or last column sees more than 5 mm of water: the object is wider
/// than what is seen, so that line integrals near the edges belong to nothing that can be reconstructed. Of a detector
/// that is offset by more than a twentieth of its width the longer side counts alone.
double truncated_share(const StoredSinogram& stored);

/// Of what all rays see, weighted by their counts, the share of those that meet no voxel of the projector's grid: it is
/// beside it. One projection of a volume.
double share_beside(const Projector& projector, const StoredSinogram& stored);

/// No ray goes through more than 5 mm of water, as where the isocentre or the offset of the detector is wrong.
bool sees_nothing(const StoredSinogram& stored);

/// Writes volume and sidecar. `details` (photons, seed, ...) join the geometry under gdm.details.sinogram.
void write_sinogram(const fs::path& path, StoredSinogram stored, Json details, const Provenance& provenance,
                    const std::vector<fs::path>& sources, Overwrite overwrite);

/// A stack's sidecar without axes is that of a volume which was projected as it is stored. Throws Error if the sidecar
/// is missing, is not that of a gdm sinogram, or does not fit the volume. Warns if the volume is not the one that was
/// written with it.
StoredSinogram read_sinogram(const fs::path& path);

}  // namespace gdm::ct
