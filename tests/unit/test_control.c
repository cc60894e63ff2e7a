/* test_control.c: platform/common/control.h: control messages as bytes beside the macros of this
 * system. In the layout of each system, with any bytes at all: fuzz/harnesses/fuzz_control.c. */
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

#include "platform/common/control.h"
#include "support/group.h"

enum { CAP = 96, LEVEL = 41, TYPE = 50 };

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
