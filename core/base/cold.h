/* cold.h: marks for the compiler. FERI_HOT marks a function that is called for each transfer: the
 * functions that it calls are inlined, if the translation unit defines them. FERI_APART marks the
 * less common cases of another function, FERI_COLD its rare ones. They are not inlined there, so
 * the common case saves no registers for them. feri_likely marks a condition of the common case,
 * feri_rare one of a rare case. FERI_FAST marks a hot function with loops over bytes. It is
 * compiled for speed, also in a library that is compiled for size. */
#ifndef FERI_COLD_H
#define FERI_COLD_H

#include <stdbool.h>

#if defined(__clang__)
#define FERI_HOT __attribute__((flatten))
#define FERI_FAST FERI_HOT
#define FERI_APART __attribute__((noinline))
#define FERI_COLD __attribute__((noinline, cold))
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
#elif defined(_MSC_VER)
#define FERI_HOT
#define FERI_FAST
#define FERI_APART __declspec(noinline)
#define FERI_COLD __declspec(noinline)
#else
#define FERI_HOT
#define FERI_FAST
#define FERI_APART
#define FERI_COLD
#endif

/* Functions, because coverage does not see the conditions in the arguments of a macro. */
#if defined(__GNUC__)
#define FERI_EXPECT(condition, value) __builtin_expect(condition, value)
#define FERI_INLINE static inline __attribute__((always_inline))
#else
#define FERI_EXPECT(condition, value) (condition)
#define FERI_INLINE static inline
#endif

FERI_INLINE bool feri_likely(bool condition)
{
    return FERI_EXPECT(condition, true);
}

FERI_INLINE bool feri_rare(bool condition)
{
    return FERI_EXPECT(condition, false);
}

#endif
