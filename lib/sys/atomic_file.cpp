// The temporary file is ".NAME.gdm-tmp-PID-N" in the target's folder and is locked while its writer lives. A later run
// for the same target removes it if nobody holds the lock (other hosts included) and the process is gone.
#include "sys/atomic_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include "sys/descriptor.hpp"
#include "sys/error.hpp"

namespace gdm {
namespace {

namespace fs = std::filesystem;

enum class Target { absent, regular, stream };

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

Error exists_error(const fs::path& path) {
  return Error(path.string() + ": exists already; --force replaces it");
}

/// What stands at `path`; throws Error for a folder or a block device, which gdm never overwrites.
Target target_kind(const fs::path& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return Target::absent;
    throw system_error(path.string(), errno);
  }
  if (S_ISREG(status.st_mode)) return Target::regular;
  if (S_ISDIR(status.st_mode)) throw Error(path.string() + ": is a folder, expected a file name");
  if (S_ISBLK(status.st_mode)) throw Error(path.string() + ": is a block device, expected a file name");
  return Target::stream;
}

/// Room for the rest of the temporary's name within the usual limit of 255 bytes.
std::string temporary_prefix(const fs::path& path) {
  return "." + path.filename().string().substr(0, 200) + ".gdm-tmp-";
}

/// The process number in the name of a temporary of the same target, or 0.
pid_t writer_of(const std::string& name, const std::string& prefix) {
  if (name.compare(0, prefix.size(), prefix) != 0) return 0;
  pid_t pid = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + prefix.size(), end, pid);
  return parsed.ec == std::errc() && parsed.ptr != end && *parsed.ptr == '-' ? pid : 0;
}

void remove_strays(const fs::path& folder, const std::string& prefix) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), ::closedir);
  if (listing == nullptr) return;
  while (const dirent* entry = ::readdir(listing.get())) {
    const pid_t pid = writer_of(entry->d_name, prefix);
    if (pid <= 0 || ::kill(pid, 0) == 0 || errno != ESRCH) continue;
    const fs::path stray = folder / entry->d_name;
    const Descriptor file(::open(stray.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.get() >= 0 && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(stray.c_str());
  }
}

void sync_folder(const fs::path& folder, const std::string& name) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a folder; the rename has happened by now and is all they offer.
  if (descriptor.get() >= 0 && ::fsync(descriptor.get()) != 0 && errno != EINVAL && errno != EBADF && errno != EROFS) {
    throw system_error(name, errno);
  }
}

/// Renames without replacing; file systems without RENAME_NOREPLACE get link() and unlink(), those without hard links
/// a check just before the rename.
void rename_to_new(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return;
  if (errno == EEXIST) throw exists_error(to);
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) throw system_error(to.string(), errno);
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
    return;
  }
  if (errno == EEXIST) throw exists_error(to);
  if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS) throw system_error(to.string(), errno);
  if (target_kind(to) != Target::absent) throw exists_error(to);
  if (::rename(from.c_str(), to.c_str()) != 0) throw system_error(to.string(), errno);
}

}  // namespace

void check_writable(const fs::path& path, Overwrite overwrite) {
  if (path == "-") return;
  if (path.filename().empty()) throw Error("\"" + path.string() + "\": expected a file name");
  const Target target = target_kind(path);
  if (target == Target::stream) {
    if (::access(path.c_str(), W_OK) != 0) throw system_error(path.string(), errno);
    return;
  }
  if (target == Target::regular && overwrite == Overwrite::refuse) throw exists_error(path);
  const fs::path folder = folder_of(path);
  struct stat status = {};
  if (::stat(folder.c_str(), &status) != 0) {
    throw system_error(path.string() + ": the folder " + folder.string(), errno);
  }
  if (!S_ISDIR(status.st_mode)) throw Error(path.string() + ": " + folder.string() + " is not a folder");
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    throw system_error(path.string() + ": the folder " + folder.string(), errno);
  }
}

