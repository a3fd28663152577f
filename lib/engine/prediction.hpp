// What a synthesis does around a model: volumes on the grid that it works on or mirrored, and the CT back where they
// were.
#pragma once

#include <string>
#include <vector>

#include "engine/generator.hpp"
#include "image/regrid.hpp"

namespace gdm::engine {

/// How images go between a case's grid and a model's, both ways: cubic, as it keeps more of what a voxel of the coarser
/// grid tells than linear does; the mean over a voxel on the way to a coarser grid; no value that was not there, since
/// what lies below 0 or below air changes how a volume is scaled.
constexpr RegridOptions model_regrid{Interpolation::cubic, true, true};

/// The volumes on `grid`, each with its least value outside its field.
std::vector<Volume> on_grid(const std::vector<Volume>& volumes, const Grid& grid);

/// A CT in HU on `grid`, with air outside its field.
Volume ct_on_grid(const Volume& ct_hu, const Grid& grid);

/// `own_hu` and what a model added to it on another grid, where it saw `seen_hu`: what a coarser grid cannot hold stays
/// as it was, and outside the other grid's field nothing is added.
Volume with_change(const Volume& own_hu, Volume predicted_hu, const Volume& seen_hu);

/// The same voxels backwards along the axis nearest to left-right, on the same grid: what the mirror image of a patient
/// gives there. Twice is once and back.
Volume mirrored(const Volume& volume);
std::vector<Volume> mirrored(const std::vector<Volume>& volumes);

}  // namespace gdm::engine
