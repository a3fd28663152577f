#include "io/nifti/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "sys/error.hpp"

namespace gdm {
namespace {

/// What a value becomes: float32 for volumes, 0 or 1 for masks (a NaN is outside).
template <class T, class Value>
T finished(Value value) {
  if constexpr (std::is_same_v<T, float>) {
    return static_cast<float>(value);
  } else {
    return static_cast<T>(value != 0 && !std::isnan(value));
  }
}

template <class Stored, bool swapped>
Stored load(const std::uint8_t* from) {
  std::array<std::uint8_t, sizeof(Stored)> raw;
  std::memcpy(raw.data(), from, sizeof(Stored));
  if constexpr (swapped) std::reverse(raw.begin(), raw.end());
  Stored value;
  std::memcpy(&value, raw.data(), sizeof(Stored));
  return value;
}

template <class Stored, bool swapped, class T>
void convert_ordered(const NiftiInfo& info, const std::uint8_t* from, std::size_t count, T* to) {
  // Where float32 holds every stored value, the way over double would give the same more slowly.
  using Exact = std::conditional_t<sizeof(Stored) <= 2 || std::is_same_v<Stored, float>, float, double>;
  if (info.slope == 1.0 && info.intercept == 0.0) {
    for (std::size_t i = 0; i < count; ++i) {
      to[i] = finished<T>(static_cast<Exact>(load<Stored, swapped>(from + i * sizeof(Stored))));
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto stored = static_cast<double>(load<Stored, swapped>(from + i * sizeof(Stored)));
    to[i] = finished<T>(stored * info.slope + info.intercept);
  }
}

template <class Stored, class T>
void convert_type(const NiftiInfo& info, const std::uint8_t* from, std::size_t count, T* to) {
  if (info.swapped) {
    convert_ordered<Stored, true>(info, from, count, to);
  } else {
    convert_ordered<Stored, false>(info, from, count, to);
  }
}

template <class T>
void convert(const NiftiHeader& header, const std::uint8_t* from, std::size_t count, T* to) {
  const NiftiInfo& info = header.info;
  switch (header.datatype) {
    case 2:
      return convert_type<std::uint8_t>(info, from, count, to);
    case 4:
      return convert_type<std::int16_t>(info, from, count, to);
    case 8:
      return convert_type<std::int32_t>(info, from, count, to);
    case 16:
      return convert_type<float>(info, from, count, to);
    case 64:
      return convert_type<double>(info, from, count, to);
    case 256:
      return convert_type<std::int8_t>(info, from, count, to);
    case 512:
      return convert_type<std::uint16_t>(info, from, count, to);
    case 768:
      return convert_type<std::uint32_t>(info, from, count, to);
    case 1024:
      return convert_type<std::int64_t>(info, from, count, to);
    case 1280:
      return convert_type<std::uint64_t>(info, from, count, to);
    default:
      throw Error(fmt::format("datatype {} was accepted but cannot be converted", header.datatype));
  }
}

}  // namespace

void convert_stored(const NiftiHeader& header, const std::uint8_t* from, std::size_t count, float* to) {
  convert(header, from, count, to);
}
void convert_stored(const NiftiHeader& header, const std::uint8_t* from, std::size_t count, std::uint8_t* to) {
  convert(header, from, count, to);
}

}  // namespace gdm
