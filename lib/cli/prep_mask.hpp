// `gdm-prep mask` and `gdm-prep split`.
#pragma once

#include <string>

#include "cli/app.hpp"
#include "cli/new_set.hpp"

namespace gdm::cli {

struct MaskCommand {
  NewSet set;
  std::string of = "target", kind = "ct";
  double threshold_hu = -400, thinnest_mm = 4;
};
void add_mask_options(CLI::App& command, MaskCommand& mask);
/// Both return the exit code and throw Error.
int run_mask(const Program& program, const MaskCommand& mask);

struct SplitCommand {
  std::filesystem::path input, output;
  std::string shares, stratify;
  double val = 0, test = 0;  ///< shares of the patients, instead of `shares`
};
void add_split_options(CLI::App& command, SplitCommand& split);
int run_split(const Program& program, const SplitCommand& split);

}  // namespace gdm::cli
