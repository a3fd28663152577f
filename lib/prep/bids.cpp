// BIDS: sub-01[/ses-x]/anat/sub-01[_ses-x]_T1w.nii.gz, ct/..._ct.nii.gz, masks and label maps beside them or below
// derivatives/. One case for each session of a subject.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <tuple>

#include "io/nifti/nifti.hpp"
#include "prep/layout.hpp"

namespace gdm::prep {
namespace {

/// A file name taken apart: "sub-01_ses-a_acq-3d_T1w.nii.gz".
struct BidsName {
  std::string subject, session;  ///< "sub-01", "ses-a" or ""
  std::map<std::string, std::string> entities;
  std::string suffix;  ///< "T1w"
};

std::optional<BidsName> bids_name(const fs::path& file) {
  if (!is_nifti_name(file)) return std::nullopt;
  std::istringstream stream(without_nifti_suffix(file).filename().string());
  BidsName name;
  for (std::string part; std::getline(stream, part, '_');) {
    const auto dash = part.find('-');
    if (dash == std::string::npos) {
      name.suffix += (name.suffix.empty() ? "" : "_") + part;
    } else if (part.compare(0, dash, "sub") == 0) {
      name.subject = part;
    } else if (part.compare(0, dash, "ses") == 0) {
      name.session = part;
    } else {
      name.entities[part.substr(0, dash)] = part.substr(dash + 1);
    }
  }
  if (name.subject.empty() || name.suffix.empty()) return std::nullopt;
  return name;
}

/// What the file is in its case: "target", "mask", "inputs.NAME", or "" for nothing that belongs into it.
std::string role_of(const fs::path& folder, const fs::path& file, const BidsName& name) {
  const std::string type = file.parent_path().filename().string();
  const bool derived = *file.lexically_relative(folder).begin() == "derivatives";
  const bool volume = type == "anat" || type == "ct" || type == "pet" || type == "mr";
  const auto space = name.entities.find("space");
  if (space != name.entities.end() && space->second.rfind("MNI", 0) == 0) return "";  // not the subject's own space
  if (name.suffix == "mask") return "mask";
  if (name.suffix == "dseg") return "inputs.labels";
  if (derived || !volume) return "";
  return name.suffix == "ct" || name.suffix == "CT" ? "target" : "inputs." + input_name_of(name.suffix);
}

/// A file that may take a place in a case; the least is taken.
struct Candidate {
  bool other_mask;  ///< a mask of something else than the body goes behind
  std::size_t entities;
  fs::path file;
  bool operator<(const Candidate& other) const {
    return std::tie(other_mask, entities, file) < std::tie(other.other_mask, other.entities, other.file);
  }
};

using Places = std::map<std::string, std::set<Candidate>>;  // of one case, by role

FoundCase case_of(const std::string& id, const Places& places, Found& found) {
  FoundCase result;
  result.item.id = id;
  for (const auto& [role, candidates] : places) {
    const Candidate& first = *candidates.begin();
    set_file(result.item, role, first.file);
    if (role != "mask" || result.place.empty()) result.place = first.file.parent_path().string();
    if (candidates.size() == 1) continue;
    found.notes.push_back(fmt::format("case '{}': {} files for {}; {} is taken (--input chooses by name)", id,
                                      candidates.size(), role, first.file.filename().string()));
    for (auto other = std::next(candidates.begin()); other != candidates.end(); ++other) {
      found.unused.push_back(other->file);
    }
  }
  return result;
}

}  // namespace

bool is_bids(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / "dataset_description.json", error)) return true;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const fs::path& path = entry.path();
    if (path.filename().string().rfind("sub-", 0) != 0 || !entry.is_directory(error)) continue;
    for (const fs::directory_entry& inner : fs::directory_iterator(path, error)) {
      const std::string name = inner.path().filename().string();
      if (name == "anat" || name == "ct" || name == "mr" || name.rfind("ses-", 0) == 0) return true;
    }
  }
  return false;
}

Found find_bids(const fs::path& folder, const Files& files) {
  Found found;
  found.what = "sub-ID[/ses-ID]/anat and ct of BIDS";
  std::map<std::pair<std::string, std::string>, Places> cases;  // by subject and session
  for (const fs::path& file : files) {
    const auto name = bids_name(file);
    const std::string role = name ? role_of(folder, file, *name) : "";
    if (role.empty()) {
      found.unused.push_back(file);
      continue;
    }
    const auto desc = name->entities.find("desc");
    const bool other_mask = role == "mask" && (desc == name->entities.end() || desc->second != "body");
    cases[{name->subject, name->session}][role].insert({other_mask, name->entities.size(), file});
  }
  for (const auto& [key, places] : cases) {
    const auto& [subject, session] = key;
    FoundCase result = case_of(session.empty() ? subject : subject + "_" + session, places, found);
    if (result.item.inputs.empty() && !result.item.target) {
      if (result.item.mask) found.unused.push_back(*result.item.mask);
      continue;
    }
    result.item.meta["patient"] = subject;
    if (!session.empty()) result.item.meta["session"] = session;
    result.item.split = split_of_path(folder, fs::path(result.place) / "file");
    found.cases.push_back(std::move(result));
  }
  return found;
}

}  // namespace gdm::prep
