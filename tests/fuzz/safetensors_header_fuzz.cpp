// Any bytes as a safetensors file: an Error or a header that fits the file.
#include "io/safetensors.hpp"
#include "sys/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    gdm::check_safetensors_header(data, size, size);
  } catch (const gdm::Error&) {
  }
  return 0;
}
