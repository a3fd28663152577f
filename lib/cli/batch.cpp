// One loop for all tools, so that a failed case means the same everywhere.
#include "cli/batch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <future>
#include <utility>

#include "cli/resume.hpp"
#include "io/manifest_parts.hpp"
#include "io/sidecar.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::cli {
namespace {

/// Reads cases one ahead of their use.
class ReadAhead {
 public:
  using Reading = std::function<Batch::Computing(const Case&)>;

  ReadAhead(const std::vector<Case>& cases, const Reading& read, std::launch where)
      : cases_(cases), read_(read), where_(where) {
    begin(0);
  }

  /// What read() returned for case n, or threw. Cases without an error are taken in their order, each once.
  Batch::Computing take(std::size_t n) {
    std::future<Read> own = std::move(coming_);
    Read ready = own.get();
    begin(n + 1);
    for (const std::string& warning : ready.warnings) log_warning(warning);
    if (ready.failure) std::rethrow_exception(ready.failure);
    return std::move(ready.compute);
  }

 private:
  struct Read {
    Batch::Computing compute;
    std::vector<std::string> warnings;
    std::exception_ptr failure;  ///< kept, as warnings come before it
  };

  void begin(std::size_t n) {
    while (n < cases_.size() && cases_[n].error) ++n;
    if (n == cases_.size()) return;
    coming_ = std::async(where_, [this, n] {
      const WarningCapture heard;
      Read ready;
      try {
        ready.compute = read_(cases_[n]);
      } catch (...) {
        ready.failure = std::current_exception();
      }
      ready.warnings = heard.warnings();
      return ready;
    });
  }

  const std::vector<Case>& cases_;
  const Reading& read_;
  std::launch where_;
  std::future<Read> coming_;
};

}  // namespace

void add_batch_options(CLI::App& command, BatchOptions& options) {
  takes_one_of(command.add_option("--split", options.split, "Only these cases of a manifest"), Manifest::split_names());
  add_shard_option(command, options.shard);
  command.add_flag("--keep-going", options.keep_going, "Record a failed case and go on; exit 3 at the end");
}

void add_resume_option(CLI::App& command, BatchOptions& options) {
  command.add_flag("--resume", options.resume,
                   "Go on with a stopped batch: keep what was made from the same files with the same options");
}

void refuse_batch_options(const BatchOptions& options) {
  const char* given = !options.shard.empty()   ? "--shard"
                      : options.split != "all" ? "--split"
                      : options.keep_going     ? "--keep-going"
                                               : nullptr;
  if (given != nullptr)
    throw Error(fmt::format("{} is for manifests, and the input is one volume", given), Exit::usage);
}

bool is_manifest(const fs::path& path) {
  return path == "-" || path.extension() == ".json" || path.extension() == ".jsonl";
}

Batch::Batch(const Manifest& manifest, const BatchOptions& options)
    : shard_(with_context("--shard", [&] { return parse_shard(options.shard); })),
      is_part_(!options.shard.empty()),
      keep_going_(options.keep_going),
      resume_(options.resume) {
  const std::vector<Case> all = manifest.split(options.split);
  for (std::size_t n = shard_.number - 1; n < all.size(); n += shard_.count) cases_.push_back(all[n]);
}

fs::path Batch::manifest_path(const fs::path& folder) const {
  return folder / manifest_name(shard_.number, is_part_ ? shard_.count : 0);
}

bool Batch::keeps(const std::vector<fs::path>& outputs, const std::function<Json()>& recipe,
                  const std::function<std::string()>& objection) {
  if (!resume_ || !are_made(outputs, recipe)) return false;
  const std::string reason = objection ? objection() : "";
  if (reason.empty()) {
    ++kept_;
  } else {
    log_info(reason);
  }
  return reason.empty();
}

void Batch::refuse_outputs_that_are_read(const RunInputs& inputs, const fs::path& folder,
                                         const std::function<fs::path(const Case&)>& output_of,
                                         const std::vector<fs::path>& besides) const {
  std::vector<fs::path> outputs = besides;
  outputs.push_back(manifest_path(folder));
  for (const Case& item : cases_) {
    if (!item.error) add_volume(outputs, output_of(item));
  }
  cli::refuse_outputs_that_are_read(inputs, outputs);
}

void Batch::attempt(Case& item, const std::function<void()>& work) const {
  try {
    with_context(fmt::format("case '{}'", item.id), work);
  } catch (const Error& error) {
    if (!keep_going_) throw;
    log_error(error.what());
    item.error = error.what();
  }
}

void Batch::say_earlier_failure(const Case& item) {
  log_error(fmt::format("case '{}': has failed before: {}", item.id, *item.error));
}

void Batch::say_kept() const {
  if (resume_) log_info(fmt::format("{} of {} cases were finished already", kept_, cases_.size()));
}

std::size_t Batch::run(const std::string& title, const std::function<void(Case&)>& work) {
  Progress progress(title, static_cast<std::int64_t>(cases_.size()), "cases");
  std::size_t failed = 0;
  for (Case& item : cases_) {
    throw_if_stop_requested();
    if (item.error) {
      say_earlier_failure(item);
    } else {
      attempt(item, [&] { work(item); });
    }
    if (item.error) ++failed;
    progress.advance(1, item.id);
  }
  say_kept();
  return failed;
}

std::size_t Batch::run(const std::string& title, bool overlap, const std::function<Computing(const Case&)>& read,
                       const std::function<void(Case&)>& enter) {
  const std::launch where = overlap ? std::launch::async : std::launch::deferred;
  Progress progress(title, static_cast<std::int64_t>(cases_.size()), "cases");
  std::size_t failed = 0;
  const auto end = [&](const Case& item) {
    if (item.error) ++failed;
    progress.advance(1, item.id);
  };
  ReadAhead ahead(cases_, read, where);
  Case* saved = nullptr;
  std::future<void> saving;
  const auto end_saving = [&] {
    if (saved == nullptr) return;
    Case& item = *std::exchange(saved, nullptr);
    attempt(item, [&] {
      saving.get();
      enter(item);
    });
    end(item);
  };
  for (std::size_t n = 0; n < cases_.size(); ++n) {
    throw_if_stop_requested();
    Case& item = cases_[n];
    Saving save;
    std::exception_ptr failure;  // of this case, which is told after what becomes of the one before
    try {
      const Computing compute = item.error ? Computing() : ahead.take(n);
      if (compute) save = compute();
    } catch (const Error&) {
      failure = std::current_exception();
    }
    end_saving();
    if (item.error) {
      say_earlier_failure(item);
    } else {
      attempt(item, [&] {
        if (failure) std::rethrow_exception(failure);
      });
    }
    if (item.error) {
      end(item);
      continue;
    }
    // Its volumes go as soon as they are written: a future would keep them until it is asked.
    saving = std::async(where, [save = std::move(save)]() mutable {
      if (save) std::exchange(save, nullptr)();
    });
    saved = &item;
    if (!overlap) end_saving();
  }
  end_saving();
  say_kept();
  return failed;
}

void check_volume_writable(const fs::path& path, Overwrite overwrite) {
  if (path == "-") {
    if (::isatty(STDOUT_FILENO) == 0) return;
    throw Error("standard output is a terminal, and a volume is no text: redirect it", Exit::usage);
  }
  check_writable(path, overwrite);
  check_writable(sidecar_path(path), overwrite);
}

}  // namespace gdm::cli
