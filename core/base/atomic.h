/* atomic.h: atomic access to plain members of a handle: 32-bit words and pointers. _Atomic in a
 * public header would not be C++. Uses GNU builtins, Interlocked functions, or C11. The meaning of
 * the words is defined elsewhere. */
#ifndef FERI_ATOMIC_H
#define FERI_ATOMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)

/* gcc 14 warns of the state of a handle that was compared with NULL before, on the path of NULL,
 * which it does not see to be left. */
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#endif

static inline uint32_t feri_atomic_load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

static inline void feri_atomic_store(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Stores desired if *word equals expected. Returns whether it did. */
static inline bool feri_atomic_replace(uint32_t *word, uint32_t expected, uint32_t desired)
{
    return __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

/* Writes the word's own value, so that the thread's earlier writes happen before a later load. */
static inline void feri_atomic_touch(uint32_t *word)
{
    (void)__atomic_fetch_or(word, 0u, __ATOMIC_ACQ_REL);
}

static inline void *feri_atomic_load_pointer(void *const *pointer)
{
    return __atomic_load_n(pointer, __ATOMIC_ACQUIRE);
}

static inline void feri_atomic_store_pointer(void **pointer, void *value)
{
    __atomic_store_n(pointer, value, __ATOMIC_RELEASE);
}

static inline bool feri_atomic_replace_pointer(void **pointer, void *expected, void *desired)
{
    return __atomic_compare_exchange_n(pointer, &expected, desired, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

#elif defined(_MSC_VER)

#include <intrin.h>

static inline uint32_t feri_atomic_load(const uint32_t *word)
{
    return (uint32_t)_InterlockedOr((volatile long *)word, 0);
}

static inline void feri_atomic_store(uint32_t *word, uint32_t value)
{
    (void)_InterlockedExchange((volatile long *)word, (long)value);
}

static inline bool feri_atomic_replace(uint32_t *word, uint32_t expected, uint32_t desired)
{
    return (uint32_t)_InterlockedCompareExchange((volatile long *)word, (long)desired,
                                                 (long)expected) == expected;
}

static inline void feri_atomic_touch(uint32_t *word)
{
    (void)_InterlockedOr((volatile long *)word, 0);
}

static inline void *feri_atomic_load_pointer(void *const *pointer)
{
    return _InterlockedCompareExchangePointer((void *volatile *)pointer, NULL, NULL);
}

static inline void feri_atomic_store_pointer(void **pointer, void *value)
{
    (void)_InterlockedExchangePointer((void *volatile *)pointer, value);
}

static inline bool feri_atomic_replace_pointer(void **pointer, void *expected, void *desired)
{
    return _InterlockedCompareExchangePointer((void *volatile *)pointer, desired, expected) ==
           expected;
}

#else

#include <stdatomic.h>

static inline uint32_t feri_atomic_load(const uint32_t *word)
{
    return atomic_load_explicit((const _Atomic uint32_t *)word, memory_order_acquire);
}

static inline void feri_atomic_store(uint32_t *word, uint32_t value)
{
    atomic_store_explicit((_Atomic uint32_t *)word, value, memory_order_release);
}

static inline bool feri_atomic_replace(uint32_t *word, uint32_t expected, uint32_t desired)
{
    return atomic_compare_exchange_strong((_Atomic uint32_t *)word, &expected, desired);
}

static inline void feri_atomic_touch(uint32_t *word)
{
    (void)atomic_fetch_or_explicit((_Atomic uint32_t *)word, 0, memory_order_acq_rel);
}

static inline void *feri_atomic_load_pointer(void *const *pointer)
{
    return atomic_load_explicit((void *_Atomic const *)pointer, memory_order_acquire);
}

static inline void feri_atomic_store_pointer(void **pointer, void *value)
{
    atomic_store_explicit((void *_Atomic *)pointer, value, memory_order_release);
}

static inline bool feri_atomic_replace_pointer(void **pointer, void *expected, void *desired)
{
    return atomic_compare_exchange_strong((void *_Atomic *)pointer, &expected, desired);
}

#endif

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
