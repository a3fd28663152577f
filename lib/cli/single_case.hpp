// One volume on the command line in a manifest's place: what a model wants of a case, named file by file.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "io/manifest.hpp"

namespace gdm::cli {

struct SingleCase {
  std::string volume;               ///< of a model with one input; empty where `named` has them
  std::vector<std::string> inputs;  ///< NAME=FILE
  fs::path mask;
};

/// --input and --mask.
void add_single_options(CLI::App& command, SingleCase& single);

/// Whether `single` means one volume and not a manifest, by the options, the name, and the first bytes of a file or of
/// standard input. Throws Error (Exit::usage) for options that do not go together.
bool is_single(const SingleCase& single, const fs::path& output);

/// The case, without an id, that has the `wanted` inputs, the first names of which the model's network sees. Throws
/// Error (Exit::usage), naming what the model wants, for other names or numbers of them, and for files that are none.
Case case_of(const SingleCase& single, const std::vector<std::string>& wanted);

/// Every file that it names, "-" included.
std::vector<fs::path> files_of(const Case& item);

}  // namespace gdm::cli
