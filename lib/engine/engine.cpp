#include "engine/engine.hpp"

#include <dlfcn.h>
#include <malloc.h>

#include <cstdlib>

#include "sys/error.hpp"
#include "sys/version.hpp"

namespace gdm::engine {
namespace {

/// Variables that libraries read while they are being loaded. A user's own value wins.
void prepare_environment() {
#if defined(__x86_64__)
  // OpenBLAS before 0.3.22 takes recent CPUs for an old one and runs its SSE3 kernels, two to three times slower.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    setenv("OPENBLAS_CORETYPE", "Haswell", 0);
  }
#endif
  // OpenBLAS brings threads of its own, whatever --threads says, which call sched_yield while they wait: on two busy
  // cores a training step took 40 % longer with them.
  setenv("OPENBLAS_NUM_THREADS", "1", 0);
  // Threads that spin long at a barrier starve each other when the machine has other work: 15 times slower was
  // measured on two busy cores. Those that sleep at once lose a third on idle cores. So: spin some microseconds.
  setenv("OMP_WAIT_POLICY", "PASSIVE", 0);
  setenv("GOMP_SPINCOUNT", "3000", 0);
}

/// Activations are megabytes each: given back to the system after each step they are page-faulted in again, which costs
/// as much as the arithmetic. 32 MiB is the largest threshold that glibc accepts.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 2047 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
}

/// libgdm-nn lies beside libgdm; a name without a folder would be looked for in places that others may write.
std::filesystem::path library_path() {
  Dl_info info = {};
  if (dladdr(reinterpret_cast<void*>(&keep_freed_memory), &info) == 0 || info.dli_fname == nullptr) {
    throw Error("the network library cannot be found: the place of libgdm is unknown");
  }
  return std::filesystem::absolute(info.dli_fname).parent_path() / "libgdm-nn.so";
}

const Services& load() {
  prepare_environment();
  keep_freed_memory();
  void* library = dlopen(library_path().c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    const char* reason = dlerror();  // a second call of dlerror would give nothing
    throw Error(std::string("the network library cannot be loaded: ") +
                (reason != nullptr ? reason : "unknown reason"));
  }
  using Entry = const Services* (*)(const char*);
  const auto entry = reinterpret_cast<Entry>(dlsym(library, "gdm_nn_functions"));
  const Services* functions = entry != nullptr ? entry(GDM_DOOR) : nullptr;
  if (functions == nullptr)
    throw Error(library_path().string() + ": was not built with this gdm " GDM_VERSION "; install both from one build");
  return *functions;
}

}  // namespace

const Services& services() {
  static const Services& found = load();
  return found;
}

}  // namespace gdm::engine
