// POSIX file descriptors with every short transfer, interruption and error handled once. Errors read "NAME: reason".
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "sys/error.hpp"

namespace gdm {

/// "NAME: REASON" for an errno value.
Error system_error(const std::string& name, int error_number);

class Descriptor {
 public:
  Descriptor() = default;
  /// Closes `descriptor` at the end unless it is borrowed (standard input).
  explicit Descriptor(int descriptor, bool owned = true) : descriptor_(descriptor), owned_(owned) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_ = -1;
  bool owned_ = false;
};

/// "-" is standard input. Throws Error for a folder or a file that cannot be opened.
Descriptor open_for_reading(const std::filesystem::path& path);
/// How messages call the input: the path, or "standard input" for "-".
std::string input_name(const std::filesystem::path& path);
/// Size of a regular file; -1 for a pipe, terminal or device.
std::int64_t regular_size(const Descriptor& descriptor, const std::string& name);

/// Reads until `bytes` have arrived or the input ends; returns how many arrived.
std::size_t read_up_to(const Descriptor& descriptor, void* data, std::size_t bytes, const std::string& name);
/// The same from a position of a regular file; several threads may call it at once.
std::size_t read_at(const Descriptor& descriptor, std::uint64_t position, void* data, std::size_t bytes,
                    const std::string& name);
void write_all(int descriptor, const void* data, std::size_t bytes, const std::string& name);

}  // namespace gdm
