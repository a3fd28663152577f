// --config: options from a JSON object whose keys are their long names, and the same object of a run.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "io/json.hpp"

namespace gdm::cli {

/// Reads {"steps": 4000, "widths": [32, 64], "restart": true, "bank": ["a", "b"]} for a program or the command that was
/// chosen. An array is a list, or joined by commas for an option that takes one; false and null leave an option alone.
/// Options of the command line win. Throws Error with Exit::usage, naming the file, for an unknown key or another type.
class JsonConfig : public CLI::Config {
 public:
  explicit JsonConfig(CLI::App& app) : app_(app) {}
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;
  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return ""; }

 private:
  CLI::App& app_;
};

/// The values in effect of an app's own options (not the common ones, not positionals) but those named in `without`, in
/// a form that JsonConfig reads. Options that are neither given nor have a default are left out; of an absolute path
/// the last component stays.
Json options_in_effect(const CLI::App& app, const std::vector<std::string>& without);

}  // namespace gdm::cli
