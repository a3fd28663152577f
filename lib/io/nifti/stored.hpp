// Volumes that are written with the values they have: for tools that move voxels and change none.
#pragma once

#include "io/nifti/nifti.hpp"

namespace gdm {

/// As write_volume(), but nothing is clamped: a volume that was stored as integers and holds whole numbers from -32768
/// to 32767 becomes uint8 (if `stored` is, and they fit) or int16; every other one float32, which is what read_volume()
/// gave.
WriteReport write_as_stored(const fs::path& path, const Volume& volume, const NiftiInfo& stored, Overwrite overwrite);

/// The file holds whole numbers by its type and scaling.
bool stored_as_integers(const NiftiInfo& stored);

}  // namespace gdm
