/* assert.h: FERI_ASSERT, for the preconditions and invariants of core. It is active if
 * FERI_ASSERTIONS is defined (debug, sanitizer and fuzz builds) and costs nothing elsewhere. A
 * caller's mistake is never asserted: it is an error in every build. A failure traps, because core
 * has no stdio. */
#ifndef FERI_ASSERT_H
#define FERI_ASSERT_H

#if defined(__GNUC__)
#define FERI_TRAP() __builtin_trap()
#elif defined(_MSC_VER)
#define FERI_TRAP() __debugbreak()
#else
#define FERI_TRAP() ((void)(*(volatile int *)0 = 0))
#endif

#if defined(FERI_ASSERTIONS)
#define FERI_ASSERT(condition) ((condition) ? (void)0 : FERI_TRAP())
#elif defined(FERI_COVERAGE)
/* Coverage also counts conditions inside sizeof, and a condition that is never false is no gap. */
#define FERI_ASSERT(condition) ((void)0)
#else
#define FERI_ASSERT(condition) ((void)sizeof((condition) ? 1 : 0))
#endif

#endif
