// The file says "PID HOST" on its first line, for the message of another run, then a line for each announced file.
#include "sys/run_lock.hpp"
#include "sys/resolved_path.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>

namespace gdm {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_bytes = std::size_t{1} << 16;

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string content_of(const Descriptor& file, const std::string& name) {
  std::string text(largest_bytes, '\0');
  text.resize(read_at(file, 0, &text[0], text.size(), name));
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// "process 123 on node7", or "" if the file does not say it.
std::string holder_of(const Descriptor& file, const std::string& name) {
  std::istringstream first(content_of(file, name));
  long pid = 0;
  std::string host;
  if (!(first >> pid >> host)) return "";
  return " (process " + std::to_string(pid) + " on " + host + ")";
}

/// The holder before may have removed the file between our open() and our lock.
bool is_still(const Descriptor& file, const fs::path& path) {
  struct stat locked = {}, named = {};
  return ::fstat(file.get(), &locked) == 0 && ::stat(path.c_str(), &named) == 0 && locked.st_dev == named.st_dev &&
         locked.st_ino == named.st_ino;
}

Descriptor locked_file(const fs::path& path, const std::string& output) {
  while (true) {
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (file.get() < 0) throw system_error(path.string(), errno);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      throw Error(output + ": another run is writing it" + holder_of(file, path.string()) +
                  "; wait for it, or give another --output");
    }
    if (is_still(file, path)) return file;
  }
}

bool is_regular(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

}  // namespace

RunLock::RunLock(const fs::path& output)
    : output_(resolved_path(output)), path_(output_.string() + ".lock"), file_(locked_file(path_, output.string())) {
  const std::string content = content_of(file_, path_.string());
  if (!content.empty() && holder_of(file_, path_.string()).empty()) {
    throw Error(path_.string() + ": exists and is no lock of gdm, which keeps one under that name; move it away");
  }
  const std::vector<std::string> lines = lines_of(content);
  if (lines.size() > 1) files_.assign(lines.begin() + 1, lines.end());
  try {
    write();
  } catch (const Error&) {
    if (files_.empty()) ::unlink(path_.c_str());
    throw;
  }
}

RunLock::~RunLock() {
  const bool known = is_regular(output_) || (!resumable_.empty() && is_regular(resumable_));
  const bool left = std::any_of(files_.begin(), files_.end(),
                                [this](const std::string& file) { return is_regular(output_.parent_path() / file); });
  if (known || !left) ::unlink(path_.c_str());
}

bool RunLock::left_behind(const fs::path& file) const {
  return std::find(files_.begin(), files_.end(), name_in_folder(file)) != files_.end();
}

void RunLock::announce(const std::vector<fs::path>& files, const fs::path& resumable) {
  files_.clear();
  for (const fs::path& file : files) {
    std::string name = name_in_folder(file);
    if (name.find('\n') == std::string::npos) files_.push_back(std::move(name));
  }
  resumable_ = resumable;
  write();
}

void RunLock::write() const {
  const std::string name = path_.string();
  std::string text = std::to_string(::getpid()) + " " + host_name() + "\n";
  for (const std::string& file : files_) text += file + "\n";
  if (::lseek(file_.get(), 0, SEEK_SET) != 0) throw system_error(name, errno);
  write_all(file_.get(), text.data(), text.size(), name);  // over the old text: a full disk has room for that
  if (::ftruncate(file_.get(), static_cast<off_t>(text.size())) != 0) throw system_error(name, errno);
}

std::string RunLock::name_in_folder(const fs::path& file) const {
  return resolved_path(file).lexically_proximate(output_.parent_path()).generic_string();
}

}  // namespace gdm
