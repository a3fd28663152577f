// Batches: the part of a manifest that one process works on, and the loop over its cases. Shared by every tool that
// takes a manifest and writes one.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/shard.hpp"
#include "io/manifest.hpp"

namespace gdm::cli {

struct BatchOptions {
  std::string split = "all";
  std::string shard;  ///< see parse_shard()
  bool keep_going = false;
};

/// --split, --shard, --keep-going.
void add_batch_options(CLI::App& command, BatchOptions& options);

/// "-", FILE.json or FILE.jsonl.
bool is_manifest(const fs::path& path);

/// The options --split and --shard resolved. Case c of the split belongs to shard c % n + 1. Throws Error (Exit::usage)
/// for a shard that is not possible.
class Batch {
 public:
  Batch(const Manifest& manifest, const BatchOptions& options);

  std::vector<Case>& cases() { return cases_; }
  /// DIR/manifest.json, or DIR/manifest-I-of-N.json for a shard.
  fs::path manifest_path(const fs::path& folder) const;

  /// Calls work(case) for each case that has no error yet. Under keep_going a case whose work throws Error keeps the
  /// reason in Case::error, and one line goes to stderr; otherwise the Error leaves, with the case's id in front.
  /// Polls for a stop between cases. Returns how many cases have an error.
  std::size_t run(const std::string& title, const std::function<void(Case&)>& work);

 private:
  std::vector<Case> cases_;
  std::string suffix_;
  bool keep_going_;
};

/// check_writable() for a volume and its sidecar; nothing for "-".
void check_volume_writable(const fs::path& path, Overwrite overwrite);

/// Throws Error (Exit::usage) if two of the paths are the same file; a path that does not exist is compared by name.
void refuse_same_path(const fs::path& input, const fs::path& output);

}  // namespace gdm::cli
