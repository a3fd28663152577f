#include "prep/case_volumes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::prep {
namespace {

constexpr const char* sinogram = "sinogram";
const std::string inputs = "inputs.";  // before the name, a role

/// A part of the name between _, -, . and spaces begins with one of these.
bool names_labels(const std::string& name) {
  static const std::regex labels("(^|[-_. ])(label|seg|dseg|mask)", std::regex::icase);
  return std::regex_search(name, labels);
}

VolumeKind kind_of_input(const std::string& name, const std::vector<std::string>& labels) {
  if (names_labels(name) || std::find(labels.begin(), labels.end(), name) != labels.end()) return VolumeKind::labels;
  static const std::regex ct("fbp|.*ct", std::regex::icase);
  return std::regex_match(name, ct) ? VolumeKind::ct : VolumeKind::image;
}

void check_name(const std::string& name) {
  const bool valid =
      name.size() <= 200 && std::none_of(name.begin(), name.end(), [](unsigned char c) { return c == '/' || c < ' '; });
  if (!valid) throw Error(fmt::format("inputs: the name '{}' cannot be part of a file name", name));
}

}  // namespace

std::vector<CaseVolume> case_volumes(const Case& item, const std::vector<std::string>& labels, const fs::path& folder) {
  std::vector<CaseVolume> volumes;
  const auto place = [&](std::string name) { return folder / item.id / (name + ".nii.gz"); };
  for (const auto& [name, path] : item.inputs) {
    check_name(name);
    if (name != sinogram) volumes.push_back({inputs + name, kind_of_input(name, labels), path, place(name)});
  }
  const auto add = [&](const std::string& role, const std::string& name, VolumeKind kind, const auto& path) {
    std::string file = name;
    while (item.inputs.count(file) != 0) file = role + "_" + file;
    if (path) volumes.push_back({role, kind, *path, place(file)});
  };
  add("target", "ct", VolumeKind::ct, item.target);
  add("mask", "mask", VolumeKind::mask, item.mask);
  add("prediction", "prediction", VolumeKind::ct, item.prediction);
  return volumes;
}

void set_file(Case& item, const std::string& role, const fs::path& file) {
  if (role == "target") {
    item.target = file;
  } else if (role == "mask") {
    item.mask = file;
  } else if (role == "prediction") {
    item.prediction = file;
  } else {
    item.inputs[role.substr(role.find('.') + 1)] = file;
  }
}

void drop_sinogram(Case& item) {
  if (item.inputs.erase(sinogram) == 0) return;
  log_warning(fmt::format("case '{}': inputs.sinogram does not belong to the new volumes and is left out", item.id));
}

const CaseVolume& volume_named(const std::vector<CaseVolume>& volumes, const std::string& name) {
  for (const std::string& role : {name, inputs + name}) {
    const auto found =
        std::find_if(volumes.begin(), volumes.end(), [&role](const CaseVolume& volume) { return volume.role == role; });
    if (found != volumes.end()) return *found;
  }
  std::string names;
  for (const CaseVolume& volume : volumes) {
    names += (names.empty() ? "" : ", ") + volume.role.substr(volume.role.find('.') + 1);
  }
  throw Error(fmt::format("has no volume '{}'; there are {}", name, names));
}

std::vector<fs::path> files_of(const Case& item) {
  std::vector<fs::path> files;
  for (const CaseVolume& volume : case_volumes(item, {}, "")) files.push_back(volume.source);
  return files;
}

void enter_new_volumes(Case& item, const fs::path& folder) {
  for (const CaseVolume& volume : case_volumes(item, {}, folder)) set_file(item, volume.role, volume.output);
  drop_sinogram(item);
}

VolumeKind kind_from_name(const std::string& name) {
  if (name == "ct") return VolumeKind::ct;
  if (name == "labels") return VolumeKind::labels;
  return name == "mask" ? VolumeKind::mask : VolumeKind::image;
}

}  // namespace gdm::prep
