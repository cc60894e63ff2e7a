/* fuzz.h: what every harness shares: its entry point, and how it fails. Nothing of ferrule's
 * own. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs one input of any bytes: returns 0, or ends the program. libFuzzer, AFL++'s driver and
 * replay.c call it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The fuzzer counts no edges in the checks of a harness: they guide it nowhere, and cost time with
 * every input. */
#if defined(__clang__)
#define FUZZ_UNCOUNTED __attribute__((no_sanitize("coverage")))
#else
#define FUZZ_UNCOUNTED
#endif

/* A condition that must hold in every build. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #condition))

static inline void fuzz_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, condition);
    fflush(stderr);
    abort();
}

/* A heap block of exactly these bytes, so that a sanitizer sees any read past them; one byte if
 * size is 0. The caller frees it. */
static inline void *fuzz_copy(const void *bytes, size_t size)
{
    void *copy = malloc(size > 0 ? size : 1);
    FUZZ_CHECK(copy != NULL);
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

/* The same with a NUL at the end; NULL if the bytes contain one. The caller frees it. */
static inline char *fuzz_terminated(const void *bytes, size_t size)
{
    if (size > 0 && memchr(bytes, '\0', size) != NULL) {
        return NULL;
    }
    char *text = malloc(size + 1);
    FUZZ_CHECK(text != NULL);
    if (size > 0) {
        memcpy(text, bytes, size);
    }
    text[size] = '\0';
    return text;
}

/* Outputs are filled with this byte before a call, which shows whether they were written. */
enum { FUZZ_UNTOUCHED = 0xA5 };

static inline int fuzz_is_untouched(const void *value, size_t size)
{
    /* Every byte equals the first: one comparison instead of many, because sanitizers slow down
     * loops. */
    const unsigned char *bytes = value;
    return size == 0 || (bytes[0] == FUZZ_UNTOUCHED && memcmp(bytes, bytes + 1, size - 1) == 0);
}

#endif
