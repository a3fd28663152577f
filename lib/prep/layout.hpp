// Cases found in folders that follow a known layout, or by patterns of file names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/manifest.hpp"
#include "prep/case_volumes.hpp"

namespace gdm::prep {

/// A case as it lies on the disk. Its split is that of its folder (imagesTs, .../val/...), or empty.
struct FoundCase {
  Case item;
  std::string place;  ///< its folder or files, for messages
};

struct Found {
  std::string what;                ///< "SynthRAD folders", ... for messages
  std::vector<FoundCase> cases;    ///< ordered by id
  std::vector<fs::path> unused;    ///< other files below the folder, but for sidecars of volumes
  std::vector<std::string> notes;  ///< what was chosen where there was a choice
  std::vector<fs::path> read;      ///< files whose content was used
};

/// What the files under labelsTr are in a case: "labels" (an input of that name), "target" or "mask".
struct LayoutOptions {
  std::string layout = "auto";  ///< "auto", "synthrad", "nnunet" or "bids"
  std::string labels_as = "labels";
};

/// Looks into `folder`. Throws Error naming what was looked for if there is no case, or no layout known.
Found find_cases(const fs::path& folder, const LayoutOptions& options);

// The layouts; `files` is all below the folder, in order.
using Files = std::vector<fs::path>;
Found find_synthrad(const fs::path& folder, const Files& files);
Found find_nnunet(const fs::path& folder, const Files& files, const std::string& labels_as);
Found find_bids(const fs::path& folder, const Files& files);
/// By the names of files and folders alone.
bool is_nnunet(const fs::path& folder);
bool is_bids(const fs::path& folder);

/// Whether messages may hold names of what lies in a folder: those of DICOM files tell of patients.
enum class Names { told, kept_back };

/// Regular files and links to them below a folder, in the order of their paths; folders behind links, too, but none
/// twice. Throws Error if a folder cannot be read, and for more than 2 million files. Warns of what is neither file nor
/// folder.
Files files_below(const fs::path& folder, Names names = Names::told);
bool is_nifti_name(const fs::path& path);
/// "train", "val" or "test" for Tr, Ts, training, validation, ... in any case; "" for other names.
std::string split_of_name(const std::string& name);
/// The split that the folders between `folder` and the file are named after, the innermost one that is; or "".
std::string split_of_path(const fs::path& folder, const fs::path& file);
/// "T2 FLAIR" -> "t2_flair"; "MRI" and "MR" -> "mr".
std::string input_name_of(const std::string& text);

}  // namespace gdm::prep
