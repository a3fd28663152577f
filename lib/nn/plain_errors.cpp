#include "nn/plain_errors.hpp"

namespace gdm::nn {
namespace {

bool holds(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

/// "20.00 GiB" of "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has ..."; empty if it is not said.
std::string asked_for(const std::string& text) {
  const std::string before = "ried to allocate ";
  const auto at = text.find(before);
  if (at == std::string::npos) return "";
  const auto unit = text.find(' ', at + before.size());  // behind the number, which may hold a dot
  if (unit == std::string::npos) return "";
  const auto end = text.find_first_of(" .(\n", unit + 1);
  return text.substr(at + before.size(), end == std::string::npos ? end : end - at - before.size());
}

}  // namespace

std::string plain_message(const std::string& libtorch, const std::string& remedy) {
  const bool on_device = holds(libtorch, "CUDA") || holds(libtorch, "CUDNN") || holds(libtorch, "CUBLAS");
  const bool memory =
      holds(libtorch, "out of memory") || holds(libtorch, "can't allocate memory") || holds(libtorch, "ALLOC_FAILED");
  if (!memory) return "network: " + libtorch.substr(0, libtorch.find('\n'));
  const std::string asked = asked_for(libtorch);
  return std::string("network: out of memory") + (on_device ? " on the CUDA device" : "") +
         (asked.empty() ? "" : ", " + asked + " more were needed") + ": " + remedy;
}

}  // namespace gdm::nn
