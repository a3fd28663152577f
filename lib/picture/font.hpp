// The built-in letters of Picture::text: 5 x 7 pixels each, so that pictures need no font file.
#pragma once

namespace gdm::picture {

constexpr int font_width = 5, font_height = 7;

/// Seven rows of five characters ('#' set, '.' clear), separated by blanks. Anything outside ASCII 32..126 is drawn
/// as '?'.
const char* font_glyph(char letter);

}  // namespace gdm::picture
