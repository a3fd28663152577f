#include "sys/clones.hpp"

#include <atomic>

namespace gdm {
namespace {

std::atomic<bool> g_wide_allowed{true};

bool processor_has_wide_vectors() {
#if GDM_HAS_WIDE
  return __builtin_cpu_supports("x86-64-v4") != 0;
#else
  return false;
#endif
}

}  // namespace

bool wide_vectors() {
  static const bool supported = processor_has_wide_vectors();
  return supported && g_wide_allowed;
}

void allow_wide_vectors(bool allowed) {
  g_wide_allowed = allowed;
}

}  // namespace gdm
