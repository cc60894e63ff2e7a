/* runtime.c: the functions that clang's -fsanitize=thread calls for each access of memory, in place
 * of the thread sanitizer's own. The numbers of memory orders are those of C11's enumeration. */
#include <string.h>

#include "tests/interleave/loads.h"
#include "tests/interleave/memory.h"

#define CALLER __builtin_return_address(0)

/* The compiler calls them without a declaration. */
#pragma clang diagnostic ignored "-Wmissing-prototypes"

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

#define DEFINE_PLAIN(name, size)                     \
    void __tsan_read##name(void *address);           \
    void __tsan_read##name(void *address)            \
    {                                                \
        inter_plain_read((uintptr_t)address, size);  \
    }                                                \
    void __tsan_write##name(void *address);          \
    void __tsan_write##name(void *address)           \
    {                                                \
        inter_plain_write((uintptr_t)address, size); \
    }

DEFINE_PLAIN(1, 1)
DEFINE_PLAIN(2, 2)
DEFINE_PLAIN(4, 4)
DEFINE_PLAIN(8, 8)
DEFINE_PLAIN(16, 16)
#define DEFINE_UNALIGNED(size)                        \
    void __tsan_unaligned_read##size(void *address);  \
    void __tsan_unaligned_read##size(void *address)   \
    {                                                 \
        inter_plain_read((uintptr_t)address, size);   \
    }                                                 \
    void __tsan_unaligned_write##size(void *address); \
    void __tsan_unaligned_write##size(void *address)  \
    {                                                 \
        inter_plain_write((uintptr_t)address, size);  \
    }
DEFINE_UNALIGNED(2)
DEFINE_UNALIGNED(4)
DEFINE_UNALIGNED(8)
DEFINE_UNALIGNED(16)

void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memcpy(void *to, const void *from, size_t size)
{
    inter_plain_read((uintptr_t)from, size);
    inter_plain_write((uintptr_t)to, size);
    return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size)
{
    inter_plain_read((uintptr_t)from, size);
    inter_plain_write((uintptr_t)to, size);
    return memmove(to, from, size);
}

void *__tsan_memset(void *to, int value, size_t size);
void *__tsan_memset(void *to, int value, size_t size)
{
    inter_plain_write((uintptr_t)to, size);
    return memset(to, value, size);
}

/* ---- Atomic accesses */

static void step(const char *name, const void *address, bool writes, const void *caller)
{
    inter_operation operation = inter_operation_on(name, address, writes);
    operation.caller = caller;
    (void)inter_step(&operation);
}

static const char *name_of_load(int order)
{
    return order == INTER_RELAXED ? "load relaxed" : "load";
}

static const char *name_of_store(int order)
{
    return order == INTER_RELAXED ? "store relaxed" : "store";
}

static uint64_t load(const void *address, size_t size, int order, const void *caller)
{
    inter_operation operation = inter_operation_on(name_of_load(order), address, false);
    operation.caller = caller;
    operation.is_load = true;
    bool has_waited = inter_loads_wait(&operation, (uintptr_t)address);
    (void)inter_step(&operation);
    uint64_t value = inter_atomic_load((uintptr_t)address, size, order, has_waited);
    inter_loads_add((uintptr_t)address, caller);
    return value;
}

#define DEFINE_ATOMIC(bits)                                                                     \
    uint##bits##_t __tsan_atomic##bits##_load(const uint##bits##_t *address, int order);        \
    uint##bits##_t __tsan_atomic##bits##_load(const uint##bits##_t *address, int order)         \
    {                                                                                           \
        return (uint##bits##_t)load(address, bits / 8, order, CALLER);                          \
    }                                                                                           \
    void __tsan_atomic##bits##_store(uint##bits##_t *address, uint##bits##_t value, int order); \
    void __tsan_atomic##bits##_store(uint##bits##_t *address, uint##bits##_t value, int order)  \
    {                                                                                           \
        step(name_of_store(order), address, true, CALLER);                                      \
        inter_atomic_store((uintptr_t)address, bits / 8, value, order);                         \
    }                                                                                           \
    uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                                  \
        uint##bits##_t *address, uint##bits##_t expected, uint##bits##_t desired, int order,    \
        int failure_order);                                                                     \
    uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                                  \
        uint##bits##_t *address, uint##bits##_t expected, uint##bits##_t desired, int order,    \
        int failure_order)                                                                      \
    {                                                                                           \
        step("compare and swap", address, true, CALLER);                                        \
        return (uint##bits##_t)inter_atomic_exchange_if((uintptr_t)address, bits / 8, expected, \
                                                        desired, order, failure_order);         \
    }

#define DEFINE_OR(bits)                                                                          \
    uint##bits##_t __tsan_atomic##bits##_fetch_or(uint##bits##_t *address, uint##bits##_t value, \
                                                  int order);                                    \
    uint##bits##_t __tsan_atomic##bits##_fetch_or(uint##bits##_t *address, uint##bits##_t value, \
                                                  int order)                                     \
    {                                                                                            \
        step("or", address, true, CALLER);                                                       \
        return (uint##bits##_t)inter_atomic_or((uintptr_t)address, bits / 8, value, order);      \
    }

DEFINE_OR(32)
DEFINE_ATOMIC(32)
DEFINE_ATOMIC(64)
