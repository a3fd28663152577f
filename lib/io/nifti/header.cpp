// Fields are fetched by offset from the bytes: no struct is laid over unchecked input.
#include "io/nifti/header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "io/nifti/affine.hpp"
#include "sys/error.hpp"

namespace gdm {
namespace {

class Fields {
 public:
  Fields(const std::uint8_t* bytes, bool swapped) : bytes_(bytes), swapped_(swapped) {}

  template <class T>
  T get(std::size_t offset) const {
    std::array<std::uint8_t, sizeof(T)> raw{};
    std::memcpy(raw.data(), bytes_ + offset, sizeof(T));
    if (swapped_) std::reverse(raw.begin(), raw.end());
    T value;
    std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }
  template <class Stored, class T, std::size_t n>
  void get_all(std::size_t offset, std::array<T, n>& values) const {
    for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<T>(get<Stored>(offset + i * sizeof(Stored)));
  }
  /// Up to the first NUL, with anything but printable ASCII replaced.
  std::string text(std::size_t offset, std::size_t length) const {
    std::string result;
    for (std::size_t i = 0; i < length && bytes_[offset + i] != 0; ++i) {
      const char c = static_cast<char>(bytes_[offset + i]);
      result += c >= ' ' && c <= '~' ? c : '?';
    }
    return result;
  }

