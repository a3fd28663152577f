// One loop for all tools, so that a failed case means the same everywhere.
#include "cli/batch.hpp"

#include <fmt/format.h>

#include "io/sidecar.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::cli {
void add_batch_options(CLI::App& command, BatchOptions& options) {
  command.add_option("--split", options.split, "Only these cases of a manifest")
      ->check(CLI::IsMember({"train", "val", "test", "all"}).description(""))
      ->type_name("train|val|test|all");
  add_shard_option(command, options.shard);
  command.add_flag("--keep-going", options.keep_going, "Record a failed case and go on; exit 3 at the end");
}

bool is_manifest(const fs::path& path) {
  return path == "-" || path.extension() == ".json" || path.extension() == ".jsonl";
}

Batch::Batch(const Manifest& manifest, const BatchOptions& options) : keep_going_(options.keep_going) {
  const Shard shard = with_context("--shard", [&] { return parse_shard(options.shard); });
  const std::vector<Case> all = manifest.split(options.split);
  for (std::size_t n = shard.number - 1; n < all.size(); n += shard.count) cases_.push_back(all[n]);
  if (!options.shard.empty()) suffix_ = fmt::format("-{}-of-{}", shard.number, shard.count);
}

fs::path Batch::manifest_path(const fs::path& folder) const {
  return folder / ("manifest" + suffix_ + ".json");
}

std::size_t Batch::run(const std::string& title, const std::function<void(Case&)>& work) {
  Progress progress(title, static_cast<std::int64_t>(cases_.size()), "cases");
  std::size_t failed = 0;
  for (Case& item : cases_) {
    throw_if_stop_requested();
    try {
      if (!item.error) with_context(fmt::format("case '{}'", item.id), [&] { work(item); });
    } catch (const Error& error) {
      if (!keep_going_) throw;
      log_error(error.what());
      item.error = error.what();
    }
    if (item.error) ++failed;
    progress.advance(1, item.id);
  }
  return failed;
}

void check_volume_writable(const fs::path& path, Overwrite overwrite) {
  if (path == "-") return;
  check_writable(path, overwrite);
  check_writable(sidecar_path(path), overwrite);
}

void refuse_same_path(const fs::path& input, const fs::path& output) {
  if (input == "-" || output == "-") return;
  std::error_code ignored;
  if (fs::equivalent(input, output, ignored) || fs::weakly_canonical(input) == fs::weakly_canonical(output)) {
    throw Error(fmt::format("{}: input and output are the same file", output.string()), Exit::usage);
  }
}

}  // namespace gdm::cli
