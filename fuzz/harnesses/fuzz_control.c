/* fuzz_control.c: control messages of any bytes, in a block that ends with them, in the layout of
 * each system; and messages that are written into a block of any size and read back. */
#include <stdbool.h>

#include "fuzz/driver/choice.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/models/control_reference.h"
#include "platform/common/control.h"

enum { DATA_MAX = 40, WRITES_MAX = 8 };

/* The first bytes of a message's data, if it is of this level and type and has so many; else
 * nothing. */
static void check_take(const ferp_control_message *message, int level, int type, size_t size)
{
    uint8_t out[DATA_MAX];
    memset(out, FUZZ_UNTOUCHED, sizeof out);
    bool is_it = ferp_control_take(message, level, type, out, size);
    FUZZ_CHECK(is_it ==
               (message->level == level && message->type == type && message->data_len >= size));
    FUZZ_CHECK(!is_it || memcmp(out, message->data, size) == 0);
    FUZZ_CHECK(fuzz_is_untouched(out + (is_it ? size : 0), sizeof out - (is_it ? size : 0)));
}

static void check_message(const control_reference *all, size_t nth, const uint8_t *block,
                          const ferp_control_message *message)
{
    FUZZ_CHECK(message->level == all->level[nth] && message->type == all->type[nth]);
    FUZZ_CHECK(message->data == block + all->data_at[nth]);
    FUZZ_CHECK(message->data_len == all->data_end[nth] - all->data_at[nth]);
    FUZZ_CHECK(message->is_cut == all->is_cut[nth]);
    size_t size = message->data_len < DATA_MAX ? message->data_len : DATA_MAX;
    check_take(message, message->level, message->type, size);
    check_take(message, message->level, message->type, size < DATA_MAX ? size + 1 : size);
    check_take(message, message->level ^ 1, message->type, size);
    check_take(message, message->level, message->type ^ 1, size);
}

static void check_reading(ferp_control_layout layout, const uint8_t *block, size_t len)
{
    control_reference all = control_reference_read(layout, block, len);
    ferp_control_message message;
    memset(&message, FUZZ_UNTOUCHED, sizeof message);
    size_t at = 0, nth = 0;
    while (nth < CONTROL_MESSAGES_MAX && ferp_control_next(layout, block, len, &at, &message)) {
        FUZZ_CHECK(nth < all.count && at <= len);
        check_message(&all, nth, block, &message);
        nth++;
        memset(&message, FUZZ_UNTOUCHED, sizeof message);
    }
    FUZZ_CHECK(nth == all.count);
    FUZZ_CHECK(fuzz_is_untouched(&message, sizeof message));
    FUZZ_CHECK(nth == CONTROL_MESSAGES_MAX || at == len);
}

/* What was written is read back; what did not fit has changed no byte. */
static void check_writing(ferp_control_layout layout, choices *from)
{
    size_t cap = choose_below(from, 200);
    size_t writes = choose_below(from, WRITES_MAX + 1);
    uint8_t before[200], data[DATA_MAX];
    size_t lens[WRITES_MAX] = {0};
    memset(data, 7, sizeof data);
    memset(before, FUZZ_UNTOUCHED, sizeof before);
    uint8_t *block = fuzz_copy(before, cap);
    size_t used = 0, written = 0;
    for (size_t i = 0; i < writes; i++) {
        size_t len = choose_below(from, DATA_MAX + 1);
        size_t space = (layout.header + len + layout.align - 1) / layout.align * layout.align;
        size_t was = used;
        bool fits = ferp_control_append(layout, block, cap, &used, (int)written, (int)len,
                                        len > 0 ? data : NULL, len);
        FUZZ_CHECK(fits == (space <= cap - was));
        FUZZ_CHECK(used == was + (fits ? space : 0));
        FUZZ_CHECK(fuzz_is_untouched(block + used, cap - used));
        lens[written] = len;
        written += fits;
    }
    size_t at = 0;
    ferp_control_message message;
    for (size_t i = 0; i < written; i++) {
        FUZZ_CHECK(ferp_control_next(layout, block, used, &at, &message));
        FUZZ_CHECK(message.level == (int)i && message.type == (int)lens[i] && !message.is_cut);
        FUZZ_CHECK(message.data_len == lens[i] && memcmp(message.data, data, lens[i]) == 0);
        for (const uint8_t *pad = message.data + lens[i]; pad < block + at; pad++) {
            FUZZ_CHECK(*pad == 0);
        }
    }
    FUZZ_CHECK(!ferp_control_next(layout, block, used, &at, &message));
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    choices from = choices_of(data, size);
    ferp_control_layout layout = control_layouts[choose_below(&from, CONTROL_LAYOUTS)];
    uint8_t *block = fuzz_copy(from.bytes, from.left);
    check_reading(layout, block, from.left);
    free(block);
    check_writing(layout, &from);
    return 0;
}
