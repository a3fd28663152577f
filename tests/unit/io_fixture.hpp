// What the tests of files share: a fresh folder that is removed again, gzip, the message of an expected error, and
// NIfTI headers built field by field, independent of the code under test.
#pragma once

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sys/error.hpp"
#include "sys/gzip.hpp"

namespace gdm_test {

namespace fs = std::filesystem;
using ByteVector = std::vector<std::uint8_t>;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "gdm-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw gdm::Error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }

 private:
  fs::path path_;
};

inline void put_file(const fs::path& path, const void* data, std::size_t bytes) {
  std::ofstream(path, std::ios::binary).write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
}
inline void put_file(const fs::path& path, const ByteVector& bytes) {
  put_file(path, bytes.data(), bytes.size());
}
inline ByteVector get_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// As the writer cuts and compresses a file.
inline ByteVector gzipped(const ByteVector& data, std::size_t piece_bytes = std::size_t{1} << 20) {
  ByteVector all;
  std::size_t begin = 0;
  do {
    const std::size_t bytes = std::min(piece_bytes, data.size() - begin);
    const gdm::Bytes member = gdm::gzip_member(data.data() + begin, bytes);
    all.insert(all.end(), member.data(), member.data() + member.size());
    begin += bytes;
  } while (begin < data.size());
  return all;
}

/// The message of the Error that `body` throws, or "no error".
template <class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const gdm::Error& error) {
    return error.what();
  }
  return "no error";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A NIfTI header of either version and byte order; put() overwrites any field afterwards.
class RawNifti {
 public:
  RawNifti(int version, bool swapped, std::array<std::int64_t, 3> shape, int datatype, int bits)
      : version_(version), swapped_(swapped), bytes_(version == 1 ? 352 : 544, 0) {
    put<std::int32_t>(0, version == 1 ? 348 : 540);
    const char* magic = version == 1 ? "n+1\0" : "n+2\0\r\n\032\n";
    std::memcpy(&bytes_[version == 1 ? 344 : 4], magic, version == 1 ? 4 : 8);
    set_dim(0, 3);
    for (int axis = 1; axis <= 7; ++axis) set_dim(axis, axis <= 3 ? shape[static_cast<std::size_t>(axis - 1)] : 1);
    put<std::int16_t>(version == 1 ? 70 : 12, static_cast<std::int16_t>(datatype));
    put<std::int16_t>(version == 1 ? 72 : 14, static_cast<std::int16_t>(bits));
    for (int i = 0; i < 8; ++i) set_pixdim(i, 1.0);
    set_offset(version == 1 ? 352 : 544);
    if (version == 1) {
      bytes_[123] = 2;
    } else {
      put<std::int32_t>(500, 2);
    }
  }

  template <class T>
  void put(std::size_t offset, T value) {
    std::array<std::uint8_t, sizeof(T)> raw;
    std::memcpy(raw.data(), &value, sizeof(T));
    if (swapped_) std::reverse(raw.begin(), raw.end());
    std::copy(raw.begin(), raw.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void set_dim(int axis, std::int64_t extent) {
    const auto index = static_cast<std::size_t>(axis);
    if (version_ == 1) {
      put<std::int16_t>(40 + 2 * index, static_cast<std::int16_t>(extent));
    } else {
      put<std::int64_t>(16 + 8 * index, extent);
    }
  }
  void set_pixdim(int i, double value) { put_real(76, 104, static_cast<std::size_t>(i), value); }
  void set_offset(double bytes) {
    if (version_ == 1) {
      put<float>(108, static_cast<float>(bytes));
    } else {
      put<std::int64_t>(168, static_cast<std::int64_t>(bytes));
    }
  }
  void set_scaling(double slope, double intercept) {
    put_real(112, 176, 0, slope);
    put_real(116, 184, 0, intercept);
  }
  void set_codes(int qform, int sform) {
    if (version_ == 1) {
      put<std::int16_t>(252, static_cast<std::int16_t>(qform));
      put<std::int16_t>(254, static_cast<std::int16_t>(sform));
    } else {
      put<std::int32_t>(344, qform);
      put<std::int32_t>(348, sform);
    }
  }
  void set_quaternion(double b, double c, double d, std::array<double, 3> offset) {
    const std::array<double, 3> quaternion{b, c, d};
    for (std::size_t i = 0; i < 3; ++i) {
      put_real(256, 352, i, quaternion[i]);
      put_real(268, 376, i, offset[i]);
    }
  }
  void set_srow(const std::array<std::array<double, 4>, 3>& rows) {
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 4; ++c) put_real(280, 400, 4 * r + c, rows[r][c]);
    }
  }
  /// Voxels, or an extension, appended behind what there is.
  template <class T>
  void append(T value) {
    bytes_.resize(bytes_.size() + sizeof(T));
    put(bytes_.size() - sizeof(T), value);
  }
  void append_zeros(std::size_t count) { bytes_.resize(bytes_.size() + count, 0); }
  ByteVector& bytes() { return bytes_; }

 private:
  void put_real(std::size_t offset1, std::size_t offset2, std::size_t index, double value) {
    if (version_ == 1) {
      put<float>(offset1 + 4 * index, static_cast<float>(value));
    } else {
      put<double>(offset2 + 8 * index, value);
    }
  }
  int version_;
  bool swapped_;
  ByteVector bytes_;
};

}  // namespace gdm_test
