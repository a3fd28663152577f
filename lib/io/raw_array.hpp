// Numbers in files of other programs whose grid means nothing here, such as projections: raw ones, of which the file
// says nothing, and MetaImage (.mha, .mhd with its data file), uncompressed.
//
// MetaImage: the text header of Kitware's MetaIO, lines "Key = Value" up to ElementDataFile, which is LOCAL or the name
// of the data file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "image/volume.hpp"

namespace gdm {

struct RawLayout {
  Index3 shape{};    ///< the first axis runs fastest
  std::string type;  ///< one of raw_types()
  bool big_endian = false;
  std::int64_t skip_bytes = 0;  ///< before the first number
};
/// "uint8", "int16", "float32", ...
const std::vector<std::string>& raw_types();
/// Largest value of an integer type; 0 of others.
double largest_of_type(const std::string& type);

struct RawArray {
  Volume values;  ///< on a grid of unit spacings
  std::string type;
};

/// Throws Error naming the file unless it holds these numbers and no more.
RawArray read_raw_array(const std::filesystem::path& path, const RawLayout& layout);
/// Throws Error naming the file for what is no MetaImage of three dimensions and one channel, compressed, in text, or
/// of another size than it says.
RawArray read_meta_image(const std::filesystem::path& path);
/// By the ending, .mha or .mhd.
bool is_meta_image(const std::filesystem::path& path);

}  // namespace gdm
