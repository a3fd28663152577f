// A manifest: what it lists, and on request every file that it names. A case with several faults gets a line for each.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <optional>
#include <set>

#include "ct/sinogram_file.hpp"
#include "image/grid_match.hpp"
#include "image/hu_check.hpp"
#include "image/mask.hpp"
#include "io/json.hpp"
#include "io/known_sidecar.hpp"
#include "io/manifest.hpp"
#include "io/nifti/unknown_orientation.hpp"
#include "prep/inspect.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/in_order.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::prep {
namespace {

constexpr std::size_t largest_json_bytes = std::size_t{256} << 20;

// ---- what is listed ----

struct Counts {
  std::map<std::string, std::pair<std::size_t, std::set<std::string>>> splits;  ///< cases and patients
  std::map<std::string, std::size_t> files;                                     ///< "inputs.mr", "target", ...
  std::set<std::string> patients;
  std::size_t errors = 0;
};

Counts count(const std::vector<Case>& cases) {
  Counts counts;
  for (const Case& item : cases) {
    auto& [number, patients] = counts.splits[item.split.empty() ? "no split" : item.split];
    ++number;
    patients.insert(item.patient());
    counts.patients.insert(item.patient());
    for (const auto& input : item.inputs) ++counts.files["inputs." + input.first];
    counts.files["target"] += item.target ? 1 : 0;
    counts.files["mask"] += item.mask ? 1 : 0;
    counts.files["prediction"] += item.prediction ? 1 : 0;
    counts.errors += item.error ? 1 : 0;
  }
  return counts;
}

void describe_manifest(const Manifest& manifest, const std::vector<Case>& cases, Inspection& result) {
  const Counts counts = count(cases);
  result.json["task"] = manifest.task;
  result.json["cases"] = cases.size();
  result.json["patients"] = counts.patients.size();
  std::vector<std::string> splits, files;
  for (const char* split : {"train", "val", "test", "no split"}) {
    const auto found = counts.splits.find(split);
    if (found == counts.splits.end()) continue;
    const auto& [number, patients] = found->second;
    result.json["splits"][split] = {{"cases", number}, {"patients", patients.size()}};
    splits.push_back(fmt::format("{} {}", number, split));
  }
  for (const auto& [role, number] : counts.files) {
    result.json["files"][role] = number;
    if (number > 0) files.push_back(fmt::format("{} {}", role, number));
  }
  result.json["errors"] = counts.errors;
  result.facts = {{"task", manifest.task.empty() ? "not stated" : manifest.task},
                  {"cases", fmt::format("{}{}{}; patients: {}", cases.size(), splits.empty() ? "" : ": ",
                                        fmt::join(splits, ", "), counts.patients.size())},
                  {"files", files.empty() ? "none" : fmt::format("{}", fmt::join(files, ", "))}};
  if (counts.errors > 0) result.facts.push_back({"errors", fmt::format("{} cases failed earlier", counts.errors)});
  if (manifest.provenance.contains("tool") && manifest.provenance["tool"].is_string()) {
    result.facts.push_back({"made by", manifest.provenance["tool"].get<std::string>()});
  }
}

// ---- every file of a case ----

struct CheckedCase {
  Json json = Json::object();
  Row row;
  std::vector<Notice> notices;
  std::vector<std::string> unknown_orientation;  ///< "target: a.nii.gz", ...
};

class CaseCheck {
 public:
  CaseCheck(const Case& item, std::string place) : item_(item), place_(std::move(place)) {}

  CheckedCase run() {
    const WarningCapture capture;
    result_.json = {{"id", item_.id}, {"line", item_.line}, {"split", item_.split}};
    if (item_.error) problem("failed in an earlier program: " + *item_.error);
    if (!item_.target && item_.inputs.empty() && !item_.prediction) problem("names neither target nor inputs");
    if (item_.target) check_volume("target", *item_.target);
    for (const auto& [name, path] : item_.inputs) check_volume("inputs." + name, path);
    if (item_.prediction) check_volume("prediction", *item_.prediction);
    if (item_.mask) check_mask();
    for (const std::string& warning : capture.warnings()) {
      if (!tells_unknown_orientation(warning)) result_.notices.push_back({false, place_ + ": " + warning});
    }
    finish_row();
    return std::move(result_);
  }

 private:
  void problem(const std::string& text) {
    result_.notices.push_back({true, place_ + ": " + text});
    ++problems_;
  }

  struct Seen {
    Grid grid;  ///< of a sinogram the grid that was projected
    ValueSummary values;
  };

  /// The voxels are gone when it returns.
  Seen read(const std::string& role, const fs::path& path) {
    if (role == "inputs.sinogram" || describes_sinogram(known_sidecar(path))) {
      ct::StoredSinogram stored = ct::read_sinogram(path);
      return {stored.grid, summarize_values(stored.sinogram.line_integrals)};
    }
    Volume volume = read_volume(path);
    if (role == "target") check([&] { require_hu(volume, role + ": " + path.string()); });
    return {volume.grid, summarize_values(volume.voxels)};
  }

  /// What it throws is a problem of the case, and the others are looked for all the same.
  template <class Function>
  void check(Function function) {
    try {
      function();
    } catch (const Error& error) {
      problem(error.what());
    }
  }

