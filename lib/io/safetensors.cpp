// A file of gdm carries two digests: "sha256" of the payload and "header_sha256" of the header, taken with 64 zeros in
// the place of that digest, so that no flipped bit anywhere in the file goes unnoticed.
#include "io/safetensors.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "io/content_kind.hpp"
#include "io/json.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/sha256.hpp"

namespace gdm {
namespace {

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t largest_header_bytes = 100000000;  // the limit of the reference implementation
constexpr std::uint64_t largest_extent = std::uint64_t{1} << 62;
constexpr std::size_t payload_alignment = 64;
constexpr std::string_view header_digest_key = "\"header_sha256\":\"";
constexpr std::size_t digest_digits = 64;

struct Header {
  struct Place {
    std::string dtype;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0, end = 0;  ///< in the payload
  };
  std::size_t bytes = 0;  ///< length field included
  std::map<std::string, std::string> metadata;
  std::map<std::string, Place> places;
};

std::uint64_t header_length(const std::uint8_t* bytes, std::size_t available, std::size_t file_size) {
  if (file_size < length_bytes || available < length_bytes) {
    throw Error(fmt::format("has {} bytes, expected a safetensors file", file_size));
  }
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) length |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  const bool too_long = length > largest_header_bytes;
  if (too_long || length > file_size - length_bytes || length > available - length_bytes) {
    const std::string kind =
        content_kind({reinterpret_cast<const char*>(bytes), std::min(available, content_kind_bytes)});
    // Eight bytes that are no length may be text by chance.
    const bool certain = !kind.empty() && kind != safetensors_content && !(too_long && kind == plain_text_content);
    if (certain) throw Error("is " + kind + ", expected a safetensors file");
  }
  if (too_long) {
    throw Error(fmt::format("is no safetensors file: it would begin with a header of {} bytes, at most {} are read",
                            length, largest_header_bytes));
  }
  if (length > file_size - length_bytes || length > available - length_bytes) {
    throw Error(fmt::format("is truncated: {} bytes, expected a header of {}", file_size, length));
  }
  return length;
}

std::uint64_t unsigned_of(const Json& value, const char* what) {
  if (!value.is_number_unsigned()) throw Error(fmt::format("{} is not an array of whole numbers >= 0", what));
  return value.get<std::uint64_t>();
}

/// Throws Error for a dtype that is unknown and for elements that are too many or do not fill whole bytes.
std::uint64_t tensor_bytes(const std::string& dtype, const std::vector<std::int64_t>& shape) {
  std::uint64_t bits = dtype_bits(dtype);
  if (bits == 0) throw Error(fmt::format("dtype '{}' is unknown", dtype));
  for (const std::int64_t extent : shape) {
    if (extent < 0) throw Error(fmt::format("negative extent {}", extent));
    if (__builtin_mul_overflow(bits, static_cast<std::uint64_t>(extent), &bits)) {
      throw Error("shape has too many elements");
    }
  }
  if (bits % 8 != 0) throw Error(fmt::format("has {} bits of {}, expected whole bytes", bits, dtype));
  return bits / 8;
}

Header::Place read_place(const Json& json) {
  if (!json.is_object()) throw Error(fmt::format("is {}, expected an object", json_kind(json)));
  for (const char* key : {"dtype", "shape", "data_offsets"}) {
    if (!json.contains(key)) throw Error(fmt::format("has no '{}'", key));
  }
  if (json.size() != 3) throw Error("has keys other than dtype, shape and data_offsets");
  Header::Place place;
  if (!json["dtype"].is_string()) throw Error("dtype is not a string");
  place.dtype = json["dtype"].get<std::string>();
  if (!json["shape"].is_array()) throw Error("shape is not an array of whole numbers >= 0");
  for (const Json& value : json["shape"]) {
    const std::uint64_t extent = unsigned_of(value, "shape");
    if (extent > largest_extent) throw Error("shape has too many elements");
    place.shape.push_back(static_cast<std::int64_t>(extent));
  }
  const std::uint64_t bytes = tensor_bytes(place.dtype, place.shape);
  const Json& offsets = json["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) throw Error("data_offsets is not an array of two numbers");
  place.begin = unsigned_of(offsets[0], "data_offsets");
  place.end = unsigned_of(offsets[1], "data_offsets");
  if (place.end < place.begin || place.end - place.begin != bytes) {
    throw Error(fmt::format("data_offsets are {} and {}, expected {} bytes apart", place.begin, place.end, bytes));
  }
  return place;
}

/// Tensors must fill the payload without overlap or gap.
void check_layout(const Header& header, std::uint64_t payload) {
  std::vector<std::pair<const Header::Place*, const std::string*>> order;
  for (const auto& [name, place] : header.places) order.emplace_back(&place, &name);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first->begin, a.first->end) < std::pair(b.first->begin, b.first->end);
  });
  std::uint64_t expected = 0;
  for (const auto& [place, name] : order) {
    if (place->begin != expected) {
      throw Error(fmt::format("tensor '{}' starts at byte {}, expected {}", *name, place->begin, expected));
    }
    expected = place->end;
  }
  if (expected != payload) throw Error(fmt::format("the payload has {} bytes, expected {}", payload, expected));
}

