#include "prep/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "io/nifti/nifti.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/signals.hpp"

namespace gdm::prep {
namespace {

constexpr std::size_t most_files = 2000000;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// A walk through a folder and those below it.
struct Walk {
  const fs::path& root;
  Names names;
  std::set<fs::path> visited;
  Files files;
  std::size_t passed_over = 0;
};

void walk_into(const fs::path& folder, Walk& walk) {
  throw_if_stop_requested();
  std::error_code error;
  if (!walk.visited.insert(fs::canonical(folder, error)).second) return;  // a link that leads back
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    entries.push_back(entry->path());
  }
  const auto fail = [&walk](const fs::path& path, const std::error_code& why) {
    const bool below = walk.names == Names::kept_back && path != walk.root;
    throw Error((below ? "something below " + walk.root.string() : path.string()) + ": " + why.message());
  };
  if (error) fail(folder, error);
  std::sort(entries.begin(), entries.end());
  for (const fs::path& entry : entries) {
    const fs::file_status status = fs::status(entry, error);
    const bool circle = error == std::errc::too_many_symbolic_link_levels;
    if (status.type() == fs::file_type::none && !circle) fail(entry, error);  // what it is cannot be told
    if (fs::is_directory(status)) {
      walk_into(entry, walk);
    } else if (fs::is_regular_file(status)) {
      walk.files.push_back(entry);
    } else if (walk.names == Names::kept_back) {
      ++walk.passed_over;
    } else {
      log_warning(entry.string() + ": is passed over: " +
                  (fs::is_symlink(entry, error) ? "the link leads nowhere" : "it is not a regular file"));
    }
    if (walk.files.size() > most_files) {
      throw Error(fmt::format("{}: more than {} files", walk.root.string(), most_files));
    }
  }
}

/// The JSON files beside volumes belong to them.
void remove_sidecars(const Files& files, Files& unused) {
  std::set<fs::path> stems;
  for (const fs::path& file : files) {
    if (is_nifti_name(file)) stems.insert(without_nifti_suffix(file));
  }
  const auto is_sidecar = [&](const fs::path& file) {
    return file.extension() == ".json" && stems.count(fs::path(file).replace_extension()) != 0;
  };
  unused.erase(std::remove_if(unused.begin(), unused.end(), is_sidecar), unused.end());
}

bool is_other_volume(const fs::path& file) {
  const std::string end = lower(file.extension().string());
  return end == ".mha" || end == ".mhd" || end == ".nrrd" || end == ".dcm" || end == ".ima";
}

/// nnUNet_raw holds several sets, of which each is one task.
void refuse_folder_of_sets(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!is_nnunet(entry.path())) continue;
    throw Error(fmt::format("{}: is a folder of nnU-Net data sets, expected one of them, such as {}", folder.string(),
                            entry.path().string()));
  }
}

Found find_in(const fs::path& folder, const Files& files, const LayoutOptions& options) {
  const bool automatic = options.layout == "auto";
  if (automatic ? is_nnunet(folder) : options.layout == "nnunet") return find_nnunet(folder, files, options.labels_as);
  if (automatic ? is_bids(folder) : options.layout == "bids") return find_bids(folder, files);
  return find_synthrad(folder, files);
}

}  // namespace

Files files_below(const fs::path& folder, Names names) {
  Walk walk{folder, names, {}, {}};
  walk_into(folder, walk);
  if (walk.passed_over > 0) {
    log_warning(fmt::format("{}: {} entries are passed over: links that lead nowhere, or no regular files",
                            folder.string(), walk.passed_over));
  }
  return std::move(walk.files);
}

bool is_nifti_name(const fs::path& path) {
  const std::string name = path.filename().string();
  const auto ends = [&name](const std::string& end) {
    return name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
  };
  // Names that begin with a dot are what other systems leave beside files.
  return !name.empty() && name.front() != '.' && (ends(".nii") || ends(".nii.gz"));
}

std::string split_of_name(const std::string& name) {
  static const std::map<std::string, std::string> names = {{"tr", "train"}, {"train", "train"}, {"training", "train"},
                                                           {"val", "val"},  {"valid", "val"},   {"validation", "val"},
                                                           {"ts", "test"},  {"test", "test"},   {"testing", "test"}};
  const auto found = names.find(lower(name));
  return found == names.end() ? "" : found->second;
}

std::string split_of_path(const fs::path& folder, const fs::path& file) {
  std::string split;
  for (const fs::path& part : file.lexically_relative(folder).parent_path()) {
    const std::string named = split_of_name(part.string());
    if (!named.empty()) split = named;
  }
  return split;
}

std::string input_name_of(const std::string& text) {
  std::string name = lower(text);
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-') c = '_';
  }
  return name == "mri" ? "mr" : name;
}

Found find_cases(const fs::path& given, const LayoutOptions& options) {
  std::error_code error;
  fs::path folder = given.lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // "data/" is "data"
  if (!fs::is_directory(folder, error)) {
    throw Error(folder.string() + (fs::exists(folder, error) ? ": is a file, expected a folder" : ": no such folder"));
  }
  const Files files = files_below(folder);
  Found found = find_in(folder, files, options);
  remove_sidecars(files, found.unused);
  if (found.cases.empty()) {
    refuse_folder_of_sets(folder);
    const auto volumes = std::count_if(files.begin(), files.end(), is_nifti_name);
    const auto others = std::count_if(files.begin(), files.end(), is_other_volume);
    if (volumes == 0 && others > 0) {
      throw Error(
          fmt::format("{}: no NIfTI file, but {} of MetaImage, NRRD or DICOM; gdm reads .nii and .nii.gz, so "
                      "convert them first",
                      folder.string(), others));
    }
    throw Error(
        fmt::format("{}: no case among {} files, {} of them NIfTI; expected {} (other names: --input "
                    "NAME='DIR/{{id}}/FILE.nii.gz')",
                    folder.string(), files.size(), volumes,
                    options.layout == "auto" ? "ID/mr.nii.gz and ID/ct.nii.gz, imagesTr/ID_0000.nii.gz, or sub-ID/anat"
                                             : found.what));
  }
  std::sort(found.cases.begin(), found.cases.end(),
            [](const FoundCase& a, const FoundCase& b) { return a.item.id < b.item.id; });
  return found;
}

}  // namespace gdm::prep
