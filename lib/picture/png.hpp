// 8-bit RGB pictures in memory and as PNG files.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sys/atomic_file.hpp"

namespace gdm::picture {

using Rgb = std::array<std::uint8_t, 3>;

struct Picture {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;  ///< row major, 3 bytes a pixel, top row first

  Picture(int width, int height, Rgb fill);
  void set(int x, int y, Rgb colour);  ///< outside the picture: ignored
  void fill_rect(int x, int y, int w, int h, Rgb colour);
  /// Text in the built-in 5 x 7 font, scaled by a whole number; (x, y) is the top left corner. ASCII only.
  void text(int x, int y, const std::string& text, Rgb colour, int scale = 1);
  static int text_width(const std::string& text, int scale = 1);
};

/// The bytes of a PNG file; a picture without colour takes one byte a pixel, as does one of at most 256 colours. Throws
/// Error.
std::string png_bytes(const Picture& picture);

/// Throws Error naming the path.
void write_png(const std::filesystem::path& path, const Picture& picture, Overwrite overwrite);

}  // namespace gdm::picture
