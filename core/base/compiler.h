/* compiler.h: what compilers do in different ways: assertions, hints for optimization, tables of
 * 256 values, and atomic words. */
#ifndef FERI_COMPILER_H
#define FERI_COMPILER_H

#include <stdbool.h>
#include <stdint.h>

/* ---- FERI_ASSERT, for the preconditions and invariants of core. It is active if FERI_ASSERTIONS
 * is defined (debug, sanitizer and fuzz builds) and costs nothing elsewhere. A caller's mistake is
 * never asserted: it is an error in every build. A failure traps, because core has no stdio. */

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

/* ---- Attributes for optimization. HOT: the function is called for each transfer, or for each
 * event of a poller. The functions that it calls are inlined, if the translation unit defines them.
 * FAST: the same for a function with loops over bytes. It is compiled for speed, also in a library
 * that is compiled for size. NOINLINE: the less common cases of such a function. The common case
 * then saves no registers for them. Hints of likely conditions changed no count. */

#if defined(__GNUC__) || defined(__clang__)
#define FERI_HOT __attribute__((flatten))
#define FERI_INLINE static inline __attribute__((always_inline))
#else
#define FERI_HOT
#define FERI_INLINE static inline
#endif

#if defined(__OPTIMIZE_SIZE__) && !defined(__clang__)
#define FERI_FAST __attribute__((flatten, optimize("O2")))
#else
#define FERI_FAST FERI_HOT
#endif

/* noipa: gcc compiles the callers without an analysis of the function. An argument whose address
 * they pass then has its value in memory, not in a register that must be saved. */
#if defined(__clang__)
#define FERI_NOINLINE __attribute__((noinline))
#elif defined(__GNUC__)
#define FERI_NOINLINE __attribute__((noinline, noipa))
#else
#define FERI_NOINLINE
#endif

/* ---- Constant tables of 256 entries, computed by the compiler: FERI_256_OF(X) is {X(0), X(1), ...
 * X(255)}. */

#define FERI_4_OF(X, n) X(n), X((n) + 1), X((n) + 2), X((n) + 3)
#define FERI_16_OF(X, n) \
    FERI_4_OF(X, n), FERI_4_OF(X, (n) + 4), FERI_4_OF(X, (n) + 8), FERI_4_OF(X, (n) + 12)
#define FERI_64_OF(X, n) \
    FERI_16_OF(X, n), FERI_16_OF(X, (n) + 16), FERI_16_OF(X, (n) + 32), FERI_16_OF(X, (n) + 48)
#define FERI_256_OF(X)                                                              \
    {                                                                               \
        FERI_64_OF(X, 0), FERI_64_OF(X, 64), FERI_64_OF(X, 128), FERI_64_OF(X, 192) \
    }

/* ---- Atomic access to plain members of a handle: 32-bit words and pointers. _Atomic in a public
 * header would not be C++. Uses GNU builtins, Interlocked functions, or C11. The meaning of the
 * words is defined elsewhere. */

#if defined(__GNUC__)
#define FERI_LOAD(word) __atomic_load_n(word, __ATOMIC_ACQUIRE)
#define FERI_STORE(word, value) __atomic_store_n(word, value, __ATOMIC_RELEASE)
#define FERI_REPLACE(word, expected, desired)                                        \
    __atomic_compare_exchange_n(word, &(expected), desired, false, __ATOMIC_ACQ_REL, \
                                __ATOMIC_ACQUIRE)
#define FERI_TOUCH(word) ((void)__atomic_fetch_or(word, 0u, __ATOMIC_ACQ_REL))
#define FERI_LOAD_POINTER FERI_LOAD
#define FERI_STORE_POINTER FERI_STORE
#elif defined(_MSC_VER)
#include <intrin.h>
/* A load only reads: an Interlocked function writes, and a const handle may be in read-only memory.
 * x86 keeps the order of loads; there the barrier is for the compiler alone (/volatile:iso). */
