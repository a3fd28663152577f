#include "prep/make_manifest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "prep/patterns.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::prep {
namespace {

using Roles = std::set<std::string>;

Roles roles_of(const Case& item) {
  Roles roles;
  for (const auto& entry : item.inputs) roles.insert(entry.first);
  if (item.target) roles.insert("target");
  if (item.mask) roles.insert("mask");
  if (item.prediction) roles.insert("prediction");
  return roles;
}

CasePatterns patterns_of(const ManifestOptions& options) {
  CasePatterns patterns;
  for (const std::string& text : options.inputs) {
    const auto equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw Error(fmt::format("--input: '{}' is not NAME=PATTERN, such as mr='data/{{id}}/mr.nii.gz'", text),
                  Exit::usage);
    }
    const std::string name = text.substr(0, equals);
    for (const auto& entry : patterns.inputs) {
      if (entry.first == name) throw Error(fmt::format("--input: '{}' is given twice", name), Exit::usage);
    }
    patterns.inputs.emplace_back(name, PathPattern(text.substr(equals + 1), "--input " + name));
  }
  if (!options.target.empty()) patterns.target.emplace_back(options.target, "--target");
  if (!options.mask.empty()) patterns.mask.emplace_back(options.mask, "--mask");
  return patterns;
}

std::vector<Found> find_all(const ManifestOptions& options) {
  const bool by_pattern = !options.inputs.empty() || !options.target.empty() || !options.mask.empty();
  if (by_pattern == !options.folders.empty()) {
    throw Error(by_pattern ? "folders do not go with --input, --target and --mask, which name files by themselves"
                           : "nothing to look into: expected folders, or --input, --target and --mask with patterns",
                Exit::usage);
  }
  std::vector<Found> all;
  if (by_pattern) all.push_back(find_by_patterns(patterns_of(options)));
  for (const fs::path& folder : options.folders) all.push_back(find_cases(folder, options.layout));
  return all;
}

/// "60 cases (60 mr, 60 target, 58 mask)".
std::string summary(const std::vector<FoundCase>& cases) {
  std::map<std::string, int> counts;
  for (const FoundCase& found : cases) {
    for (const std::string& role : roles_of(found.item)) ++counts[role];
  }
  std::vector<std::string> parts;
  for (const auto& [role, count] : counts) parts.push_back(fmt::format("{} {}", count, role));
  return fmt::format("{} {} ({})", cases.size(), cases.size() == 1 ? "case" : "cases", fmt::join(parts, ", "));
}

void report(const std::string& where, const Found& found) {
  log_info(fmt::format("{}{}: {}", where, found.what, summary(found.cases)));
  for (const std::string& note : found.notes) log_warning(note);
  if (found.unused.empty()) return;
  const auto volumes = std::count_if(found.unused.begin(), found.unused.end(), is_nifti_name);
  log_info(
      fmt::format("{}{} files are not used, {} of them NIfTI (-v names them)", where, found.unused.size(), volumes));
  for (const fs::path& file : found.unused) log_verbose("not used: " + file.string());
}

/// By split of the folder: what the cases of it have.
std::map<std::string, Roles> expected_roles(const std::vector<FoundCase>& cases) {
  std::map<std::string, Roles> expected;
  for (const FoundCase& found : cases) {
    const Roles roles = roles_of(found.item);
    expected[found.item.split].insert(roles.begin(), roles.end());
  }
  return expected;
}

/// Cases that lack a file are named, and taken out unless they are kept. Returns how many there are.
std::size_t sort_out_incomplete(std::vector<FoundCase>& cases, const std::string& incomplete) {
  const std::map<std::string, Roles> expected = expected_roles(cases);
  std::vector<FoundCase> good;
  std::size_t lacking = 0;
  for (FoundCase& found : cases) {
    const Roles roles = roles_of(found.item);
    std::vector<std::string> missing;
    for (const std::string& role : expected.at(found.item.split)) {
      if (roles.count(role) == 0) missing.push_back(role);
    }
    if (missing.empty() || incomplete == "keep") good.push_back(found);
    if (missing.empty()) continue;
    ++lacking;
    const std::string text =
        fmt::format("case '{}' ({}) lacks {}", found.item.id, found.place, fmt::join(missing, ", "));
    incomplete == "refuse" ? log_error(text) : log_warning(text + (incomplete == "skip" ? ": left out" : ": kept"));
  }
  cases = std::move(good);
  return lacking;
}

void refuse_equal_ids(const std::vector<FoundCase>& cases) {
  std::map<std::string, const FoundCase*> ids;
  for (const FoundCase& found : cases) {
    const auto [first, fresh] = ids.emplace(found.item.id, &found);
    if (fresh) continue;
    throw Error(
        fmt::format("the id '{}' is found twice: {} and {}; a pattern makes ids of several names: --input "
                    "mr='DIR/{{patient}}/{{session}}/mr.nii.gz'",
                    found.item.id, first->second->place, found.place));
  }
}

/// JSON holds no other bytes, and a name that was changed would not be found.
void refuse_other_bytes(const std::string& text) {
  try {
    static_cast<void>(Json(text).dump());
  } catch (const JsonError&) {
    throw Error(text + ": the name is not UTF-8, which a manifest needs; rename it");
  }
}

