// Work done in parallel, delivered in order: compressed pieces of a file are written while later ones are compressed.
#pragma once

#include <cstdint>
#include <functional>

#include "sys/bytes.hpp"

namespace gdm {

/// Calls produce(i) for 0 <= i < n from thread_count() threads, and consume(result) once for each in the order of i,
/// one at a time, from those threads. The first exception of either ends the work and is rethrown; whatever follows
/// the failed piece is not consumed.
void parallel_in_order(std::int64_t n, const std::function<Bytes(std::int64_t)>& produce,
                       const std::function<void(const Bytes&)>& consume);

}  // namespace gdm