#if defined(_M_IX86) || (defined(_M_X64) && !defined(_M_ARM64EC))
void _ReadWriteBarrier(void); /* Wine's <intrin.h> lacks it */
#define FERI_END_LOAD() _ReadWriteBarrier()
#else
#define FERI_END_LOAD() __dmb(_ARM64_BARRIER_ISHLD)
#endif
static __forceinline uint32_t feri_load(const volatile uint32_t *word)
{
    uint32_t value = *word;
    FERI_END_LOAD();
    return value;
}
static __forceinline void *feri_load_pointer(void *const volatile *pointer)
{
    void *value = *pointer;
    FERI_END_LOAD();
    return value;
}
#define FERI_LOAD feri_load
#define FERI_LOAD_POINTER feri_load_pointer
#define FERI_STORE(word, value) ((void)_InterlockedExchange((volatile long *)(word), (long)(value)))
#define FERI_REPLACE(word, expected, desired)                                        \
    ((uint32_t)_InterlockedCompareExchange((volatile long *)(word), (long)(desired), \
                                           (long)(expected)) == (expected))
#define FERI_TOUCH(word) ((void)_InterlockedOr((volatile long *)(word), 0))
#define FERI_STORE_POINTER(pointer, value) \
    ((void)_InterlockedExchangePointer((void *volatile *)(pointer), value))
#else
#include <stdatomic.h>
#define FERI_LOAD(word) atomic_load_explicit((const _Atomic uint32_t *)(word), memory_order_acquire)
#define FERI_STORE(word, value) \
    atomic_store_explicit((_Atomic uint32_t *)(word), value, memory_order_release)
#define FERI_REPLACE(word, expected, desired) \
    atomic_compare_exchange_strong((_Atomic uint32_t *)(word), &(expected), desired)
#define FERI_TOUCH(word) \
    ((void)atomic_fetch_or_explicit((_Atomic uint32_t *)(word), 0, memory_order_acq_rel))
#define FERI_LOAD_POINTER(pointer) \
    atomic_load_explicit((void *_Atomic const *)(pointer), memory_order_acquire)
#define FERI_STORE_POINTER(pointer, value) \
    atomic_store_explicit((void *_Atomic *)(pointer), value, memory_order_release)
#endif

/* gcc 14 warns of a load through NULL. It does not see that a caller that has compared the handle
 * with NULL returns before the load. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#endif

FERI_INLINE uint32_t feri_atomic_load(const uint32_t *word)
{
    return FERI_LOAD(word);
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

static inline void feri_atomic_store(uint32_t *word, uint32_t value)
{
    FERI_STORE(word, value);
}

/* Stores desired if *word equals expected. Returns whether it did. */
static inline bool feri_atomic_replace(uint32_t *word, uint32_t expected, uint32_t desired)
{
    return FERI_REPLACE(word, expected, desired);
}

/* Writes the word's own value, so that the thread's earlier writes happen before a later load. */
static inline void feri_atomic_touch(uint32_t *word)
{
    FERI_TOUCH(word);
}

FERI_INLINE void *feri_atomic_load_pointer(void *const *pointer)
{
    return FERI_LOAD_POINTER(pointer);
}

static inline void feri_atomic_store_pointer(void **pointer, void *value)
{
    FERI_STORE_POINTER(pointer, value);
}

/* Adds with wraparound and returns the sum. */
static inline uint32_t feri_atomic_add(uint32_t *word, uint32_t number)
{
    uint32_t old = feri_atomic_load(word);
    while (!feri_atomic_replace(word, old, old + number)) {
        old = feri_atomic_load(word);
    }
    return old + number;
}

/* Sets some bits and clears others in one atomic step. */
static inline void feri_atomic_change_bits(uint32_t *word, uint32_t set, uint32_t clear)
{
    uint32_t old = feri_atomic_load(word);
    while (!feri_atomic_replace(word, old, (old & ~clear) | set)) {
        old = feri_atomic_load(word);
    }
}

#endif
