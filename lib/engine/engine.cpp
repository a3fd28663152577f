#include "engine/engine.hpp"

#include <dlfcn.h>
#include <malloc.h>

#include <cstdlib>

#include "engine/library.hpp"
#include "engine/load_order.hpp"

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

/// The loader looks for each symbol of a library in all that are opened together, one after the other, and Debian's
/// LibTorch brings 290 of them. Opened before it, each behind what it needs, they look in few: of .6 s of processor
/// time .4 are left, for every command with a network. One that is not there is LibTorch's to ask for, or of another
/// one.
void open_what_is_needed() {
  for (const char* const* name = load_order; *name != nullptr; ++name) {
    if (dlopen(*name, RTLD_NOW | RTLD_LOCAL) == nullptr) static_cast<void>(dlerror());
  }
}

const Services& load() {
  prepare_environment();
  keep_freed_memory();
  open_what_is_needed();
  return *static_cast<const Services*>(open_library("libgdm-nn.so", "gdm_nn_functions", "the network library"));
}

}  // namespace

const Services& services() {
  static const Services& found = load();
  return found;
}

}  // namespace gdm::engine
