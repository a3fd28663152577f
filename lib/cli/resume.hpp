// --resume: which volumes of a stopped batch are finished. A file is believed for what it holds, never for its name.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/json.hpp"
#include "io/manifest.hpp"

namespace gdm::cli {

/// Everything that a volume depends on: the program's version, what it does (`work`), the options that matter, and the
/// digests of the files that it is made from, in order. It stands in the sidecar as details.recipe. "-" has no digest,
/// so what came from it is made again.
Json recipe_json(const std::string& work, const Json& options, const std::vector<fs::path>& sources);

/// Why `output` is not a whole file that was made by `recipe`; empty if it is one. It is if its sidecar says the same
/// recipe and the digest of the very bytes that are there.
std::string why_not_made(const fs::path& output, const Json& recipe);

/// Whether all of them are. Where some are there and one is not whole, a line says why it is made again; where none is
/// there, the recipe is not asked for.
bool are_made(const std::vector<fs::path>& outputs, const std::function<Json()>& recipe);

/// Enters the recipe into the sidecars of volumes that are there, once all that belongs to them is.
void add_recipe(const std::vector<fs::path>& outputs, const Json& recipe);

}  // namespace gdm::cli
