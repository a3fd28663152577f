// Transfers are cut to 1 GiB because Linux moves at most 2^31 - 4096 bytes a call.
#include "sys/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace gdm {
namespace {

constexpr std::size_t largest_transfer = std::size_t{1} << 30;

}  // namespace

Error system_error(const std::string& name, int error_number) {
  return Error(name + ": " + std::generic_category().message(error_number));
}

Descriptor::~Descriptor() {
  if (owned_ && descriptor_ >= 0) ::close(descriptor_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), owned_(other.owned_) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(owned_, other.owned_);
  return *this;
}

std::string input_name(const std::filesystem::path& path) {
  return path == "-" ? "standard input" : path.string();
}

Descriptor open_for_reading(const std::filesystem::path& path) {
  if (path == "-") return Descriptor(STDIN_FILENO, false);
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) throw system_error(path.string(), errno);
  return Descriptor(descriptor);
}

std::int64_t regular_size(const Descriptor& descriptor, const std::string& name) {
  struct stat status = {};
  if (::fstat(descriptor.get(), &status) != 0) throw system_error(name, errno);
  if (S_ISDIR(status.st_mode)) throw Error(name + ": is a folder, expected a file");
  return S_ISREG(status.st_mode) ? static_cast<std::int64_t>(status.st_size) : -1;
}

std::size_t read_up_to(const Descriptor& descriptor, void* data, std::size_t bytes, const std::string& name) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got =
        ::read(descriptor.get(), static_cast<char*>(data) + done, std::min(bytes - done, largest_transfer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error(name, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::size_t read_at(const Descriptor& descriptor, std::uint64_t position, void* data, std::size_t bytes,
                    const std::string& name) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::pread(descriptor.get(), static_cast<char*>(data) + done,
                                std::min(bytes - done, largest_transfer), static_cast<off_t>(position + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error(name, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void write_all(int descriptor, const void* data, std::size_t bytes, const std::string& name) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t put =
        ::write(descriptor, static_cast<const char*>(data) + done, std::min(bytes - done, largest_transfer));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw system_error(name, errno);
    done += static_cast<std::size_t>(put);
  }
}

}  // namespace gdm
