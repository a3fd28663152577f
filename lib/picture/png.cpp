// Pictures: drawing into memory, and PNG by libpng into memory, so that the file itself goes through AtomicFile.
#include "picture/png.hpp"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <map>

#include "picture/font.hpp"
#include "sys/error.hpp"

namespace gdm::picture {
namespace {

extern "C" void append_png_bytes(png_structp png, png_bytep data, png_size_t bytes) {
  auto* out = static_cast<std::string*>(png_get_io_ptr(png));
  try {
    out->append(reinterpret_cast<const char*>(data), bytes);
  } catch (const std::exception&) {
    png_error(png, "out of memory");
  }
}

extern "C" void flush_png_bytes(png_structp) {}

/// A picture as PNG holds it: one byte a pixel where that is enough.
struct Pixels {
  int colour_type = PNG_COLOR_TYPE_RGB;
  std::size_t bytes_a_pixel = 3;
  std::vector<std::uint8_t> bytes;
  std::vector<png_color> palette;
};

Pixels grey_pixels(const Picture& picture) {
  Pixels pixels{PNG_COLOR_TYPE_GRAY, 1, {}, {}};
  for (std::size_t n = 0; n < picture.rgb.size(); n += 3) pixels.bytes.push_back(picture.rgb[n]);
  return pixels;
}

/// Without bytes if the picture has more than 256 colours.
Pixels indexed_pixels(const Picture& picture) {
  Pixels pixels{PNG_COLOR_TYPE_PALETTE, 1, {}, {}};
  std::map<Rgb, std::uint8_t> index;
  for (std::size_t n = 0; n < picture.rgb.size(); n += 3) {
    const Rgb colour{picture.rgb[n], picture.rgb[n + 1], picture.rgb[n + 2]};
    const auto found = index.emplace(colour, static_cast<std::uint8_t>(index.size()));
    if (found.second) {
      if (index.size() > 256) return {PNG_COLOR_TYPE_PALETTE, 1, {}, {}};
      pixels.palette.push_back({colour[0], colour[1], colour[2]});
    }
    pixels.bytes.push_back(found.first->second);
  }
  return pixels;
}

Pixels pixels_of(const Picture& picture) {
  bool grey = true;
  for (std::size_t n = 0; n < picture.rgb.size() && grey; n += 3) {
    grey = picture.rgb[n] == picture.rgb[n + 1] && picture.rgb[n] == picture.rgb[n + 2];
  }
  if (grey) return grey_pixels(picture);
  Pixels indexed = indexed_pixels(picture);
  return indexed.bytes.empty() ? Pixels{PNG_COLOR_TYPE_RGB, 3, picture.rgb, {}} : indexed;
}

/// Runs libpng, which reports errors by longjmp: no object with a destructor lives in this frame.
bool encode(const Picture& picture, const Pixels& pixels, png_structp png, png_infop info, std::string& out) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_write_fn(png, &out, append_png_bytes, flush_png_bytes);
  png_set_IHDR(png, info, static_cast<png_uint_32>(picture.width), static_cast<png_uint_32>(picture.height), 8,
               pixels.colour_type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!pixels.palette.empty()) png_set_PLTE(png, info, pixels.palette.data(), static_cast<int>(pixels.palette.size()));
  png_write_info(png, info);
  const std::size_t stride = static_cast<std::size_t>(picture.width) * pixels.bytes_a_pixel;
  for (int y = 0; y < picture.height; ++y) {
    png_write_row(png, pixels.bytes.data() + static_cast<std::size_t>(y) * stride);
  }
  png_write_end(png, nullptr);
  return true;
}

}  // namespace

Picture::Picture(int width_pixels, int height_pixels, Rgb fill) : width(width_pixels), height(height_pixels) {
  rgb.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  for (std::size_t n = 0; n < rgb.size(); ++n) rgb[n] = fill[n % 3];
}

void Picture::set(int x, int y, Rgb colour) {
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  const std::size_t at =
      (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) * 3;
  std::copy(colour.begin(), colour.end(), rgb.begin() + static_cast<std::ptrdiff_t>(at));
}

void Picture::fill_rect(int x, int y, int w, int h, Rgb colour) {
  for (int row = std::max(0, y); row < std::min(height, y + h); ++row) {
    for (int column = std::max(0, x); column < std::min(width, x + w); ++column) set(column, row, colour);
  }
}

void Picture::text(int x, int y, const std::string& text, Rgb colour, int scale) {
  for (const char letter : text) {
    const char* const glyph = font_glyph(letter);
    for (int row = 0; row < font_height; ++row) {
      for (int column = 0; column < font_width; ++column) {
        if (glyph[row * (font_width + 1) + column] != '#') continue;
        fill_rect(x + column * scale, y + row * scale, scale, scale, colour);
      }
    }
    x += (font_width + 1) * scale;
  }
}

int Picture::text_width(const std::string& text, int scale) {
  return text.empty() ? 0 : (static_cast<int>(text.size()) * (font_width + 1) - 1) * scale;
}

std::string png_bytes(const Picture& picture) {
  const Pixels pixels = pixels_of(picture);
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png != nullptr ? png_create_info_struct(png) : nullptr;
  const bool done = info != nullptr && encode(picture, pixels, png, info, bytes);
  png_destroy_write_struct(&png, &info);
  if (!done) throw Error("libpng could not encode the picture");
  return bytes;
}

void write_png(const std::filesystem::path& path, const Picture& picture, Overwrite overwrite) {
  const std::string bytes = with_context(path.string(), [&] { return png_bytes(picture); });
  write_file(path, bytes, overwrite);
}

}  // namespace gdm::picture
