// Both versions of the loops that ct/ has for wide and for narrow vectors.
#pragma once

#include <doctest/doctest.h>

#include "sys/clones.hpp"

namespace gdm::ct {

/// Calls body() for the loops that this processor runs, and for the narrow ones of others.
template <class Body>
void for_each_width(Body&& body) {
  for (const bool wide : {true, false}) {
    allow_wide_vectors(wide);
    CAPTURE(wide_vectors());
    body();
  }
  allow_wide_vectors(true);
}

}  // namespace gdm::ct