void check_names(const Case& item) {
  refuse_other_bytes(item.id);
  for (const auto& [name, path] : item.inputs) refuse_other_bytes(path.string());
  for (const auto& path : {item.target, item.mask, item.prediction}) {
    if (path) refuse_other_bytes(path->string());
  }
}

std::string task_of(const std::vector<Case>& cases) {
  const bool images = std::any_of(cases.begin(), cases.end(), [](const Case& item) {
    return std::any_of(item.inputs.begin(), item.inputs.end(), [](const auto& input) {
      return input.first != "labels" && input.first != "fbp" && input.first != "sinogram";
    });
  });
  return images ? "mr2ct" : "sparse-ct";
}

void set_splits(std::vector<Case>& cases, const ManifestOptions& options, bool given_by_pattern) {
  if (options.split_by_folder && !options.split.empty()) {
    throw Error("--split and --split-by-folder do not go together", Exit::usage);
  }
  if (!options.split.empty()) return split_by_patient(cases, parse_split(options.split), options.seed);
  for (Case& item : cases) {
    if (!options.split_by_folder && !given_by_pattern) item.split.clear();
    if (options.split_by_folder && item.split.empty()) {
      throw Error(
          fmt::format("--split-by-folder: case '{}' lies in no folder such as imagesTr, train, val or test", item.id));
    }
  }
}

void report_splits(const std::vector<Case>& cases) {
  std::map<std::string, std::set<std::string>> patients{{"train", {}}, {"val", {}}, {"test", {}}};
  std::map<std::string, int> counts;
  for (const Case& item : cases) {
    patients[item.split].insert(item.patient());
    ++counts[item.split];
  }
  if (counts.count("") != 0) return;
  std::vector<std::string> parts;
  for (const char* split : {"train", "val", "test"}) {
    parts.push_back(fmt::format("{} {} cases of {} patients", split, counts[split], patients[split].size()));
  }
  log_info(fmt::format("{}", fmt::join(parts, ", ")));
}

/// With so few patients that a share came to nobody, the user hears of it before a training does.
void warn_of_empty_splits(const std::vector<Case>& cases, const SplitShares& shares) {
  const std::array<const char*, 3> names{"train", "val", "test"};
  for (std::size_t n = 0; n < names.size(); ++n) {
    const bool empty =
        std::none_of(cases.begin(), cases.end(), [&](const Case& item) { return item.split == names[n]; });
    if (!empty || !shares.percent || shares.share[n] == 0) continue;
    log_warning(
        fmt::format("--split: nobody is in {}; numbers of patients, such as rest,1,1, are met exactly", names[n]));
  }
}

constexpr std::size_t least_folders = 3, most_visits = 6;  // what looks like patients and not like body parts or sites

/// Folders of a few cases each look like patients with their visits, which must not fall into several splits.
void warn_of_visits(const std::vector<FoundCase>& cases) {
  std::map<fs::path, std::size_t> folders;
  for (const FoundCase& found : cases) {
    if (found.item.meta.contains("patient") || !found.item.target) return;
    ++folders[found.item.target->parent_path().parent_path()];
  }
  const bool several = std::any_of(folders.begin(), folders.end(), [](const auto& f) { return f.second > 1; });
  const bool few = std::all_of(folders.begin(), folders.end(), [](const auto& f) { return f.second <= most_visits; });
  if (folders.size() < least_folders || !several || !few) return;
  log_warning(fmt::format(
      "--split takes each case for a patient of its own, but the cases lie in {} folders of a few each; if those are "
      "patients, name them: --target 'FOLDER/{{patient}}/{{visit}}/ct.nii.gz' and so on",
      folders.size()));
}

}  // namespace

MadeManifest make_manifest(const ManifestOptions& options) {
  MadeManifest made;
  std::vector<FoundCase> cases;
  const std::vector<Found> all = find_all(options);
  std::size_t lacking = 0;
  for (std::size_t n = 0; n < all.size(); ++n) {
    report(options.folders.empty() ? "" : options.folders[n].string() + ": ", all[n]);
    std::vector<FoundCase> own = all[n].cases;
    lacking += sort_out_incomplete(own, options.incomplete);
    cases.insert(cases.end(), own.begin(), own.end());
    made.read.insert(made.read.end(), all[n].read.begin(), all[n].read.end());
  }
  if (lacking > 0 && options.incomplete == "refuse") {
    throw Error(
        fmt::format("{} of {} cases lack a file that others have; --incomplete skip leaves them out, keep takes "
                    "them as they are",
                    lacking, cases.size() + lacking));
  }
  refuse_equal_ids(cases);
  if (!options.split.empty()) warn_of_visits(cases);
  std::vector<Case>& items = made.manifest.cases;
  for (FoundCase& found : cases) {
    check_names(found.item);
    items.push_back(std::move(found.item));
  }
  if (items.empty()) throw Error("every case lacks a file that others have, so none is left");
  set_splits(items, options, options.folders.empty());
  made.manifest.task = options.task.empty() ? task_of(items) : options.task;
  if (!options.split.empty() || options.split_by_folder) report_splits(items);
  if (!options.split.empty()) warn_of_empty_splits(items, parse_split(options.split));
  return made;
}

}  // namespace gdm::prep
