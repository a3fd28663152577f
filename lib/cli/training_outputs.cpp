#include "cli/training_outputs.hpp"

#include <fstream>

namespace gdm::cli {
namespace {

fs::path checkpoint_of(const fs::path& output) {
  return output.string() + ".checkpoint";
}

fs::path default_log(const fs::path& output) {
  return fs::path(output).replace_extension(".log.jsonl");
}

/// Empty, or a first line as trainings write them: nobody else's file is taken for a stray log.
bool looks_like_log(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return true;
  const Json first = Json::parse(line, nullptr, false);
  return first.is_object() && first.contains("step");
}

}  // namespace

TrainingOutputs::TrainingOutputs(const RunInputs& inputs, TrainingFiles& files, Overwrite overwrite) {
  const bool named = !files.log.empty() && files.log != default_log(files.output);
  if (!named) files.log = default_log(files.output);
  const fs::path checkpoint = checkpoint_of(files.output);
  refuse_outputs_that_are_read(inputs, {files.output, checkpoint, files.log, files.plot});
  check_writable(files.output, overwrite);
  const RunLock* lock = take_lock(files.output);
  const bool unfinished = fs::exists(checkpoint);
  const auto check = [&](const fs::path& file, bool stray) {
    const bool ours = unfinished || stray || (lock != nullptr && lock->left_behind(file));
    check_writable(file, ours ? Overwrite::replace : overwrite);
  };
  check(files.log, !named && !fs::exists(files.output) && looks_like_log(files.log));
  take_lock(files.log);
  if (!files.plot.empty()) {
    check(files.plot, false);
    take_lock(files.plot);
  }
  if (lock == nullptr) return;
  std::vector<fs::path> announced{files.log};
  if (!files.plot.empty()) announced.push_back(files.plot);
  locks_.front()->announce(announced, checkpoint);
}

const RunLock* TrainingOutputs::take_lock(const fs::path& file) {
  if (fs::exists(file) && !fs::is_regular_file(file)) return nullptr;  // a stream, whose reader sees who writes
  locks_.push_back(std::make_unique<RunLock>(file));
  return locks_.back().get();
}

}  // namespace gdm::cli
