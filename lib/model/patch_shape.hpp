// The shape of the patches that a generator is trained on and applied to: a cube, or a slab that holds whole slices.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "io/json.hpp"

namespace gdm::model {

/// Voxels along D, H, W, which are k, j, i of a volume. A number stands for the cube of that edge.
struct PatchShape {
  std::array<std::int64_t, 3> dhw{0, 0, 0};

  PatchShape() = default;
  PatchShape(std::int64_t edge) : dhw{edge, edge, edge} {}
  PatchShape(std::int64_t depth, std::int64_t height, std::int64_t width) : dhw{depth, height, width} {}

  /// "48", or "128x128x8": along i, j and k. Throws Error unless each is 8 to 512.
  static PatchShape from_text(const std::string& text);
  std::string text() const;

  std::int64_t operator[](std::size_t axis) const { return dhw[axis]; }
  bool operator==(const PatchShape& other) const { return dhw == other.dhw; }
  bool operator!=(const PatchShape& other) const { return dhw != other.dhw; }
  bool is_cube() const { return dhw[0] == dhw[1] && dhw[1] == dhw[2]; }
  bool is_multiple_of(std::int64_t n) const { return dhw[0] % n == 0 && dhw[1] % n == 0 && dhw[2] % n == 0; }
  bool holds(const PatchShape& other) const;
  std::int64_t least() const;
  std::int64_t voxels() const { return dhw[0] * dhw[1] * dhw[2]; }
};

/// In files: the edge of a cube, else [i, j, k].
void to_json(Json& json, const PatchShape& shape);
void from_json(const Json& json, PatchShape& shape);

}  // namespace gdm::model
