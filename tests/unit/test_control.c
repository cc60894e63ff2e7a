/* test_control.c: platform/common/control.h: control messages as bytes, in the layout of each
 * system, and beside the macros of this one. Any bytes at all: fuzz_control. */
#ifdef _WIN32
#include "platform/winsock/winsock.h"

#include <mswsock.h>
#define LAYOUT_HERE FERP_CONTROL_LAYOUT_WINSOCK
typedef WSACMSGHDR header_here;
/* WSA_CMSG_DATA, WSA_CMSG_LEN and WSA_CMSG_SPACE, which Wine's headers lack. */
#define DATA_OF(header) ((unsigned char *)(header) + sizeof(WSACMSGHDR))
#define LEN_HERE(len) (sizeof(WSACMSGHDR) + (len))
#define SPACE_HERE(len) \
    (sizeof(WSACMSGHDR) + ((len) + sizeof(SIZE_T) - 1) / sizeof(SIZE_T) * sizeof(SIZE_T))
#else
#include "platform/posix/posix.h"
#define LAYOUT_HERE FERP_CONTROL_LAYOUT_POSIX
typedef struct cmsghdr header_here;
#define DATA_OF(header) CMSG_DATA(header)
#define LEN_HERE(len) CMSG_LEN(len)
#define SPACE_HERE(len) CMSG_SPACE(len)
#endif

#include "fuzz/models/control_reference.h"
#include "platform/common/control.h"
#include "support/group.h"

enum { CAP = 96, LEVEL = 41, TYPE = 50 };

/* A block of one message with five bytes of data, whose length is then changed by `more`. */
static size_t make(ferp_control_layout layout, unsigned char *block, int more)
{
    size_t len = 0;
    assert_true(ferp_control_append(layout, block, CAP, &len, LEVEL, TYPE, "12345", 5));
    uint64_t wide = (uint64_t)(layout.header + 5 + more);
    uint32_t narrow = (uint32_t)wide;
    memcpy(block + layout.len_at, layout.len_size == 8 ? (void *)&wide : (void *)&narrow,
           layout.len_size);
    return len;
}

#define EACH_LAYOUT(layout)                                   \
    for (const ferp_control_layout *layout = control_layouts; \
         layout < control_layouts + CONTROL_LAYOUTS; layout++)

TEST(messages_are_read_in_the_order_in_which_they_were_written)
{
    EACH_LAYOUT(layout)
    {
        unsigned char block[CAP];
        size_t len = 0;
        size_t at = 0;
        ferp_control_message message;
        char data[8] = {0};
        assert_true(ferp_control_append(*layout, block, CAP, &len, LEVEL, TYPE, "123", 3));
        assert_true(ferp_control_append(*layout, block, CAP, &len, -1, INT32_MIN, NULL, 0));
        assert_int_equal(len % layout->align, 0);
        assert_true(ferp_control_next(*layout, block, len, &at, &message));
        assert_int_equal(message.data_len, 3);
        assert_false(message.is_cut);
        assert_false(ferp_control_take(&message, LEVEL + 1, TYPE, data, 1));
        assert_false(ferp_control_take(&message, LEVEL, TYPE + 1, data, 1));
        assert_false(ferp_control_take(&message, LEVEL, TYPE, data, 4));
        assert_string_equal(data, "");
        assert_true(ferp_control_take(&message, LEVEL, TYPE, data, 2));
        assert_string_equal(data, "12");
        assert_true(ferp_control_next(*layout, block, len, &at, &message));
        assert_int_equal(message.level, -1);
        assert_int_equal(message.type, INT32_MIN);
        assert_int_equal(message.data_len, 0);
        assert_false(ferp_control_next(*layout, block, len, &at, &message));
        assert_int_equal(at, len);
        assert_false(ferp_control_next(*layout, block, len, &at, &message));
    }
}

/* CMSG_NXTHDR of macOS before 14 repeats such a message for ever. */
TEST(a_length_below_the_header_ends_the_list)
{
    static const int lacks[] = {6, 7, -1};
    EACH_LAYOUT(layout)
    {
        for (size_t i = 0; i < sizeof lacks / sizeof lacks[0]; i++) {
            unsigned char block[CAP];
            ferp_control_message message;
            size_t at = 0;
            size_t len = make(*layout, block, lacks[i] < 0 ? -layout->header - 5 : -lacks[i]);
            assert_false(ferp_control_next(*layout, block, len, &at, &message));
            assert_int_equal(at, len);
        }
    }
}

