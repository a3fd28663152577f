#include "model/half_precision.hpp"

#include <cmath>
#include <cstring>
#include <vector>

#include "sys/error.hpp"

namespace gdm::model {

std::uint16_t half_bits(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
  const float size = std::abs(value);
  if (std::isnan(value)) return sign | 0x7E00U;
  if (size >= 65520.0F) return sign | 0x7C00U;
  if (size < 0x1p-14F) {  // subnormal: whole multiples of 2^-24, rounded as the processor rounds, ties to even
    return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(std::nearbyint(size * 0x1p24F)));
  }
  const std::uint32_t mantissa = bits & 0x7FFFFFU, exponent = (bits >> 23 & 0xFFU) - 112;
  const std::uint32_t kept = exponent << 10 | mantissa >> 13, rest = mantissa & 0x1FFFU;
  const bool up = rest > 0x1000U || (rest == 0x1000U && (kept & 1U) != 0);
  return static_cast<std::uint16_t>(sign | (kept + (up ? 1 : 0)));
}

void write_in_half_precision(const SafetensorsFile& file, const std::string& card, const std::filesystem::path& output,
                             Overwrite overwrite) {
  file.require_kind("generator");
  if (file.description().contains("half_precision_of")) {
    throw Error(file.path().string() + ": is in half precision already");
  }
  constexpr std::uint16_t infinite = 0x7C00U;
  std::vector<std::vector<std::uint16_t>> halves;
  SafetensorsWriter writer;
  for (const auto& [name, view] : file.tensors()) {
    if (view.dtype != "F32") {
      writer.add(name, view.dtype, view.shape, view.data);
      continue;
    }
    std::vector<std::uint16_t>& half = halves.emplace_back(view.bytes / sizeof(float));
    for (std::size_t n = 0; n < half.size(); ++n) {
      float value = 0;
      std::memcpy(&value, view.data + n * sizeof value, sizeof value);
      half[n] = half_bits(value);
      if ((half[n] & infinite) == infinite) {
        throw Error(file.path().string() + ": " + name + " has weights that half precision cannot hold");
      }
    }
    writer.add(name, "F16", view.shape, half.data());
  }
  if (halves.empty()) throw Error(file.path().string() + ": has no weights in single precision");
  Json description = file.description();
  description["half_precision_of"] = file.payload_sha256();
  if (!card.empty()) description["card"] = {{"card", card}};
  writer.write(output, description, overwrite);
}

}  // namespace gdm::model