void check_folder(const fs::path& folder) {
  std::error_code error;
  fs::path existing = fs::absolute(folder, error);
  if (error) throw Error("'" + folder.string() + "': " + error.message());
  // A link to nothing is in the way as a file is.
  while (!fs::exists(fs::symlink_status(existing, error)) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  if (!fs::is_directory(existing, error)) {
    throw Error(folder.string() + ": " + existing.string() + " exists and is not a folder");
  }
  if (::access(existing.c_str(), W_OK | X_OK) != 0) {
    throw system_error(folder.string() + ": the folder " + existing.string(), errno);
  }
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(folder.string() + ": " + error.message());
  if (!fs::is_directory(folder, error)) throw Error(folder.string() + ": exists and is not a folder");
}

AtomicFile::AtomicFile(fs::path path, Overwrite overwrite) : path_(std::move(path)), overwrite_(overwrite) {
  check_writable(path_, overwrite_);
  if (path_ == "-") throw Error("standard output cannot be written as a file");
  const Target target = target_kind(path_);
  if (target == Target::stream) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) throw system_error(path_.string(), errno);
    return;
  }
  // A link keeps pointing where it did; the file behind it is replaced.
  std::error_code error;
  if (target == Target::regular && fs::is_symlink(fs::symlink_status(path_, error))) {
    const fs::path behind = fs::canonical(path_, error);
    if (error) throw Error(path_.string() + ": " + error.message());
    path_ = behind;
  }
  const fs::path folder = folder_of(path_);
  const std::string prefix = temporary_prefix(path_);
  remove_strays(folder, prefix);
  static std::atomic<unsigned> counter{0};
  do {
    temporary_ = folder / (prefix + std::to_string(::getpid()) + "-" + std::to_string(counter++));
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor_ < 0 && (errno == EEXIST || errno == EINTR));
  if (descriptor_ < 0) throw system_error(path_.string(), errno);
  ::flock(descriptor_, LOCK_EX | LOCK_NB);  // advisory: without it the process number alone decides
  struct stat status = {};
  if (target == Target::regular && ::stat(path_.c_str(), &status) == 0) {
    static_cast<void>(::fchmod(descriptor_, status.st_mode & 07777));
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* data, std::size_t bytes) {
  if (descriptor_ < 0) throw Error(path_.string() + ": written to after its commit");
  write_all(descriptor_, data, bytes, path_.string());
}

void AtomicFile::commit() {
  const std::string name = path_.string();
  if (descriptor_ < 0) throw Error(name + ": committed twice");
  const bool stream = temporary_.empty();
  if (::fsync(descriptor_) != 0 && !(stream && (errno == EINVAL || errno == EROFS || errno == ENOTSUP))) {
    throw system_error(name, errno);
  }
  if (::close(std::exchange(descriptor_, -1)) != 0) throw system_error(name, errno);
  if (stream) return;
  if (overwrite_ == Overwrite::refuse) {
    rename_to_new(temporary_, path_);
  } else if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    throw system_error(name, errno);
  }
  temporary_.clear();
  sync_folder(folder_of(path_), name);
}

void write_file(const fs::path& path, std::string_view content, Overwrite overwrite) {
  AtomicFile file(path, overwrite);
  file.write(content);
  file.commit();
}

void write_stdout(std::string_view content) {
  write_all(STDOUT_FILENO, content.data(), content.size(), "standard output");
}

std::string read_file(const fs::path& path, std::size_t limit_bytes) {
  const std::string name = input_name(path);
  const Descriptor input = open_for_reading(path);
  const std::int64_t size = regular_size(input, name);
  const Error too_large(name + ": is larger than the " + std::to_string(limit_bytes) + " bytes allowed here");
  if (size >= 0 && static_cast<std::uint64_t>(size) > limit_bytes) throw too_large;
  std::string content;
  std::size_t step = size > 0 ? static_cast<std::size_t>(size) + 1 : std::size_t{1} << 16;
  while (true) {  // the size of a file under /proc is 0, and a pipe has none: read until the end either way
    const std::size_t before = content.size();
    content.resize(before + step);
    const std::size_t got = read_up_to(input, &content[before], step, name);
    content.resize(before + got);
    if (content.size() > limit_bytes) throw too_large;
    if (got < step) return content;
    step = content.size();
  }
}

}  // namespace gdm
