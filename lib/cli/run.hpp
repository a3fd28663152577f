// Small things that several programs' run() functions need.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "engine/compute.hpp"
#include "io/manifest.hpp"

namespace gdm::cli {

/// Device, threads, seed and leave to run code of the standard options, for the network.
engine::Compute compute_of(const Program& program);

/// Exit::ok if `finished`, Exit::requeue if a signal or a time limit stopped the work after a checkpoint was saved.
int exit_of(bool finished);

/// "16,32,64" -> numbers; every one at least 1. Throws Error with Exit::usage naming `option`.
std::vector<std::int64_t> numbers_from_text(const std::string& text, const std::string& option);

/// A CLI11 check: numbers_from_text() accepts it.
std::string check_numbers(const std::string& text);

/// The file meant by --encoder and the like: a path, or the name of an encoder that gdm comes with ("default" is
/// "ct-default"); "" stays "". Throws Error with Exit::usage if there is none.
fs::path encoder_path(const std::string& name);
/// The same for generators.
fs::path model_path(const std::string& name);

/// The text of a --card, at most 1 MiB; "" for no file.
std::string card_text(const fs::path& file);

}  // namespace gdm::cli
