/* eva_control.c: the copies of numbers and of whole messages, for Frama-C's Eva, in blocks that end
 * with them. wp_control.c builds on this. */
#include "fuzz/models/control_reference.h"
#include "platform/common/control.c"

#include "__fc_builtin.h"

enum { DATA_MAX = 9 };

/* Each message is at the end of a block, which starts with bytes that it must not change. */
static void write_and_read(ferp_control_layout layout, size_t data_len)
{
    unsigned char block[64] = {0}, data[DATA_MAX] = {0};
    size_t space = control_space_within(layout, sizeof block, data_len);
    size_t first = sizeof block - space;
    unsigned char *end_of_data = data + DATA_MAX - data_len;
    const ferp_control_message message = {1, 2, end_of_data, data_len, false};
    block[first - 1] = 3;
    control_write(layout, block + first, space, &message);
    //@ check block[first - 1] == 3;
    ferp_control_message got = {0, 0, block, 0, false};
    size_t at = 0;
    bool is_read = ferp_control_next(layout, block + first, space, &at, &got);
    //@ check is_read == 1 && got.level == 1 && got.type == 2 && got.data_len == data_len;
    if (data_len > 0) {
        (void)ferp_control_take(&got, 1, 2, end_of_data, data_len);
    }
}

int main(void)
{
    unsigned char number[8];
    for (size_t i = 0; i < sizeof number; i++) {
        number[i] = (unsigned char)Frama_C_interval(0, 255);
    }
    (void)control_length_at(number, 8);
    (void)control_length_at(number + 4, 4);
    (void)control_int_at(number + 4);
    //@ loop unroll CONTROL_LAYOUTS;
    for (size_t i = 0; i < CONTROL_LAYOUTS; i++) {
        //@ loop unroll DATA_MAX + 1;
        for (size_t data_len = 0; data_len <= DATA_MAX; data_len++) {
            write_and_read(control_layouts[i], data_len);
        }
    }
    return 0;
}
