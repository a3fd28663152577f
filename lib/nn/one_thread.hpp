// Operators on a thread that works beside the network: they must not take the network's cores.
#pragma once

#include <ATen/Parallel.h>

/// The OpenMP runtime that LibTorch brings, if it brings one.
extern "C" void omp_set_num_threads(int) __attribute__((weak));

namespace gdm::nn {

/// Operators that the calling thread runs from now on stay on it. at::set_num_threads() would change it for all
/// threads; a LibTorch without OpenMP has one pool for all of them and needs nothing.
inline void compute_on_this_thread_alone() {
  at::internal::lazy_init_num_threads();  // else the first operator would set the number again
  if (omp_set_num_threads != nullptr) omp_set_num_threads(1);
}

}  // namespace gdm::nn
