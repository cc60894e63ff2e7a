/* cold.h: FERI_COLD marks a function that has the rare cases of another one. It is not inlined
 * there, so the common case saves no registers for it. */
#ifndef FERI_COLD_H
#define FERI_COLD_H

#if defined(__GNUC__)
#define FERI_COLD __attribute__((noinline))
#elif defined(_MSC_VER)
#define FERI_COLD __declspec(noinline)
#else
#define FERI_COLD
#endif

#endif
