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

typedef size_t (*fuzz_formatter)(const void *value, char *buf, size_t cap);

/* The text of a value in buffers of every size. A buffer lies at the end of a heap block, so that a
 * sanitizer sees the byte after it. The bytes before it are checked here. */
static inline void fuzz_check_every_cap(fuzz_formatter format, const void *value,
                                        const char *expected)
{
    const size_t len = strlen(expected);
    const size_t most = len + 2;
    char *block = malloc(most);
    FUZZ_CHECK(block != NULL);
    FUZZ_CHECK(format(value, NULL, 0) == len);
    FUZZ_CHECK(format(value, NULL, 1) == 0 && format(value, NULL, 7) == 0);
    for (size_t cap = 0; cap <= most; cap++) {
        char *room = block + (most - cap);
        const size_t kept = cap == 0 ? 0 : cap > len ? len : cap - 1;
        memset(block, FUZZ_UNTOUCHED, most);
        FUZZ_CHECK(format(value, room, cap) == len);
        FUZZ_CHECK(fuzz_is_untouched(block, most - cap));
        FUZZ_CHECK(memcmp(room, expected, kept) == 0);
        FUZZ_CHECK(cap == 0 || room[kept] == '\0');
        FUZZ_CHECK(cap <= kept + 1 || fuzz_is_untouched(room + kept + 1, cap - kept - 1));
    }
    free(block);
}

#endif
