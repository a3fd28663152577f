#include "dicom/new_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sys/sha256.hpp"

namespace gdm::dicom {

std::string slice_name(std::int64_t k) {
  return fmt::format("CT{:04}.dcm", k + 1);
}

std::string uid_of(const std::string& text) {
  const std::string hex = sha256_hex(text.data(), text.size());
  std::array<unsigned, 16> bytes{};
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    bytes[n] = static_cast<unsigned>(std::stoul(hex.substr(2 * n, 2), nullptr, 16));
  }
  bytes[6] = (bytes[6] & 0x0fU) | 0x80U;
  bytes[8] = (bytes[8] & 0x3fU) | 0x80U;
  std::string digits;  // long division by ten, lowest digit first
  while (std::any_of(bytes.begin(), bytes.end(), [](unsigned byte) { return byte != 0; })) {
    unsigned rest = 0;
    for (unsigned& byte : bytes) {
      const unsigned value = rest * 256 + byte;
      byte = value / 10;
      rest = value % 10;
    }
    digits += static_cast<char>('0' + rest);
  }
  return "2.25." + std::string(digits.rbegin(), digits.rend());
}

}  // namespace gdm::dicom
