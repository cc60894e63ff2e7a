/* sockaddrs.c: rule A5: addresses to the system's sockaddr and back, in memory of any alignment and
 * of every length. The members of the structs: unit/test_sockaddr.c. */
#include "support/fixture.h"

enum { NAME_CAP = 128 };

static const char *const texts[] = {"0.0.0.0:0", "255.1.2.3:65535", "[::]:0",
                                    "[fe80::1%4294967295]:80", "[1:2:3:4:5:6:7:8]:256"};

/* A5: "a sockaddr is converted unchanged, both ways". */
RULE_TEST("A5", an_address_is_the_same_after_sockaddr_and_back)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        unsigned char name[NAME_CAP];
        fer_socket_addr addr, back;
        size_t n = 0;
        assert_ok(fer_socket_addr_parse(&addr, texts[i]));
        addr.flowinfo = fer_socket_addr_is_ipv6(&addr) ? 0xFEDCBA98u : 0;
        for (size_t at = 0; at < sizeof(uint64_t); at++) {
            assert_ok(fer_socket_addr_to_sockaddr(&addr, name + at, sizeof name - at, &n));
            assert_ok(fer_socket_addr_from_sockaddr(&back, name + at, n));
            assert_true(fer_socket_addr_eq(&addr, &back));
        }
    }
}

/* A5: "Too few bytes": the struct is copied to the end of memory, so a sanitizer detects a read
 * after them. */
RULE_TEST("A5", every_length_below_that_of_the_sockaddr_is_refused)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        unsigned char name[NAME_CAP], untouched[NAME_CAP];
        fer_socket_addr addr, back, before;
        size_t n = 0;
        assert_ok(fer_socket_addr_parse(&addr, texts[i]));
        assert_ok(fer_socket_addr_to_sockaddr(&addr, name, sizeof name, &n));
        memset(&back, 0x55, sizeof back);
        memset(untouched, 0x55, sizeof untouched);
        before = back;
        for (size_t len = 0; len < n; len++) {
            unsigned char *end = (unsigned char *)test_malloc(len + 1) + 1;
            size_t moved = 7;
            memcpy(end, name, len);
            assert_own(fer_socket_addr_from_sockaddr(&back, end, len), FER_INVALID_INPUT);
            memset(end, 0x55, len);
            assert_own_n(fer_socket_addr_to_sockaddr(&addr, end, len, &moved), FER_BUFFER_TOO_SMALL,
                         moved, 0);
            assert_memory_equal(end, untouched, len);
            test_free(end - 1);
        }
        assert_memory_equal(&back, &before, sizeof back);
        assert_ok(fer_socket_addr_from_sockaddr(&back, name, sizeof name));
        assert_true(fer_socket_addr_eq(&addr, &back));
    }
}

/* A5: "another family". No system has the family of these bytes. */
RULE_TEST("A5", another_family_is_refused)
{
    unsigned char name[NAME_CAP];
    fer_socket_addr addr;
    fer_unix_addr path;
    memset(name, 0x7B, sizeof name);
    for (size_t len = 2; len <= sizeof name; len++) {
        assert_own(fer_socket_addr_from_sockaddr(&addr, name, len), FER_UNSUPPORTED);
        assert_own(fer_unix_addr_from_sockaddr(&path, name, len), FER_UNSUPPORTED);
    }
}

static void check_unix_name(const fer_unix_addr *addr)
{
    unsigned char name[NAME_CAP];
    fer_unix_addr back;
    size_t n = 0, moved = 7;
    for (size_t at = 0; at < 4; at++) {
        assert_ok(fer_unix_addr_to_sockaddr(addr, name + at, sizeof name - at, &n));
        memset(&back, 0x55, sizeof back);
        assert_ok(fer_unix_addr_from_sockaddr(&back, name + at, n));
        assert_memory_equal(&back, addr, sizeof back);
    }
    for (size_t len = 0; len < n; len++) {
        assert_own_n(fer_unix_addr_to_sockaddr(addr, name, len, &moved), FER_BUFFER_TOO_SMALL,
                     moved, 0);
    }
    assert_own(fer_unix_addr_from_sockaddr(&back, name, 1), FER_INVALID_INPUT);
}

/* A5: the same of the names of Unix sockets. */
RULE_TEST("A5", a_unix_name_is_the_same_after_sockaddr_and_back)
{
    char path[FER_UNIX_ADDR_NAME_MAX] = {0};
    fer_unix_addr addr = {0};
    check_unix_name(&addr);
    for (size_t len = 1; len < sizeof path; len++) {
        path[len - 1] = 'p';
        if (fer_unix_addr_from_pathname(&addr, path).kind == FER_OK) {
            check_unix_name(&addr);
        } else {
            assert_true(len > 103);
        }
        if (fer_unix_addr_from_abstract_name(&addr, path, len - 1).kind == FER_OK) {
            check_unix_name(&addr);
        }
    }
}

RULE_TESTS("sockaddrs")
