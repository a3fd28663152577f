#include "model/patch_shape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sys/error.hpp"

namespace gdm::model {

PatchShape PatchShape::from_text(const std::string& text) {
  constexpr std::int64_t least = 8, most = 512;
  std::array<std::int64_t, 3> ijk{};
  std::size_t count = 0;
  const char *at = text.data(), *const end = at + text.size();
  while (count < 3) {
    const auto parsed = std::from_chars(at, end, ijk[count]);
    if (parsed.ec != std::errc() || ijk[count] < least || ijk[count] > most) break;
    ++count;
    at = parsed.ptr;
    if (at == end || *at != 'x') break;
    ++at;
  }
  if (at != end || text.empty() || text.back() == 'x' || (count != 1 && count != 3)) {
    throw Error(fmt::format("'{}' is neither the edge of a cube nor a shape such as 128x128x8, of {} to {} voxels",
                            text, least, most),
                Exit::usage);
  }
  return count == 1 ? PatchShape(ijk[0]) : PatchShape(ijk[2], ijk[1], ijk[0]);
}

std::string PatchShape::text() const {
  return is_cube() ? std::to_string(dhw[0]) : fmt::format("{}x{}x{}", dhw[2], dhw[1], dhw[0]);
}

bool PatchShape::holds(const PatchShape& other) const {
  return dhw[0] >= other.dhw[0] && dhw[1] >= other.dhw[1] && dhw[2] >= other.dhw[2];
}

std::int64_t PatchShape::least() const {
  return *std::min_element(dhw.begin(), dhw.end());
}

void to_json(Json& json, const PatchShape& shape) {
  if (shape.is_cube()) {
    json = shape.dhw[0];
  } else {
    json = {shape.dhw[2], shape.dhw[1], shape.dhw[0]};
  }
}

void from_json(const Json& json, PatchShape& shape) {
  if (json.is_array()) {
    shape = PatchShape(json.at(2).get<std::int64_t>(), json.at(1).get<std::int64_t>(), json.at(0).get<std::int64_t>());
  } else {
    shape = PatchShape(json.get<std::int64_t>());
  }
}

}  // namespace gdm::model
