#include "cli/iteration_log.hpp"

#include <fmt/format.h>

#include <fstream>

#include "sys/error.hpp"

namespace gdm::cli {
namespace {

constexpr const char* titles = "case\titeration\tresidual\tobjective\tchange\n";

}  // namespace

namespace fs = std::filesystem;

IterationLog::IterationLog(fs::path path, Overwrite overwrite, bool resumed, bool forced)
    : path_(std::move(path)), overwrite_(overwrite) {
  if (path_.empty()) return;
  std::error_code ignored;
  if (fs::exists(path_, ignored) && !fs::is_regular_file(path_, ignored)) return;  // a stream
  lock_ = std::make_unique<RunLock>(path_);
  if (resumed) read_earlier(forced);
}

void IterationLog::add(const std::string& id, const ct::IterativeResult& result) {
  made_.insert(id);
  for (const ct::IterationRecord& record : result.log) {
    text_ += fmt::format("{}\t{}\t{:.6g}\t{:.6g}\t{:.6g}\n", id, record.iteration,
                         result.data > 0 ? record.residual / result.data : 0.0, record.objective, record.change);
  }
  write();
}

void IterationLog::write() {
  if (path_.empty()) return;
  std::string text = titles;
  for (const std::string& line : earlier_) {
    if (made_.count(line.substr(0, line.find('\t'))) == 0) text += line + "\n";
  }
  write_file(path_, text + text_, overwrite_);
  overwrite_ = Overwrite::replace;
}

void IterationLog::read_earlier(bool forced) {
  std::ifstream file(path_);
  std::string line;
  if (!std::getline(file, line)) return;
  if (line + "\n" == titles) {
    while (std::getline(file, line)) earlier_.push_back(line);
  } else if (!forced) {
    throw Error(path_.string() + ": exists and is no table of iterations, and --resume would replace it");
  }
}

}  // namespace gdm::cli
