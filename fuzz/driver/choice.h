/* choice.h: decodes a fuzzer's bytes into choices. Numbers are taken from the end and strings from
 * the front, so that a word of a dictionary stays in one piece. With no bytes left, every number is
 * 0 and every string is empty. No harness here. */
#ifndef FUZZ_CHOICE_H
#define FUZZ_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct choices {
    const uint8_t *bytes;
    size_t left;
} choices;

static inline choices choices_of(const uint8_t *data, size_t size)
{
    const choices all = {data, size};
    return all;
}

static inline uint8_t choose_byte(choices *from)
{
    if (from->left == 0) {
        return 0;
    }
    from->left--;
    return from->bytes[from->left];
}

/* Takes as many bytes as the number may need. The last byte of the input is the most
 * significant. */
static inline uint64_t choose_up_to(choices *from, uint64_t most)
{
    uint64_t value = 0;
    for (uint64_t rest = most; rest != 0 && from->left > 0; rest >>= 8) {
        value = value << 8 | choose_byte(from);
    }
    return most == UINT64_MAX ? value : value % (most + 1);
}

/* 0 to count - 1; 0 if count is 0. */
static inline size_t choose_below(choices *from, size_t count)
{
    return count == 0 ? 0 : (size_t)choose_up_to(from, count - 1);
}

static inline bool choose_bool(choices *from)
{
    return (choose_byte(from) & 1) != 0;
}

static inline uint32_t choose_u32(choices *from)
{
    return (uint32_t)choose_up_to(from, UINT32_MAX);
}

/* Up to `most` bytes of the front, which stay the caller's; *len is their number. */
static inline const uint8_t *choose_bytes(choices *from, size_t most, size_t *len)
{
    const uint8_t *taken = from->bytes;
    *len = most < from->left ? most : from->left;
    if (*len > 0) {
        from->bytes += *len;
        from->left -= *len;
    }
    return taken;
}

#endif