Header parse_header(const std::uint8_t* bytes, std::size_t available, std::size_t file_size) {
  const std::uint64_t length = header_length(bytes, available, file_size);
  const std::string_view text(reinterpret_cast<const char*>(bytes) + length_bytes, length);
  if (text.empty() || text.front() != '{') throw Error("the header does not start with '{'");
  const Json json = parse_json(text);
  Header header;
  header.bytes = length_bytes + length;
  for (const auto& [name, value] : json.items()) {
    if (name == "__metadata__") {
      if (!value.is_object()) throw Error("__metadata__ is not an object");
      for (const auto& [key, entry] : value.items()) {
        if (!entry.is_string()) throw Error(fmt::format("__metadata__ '{}' is not a string", key));
        header.metadata[key] = entry.get<std::string>();
      }
      continue;
    }
    if (name.empty()) throw Error("a tensor has an empty name");
    header.places[name] = with_context("tensor '" + name + "'", [&value = value] { return read_place(value); });
  }
  check_layout(header, file_size - header.bytes);
  return header;
}

/// Digest of a header as if the digits at `place` were zeros.
std::string header_digest(std::string_view header, std::size_t place) {
  static const std::string zeros(digest_digits, '0');
  Sha256 sha;
  sha.update(header.data(), place);
  sha.update(zeros.data(), zeros.size());
  sha.update(header.data() + place + digest_digits, header.size() - place - digest_digits);
  return sha.hex();
}

void check_digests(const Header& header, std::string_view header_text, const std::string& payload_digest) {
  const auto value = [&](const char* key) {
    const auto found = header.metadata.find(key);
    return found == header.metadata.end() ? std::string() : found->second;
  };
  const std::string stated = value("sha256");
  if (!stated.empty() && stated != payload_digest) {
    throw Error(fmt::format("is damaged: the payload's SHA-256 is {}, expected {}", payload_digest, stated));
  }
  if (header.metadata.count("gdm") == 0 && header.metadata.count("header_sha256") == 0) return;
  // Written by gdm: one missing key means that its name was damaged.
  if (header.metadata.count("gdm") == 0 || stated.empty() || value("header_sha256").empty()) {
    throw Error("is damaged: expected the metadata gdm, sha256 and header_sha256 together");
  }
  const std::size_t key = header_text.find(header_digest_key);
  const std::size_t place = key == std::string_view::npos ? key : key + header_digest_key.size();
  if (place == std::string_view::npos || place + digest_digits > header_text.size() ||
      header_text.substr(place, digest_digits) != value("header_sha256") ||
      header_digest(header_text, place) != value("header_sha256")) {
    throw Error("is damaged: the header's SHA-256 is not the one it states");
  }
}

struct Unmap {
  std::size_t size;
  void operator()(void* mapping) const { ::munmap(mapping, size); }
};

}  // namespace

std::size_t dtype_bits(const std::string& dtype) {
  static const std::map<std::string, std::size_t> sizes = {
      {"BOOL", 8},        {"F4", 4},          {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},   {"I8", 8},
      {"F8_E4M3", 8},     {"F8_E5M2", 8},     {"F8_E8M0", 8}, {"U16", 16},    {"I16", 16}, {"F16", 16},
      {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"BF16", 16},   {"U32", 32},    {"I32", 32}, {"F32", 32},
      {"U64", 64},        {"I64", 64},        {"F64", 64},    {"C64", 64}};
  const auto found = sizes.find(dtype);
  return found == sizes.end() ? 0 : found->second;
}

void check_safetensors_header(const std::uint8_t* bytes, std::size_t available, std::size_t file_size) {
  parse_header(bytes, available, file_size);
}

SafetensorsFile::SafetensorsFile(const fs::path& path) : path_(path) {
  const std::string name = path.string();
  const Descriptor input = open_for_reading(path);
  const std::int64_t size = regular_size(input, name);
  if (size < 0) throw Error(name + ": is not a regular file");
  if (size == 0) throw Error(name + ": is empty, expected a safetensors file");
  size_ = static_cast<std::size_t>(size);
  void* mapping = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, input.get(), 0);
  if (mapping == MAP_FAILED) throw system_error(name, errno);
  open(mapping);
}

