#include "cli/single_case.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/batch.hpp"
#include "cli/new_set.hpp"
#include "cli/values.hpp"
#include "io/file_kind.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"

namespace gdm::cli {
namespace {

/// "t1=a.nii.gz" -> name and file.
std::pair<std::string, fs::path> input_from_text(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) {
    throw Error(fmt::format("'{}' is not NAME=FILE such as mr=mr.nii.gz", text), Exit::usage);
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::string wanted_text(const std::vector<std::string>& wanted) {
  return fmt::format("the model takes {}", fmt::join(wanted, ", "));
}

/// A pipe is looked into without taking anything out of it.
void require_volume(const fs::path& file) {
  if (file_kind(file) == FileKind::volume) return;
  throw Error(input_name(file) + ": is no NIfTI volume, which an input of one case must be", Exit::usage);
}

void add_input(Case& item, const std::string& name, const fs::path& file, const std::vector<std::string>& wanted) {
  if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) {
    throw Error(fmt::format("--input: the model has no input '{}'; {}", name, wanted_text(wanted)), Exit::usage);
  }
  require_volume(file);
  if (!item.inputs.emplace(name, file).second) {
    throw Error(fmt::format("--input: '{}' is given twice", name), Exit::usage);
  }
}

}  // namespace

void add_single_options(CLI::App& command, SingleCase& single) {
  command.add_option("--input", single.inputs, "One volume of a model with several inputs, by its name; repeatable")
      ->check(accepted_by(input_from_text, "input"))
      ->allow_extra_args(false)
      ->default_str("")
      ->type_name("NAME=FILE");
  command.add_option("--mask", single.mask, "For one volume: where its body is; cases bring their own")
      ->type_name("FILE");
}

bool is_single(const SingleCase& single, const fs::path& output) {
  const std::string& name = single.volume;
  if (!single.inputs.empty()) {
    if (name.empty()) return true;
    throw Error(fmt::format("'{}' does not go with --input, which names the volumes of one case", name), Exit::usage);
  }
  if (name.empty()) throw Error("expected a manifest, a volume, or --input NAME=FILE", Exit::usage);
  const bool stream = name == "-";
  // On standard input only the first bytes tell; a folder as the output asks for a manifest all the same, whose reader
  // names what it has found instead.
  const bool one = stream ? is_volume_name(output) && file_kind("-") == FileKind::volume
                          : !is_manifest(name) && file_kind(name) != FileKind::json;
  if (!one && !single.mask.empty()) {
    throw Error("--mask is for one volume; a case brings its own mask", Exit::usage);
  }
  return one;
}

Case case_of(const SingleCase& single, const std::vector<std::string>& wanted) {
  Case item;
  if (!single.volume.empty()) {
    if (wanted.size() > 1) {
      throw Error(fmt::format("{}: one volume is not enough, as {}: name each by --input NAME=FILE",
                              input_name(single.volume), wanted_text(wanted)),
                  Exit::usage);
    }
    add_input(item, wanted.front(), single.volume, wanted);
  }
  for (const std::string& text : single.inputs) {
    const auto [name, file] = input_from_text(text);
    add_input(item, name, file, wanted);
  }
  for (const std::string& name : wanted) {
    if (item.inputs.count(name) > 0) continue;
    throw Error(fmt::format("--input {}=FILE is missing; {}", name, wanted_text(wanted)), Exit::usage);
  }
  if (!single.mask.empty()) {
    require_volume(single.mask);
    item.mask = single.mask;
  }
  const std::vector<fs::path> files = files_of(item);
  if (std::count(files.begin(), files.end(), "-") > 1) {
    throw Error("standard input can be one volume, and is named twice", Exit::usage);
  }
  return item;
}

std::vector<fs::path> files_of(const Case& item) {
  std::vector<fs::path> files;
  for (const auto& input : item.inputs) files.push_back(input.second);
  if (item.mask) files.push_back(*item.mask);
  return files;
}

}  // namespace gdm::cli
