// What is wrong with a command line, in sentences.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace gdm::cli {

/// Throws Error (Exit::usage) for "-o=x", which would name a file "=x".
void check_arguments(const CLI::App& app, const std::vector<std::string>& arguments);

/// The error in words: an unknown option before anything that is missing, with the option that may be meant; an option
/// that is given twice; else what CLI11 says.
std::string parse_error_text(const CLI::App& app, const CLI::ParseError& error);

}  // namespace gdm::cli
