// Versions of a hot loop for AVX2 and for any x86-64, chosen when the program is loaded. GDM_CLONES stands before a
// function at namespace scope; what it calls must be inlined into it to be compiled twice.
#pragma once

// Sanitizers instrument the resolver before their run time is up, so they get the plain version.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define GDM_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define GDM_CLONES
#endif
#define GDM_INLINE inline __attribute__((always_inline))
