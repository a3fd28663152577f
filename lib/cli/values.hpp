// Checks of option values, shared by all programs because CLI11's own Range lets NaN pass and reads 010 as eight. A
// check's description is machine-readable ("1..1024", "{a,b}"): --help prints it, options_dump.cpp reads it.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "image/volume.hpp"
#include "sys/error.hpp"

namespace gdm::cli {

CLI::Validator whole_range(std::int64_t low, std::int64_t high);
CLI::Validator real_range(double low, double high);

/// What a CLI11 check gives of a parser: its Error's message, or "" if it accepts the text.
template <class Parse>
std::string refusal_of(Parse parse, const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

/// A CLI11 check: the parser accepts the text.
template <class Parse>
CLI::Validator accepted_by(Parse parse, const std::string& name) {
  return {[parse](const std::string& text) { return refusal_of(parse, text); }, "", name};
}

/// The option takes one of these words, which --help lists behind its name: "--split train|val|test|all".
void takes_one_of(CLI::Option* option, const std::vector<std::string>& words);

/// A CLI11 check: the name's extension is this one, such as ".png".
CLI::Validator ends_in(const std::string& extension);
/// A CLI11 check of a picture to write: the name ends in .png, or is that of a device.
CLI::Validator picture_name();

/// "512", "800K", "1.5G": a number of bytes with K, M, G or T for powers of 1024. Throws Error with Exit::usage.
std::int64_t bytes_from_text(const std::string& text);
/// A CLI11 check: bytes_from_text() accepts it.
std::string check_bytes(const std::string& text);

/// A decimal number from low to high, both included: whole if the limits are of an integer type. Refuses NaN, signs
/// with "+", hexadecimal, and anything after the number. For transform(), which hands on the number as it was read:
/// after check(), CLI11 would take 010 for eight.
template <class T>
CLI::Validator range(T low, T high) {
  if constexpr (std::is_integral_v<T>) {
    return whole_range(low, high);
  } else {
    return real_range(low, high);
  }
}

/// Voxel edges in mm: "1" or "1,1,2.5", one number or three from 0.001 to 1000. Throws Error with Exit::usage.
std::vector<double> spacings_from_text(const std::string& text);
/// The same along i, j and k, one number for all three.
Point3 spacing_from_text(const std::string& text);

}  // namespace gdm::cli
