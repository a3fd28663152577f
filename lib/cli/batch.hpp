// Batches: the part of a manifest that one process works on, and the loop over its cases. Shared by every tool that
// takes a manifest and writes one.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/outputs.hpp"
#include "cli/shard.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"

namespace gdm::cli {

struct BatchOptions {
  std::string split = "all";
  std::string shard;  ///< see parse_shard()
  bool keep_going = false;
  bool resume = false;  ///< finished volumes are kept, others made again (resume.hpp)

  /// What the outputs of a batch may replace.
  Overwrite overwrite(Overwrite otherwise) const { return resume ? Overwrite::replace : otherwise; }
};

/// --split, --shard, --keep-going.
void add_batch_options(CLI::App& command, BatchOptions& options);
/// For one volume: throws Error (Exit::usage) for what cuts or guards a manifest, --shard, --split and --keep-going.
void refuse_batch_options(const BatchOptions& options);
/// --resume, for commands whose step asks Batch::keeps().
void add_resume_option(CLI::App& command, BatchOptions& options);

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

  /// Throws Error (Exit::usage) if the manifest, a volume that output_of(case) names or a file of `besides` is an
  /// input, or two of them are one (outputs.hpp).
  void refuse_outputs_that_are_read(const RunInputs& inputs, const fs::path& folder,
                                    const std::function<fs::path(const Case&)>& output_of,
                                    const std::vector<fs::path>& besides = {}) const;

  /// Whether --resume keeps the outputs of a case, all of whose making `recipe` tells (resume.hpp); what is there and
  /// is not kept gets a line on stderr. `recipe` is called only if it is needed. `objection`, if not null, may name a
  /// reason against what is whole.
  bool keeps(const std::vector<fs::path>& outputs, const std::function<Json()>& recipe,
             const std::function<std::string()>& objection = nullptr);
  bool keeps(const fs::path& output, const std::function<Json()>& recipe) {
    return keeps(std::vector<fs::path>{output}, recipe);
  }

  /// What is left to do of a case that was computed, and of one that was read; empty: nothing.
  using Saving = std::function<void()>;
  using Computing = std::function<Saving()>;

  /// Calls work(case) for each case that has no error yet. Under keep_going a case whose work throws Error keeps the
  /// reason in Case::error, and one line goes to stderr; otherwise the Error leaves, with the case's id in front.
  /// Polls for a stop between cases. Returns how many cases have an error.
  std::size_t run(const std::string& title, const std::function<void(Case&)>& work);

  /// The same for work in three parts: read(case), what that returns, and what this returns. While a case is computed
  /// the next is read and the one before is saved, each on a thread of its own, if `overlap`. enter(case) follows on
  /// this thread. Cases end, and warnings of reading and failures are told, in the order of cases; what else a part
  /// logs comes when it comes.
  std::size_t run(const std::string& title, bool overlap, const std::function<Computing(const Case&)>& read,
                  const std::function<void(Case&)>& enter);

 private:
  /// Runs work(); an Error of it leaves with the case's id in front, or stays with the case under keep_going.
  void attempt(Case& item, const std::function<void()>& work) const;
  /// A line of a case that has failed before, whose error it keeps.
  static void say_earlier_failure(const Case& item);
  void say_kept() const;

  std::vector<Case> cases_;
  Shard shard_;
  bool is_part_, keep_going_, resume_;
  std::size_t kept_ = 0;
};

/// check_writable() for a volume and its sidecar. Throws Error (Exit::usage) for "-" if standard output is a terminal.
void check_volume_writable(const fs::path& path, Overwrite overwrite);

}  // namespace gdm::cli
