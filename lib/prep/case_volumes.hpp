// The volumes of a case, one by one: what each is, and where a new set has its copy.
#pragma once

#include <string>
#include <vector>

#include "io/manifest.hpp"

namespace gdm::prep {

enum class VolumeKind { ct, image, labels, mask };

struct CaseVolume {
  std::string role;  ///< "inputs.NAME", "target", "mask" or "prediction"
  VolumeKind kind;
  fs::path source;
  fs::path output;  ///< FOLDER/ID/NAME.nii.gz; NAME is that of the input, or ct, mask, prediction
};

/// Target and prediction are CT, and so are inputs called fbp or with a name that ends in "ct" (ct, cbct, ...). Labels
/// are the inputs in `labels` and those with a part of the name ("_", "-", "." and spaces part it) that begins with
/// "label", "seg", "dseg" or "mask". Sinograms are no volumes and left out.
/// Throws Error for an input whose name cannot be a file's.
std::vector<CaseVolume> case_volumes(const Case& item, const std::vector<std::string>& labels, const fs::path& folder);

/// The one of this role or, where there is none, the input of this name; so "mr" and "inputs.mr" are one. Throws Error
/// that names those that are there.
const CaseVolume& volume_named(const std::vector<CaseVolume>& volumes, const std::string& name);

/// Their sources.
std::vector<fs::path> files_of(const Case& item);

/// Enters a file under its role.
void set_file(Case& item, const std::string& role, const fs::path& file);
/// The input that case_volumes() leaves out goes, too, and a warning says so.
void drop_sinogram(Case& item);
/// Every volume of the case becomes that of the new set in `folder`.
void enter_new_volumes(Case& item, const fs::path& folder);

VolumeKind kind_from_name(const std::string& name);  ///< "ct", "image", "labels", "mask"

}  // namespace gdm::prep
