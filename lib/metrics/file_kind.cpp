// A named pipe is not opened, since closing it again would end its writer: there the name decides.
#include "metrics/file_kind.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "sys/descriptor.hpp"
#include "sys/error.hpp"

namespace gdm::metrics {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t peeked_bytes = 132;  // DICOM's mark ends there

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
  std::string data(peeked_bytes, '\0');
  const off_t here = ::lseek(descriptor, 0, SEEK_CUR);
  ssize_t got =
      here >= 0 ? ::pread(descriptor, data.data(), data.size(), here) : peek_pipe(descriptor, data.data(), data.size());
  if (got < 0 && here < 0) got = ::recv(descriptor, data.data(), data.size(), MSG_PEEK);
  data.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return data;
}

bool is_text(std::string_view data) {
  return data.size() >= 4 && std::none_of(data.begin(), data.end(), [](char c) {
           return (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\r' && c != '\t') || c == '\x7f';
         });
}

/// The name of a format that is none of gdm's, or "".
std::string foreign_format(std::string_view data) {
  using namespace std::string_view_literals;
  constexpr std::array<std::pair<std::string_view, const char*>, 8> formats{{{"\x89PNG"sv, "a PNG picture"},
                                                                             {"\xff\xd8\xff"sv, "a JPEG picture"},
                                                                             {"%PDF"sv, "a PDF document"},
                                                                             {"PK\x03\x04"sv, "a ZIP archive"},
                                                                             {"\x89HDF"sv, "an HDF5 file"},
                                                                             {"NRRD"sv, "an NRRD volume"},
                                                                             {"ObjectType"sv, "a MetaImage header"},
                                                                             {"\x7f"
                                                                              "ELF"sv,
                                                                              "a program"}}};
  for (const auto& [start, name] : formats) {
    if (data.substr(0, start.size()) == start) return name;
  }
  if (data.size() == peeked_bytes && data.substr(128) == "DICM"sv) return "a DICOM file";
  return is_text(data) ? "text" : "";
}

/// 8 bytes of header length, then a JSON object.
bool is_safetensors(std::string_view data) {
  return data.size() > 8 && data[8] == '{' && data.substr(4, 4) == std::string_view("\0\0\0\0", 4);
}

bool is_json(std::string_view data) {
  const auto first = data.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (data[first] == '{' || data[first] == '[');
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
  const std::string start = peek(open_for_reading(path).get());
  if (json_name || is_json(start)) return FileKind::json;
  if (is_safetensors(start)) return FileKind::safetensors;
  const std::string foreign = foreign_format(start);
  if (!foreign.empty()) {
    throw Error(fmt::format("{}: is {}, expected a NIfTI volume, a manifest or a .safetensors file", input_name(path),
                            foreign));
  }
  return FileKind::volume;
}

}  // namespace gdm::metrics
