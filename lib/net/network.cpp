#include "net/network.hpp"

#include <dlfcn.h>
#include <malloc.h>

#include <cstdlib>

#include "sys/error.hpp"
#include "sys/version.hpp"

namespace gdm::net {
namespace {

/// OpenBLAS before 0.3.22 takes recent CPUs for an old one and runs its SSE3 kernels, three times slower. It reads this
/// variable while it is being loaded, so it must be set before libgdm-nn pulls it in. A user's value wins.
void choose_blas_kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    setenv("OPENBLAS_CORETYPE", "Haswell", 0);
  }
#endif
}

/// Activations are tens of MB: given back to the system after each step they are page-faulted in again, which costs
/// more than the normalisations that use them.
void keep_freed_memory() {
  constexpr int gigabyte = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, gigabyte);
  mallopt(M_TRIM_THRESHOLD, gigabyte);
}

const Functions& load() {
  choose_blas_kernels();
  keep_freed_memory();
  // Found through the RPATH of libgdm, which lies in the same folder.
  void* library = dlopen("libgdm-nn.so", RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) throw Error(std::string("the network library cannot be loaded: ") + dlerror());
  using Entry = const Functions* (*)(const char*);
  const auto entry = reinterpret_cast<Entry>(dlsym(library, "gdm_nn_functions"));
  const Functions* functions = entry != nullptr ? entry(GDM_VERSION) : nullptr;
  if (functions == nullptr) throw Error("libgdm-nn.so does not belong to this gdm " GDM_VERSION);
  return *functions;
}

}  // namespace

const Functions& network() {
  static const Functions& functions = load();
  return functions;
}

}  // namespace gdm::net
