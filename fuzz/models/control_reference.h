/* control_reference.h: the layouts of control messages of each system, and a reader of them in
 * another style than platform/common/control.c: byte by byte, over all the messages at once. */
#ifndef FUZZ_CONTROL_REFERENCE_H
#define FUZZ_CONTROL_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "platform/common/control.h"

enum { CONTROL_LAYOUTS = 6, CONTROL_MESSAGES_MAX = 32 };

static const ferp_control_layout control_layouts[CONTROL_LAYOUTS] = {
    {0, 8, 8, 16, 8},  /* Linux with glibc and Windows, 64 bits */
    {0, 4, 4, 12, 4},  /* Linux and Windows with 32 bits; macOS */
    {0, 4, 4, 16, 8},  /* FreeBSD, NetBSD, OpenBSD, 64 bits */
    {0, 4, 8, 16, 8},  /* Linux with musl, 64 bits: the length and its padding */
    {4, 4, 8, 16, 8},  /* the same, big-endian: the padding first */
    {0, 4, 4, 16, 16}, /* OpenBSD and NetBSD on sparc64 */
};

/* The messages of a block: where the data of each begins and ends. */
typedef struct control_reference {
    size_t count, data_at[CONTROL_MESSAGES_MAX], data_end[CONTROL_MESSAGES_MAX];
    bool is_cut[CONTROL_MESSAGES_MAX];
    int level[CONTROL_MESSAGES_MAX], type[CONTROL_MESSAGES_MAX];
} control_reference;

static inline uint64_t control_reference_number(const uint8_t *bytes, size_t size)
{
    const uint16_t one = 1;
    uint8_t is_little = 0;
    uint64_t value = 0;
    memcpy(&is_little, &one, 1);
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | bytes[is_little ? size - 1 - i : i];
    }
    return value;
}

static inline control_reference control_reference_read(ferp_control_layout layout,
                                                       const uint8_t *bytes, size_t len)
{
    control_reference all = {.count = 0};
    size_t begin = 0;
    while (all.count < CONTROL_MESSAGES_MAX && begin + layout.header <= len) {
        const uint8_t *here = bytes + begin;
        uint64_t length = control_reference_number(here + layout.len_at, layout.len_size);
        if (length < layout.header) {
            break;
        }
        size_t nth = all.count++;
        all.level[nth] = (int)(uint32_t)control_reference_number(here + layout.level_at, 4);
        all.type[nth] = (int)(uint32_t)control_reference_number(here + layout.level_at + 4, 4);
        all.data_at[nth] = begin + layout.header;
        all.is_cut[nth] = length > len - begin;
        all.data_end[nth] = all.is_cut[nth] ? len : begin + (size_t)length;
        begin = all.data_end[nth];
        while (begin % layout.align != 0) {
            begin++;
        }
    }
    return all;
}

#endif
