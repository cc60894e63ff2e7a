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

/* Reads the first `len` bytes (0: all) of a block of one message with five bytes of data, whose
 * length is changed by `more`. The list ends before the message (data_len -1) or behind it. */
static void check_block(const ferp_control_layout *layout, int more, size_t len, int data_len,
                        bool is_cut)
{
    unsigned char block[CAP];
    ferp_control_message message;
    size_t whole = 0;
    size_t at = 0;
    assert_true(ferp_control_append(*layout, block, CAP, &whole, LEVEL, TYPE, "12345", 5));
    uint64_t wide = (uint64_t)(layout->header + 5 + more);
    uint32_t narrow = (uint32_t)wide;
    memcpy(block + layout->len_at, layout->len_size == 8 ? (void *)&wide : (void *)&narrow,
           layout->len_size);
    len = len == 0 ? whole : len;
    assert_int_equal(ferp_control_next(*layout, block, len, &at, &message), data_len >= 0);
    assert_int_equal(at, len);
    if (data_len >= 0) {
        assert_int_equal(message.is_cut, is_cut);
        assert_int_equal(message.data_len, data_len);
        assert_ptr_equal(message.data, block + layout->header);
    }
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

/* A length below the header ends the list: CMSG_NXTHDR of macOS before 14 repeats such a message
 * for ever. One past the end is cut to the end, and one of all ones does not wrap. */
TEST(any_length_of_a_message_ends_in_the_block)
{
    EACH_LAYOUT(layout)
    {
        int end = layout->header + 5;
        int padded = (end + layout->align - 1) / layout->align * layout->align;
        check_block(layout, -6, 0, -1, false);
        check_block(layout, -7, 0, -1, false);
        check_block(layout, -end, 0, -1, false);
        check_block(layout, 1, (size_t)end, 5, true);
        check_block(layout, 4, (size_t)end, 5, true);
        check_block(layout, 1000, (size_t)end, 5, true);
        check_block(layout, INT32_MAX - 100, (size_t)end, 5, true);
        check_block(layout, -end - 1, 0, padded - layout->header, true);
        /* the last message may lack its padding */
        for (int cut = end; cut <= padded; cut++) {
            check_block(layout, 0, (size_t)cut, 5, false);
        }
    }
}

TEST(a_block_shorter_than_a_header_has_no_message)
{
    EACH_LAYOUT(layout)
    {
        ferp_control_message message;
        size_t at = 0;
        for (size_t len = 1; len < layout->header; len++) {
            check_block(layout, 0, len, -1, false);
        }
        assert_false(ferp_control_next(*layout, NULL, 0, &at, &message));
        assert_int_equal(at, 0);
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
