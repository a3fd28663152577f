// ID/mr.nii.gz, ID/ct.nii.gz, ID/mask.nii.gz at any depth, as the SynthRAD challenges hand their data out.
#include <algorithm>

#include "io/nifti/nifti.hpp"
#include "prep/layout.hpp"

namespace gdm::prep {
namespace {

/// What a case folder may hold beside ct, mask and prediction.
const std::vector<std::string>& input_names() {
  static const std::vector<std::string> names = {"mr",    "cbct", "t1",     "t1c", "t2",
                                                 "flair", "pet",  "labels", "fbp", "sinogram"};
  return names;
}

/// Takes the file into the case if its name says what it is, and nothing has this place yet.
bool take(const fs::path& file, Case& item) {
  const std::string name = without_nifti_suffix(file).filename().string();
  const auto set = [&file](std::optional<fs::path>& place) {
    if (place) return false;
    place = file;
    return true;
  };
  if (name == "ct") return set(item.target);
  if (name == "mask") return set(item.mask);
  if (name == "prediction") return set(item.prediction);
  const auto& names = input_names();
  return std::find(names.begin(), names.end(), name) != names.end() && item.inputs.emplace(name, file).second;
}

}  // namespace

Found find_synthrad(const fs::path& folder, const Files& files) {
  Found found;
  found.what = "folders ID/ with mr or cbct, ct and mask .nii.gz";
  std::map<fs::path, Case> cases;
  for (const fs::path& file : files) {
    Case item = cases[file.parent_path()];
    if (is_nifti_name(file) && take(file, item)) {
      cases[file.parent_path()] = std::move(item);
    } else {
      found.unused.push_back(file);
    }
  }
  for (auto& [place, item] : cases) {
    if (item.inputs.empty() && !item.target) {
      for (const auto& file : {item.mask, item.prediction}) {
        if (file) found.unused.push_back(*file);
      }
      continue;
    }
    // The folder that was named may be "." or a link; it is a case if it holds the volumes itself.
    item.id = (place == folder ? fs::weakly_canonical(fs::absolute(place)) : place).filename().string();
    item.split = split_of_path(folder, place / "ct");
    found.cases.push_back({std::move(item), place.string()});
  }
  return found;
}

}  // namespace gdm::prep
