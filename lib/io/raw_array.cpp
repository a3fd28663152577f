#include "io/raw_array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <sstream>

#include "io/nifti/convert.hpp"
#include "sys/bytes.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"

namespace gdm {
namespace {

namespace fs = std::filesystem;

struct NumberType {
  const char* name;
  const char* meta_name;
  int nifti_code;
  std::size_t bytes;
  double largest;
};
constexpr std::array<NumberType, 8> number_types{{{"uint8", "MET_UCHAR", 2, 1, 255},
                                                  {"int8", "MET_CHAR", 256, 1, 127},
                                                  {"uint16", "MET_USHORT", 512, 2, 65535},
                                                  {"int16", "MET_SHORT", 4, 2, 32767},
                                                  {"uint32", "MET_UINT", 768, 4, 4294967295.0},
                                                  {"int32", "MET_INT", 8, 4, 2147483647},
                                                  {"float32", "MET_FLOAT", 16, 4, 0},
                                                  {"float64", "MET_DOUBLE", 64, 8, 0}}};

const NumberType& type_named(const std::string& name, const char* NumberType::*word) {
  for (const NumberType& type : number_types) {
    if (name == type.*word) return type;
  }
  throw Error(fmt::format("numbers of the type '{}' cannot be read", name));
}

RawArray read_numbers(const fs::path& path, const RawLayout& layout, const NumberType& type) {
  const Descriptor file = open_for_reading(path);
  const std::string name = path.string();
  const std::int64_t numbers = voxel_count(layout.shape), held = regular_size(file, name);
  const std::int64_t expected = numbers * static_cast<std::int64_t>(type.bytes) + layout.skip_bytes;
  if (held != expected) {
    throw Error(fmt::format("{}: holds {} bytes; {} x {} x {} numbers of the type {} after {} bytes are {}", name, held,
                            layout.shape[0], layout.shape[1], layout.shape[2], type.name, layout.skip_bytes, expected));
  }
  NiftiHeader header;
  header.datatype = type.nifti_code;
  header.info.swapped = layout.big_endian;
  RawArray array;
  array.type = type.name;
  array.values.grid = Grid::centred(layout.shape, {1, 1, 1});
  array.values.voxels.resize(static_cast<std::size_t>(numbers));
  constexpr std::size_t at_once = std::size_t{1} << 20;
  Bytes block(at_once * type.bytes);
  for (std::size_t from = 0; from < array.values.voxels.size(); from += at_once) {
    const std::size_t count = std::min(at_once, array.values.voxels.size() - from);
    const auto position = static_cast<std::uint64_t>(layout.skip_bytes) + from * type.bytes;
    if (read_at(file, position, block.data(), count * type.bytes, name) != count * type.bytes) {
      throw Error(name + ": has become shorter while it was read");
    }
    convert_stored(header, block.data(), count, array.values.voxels.data() + from);
  }
  return array;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r"), last = text.find_last_not_of(" \t\r");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

struct MetaHeader {
  std::map<std::string, std::string> fields;
  std::int64_t bytes = 0;

  std::string value(const std::string& key, const std::string& otherwise) const {
    const auto found = fields.find(key);
    return found == fields.end() ? otherwise : found->second;
  }
  bool is_true(const std::string& key) const {
    const std::string text = value(key, "False");
    return text == "True" || text == "true" || text == "1";
  }
  std::vector<std::int64_t> whole_numbers(const std::string& key) const {
    std::istringstream text(value(key, ""));
    std::vector<std::int64_t> numbers;
    for (std::int64_t number = 0; text >> number;) numbers.push_back(number);
    if (!text.eof() || numbers.empty()) throw Error(fmt::format("its {} is '{}'", key, value(key, "")));
    return numbers;
  }
};

MetaHeader read_header(const fs::path& path) {
  constexpr std::size_t limit = 65536;
  const Descriptor file = open_for_reading(path);
  std::string text(limit, '\0');
  text.resize(read_up_to(file, text.data(), text.size(), path.string()));
  MetaHeader header;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = text.find('\n', from);
    const std::string line = text.substr(from, end - from);
    const std::size_t sign = line.find('=');
    if (sign == std::string::npos || end == std::string::npos) break;
    const std::string key = trimmed(line.substr(0, sign));
    header.fields[key] = trimmed(line.substr(sign + 1));
    from = end + 1;
    header.bytes = static_cast<std::int64_t>(from);
    if (key == "ElementDataFile") return header;
  }
  throw Error("is no MetaImage: no line 'ElementDataFile = ...' ends a header of 'key = value'");
}

Index3 shape_of(const MetaHeader& header) {
  const std::vector<std::int64_t> size = header.whole_numbers("DimSize");
  Index3 shape{1, 1, 1};
  for (std::size_t n = 0; n < size.size(); ++n) {
    if (size[n] < 1 || size[n] > 32767 || (n > 2 && size[n] > 1)) {
      throw Error(
          fmt::format("its DimSize is '{}', expected three numbers from 1 to 32767", header.value("DimSize", "")));
    }
    if (n < 3) shape[n] = size[n];
  }
  return shape;
}

}  // namespace

const std::vector<std::string>& raw_types() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const NumberType& type : number_types) all.emplace_back(type.name);
    return all;
  }();
  return names;
}

double largest_of_type(const std::string& type) {
  const auto found = std::find_if(number_types.begin(), number_types.end(),
                                  [&](const NumberType& known) { return type == known.name; });
  return found == number_types.end() ? 0.0 : found->largest;
}

bool is_meta_image(const fs::path& path) {
  return path.extension() == ".mha" || path.extension() == ".mhd";
}

RawArray read_raw_array(const fs::path& path, const RawLayout& layout) {
  return read_numbers(path, layout, type_named(layout.type, &NumberType::name));
}

RawArray read_meta_image(const fs::path& path) {
  RawLayout layout;
  fs::path data = path;
  std::string type;
  with_context(path.string(), [&] {
    const MetaHeader header = read_header(path);
    if (header.is_true("CompressedData")) throw Error("is compressed, which cannot be read: write it uncompressed");
    if (header.fields.count("BinaryData") && !header.is_true("BinaryData")) {
      throw Error("holds numbers as text, which cannot be read: write it binary");
    }
    if (header.value("ElementNumberOfChannels", "1") != "1") throw Error("has several channels, expected one");
    layout.shape = shape_of(header);
    type = type_named(header.value("ElementType", ""), &NumberType::meta_name).name;
    layout.big_endian = header.is_true("BinaryDataByteOrderMSB") || header.is_true("ElementByteOrderMSB");
    const std::string file = header.value("ElementDataFile", "");
    if (file == "LOCAL") {
      layout.skip_bytes = header.bytes;
      return;
    }
    if (file == "LIST" || file.find('%') != std::string::npos) throw Error("lies in several files, expected one");
    data = fs::path(file).is_absolute() ? fs::path(file) : path.parent_path() / file;
    const std::string skipped = header.value("HeaderSize", "0");
    layout.skip_bytes = skipped == "-1"                     ? -1
                        : header.fields.count("HeaderSize") ? header.whole_numbers("HeaderSize")[0]
                                                            : 0;
  });
  const NumberType& numbers = type_named(type, &NumberType::name);
  if (layout.skip_bytes < 0) {
    const std::int64_t held = regular_size(open_for_reading(data), data.string());
    layout.skip_bytes =
        std::max<std::int64_t>(0, held - voxel_count(layout.shape) * static_cast<std::int64_t>(numbers.bytes));
  }
  return read_numbers(data, layout, numbers);
}

}  // namespace gdm
