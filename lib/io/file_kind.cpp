// A named pipe is not opened, since closing it again would end its writer: there the name decides.
#include "io/file_kind.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "io/content_kind.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"

namespace gdm {
namespace {

namespace fs = std::filesystem;

/// What waits in a pipe, copied by tee(2) into another one.
ssize_t peek_pipe(int descriptor, char* data, std::size_t bytes) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return -1;
  const Descriptor out(ends[0]), in(ends[1]);
  const ssize_t copied = ::tee(descriptor, in.get(), bytes, 0);
  return copied <= 0 ? copied : ::read(out.get(), data, static_cast<std::size_t>(copied));
}

/// The next bytes of a file, pipe or socket, left in place; nothing where that is not possible (a terminal).
std::string peek(int descriptor) {
  std::string data(content_kind_bytes, '\0');
  const off_t here = ::lseek(descriptor, 0, SEEK_CUR);
  ssize_t got =
      here >= 0 ? ::pread(descriptor, data.data(), data.size(), here) : peek_pipe(descriptor, data.data(), data.size());
  if (got < 0 && here < 0) got = ::recv(descriptor, data.data(), data.size(), MSG_PEEK);
  data.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return data;
}

[[noreturn]] void refuse_folder(const fs::path& path) {
  const fs::path manifest = path / "manifest.json";
  std::error_code ignored;
  throw Error(fs::exists(manifest, ignored)
                  ? fmt::format("{}: is a folder, expected a file such as {}", path.string(), manifest.string())
                  : path.string() + ": is a folder, expected a file");
}

}  // namespace

FileKind file_kind(const fs::path& path) {
  const bool json_name = path.extension() == ".json" || path.extension() == ".jsonl";
  if (path.extension() == ".safetensors") return FileKind::safetensors;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) refuse_folder(path);
  if (fs::symlink_status(path, ignored).type() == fs::file_type::fifo) {
    return json_name ? FileKind::json : FileKind::volume;
  }
  const std::string kind = content_kind(peek(open_for_reading(path).get()));
  if (json_name || kind == json_content) return FileKind::json;
  if (kind == safetensors_content) return FileKind::safetensors;
  if (!kind.empty() && kind != nifti_content && kind != gzip_content) {
    throw Error(fmt::format("{}: is {}, expected a NIfTI volume, a manifest or a .safetensors file{}", input_name(path),
                            kind, kind == dicom_content ? "; `gdm-prep dicom` makes volumes of a folder of them" : ""));
  }
  return FileKind::volume;
}

}  // namespace gdm
