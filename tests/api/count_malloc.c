/* count_malloc.c: preloaded into a test program, it counts the heap calls made from libferrule.so,
 * and ends the program with a separate exit code unless there were as many as COUNT_MALLOC_EXPECTED
 * in the environment says, or none. Only for glibc on Linux. Not linked to anything. */
#define _GNU_SOURCE
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_NOT_LOADED = 96, EXIT_HEAP_USED = 97, EXIT_NOTHING_COUNTED = 98 };

/* glibc's own entry points, because a lookup at run time would allocate. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

static uintptr_t library_begin;
static uintptr_t library_end;
static atomic_ulong calls_by_library;
static atomic_ulong calls_by_all;

static void count_call(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    atomic_fetch_add(&calls_by_all, 1);
    if (at >= library_begin && at < library_end) {
        atomic_fetch_add(&calls_by_library, 1);
    }
}

void *malloc(size_t size)
{
    count_call(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    count_call(__builtin_return_address(0));
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    count_call(__builtin_return_address(0));
    return __libc_realloc(block, size);
}

static int record_library(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    if (strstr(info->dlpi_name, "/libferrule.so") == NULL) {
        return 0;
    }
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) != 0) {
            library_begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            library_end = library_begin + info->dlpi_phdr[i].p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void find_library(void)
{
    dl_iterate_phdr(record_library, NULL);
    if (library_end == 0) {
        fprintf(stderr, "count_malloc: libferrule.so is not in this program\n");
        _exit(EXIT_NOT_LOADED);
    }
}

__attribute__((destructor)) static void report(void)
{
    unsigned long by_library = atomic_load(&calls_by_library);
    unsigned long by_all = atomic_load(&calls_by_all);
    const char *text = getenv("COUNT_MALLOC_EXPECTED");
    unsigned long expected = text == NULL ? 0 : strtoul(text, NULL, 10);
    fprintf(stderr, "count_malloc: %lu heap calls, %lu of them by libferrule.so, %lu expected\n",
            by_all, by_library, expected);
    if (by_library != expected) {
        _exit(EXIT_HEAP_USED);
    }
    if (by_all == 0) {
        _exit(EXIT_NOTHING_COUNTED);
    }
}