 private:
  const std::uint8_t* bytes_;
  bool swapped_;
};

/// What both versions have in common, before it is judged.
struct RawHeader {
  std::array<std::int64_t, 8> dim{};
  int datatype = 0, bitpix = 0;
  std::uint64_t vox_offset = 0;
  double slope = 0, intercept = 0;
  NiftiTransforms transforms;
};

struct Datatype {
  int code;
  const char* name;
  int bits;
  bool scalar;  ///< read by gdm; the others are refused by name
};
constexpr std::array<Datatype, 17> datatypes = {{{1, "1-bit binary", 1, false},
                                                 {2, "uint8", 8, true},
                                                 {4, "int16", 16, true},
                                                 {8, "int32", 32, true},
                                                 {16, "float32", 32, true},
                                                 {32, "complex64", 64, false},
                                                 {64, "float64", 64, true},
                                                 {128, "RGB24", 24, false},
                                                 {256, "int8", 8, true},
                                                 {512, "uint16", 16, true},
                                                 {768, "uint32", 32, true},
                                                 {1024, "int64", 64, true},
                                                 {1280, "uint64", 64, true},
                                                 {1536, "float128 (long double)", 128, false},
                                                 {1792, "complex128", 128, false},
                                                 {2048, "complex256", 256, false},
                                                 {2304, "RGBA32", 32, false}}};

std::uint64_t checked_offset(double value) {
  if (!(value >= 0 && value <= 0x1p53) || value != std::floor(value)) {
    throw Error(fmt::format("vox_offset is {}, expected a whole number of bytes", value));
  }
  return static_cast<std::uint64_t>(value);
}

/// Byte order and version from sizeof_hdr, the field that every NIfTI header starts with.
void identify(const std::uint8_t* bytes, std::size_t available, NiftiHeader& header) {
  if (available == 0) throw Error("the file is empty, expected a NIfTI header");
  if (available < 4) throw Error(fmt::format("the file ends after {} bytes, expected a NIfTI header", available));
  for (const bool swapped : {false, true}) {
    const auto size = Fields(bytes, swapped).get<std::int32_t>(0);
    if (size != 348 && size != 540) continue;
    header.info.swapped = swapped;
    header.info.version = size == 348 ? 1 : 2;
    if (available < static_cast<std::size_t>(size)) {
      throw Error(fmt::format("the file ends after {} bytes, expected a header of {} bytes", available, size));
    }
    return;
  }
  throw Error(fmt::format("starts with {:02x} {:02x} {:02x} {:02x}, expected a NIfTI header (348 or 540)", bytes[0],
                          bytes[1], bytes[2], bytes[3]));
}

void read_magic(const std::uint8_t* bytes, NiftiHeader& header) {
  const bool first = header.info.version == 1;
  const std::uint8_t* magic = bytes + (first ? 344 : 4);
  const std::size_t length = first ? 4 : 8;
  const char* single = first ? "n+1\0" : "n+2\0\r\n\032\n";
  const char* pair = first ? "ni1\0" : "ni2\0\r\n\032\n";
  header.pair = std::memcmp(magic, pair, length) == 0;
  if (!header.pair && std::memcmp(magic, single, length) != 0) {
    throw Error(fmt::format("the NIfTI-{} magic string is missing (an ANALYZE 7.5 file?)", header.info.version));
  }
}

RawHeader read_version_1(const Fields& fields) {
  RawHeader raw;
  fields.get_all<std::int16_t>(40, raw.dim);
  raw.datatype = fields.get<std::int16_t>(70);
  raw.bitpix = fields.get<std::int16_t>(72);
  fields.get_all<float>(76, raw.transforms.pixdim);
  raw.vox_offset = checked_offset(fields.get<float>(108));
  raw.slope = fields.get<float>(112);
  raw.intercept = fields.get<float>(116);
  raw.transforms.xyz_unit = fields.get<std::uint8_t>(123) & 7;
  raw.transforms.qform_code = fields.get<std::int16_t>(252);
  raw.transforms.sform_code = fields.get<std::int16_t>(254);
  fields.get_all<float>(256, raw.transforms.quaternion);
  fields.get_all<float>(268, raw.transforms.offset);
  for (std::size_t r = 0; r < 3; ++r) fields.get_all<float>(280 + 16 * r, raw.transforms.srow[r]);
  return raw;
}

RawHeader read_version_2(const Fields& fields) {
  RawHeader raw;
  raw.datatype = fields.get<std::int16_t>(12);
  raw.bitpix = fields.get<std::int16_t>(14);
  fields.get_all<std::int64_t>(16, raw.dim);
  fields.get_all<double>(104, raw.transforms.pixdim);
  raw.vox_offset = checked_offset(static_cast<double>(fields.get<std::int64_t>(168)));
  raw.slope = fields.get<double>(176);
  raw.intercept = fields.get<double>(184);
  raw.transforms.qform_code = fields.get<std::int32_t>(344);
  raw.transforms.sform_code = fields.get<std::int32_t>(348);
  fields.get_all<double>(352, raw.transforms.quaternion);
  fields.get_all<double>(376, raw.transforms.offset);
  for (std::size_t r = 0; r < 3; ++r) fields.get_all<double>(400 + 32 * r, raw.transforms.srow[r]);
  raw.transforms.xyz_unit = fields.get<std::int32_t>(500) & 7;
  return raw;
}

void set_datatype(const RawHeader& raw, NiftiHeader& header) {
  const auto found = std::find_if(datatypes.begin(), datatypes.end(),
                                  [&](const Datatype& datatype) { return datatype.code == raw.datatype; });
  if (found == datatypes.end()) throw Error(fmt::format("datatype {} is not one of NIfTI's", raw.datatype));
  if (!found->scalar) {
    throw Error(fmt::format("the voxels are {}, expected 8- to 64-bit integers, float32 or float64", found->name));
  }
  if (raw.bitpix != found->bits) {
    throw Error(fmt::format("bitpix is {}, expected {} for {}", raw.bitpix, found->bits, found->name));
  }
  header.datatype = found->code;
  header.info.datatype = found->name;
  header.voxel_bytes = static_cast<std::size_t>(found->bits / 8);
}

Index3 checked_shape(const RawHeader& raw) {
  const std::int64_t axes = raw.dim[0];
  if (axes < 1 || axes > 7) throw Error(fmt::format("dim[0] is {}, expected 1 to 7 axes", axes));
  Index3 shape{1, 1, 1};
  for (std::size_t axis = 1; axis <= static_cast<std::size_t>(axes); ++axis) {
    const std::int64_t extent = raw.dim[axis];
    if (extent < 1 || extent > 32767) throw Error(fmt::format("dim[{}] is {}, expected 1 to 32767", axis, extent));
    if (axis <= 3) {
      shape[axis - 1] = extent;
    } else if (extent != 1) {
      throw Error(fmt::format("has {} axes and dim[{}] is {}, expected a 3-D volume", axes, axis, extent));
    }
  }
  return shape;
}

void set_sizes(const RawHeader& raw, const Index3& shape, NiftiHeader& header) {
  const std::uint64_t header_bytes = header.info.version == 1 ? 352 : 544;
  header.data_offset = raw.vox_offset;
  if (!header.pair && raw.vox_offset < header_bytes) {
    throw Error(fmt::format("vox_offset is {}, expected at least {}", raw.vox_offset, header_bytes));
  }
  if (!header.pair) header.info.extension_bytes = raw.vox_offset - header_bytes;
  header.data_bytes = header.voxel_bytes;
  for (const std::int64_t extent : shape) {
    if (__builtin_mul_overflow(header.data_bytes, static_cast<std::uint64_t>(extent), &header.data_bytes)) {
      throw Error(fmt::format("{} x {} x {} voxels are too many", shape[0], shape[1], shape[2]));
    }
  }
}

void set_scaling(const RawHeader& raw, NiftiInfo& info) {
  if (!std::isfinite(raw.slope) || raw.slope == 0) return;
  if (!std::isfinite(raw.intercept)) {
    throw Error(fmt::format("scl_inter is {} with scl_slope {}, expected a number", raw.intercept, raw.slope));
  }
  info.slope = raw.slope;
  info.intercept = raw.intercept;
}

void check_code(const char* name, int code) {
  if (code < 0 || code > 32767) throw Error(fmt::format("{} is {}, expected 0 to 5", name, code));
}

}  // namespace

NiftiHeader parse_nifti_header(const std::uint8_t* bytes, std::size_t available) {
  NiftiHeader header;
  identify(bytes, available, header);
  read_magic(bytes, header);
  const Fields fields(bytes, header.info.swapped);
  const bool first = header.info.version == 1;
  RawHeader raw = first ? read_version_1(fields) : read_version_2(fields);
  const Index3 shape = checked_shape(raw);
  set_datatype(raw, header);
  set_sizes(raw, shape, header);
  set_scaling(raw, header.info);
  check_code("sform_code", raw.transforms.sform_code);
  check_code("qform_code", raw.transforms.qform_code);
  raw.transforms.axes = raw.dim[0];
  header.info.grid = grid_of_transforms(raw.transforms, shape, header.warnings);
  header.info.description = fields.text(first ? 148 : 240, 80);
  return header;
}

}  // namespace gdm
