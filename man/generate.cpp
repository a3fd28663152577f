// Writes the manual page of one source file, and the completions of its program, into a folder:
//   generate-docs SOURCE.md OUTPUT_FOLDER [DUMP.json]
#include "generate.hpp"

#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace gdm::docs {

std::string joined_names(const Json& option, const std::string& separator) {
  std::string text;
  for (const auto& name : option.at("names")) text += (text.empty() ? "" : separator) + name.get<std::string>();
  return text;
}

bool takes_value(const Json& option) {
  return option.at("values") > 0;
}

std::string words_of(const Json& option) {
  std::string text;
  const char* key = option.contains("choices") ? "choices" : "suggestions";
  if (!option.contains(key)) return text;
  for (const auto& word : option.at(key)) text += (text.empty() ? "" : " ") + word.get<std::string>();
  return text;
}

PathKind path_kind(const Json& option) {
  const auto type = option.at("type").get<std::string>();
  if (type.find("FILE") != std::string::npos || type.find("MANIFEST") != std::string::npos) return PathKind::file;
  return type == "DIR" ? PathKind::folder : PathKind::none;
}

Json options_of_command(const Json& command) {
  Json options = Json::array();
  for (const Json& option : command.at("options")) {
    if (option.at("names").at(0) != "-h") options.push_back(option);
  }
  return options;
}

namespace {

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw std::runtime_error(path.string() + ": cannot be written");
}

void generate(const fs::path& source, const fs::path& folder, const fs::path& dump_path) {
  Json dump;
  if (!dump_path.empty()) {
    std::ifstream file(dump_path);
    dump = Json::parse(file);
  }
  write(folder / "man" / source.stem(), manual_page(source, dump));
  if (dump.is_null()) return;
  const auto name = dump.at("program").get<std::string>();
  write(folder / "completions" / (name + ".bash"), bash_completion(dump));
  write(folder / "completions" / ("_" + name), zsh_completion(dump));
  write(folder / "completions" / (name + ".fish"), fish_completion(dump));
}

}  // namespace
}  // namespace gdm::docs

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::cerr << "usage: generate-docs SOURCE.md OUTPUT_FOLDER [DUMP.json]\n";
    return 2;
  }
  try {
    gdm::docs::generate(argv[1], argv[2], argc == 4 ? argv[3] : "");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "generate-docs: error: " << argv[1] << ": " << error.what() << "\n";
    return 1;
  }
}
