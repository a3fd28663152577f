// Versions of a hot loop for the processor at hand. What they call must be inlined into them to be compiled for it.
//
// GDM_CLONES stands before a function at namespace scope that is compiled for AVX2 and for any x86-64, and chosen when
// the program is loaded. GDM_WIDE stands before one that is written for vectors of 64 bytes (AVX-512), for callers that
// ask wide_vectors() first: such a function differs from its narrow version in more than its instructions.
#pragma once

// Sanitizers instrument the resolver before their run time is up, so they get the plain version.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define GDM_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#define GDM_WIDE __attribute__((target("arch=x86-64-v4,prefer-vector-width=512")))
#define GDM_HAS_WIDE 1
#else
#define GDM_CLONES
#define GDM_WIDE
#define GDM_HAS_WIDE 0
#endif
#define GDM_INLINE inline __attribute__((always_inline))

namespace gdm {

/// Whether functions marked GDM_WIDE are compiled for AVX-512, and run on this processor, and are allowed.
bool wide_vectors();
/// Tests and benches take the narrow versions where both could run. They are, at first.
void allow_wide_vectors(bool allowed);

}  // namespace gdm