  void check_volume(const std::string& role, const fs::path& path) {
    try {
      const auto [grid, values] = read(role, path);
      result_.json["files"][role] = values_json(values);
      const std::string where = role + ": " + path.string();
      if (has_unknown_orientation(grid)) result_.unknown_orientation.push_back(where);
      const std::string non_finite = non_finite_problem(values);
      if (!non_finite.empty()) problem(where + ": " + non_finite);
      if (non_finite.empty() && values.min == values.max) {
        problem(fmt::format("{}: every voxel is {:g}", where, values.min));
      }
      if (!grid_) {
        grid_ = grid;
        grid_role_ = role;
        cells_ = volume_cells(grid, values);
      } else {
        check([&, &found = grid] { require_same_grid(found, where, *grid_, grid_role_); });
      }
    } catch (const Error& error) {
      problem(role + ": " + error.what());
    }
  }

  void check_mask() {
    try {
      const Mask mask = read_mask(*item_.mask, grid_ ? &*grid_ : nullptr);
      const auto inside = static_cast<double>(count_inside(mask)), whole = static_cast<double>(mask.grid.voxels());
      if (has_unknown_orientation(mask.grid)) {
        result_.unknown_orientation.push_back("mask: " + item_.mask->string());
      }
      if (inside == 0) problem(fmt::format("mask: {}: the mask is empty", item_.mask->string()));
      result_.json["files"]["mask"] = {{"coverage", inside / whole}};
      covered_ = percent(inside, whole);
    } catch (const Error& error) {
      problem(std::string("mask: ") + error.what());
    }
  }

  void finish_row() {
    result_.json["problems"] = Json::array();
    for (const Notice& notice : result_.notices) {
      if (notice.problem) result_.json["problems"].push_back(notice.text);
    }
    result_.row = {item_.split.empty() ? "-" : item_.split};
    if (cells_.empty()) cells_.assign(volume_titles().size(), "-");
    result_.row.insert(result_.row.end(), cells_.begin(), cells_.end());
    result_.row.push_back(covered_);
    result_.row.push_back(problems_ == 0 ? "ok" : fmt::format("{} wrong", problems_));
    result_.row.push_back(item_.id);
  }

  const Case& item_;
  std::string place_;
  CheckedCase result_;
  std::optional<Grid> grid_;
  std::string grid_role_, covered_ = "-";
  Row cells_;
  int problems_ = 0;
};

/// One warning for all files, as whole sets are stored so.
class UnknownOrientations {
 public:
  void add(const std::vector<std::string>& files, const std::string& place) {
    if (number_ == 0 && !files.empty()) first_ = place + ": " + files.front();
    number_ += files.size();
  }
  void tell(const Notify& add) const {
    if (number_ == 0) return;
    const std::string others = number_ == 1 ? "" : fmt::format(" (and of {} other files)", number_ - 1);
    add({false, fmt::format("{}{}: {}", first_, others, unknown_orientation_text)});
  }

 private:
  std::size_t number_ = 0;
  std::string first_;
};

void check_cases(const std::vector<Case>& cases, const std::string& name, const Notify& add, Inspection& result) {
  Row titles{"split"};
  for (const std::string& title : volume_titles()) titles.push_back(title);
  titles.insert(titles.end(), {"mask", "check", "case"});
  result.table = {titles};
  result.json["checked"] = Json::array();
  UnknownOrientations unknown;
  Progress progress("checking", static_cast<std::int64_t>(cases.size()), "cases");
  parallel_in_order(
      static_cast<std::int64_t>(cases.size()),
      [&](std::int64_t n) {
        throw_if_stop_requested();
        const Case& item = cases[static_cast<std::size_t>(n)];
        return CaseCheck(item, item.place(name)).run();
      },
      [&](std::int64_t n, CheckedCase checked) {
        for (const Notice& notice : checked.notices) add(notice);
        unknown.add(checked.unknown_orientation, cases[static_cast<std::size_t>(n)].place(name));
        result.json["checked"].push_back(std::move(checked.json));
        result.table.push_back(std::move(checked.row));
        progress.advance(1, cases[static_cast<std::size_t>(n)].id);
      });
  unknown.tell(add);
}

// ---- sidecars ----

bool is_sidecar(const Json& json) {
  return json.is_object() && !json.contains("gdm_manifest") && json.contains("GeneratedBy") && json.contains("gdm");
}

void describe_sidecar(const Json& json, Inspection& result) {
  result.kind = "sidecar";
  result.json["content"] = json;
  result.facts = {{"made by", made_by(json)}};
  for (const char* key : {"clamped_voxels", "non_finite_voxels"}) {
    if (json["gdm"].contains(key)) result.facts.push_back({key, json["gdm"][key].dump()});
  }
}

}  // namespace

void inspect_json(const fs::path& path, const InspectOptions& options, const Notify& add, Inspection& result) {
  const std::string text = read_file(path, largest_json_bytes);
  if (text.find("\"GeneratedBy\"") != std::string::npos && text.find("\"gdm_manifest\"") == std::string::npos) {
    const Json json = with_context(result.name, [&] { return parse_json(text); });
    if (is_sidecar(json)) return describe_sidecar(json, result);
  }
  result.kind = "manifest";
  const Manifest manifest = parse_manifest(text, path == "-" ? fs::path() : path.parent_path(), result.name);
  const std::vector<Case> cases = options.split == "all"
                                      ? manifest.cases
                                      : with_context(result.name, [&] { return manifest.split(options.split); });
  describe_manifest(manifest, cases, result);
  if (options.check) check_cases(cases, result.name, add, result);
}

}  // namespace gdm::prep
