// safetensors: 8-byte little-endian header length, JSON header, raw little-endian tensors (github
// huggingface/safetensors, format section of its README). gdm adds three metadata strings: "gdm", a JSON description of
// what the file is, "sha256", the digest of the payload bytes, and "header_sha256", the digest of the header with zeros
// in its own place. They are checked on load.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/json.hpp"
#include "sys/atomic_file.hpp"

namespace gdm {

namespace fs = std::filesystem;
/// Bits per element of a safetensors dtype name, 0 if unknown. All of the format's are known (Dtype in its tensor.rs):
/// F64 I64 U64 C64, F32 I32 U32, F16 BF16 I16 U16, F8_E4M3 F8_E5M2 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ I8 U8 BOOL, and
/// packed F6_E2M3 F6_E3M2 F4, of which a tensor must fill whole bytes.
std::size_t dtype_bits(const std::string& dtype);

struct TensorView {
  std::string dtype;
  std::vector<std::int64_t> shape;
  /// Valid while the SafetensorsFile lives; aligned to its element if we wrote it.
  const std::uint8_t* data = nullptr;
  std::size_t bytes = 0;
};

/// A file mapped into memory. Opening checks the header (size limit 100 MB, names, dtypes, shapes, offsets that are in
/// range, do not overlap and leave no gap) and, if the file states one, the payload's SHA-256.
class SafetensorsFile {
 public:
  /// Throws Error "FILE: what was found, what was expected".
  explicit SafetensorsFile(const fs::path& path);
  /// The same for a file in memory, which is copied; messages call it `name`.
  SafetensorsFile(std::string_view bytes, const fs::path& name);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  const fs::path& path() const { return path_; }
  /// Parsed "gdm" metadata; null if the file has none (a file made by others).
  const Json& description() const { return description_; }
  /// Throws Error unless description()["kind"] == kind ("encoder", "generator", "bank", "checkpoint", "features").
  void require_kind(const std::string& kind) const;
  /// SHA-256 of the payload, computed on load.
  const std::string& payload_sha256() const { return sha256_; }
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  /// Throws Error if there is no such tensor.
  const TensorView& tensor(const std::string& name) const;

 private:
  /// Takes over the mapping of size_ bytes.
  void open(void* mapping);

  fs::path path_;
  void* mapping_ = nullptr;
  std::size_t size_ = 0;
  Json description_;
  std::string sha256_;
  std::map<std::string, TensorView> tensors_;
};

/// Header checks alone, for tests and fuzzing: `bytes` is the start of a file of `file_size` bytes.
void check_safetensors_header(const std::uint8_t* bytes, std::size_t available, std::size_t file_size);

/// Collects tensors (the data must stay alive until they are written) and writes them, wide elements first and then by
/// name, byte for byte the same for the same input. The payload starts at a multiple of 64 bytes.
class SafetensorsWriter {
 public:
  /// Throws Error naming the tensor for a dtype that is unknown, elements that do not fill whole bytes, a negative
  /// extent, and a name that is empty, reserved or taken.
  void add(const std::string& name, const std::string& dtype, std::vector<std::int64_t> shape, const void* data);
  /// Returns the payload's SHA-256.
  std::string write(const fs::path& path, const Json& description, Overwrite overwrite) const;
  /// What write() would write.
  std::string bytes(const Json& description) const;

 private:
  struct Entry {
    std::string dtype;
    std::vector<std::int64_t> shape;
    const void* data;
    std::size_t bytes;
  };
  struct Plan {
    std::string digest, head;  ///< of the payload; what stands before it
    std::vector<const Entry*> payload;
  };
  Plan plan(const Json& description) const;

  std::map<std::string, Entry> entries_;
};

}  // namespace gdm
