#include "io/content_kind.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "sys/bytes.hpp"
#include "sys/error.hpp"
#include "sys/gzip.hpp"
#include "sys/gzip_stream.hpp"

namespace gdm {
namespace {

using namespace std::string_view_literals;

bool starts_with(std::string_view data, std::string_view start) {
  return data.substr(0, start.size()) == start;
}

bool is_text(std::string_view data) {
  return std::none_of(data.begin(), data.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\r' && c != '\t') || c == '\x7f';
  });
}

/// Without a byte order mark and white space, in lower case.
std::string first_words(std::string_view data) {
  if (starts_with(data, "\xef\xbb\xbf"sv)) data.remove_prefix(3);
  data.remove_prefix(std::min(data.find_first_not_of(" \t\r\n"), data.size()));
  std::string words(data.substr(0, 64));
  for (char& c : words) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return words;
}

/// Texts that stand where a file was expected.
std::string text_kind(std::string_view data) {
  if (starts_with(data, "version https://git-lfs."sv)) return "a git-lfs pointer (git lfs pull fetches the file)";
  if (data.find("/annex/objects/"sv) != std::string_view::npos) {
    return "a git-annex pointer (git annex get fetches the file)";
  }
  const std::string words = first_words(data);
  for (const char* tag : {"<!doctype html", "<html", "<head", "<body"}) {
    if (starts_with(words, tag)) return "an HTML page";
  }
  if (starts_with(words, "<?xml"sv))
    return words.find("html") != std::string::npos ? "an HTML page" : "an XML document";
  return plain_text_content;
}

bool is_json(std::string_view data) {
  const std::string words = first_words(data);
  return is_text(words) && (starts_with(words, "{"sv) || starts_with(words, "["sv));
}

/// sizeof_hdr in either byte order, and the magic string behind it where that much is there.
bool is_nifti(std::string_view data) {
  constexpr std::array<std::pair<std::string_view, std::size_t>, 4> versions{
      {{"\x5c\x01\x00\x00"sv, 344}, {"\x00\x00\x01\x5c"sv, 344}, {"\x1c\x02\x00\x00"sv, 4}, {"\x00\x00\x02\x1c"sv, 4}}};
  return std::any_of(versions.begin(), versions.end(), [&](const auto& version) {
    const std::string_view magic = data.substr(std::min(version.second, data.size()), 2);
    return starts_with(data, version.first) && (magic == "n+"sv || magic == "ni"sv || data.size() < version.second + 2);
  });
}

/// 8 bytes of header length, then a JSON object.
bool is_safetensors(std::string_view data) {
  return data.size() > 8 && data[8] == '{' && data.substr(4, 4) == "\0\0\0\0"sv;
}

}  // namespace

std::string content_kind(std::string_view start) {
  constexpr std::array<std::pair<std::string_view, const char*>, 10> formats{{{"\x1f\x8b"sv, gzip_content},
                                                                              {"\x89PNG"sv, "a PNG picture"},
                                                                              {"\xff\xd8\xff"sv, "a JPEG picture"},
                                                                              {"%PDF"sv, "a PDF document"},
                                                                              {"PK\x03\x04"sv, "a ZIP archive"},
                                                                              {"\x89HDF"sv, "an HDF5 file"},
                                                                              {"NRRD"sv, "an NRRD volume"},
                                                                              {"ObjectType"sv, "a MetaImage header"},
                                                                              {"MATLAB 5.0"sv, "a MATLAB file"},
                                                                              {"\x7f"
                                                                               "ELF"sv,
                                                                               "a program"}}};
  for (const auto& [mark, name] : formats) {
    if (starts_with(start, mark)) return name;
  }
  if (start.size() >= 132 && start.substr(128, 4) == "DICM"sv) return dicom_content;
  if (is_nifti(start)) return nifti_content;
  if (is_safetensors(start)) return safetensors_content;
  if (is_json(start)) return json_content;
  return start.size() >= 4 && is_text(start.substr(0, content_kind_bytes))
             ? text_kind(start.substr(0, content_kind_bytes))
             : "";
}

std::string packed_content_kind(std::string_view start) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(start.data());
  if (!is_gzip(bytes, start.size())) return "";
  std::array<std::uint8_t, content_kind_bytes> content{};
  std::size_t got = 0;
  try {
    bool first = true;
    GzipStream stream([&]() -> std::pair<const std::uint8_t*, std::size_t> {
      return {bytes, std::exchange(first, false) ? start.size() : 0};
    });
    for (; got < content.size(); ++got) {  // byte by byte, for the data may end within a member
      if (stream.read(content.data() + got, 1) == 0) break;
    }
  } catch (const Error&) {
  }
  return content_kind({reinterpret_cast<const char*>(content.data()), got});
}

}  // namespace gdm