SafetensorsFile::SafetensorsFile(std::string_view bytes, const fs::path& name) : path_(name), size_(bytes.size()) {
  if (bytes.empty()) throw Error(name.string() + ": is empty, expected a safetensors file");
  void* mapping = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) throw system_error(name.string(), errno);
  std::memcpy(mapping, bytes.data(), size_);
  open(mapping);
}

void SafetensorsFile::open(void* mapping) {
  std::unique_ptr<void, Unmap> guard(mapping, Unmap{size_});
  with_context(path_.string(), [&] {
    const auto* bytes = static_cast<const std::uint8_t*>(mapping);
    const Header header = parse_header(bytes, size_, size_);
    sha256_ = sha256_hex(bytes + header.bytes, size_ - header.bytes);
    check_digests(header, {reinterpret_cast<const char*>(bytes) + length_bytes, header.bytes - length_bytes}, sha256_);
    const auto description = header.metadata.find("gdm");
    if (description != header.metadata.end()) {
      description_ = with_context("metadata 'gdm'", [&] { return parse_json(description->second); });
    }
    for (const auto& [tensor, place] : header.places) {
      tensors_[tensor] = {place.dtype, place.shape, bytes + header.bytes + place.begin, place.end - place.begin};
    }
  });
  mapping_ = guard.release();
}

SafetensorsFile::~SafetensorsFile() {
  if (mapping_ != nullptr) ::munmap(mapping_, size_);
}

void SafetensorsFile::require_kind(const std::string& kind) const {
  const auto found = description_.is_object() ? description_.find("kind") : description_.end();
  const std::string is =
      found != description_.end() && found->is_string() ? found->get<std::string>() : "no file of gdm";
  if (is != kind) throw Error(fmt::format("{}: is {}, expected a file of kind '{}'", path_.string(), is, kind));
}

const TensorView& SafetensorsFile::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw Error(fmt::format("{}: has no tensor '{}' among its {}", path_.string(), name, tensors_.size()));
  }
  return found->second;
}

void SafetensorsWriter::add(const std::string& name, const std::string& dtype, std::vector<std::int64_t> shape,
                            const void* data) {
  if (name.empty() || name == "__metadata__") throw Error("'" + name + "' cannot be the name of a tensor");
  const std::uint64_t bytes = with_context("tensor '" + name + "'", [&] { return tensor_bytes(dtype, shape); });
  if (!entries_.emplace(name, Entry{dtype, std::move(shape), data, static_cast<std::size_t>(bytes)}).second) {
    throw Error(fmt::format("tensor '{}' is added twice", name));
  }
}

SafetensorsWriter::Plan SafetensorsWriter::plan(const Json& description) const {
  std::vector<std::pair<const std::string*, const Entry*>> parts;
  for (const auto& [name, entry] : entries_) parts.emplace_back(&name, &entry);
  // Wider elements first keeps each tensor aligned to its own element; the format allows no gaps.
  std::stable_sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
    return dtype_bits(a.second->dtype) > dtype_bits(b.second->dtype);
  });
  Plan plan;
  Sha256 sha;
  for (const auto& [name, entry] : parts) {
    sha.update(entry->data, entry->bytes);
    plan.payload.push_back(entry);
  }
  plan.digest = sha.hex();
  Json header = Json::object();
  header["__metadata__"] = {
      {"gdm", json_text(description, -1)}, {"header_sha256", std::string(digest_digits, '0')}, {"sha256", plan.digest}};
  std::size_t offset = 0;
  for (const auto& [name, entry] : parts) {
    header[*name] = {
        {"dtype", entry->dtype}, {"shape", entry->shape}, {"data_offsets", {offset, offset + entry->bytes}}};
    offset += entry->bytes;
  }
  std::string text = header.dump();
  text.append((payload_alignment - (length_bytes + text.size()) % payload_alignment) % payload_alignment, ' ');
  const std::size_t place = text.find(header_digest_key) + header_digest_key.size();
  text.replace(place, digest_digits, header_digest(text, place));
  for (std::size_t i = 0; i < length_bytes; ++i) plan.head += static_cast<char>(text.size() >> (8 * i));
  plan.head += text;
  return plan;
}

std::string SafetensorsWriter::write(const fs::path& path, const Json& description, Overwrite overwrite) const {
  const Plan plan = this->plan(description);
  AtomicFile file(path, overwrite);
  file.write(plan.head);
  for (const Entry* entry : plan.payload) file.write(entry->data, entry->bytes);
  file.commit();
  return plan.digest;
}

std::string SafetensorsWriter::bytes(const Json& description) const {
  const Plan plan = this->plan(description);
  std::string all = plan.head;
  for (const Entry* entry : plan.payload) all.append(static_cast<const char*>(entry->data), entry->bytes);
  return all;
}

}  // namespace gdm
