// `gdm-prep manifest`: prep/make_manifest.hpp with the standard options.
#pragma once

#include "cli/app.hpp"
#include "prep/make_manifest.hpp"

namespace gdm::cli {

struct ManifestCommand {
  prep::ManifestOptions options;
  fs::path output;  ///< FILE.json or "-"
};

void add_manifest_options(CLI::App& command, ManifestCommand& manifest);

/// Returns the exit code; throws Error as make_manifest() does.
int run_manifest(const Program& program, ManifestCommand manifest);

}  // namespace gdm::cli
