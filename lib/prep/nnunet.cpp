// nnU-Net's raw data: imagesTr/ID_0000.nii.gz, one file for each channel, labelsTr/ID.nii.gz, the names of the channels
// in dataset.json ("channel_names", in older sets "modality").
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "io/json.hpp"
#include "io/nifti/nifti.hpp"
#include "prep/layout.hpp"
#include "sys/atomic_file.hpp"
#include "sys/error.hpp"

namespace gdm::prep {
namespace {

constexpr std::size_t largest_dataset_bytes = std::size_t{64} << 20;

/// "0003" of "hn_12_0003.nii.gz", and "hn_12".
struct ChannelFile {
  std::string id;
  std::size_t channel = 0;
};

std::optional<ChannelFile> channel_file(const fs::path& file) {
  const std::string stem = without_nifti_suffix(file).filename().string();
  const std::size_t digits = 4, end = stem.size();
  if (!is_nifti_name(file) || end < digits + 2 || stem[end - digits - 1] != '_') return std::nullopt;
  const std::string number = stem.substr(end - digits);
  if (!std::all_of(number.begin(), number.end(), [](unsigned char c) { return std::isdigit(c); })) return std::nullopt;
  return ChannelFile{stem.substr(0, end - digits - 1), std::stoul(number)};
}

/// Names of the channels by number; equal ones are told apart by it.
std::map<std::size_t, std::string> channel_names(const fs::path& dataset) {
  const Json json =
      with_context(dataset.string(), [&] { return parse_json(read_file(dataset, largest_dataset_bytes)); });
  std::map<std::size_t, std::string> names;
  const char* const key = json.is_object() && json.contains("channel_names") ? "channel_names" : "modality";
  if (!json.is_object() || !json.contains(key) || !json[key].is_object()) return names;
  std::map<std::string, int> uses;
  for (const auto& [number, name] : json[key].items()) {
    if (!name.is_string() || number.empty() || number.find_first_not_of("0123456789") != std::string::npos) {
      throw Error(fmt::format("{}: '{}' holds '{}': {}, expected a number and a name", dataset.string(), key, number,
                              name.dump()));
    }
    const std::string input = input_name_of(name.get<std::string>());
    if (input.empty() || number.size() > 4) continue;
    names[std::stoul(number)] = input;
    ++uses[input];
  }
  for (auto& [number, name] : names) {
    if (uses[name] > 1) name += fmt::format("_{:04}", number);
  }
  return names;
}

/// "Tr" of a folder "imagesTr" for `kind` "images".
std::string part_of(const fs::path& folder, const std::string& kind) {
  const std::string name = folder.filename().string();
  const std::string part = name.rfind(kind, 0) == 0 ? name.substr(kind.size()) : "";
  return split_of_name(part).empty() ? "" : part;
}

/// Cases of one id in Tr and Ts stay two, which is refused later as an id that is found twice.
using Key = std::pair<std::string, std::string>;  // id, part

}  // namespace

bool is_nnunet(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder / "imagesTr", error) || fs::is_directory(folder / "imagesTs", error);
}

Found find_nnunet(const fs::path& folder, const Files& files, const std::string& labels_as) {
  Found found;
  found.what = "imagesTr/ID_0000.nii.gz and labelsTr/ID.nii.gz of nnU-Net";
  const fs::path dataset = folder / "dataset.json";
  std::map<std::size_t, std::string> names;
  if (fs::exists(dataset)) {
    names = channel_names(dataset);
    found.read.push_back(dataset);
  }
  std::map<Key, Case> cases;
  std::vector<std::pair<Key, fs::path>> labels;
  for (const fs::path& file : files) {
    const bool direct = file.parent_path().parent_path() == folder;
    const std::string images = direct ? part_of(file.parent_path(), "images") : "";
    const std::string labelled = direct ? part_of(file.parent_path(), "labels") : "";
    if (const auto channel = channel_file(file); channel && !images.empty()) {
      const auto name = names.find(channel->channel);
      const std::string input = name != names.end() ? name->second : fmt::format("channel{}", channel->channel);
      const bool is_target = input == "ct" && labels_as != "target";
      set_file(cases[{channel->id, images}], is_target ? "target" : "inputs." + input, file);
    } else if (is_nifti_name(file) && !labelled.empty()) {
      labels.push_back({{without_nifti_suffix(file).filename().string(), labelled}, file});
    } else if (file != dataset) {
      found.unused.push_back(file);
    }
  }
  for (const auto& [key, file] : labels) {
    const auto place = cases.find(key);
    if (place == cases.end()) {
      found.unused.push_back(file);
    } else {
      set_file(place->second, labels_as == "labels" ? "inputs.labels" : labels_as, file);
    }
  }
  for (auto& [key, item] : cases) {
    item.id = key.first;
    item.split = split_of_name(key.second);
    found.cases.push_back({std::move(item), (folder / ("images" + key.second) / key.first).string()});
  }
  return found;
}

}  // namespace gdm::prep
