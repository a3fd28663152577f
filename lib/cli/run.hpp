// Small things that several programs' run() functions need.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "io/manifest.hpp"
#include "net/network.hpp"

namespace gdm::cli {

/// refuse_same_path() for every input with every output; empty paths are skipped.
void refuse_inputs_as_outputs(const std::vector<fs::path>& inputs, const std::vector<fs::path>& outputs);

/// Device, threads, seed and leave to run code of the standard options, for the network.
net::Compute compute_of(const Program& program);

/// Exit::ok if `finished`, Exit::requeue if a signal or a time limit stopped the work after a checkpoint was saved.
int exit_of(bool finished);

/// "16,32,64" -> numbers; every one at least 1. Throws Error with Exit::usage naming `option`.
std::vector<std::int64_t> numbers_from_text(const std::string& text, const std::string& option);

/// A CLI11 check: numbers_from_text() accepts it.
std::string check_numbers(const std::string& text);

/// The file meant by --encoder and the like: a path, or the name of an encoder that gdm comes with ("default" is
/// "ct-default"); "" stays "". Throws Error with Exit::usage if there is none.
fs::path encoder_path(const std::string& name);

/// Checks what a training writes before it begins: the model, and its log, which is the model's name with .log.jsonl
/// unless `log` names another. The log of an unfinished run is continued. Throws Error.
void check_training_outputs(const std::vector<fs::path>& inputs, const fs::path& output, fs::path& log, bool restart,
                            Overwrite overwrite);

/// A CLI11 check: the name ends in ".safetensors".
std::string check_safetensors_name(const std::string& path);

}  // namespace gdm::cli
