/* control.c: reads and writes control messages as bytes of any layout and of any content. */
#include "platform/common/control.h"

#include <string.h>

/* Where the parts of a message are. */
typedef struct control_span {
    size_t data_len;
    size_t next; /* where the next message begins; the end of the block if there is none */
    bool is_cut;
} control_span;

/* The length of a message: 4 or 8 bytes, in the byte order of this machine. */
static uint64_t control_length_at(const unsigned char *bytes, uint8_t size)
{
    uint32_t narrow;
    uint64_t wide;
    if (size == sizeof wide) {
        memcpy(&wide, bytes, sizeof wide);
        return wide;
    }
    memcpy(&narrow, bytes, sizeof narrow);
    return narrow;
}

static int control_int_at(const unsigned char *bytes)
{
    int value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

/* The padding after so many bytes. */
static size_t control_padding(ferp_control_layout layout, size_t len)
{
    size_t over = len % layout.align;
    return over == 0 ? 0 : layout.align - over;
}

/* The message of this length at `at`, in a block that has all of its header. */
static control_span control_span_of(ferp_control_layout layout, size_t len, size_t at,
                                    uint64_t length)
{
    size_t left = len - at;
    bool is_cut = length > left;
    size_t used = is_cut ? left : (size_t)length;
    size_t padding = control_padding(layout, used);
    size_t next = padding < left - used ? at + used + padding : len;
    return (control_span){used - layout.header, next, is_cut};
}

bool ferp_control_next(ferp_control_layout layout, const unsigned char *control, size_t len,
                       size_t *at, ferp_control_message *out)
{
    size_t first = *at;
    *at = len;
    if (len - first < layout.header) {
        return false;
    }
    uint64_t length = control_length_at(control + first + layout.len_at, layout.len_size);
    if (length < layout.header) {
        return false;
    }
    control_span span = control_span_of(layout, len, first, length);
    *at = span.next;
    out->level = control_int_at(control + first + layout.level_at);
    out->type = control_int_at(control + first + layout.level_at + sizeof(int));
    out->data = control + first + layout.header;
    out->data_len = span.data_len;
    out->is_cut = span.is_cut;
    return true;
}

bool ferp_control_take(const ferp_control_message *message, int level, int type, void *out,
                       size_t size)
{
    bool is_it = message->level == level && message->type == type && message->data_len >= size;
    if (is_it) {
        memcpy(out, message->data, size);
    }
    return is_it;
}

/* Writes a message into the bytes of its space. */
static void control_write(ferp_control_layout layout, unsigned char *bytes, size_t space,
                          const ferp_control_message *message)
{
    uint64_t wide = (uint64_t)layout.header + message->data_len;
    uint32_t narrow = (uint32_t)wide;
    memset(bytes, 0, space);
    if (layout.len_size == sizeof wide) {
        memcpy(bytes + layout.len_at, &wide, sizeof wide);
    } else {
        memcpy(bytes + layout.len_at, &narrow, sizeof narrow);
    }
    memcpy(bytes + layout.level_at, &message->level, sizeof message->level);
    memcpy(bytes + layout.level_at + sizeof(int), &message->type, sizeof message->type);
    if (message->data_len > 0) {
        memcpy(bytes + layout.header, message->data, message->data_len);
    }
}

/* The space of a message with so much data, or 0 if it is larger than left. */
static size_t control_space_within(ferp_control_layout layout, size_t left, size_t data_len)
{
    if (left < layout.header || data_len > left - layout.header) {
        return 0;
    }
    size_t used = layout.header + data_len;
    size_t padding = control_padding(layout, used);
    return padding > left - used ? 0 : used + padding;
}

bool ferp_control_append(ferp_control_layout layout, unsigned char *control, size_t cap,
                         size_t *len, int level, int type, const void *data, size_t data_len)
{
    const ferp_control_message message = {level, type, data, data_len, false};
    size_t space = control_space_within(layout, cap - *len, data_len);
    if (space == 0) {
        return false;
    }
    control_write(layout, control + *len, space, &message);
    *len += space;
    return true;
}
