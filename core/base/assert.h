/* assert.h: FERI_ASSERT, what core relies on. Live where FERI_ASSERTIONS is defined (debug,
 * sanitizer and fuzz builds), free elsewhere. Never for what a caller can get wrong: that is an
 * error in every build. No stdio here: a failure traps. */
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
/* Coverage counts the conditions inside sizeof too; one that must never be false is no gap. */
#define FERI_ASSERT(condition) ((void)0)
#else
#define FERI_ASSERT(condition) ((void)sizeof((condition) ? 1 : 0))
#endif

#endif
