/* cold.h: marks for the compiler. FERI_HOT marks a function that is called for each transfer: the
 * functions that it calls are inlined, if the translation unit defines them. FERI_APART marks the
 * less common cases of another function, FERI_COLD its rare ones. They are not inlined there, so
 * the common case saves no registers for them. FERI_LIKELY marks a condition of the common case.
 * FERI_FAST marks a hot function with loops over bytes. It is compiled for speed, also in a
 * library that is compiled for size. */
#ifndef FERI_COLD_H
#define FERI_COLD_H

#if defined(__clang__)
#define FERI_HOT __attribute__((flatten))
#define FERI_FAST FERI_HOT
#define FERI_APART __attribute__((noinline))
#define FERI_COLD __attribute__((noinline, cold))
#define FERI_LIKELY(condition) __builtin_expect(!!(condition), 1)
#elif defined(__GNUC__)
/* noipa: gcc uses nothing that it knows of the function when it compiles the callers. An argument
 * whose address they pass then has its value in memory, not in a register that must be saved. */
#define FERI_HOT __attribute__((flatten))
#if defined(__OPTIMIZE_SIZE__)
#define FERI_FAST __attribute__((flatten, optimize("O2")))
#else
#define FERI_FAST FERI_HOT
#endif
#define FERI_APART __attribute__((noinline, noipa))
#define FERI_COLD __attribute__((noinline, noipa, cold))
#define FERI_LIKELY(condition) __builtin_expect(!!(condition), 1)
#elif defined(_MSC_VER)
#define FERI_HOT
#define FERI_FAST
#define FERI_APART __declspec(noinline)
#define FERI_COLD __declspec(noinline)
#define FERI_LIKELY(condition) (condition)
#else
#define FERI_HOT
#define FERI_FAST
#define FERI_APART
#define FERI_COLD
#define FERI_LIKELY(condition) (condition)
#endif

#endif
