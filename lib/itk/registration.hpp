// Registration of one volume to another by mutual information, by ITK's v4 framework.
//
// The search has three levels of isotropic voxels. At the coarsest all starts are refined; the best go on to the next
// level and the best of those to the last. Each refinement places the moving image by what is known so far and finds
// what is left, a small motion near the identity, so that no parametrisation of rotations is ever near a singularity.
#pragma once

#include "prep/registration.hpp"

namespace gdm::itk_part {

/// Finds where each point of `fixed` lies in `moving`. Where it is compared: around the body in `fixed`. The same
/// volumes, options and seed give the same transform, whatever the number of threads. Throws Error if a volume is
/// smaller than four voxels of the coarsest level along an axis, holds one value alone, or if no start makes the two
/// overlap.
prep::Registration register_volumes(const Volume& fixed, const Volume& moving,
                                    const prep::RegistrationOptions& options);

/// Where the voxels of `grid` lie in the moving world. Throws Error for a transform that ITK does
/// not know, or that has other numbers of parameters than its kind.
prep::Placement place(const prep::Transform& transform, const Grid& grid);

}  // namespace gdm::itk_part