TEST(a_length_past_the_end_is_cut_to_the_end)
{
    static const int excess[] = {1, 4, 1000, INT32_MAX - 100};
    EACH_LAYOUT(layout)
    {
        for (size_t i = 0; i < sizeof excess / sizeof excess[0]; i++) {
            unsigned char block[CAP];
            ferp_control_message message;
            size_t at = 0;
            (void)make(*layout, block, excess[i]);
            size_t len = (size_t)layout->header + 5;
            assert_true(ferp_control_next(*layout, block, len, &at, &message));
            assert_true(message.is_cut);
            assert_int_equal(message.data_len, 5);
            assert_ptr_equal(message.data, block + layout->header);
            assert_int_equal(at, len);
        }
    }
}

TEST(a_length_of_all_ones_does_not_wrap)
{
    EACH_LAYOUT(layout)
    {
        unsigned char block[CAP];
        ferp_control_message message;
        size_t at = 0;
        size_t len = make(*layout, block, 0);
        memset(block + layout->len_at, 0xFF, layout->len_size);
        assert_true(ferp_control_next(*layout, block, len, &at, &message));
        assert_true(message.is_cut);
        assert_int_equal(message.data_len, len - layout->header);
        assert_int_equal(at, len);
    }
}

TEST(a_block_shorter_than_a_header_has_no_message)
{
    EACH_LAYOUT(layout)
    {
        unsigned char block[CAP];
        ferp_control_message message;
        (void)make(*layout, block, 0);
        for (size_t len = 0; len < layout->header; len++) {
            size_t at = 0;
            assert_false(ferp_control_next(*layout, block, len, &at, &message));
            assert_int_equal(at, len);
        }
        size_t at = 0;
        assert_false(ferp_control_next(*layout, NULL, 0, &at, &message));
    }
}

TEST(the_last_message_may_lack_its_padding)
{
    EACH_LAYOUT(layout)
    {
        unsigned char block[CAP];
        ferp_control_message message;
        size_t at = 0;
        size_t len = make(*layout, block, 0);
        size_t end = (size_t)layout->header + 5;
        for (size_t cut = end; cut <= len; cut++) {
            at = 0;
            assert_true(ferp_control_next(*layout, block, cut, &at, &message));
            assert_int_equal(message.data_len, 5);
            assert_false(message.is_cut);
            assert_int_equal(at, cut);
        }
    }
}

TEST(an_append_that_does_not_fit_changes_nothing)
{
    EACH_LAYOUT(layout)
    {
        unsigned char block[CAP];
        unsigned char before[CAP];
        memset(before, 0xA5, sizeof before);
        memcpy(block, before, sizeof block);
        size_t len = 0;
        size_t needed = (layout->header + 5u + layout->align - 1) / layout->align * layout->align;
        assert_true(needed <= FERP_CONTROL_SPACE(5));
        for (size_t cap = 0; cap < needed; cap++) {
            assert_false(ferp_control_append(*layout, block, cap, &len, 1, 1, "12345", 5));
        }
        assert_false(ferp_control_append(*layout, block, CAP, &len, 1, 1, "", SIZE_MAX));
        assert_int_equal(len, 0);
        assert_memory_equal(block, before, sizeof block);
        assert_true(ferp_control_append(*layout, block, needed, &len, 1, 1, "12345", 5));
        assert_int_equal(len, needed);
        assert_memory_equal(block + len, before, sizeof block - len);
    }
}

TEST(the_layout_of_this_system_is_that_of_its_macros)
{
    ferp_control_layout layout = LAYOUT_HERE;
    union {
        header_here header;
        unsigned char bytes[CAP];
    } block;
    ferp_control_message message;
    for (size_t size = 0; size <= 8; size++) {
        size_t len = 0;
        size_t at = 0;
        assert_true(
            ferp_control_append(layout, block.bytes, CAP, &len, LEVEL, TYPE, "12345678", size));
        assert_int_equal(len, SPACE_HERE(size));
        assert_int_equal(block.header.cmsg_len, LEN_HERE(size));
        assert_int_equal(block.header.cmsg_level, LEVEL);
        assert_int_equal(block.header.cmsg_type, TYPE);
        assert_memory_equal(DATA_OF(&block.header), "12345678", size);
        assert_true(ferp_control_next(layout, block.bytes, len, &at, &message));
        assert_ptr_equal(message.data, DATA_OF(&block.header));
        assert_int_equal(message.data_len, size);
    }
}

TEST_MAIN("control")
