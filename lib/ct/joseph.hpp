// Joseph's projector and its transpose, one view of 16 slices at a time: of use inside ct/ alone.
#pragma once

#include "ct/slab.hpp"

namespace gdm::ct {

/// Throws Error for a grid that is not orthogonal and a scan with a size or spacing <= 0.
void require_possible(const Grid& grid, const ParallelScan& scan);

/// Copies the lanes of `slab` to slices k0 .. k0+count-1.
void store_slab(const std::vector<Lanes>& slab, const Plane& plane, std::int64_t k0, std::int64_t count, float* volume);
/// One view of slices k0 .. k0+count-1 of a sinogram's values into lanes and back; unused lanes are zero.
void load_view(const float* rays, const ParallelScan& scan, std::int64_t view, std::int64_t k0, std::int64_t count,
               Lanes* line);
void store_view(const Lanes* line, const ParallelScan& scan, std::int64_t view, std::int64_t k0, std::int64_t count,
                float* rays);

/// The scan of `rays_per_element` rays, evenly over the width of each detector element of `scan`.
ParallelScan scan_of_rays(const ParallelScan& scan, std::int64_t rays_per_element);
/// What an element reads in the linear model: the mean of its rays. `line` may be `rays` for one ray each.
void mean_of_rays(const Lanes* rays, std::int64_t detectors, std::int64_t rays_per_element, Lanes* line);
/// The transpose: each ray gets its element's value times 1 / rays_per_element.
void spread_to_rays(const Lanes* line, std::int64_t detectors, std::int64_t rays_per_element, Lanes* rays);

/// `line` (one for each detector) is overwritten with line integrals.
void project_view(const ViewWalk& walk, std::int64_t detectors, const Lanes* slab, Lanes* line);
/// The transpose, added to `slab`. `line` is scaled in place by the length of a sample.
void back_project_view(const ViewWalk& walk, std::int64_t detectors, Lanes* line, Lanes* slab);

}  // namespace gdm::ct
