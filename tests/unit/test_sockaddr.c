/* test_sockaddr.c: the structs of the system's headers to and from addresses (rule A5). For every
 * length and the round trips: conformance/sockaddrs.c. */
#ifdef _WIN32
#include <winsock2.h>

#include <ws2tcpip.h>
#define AF_UNIX_PATH_AT 2
#else
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#define AF_UNIX_PATH_AT offsetof(struct sockaddr_un, sun_path)
#endif

#include <string.h>

#include "ferrule/socket_addr.h"
#include "ferrule/unix.h"
#include "support/group.h"

/* The first byte of a struct of macOS and the BSDs is its length. */
static const bool begins_with_length = offsetof(struct sockaddr, sa_family) == 1;

static bool is_success(fer_error error)
{
    return error.kind == FER_OK && error.os_code == 0;
}

static void check_first_byte(const void *name, size_t n)
{
    unsigned char first;
    memcpy(&first, name, 1);
    assert_true(!begins_with_length || first == n);
}

TEST(an_ipv4_address_is_a_sockaddr_in)
{
    struct sockaddr_in in;
    fer_socket_addr addr, back;
    size_t n = 0;
    memset(&back, 0xFF, sizeof back);
    assert_true(is_success(fer_socket_addr_parse(&addr, "192.0.2.7:8080")));
    addr.scope_id = 3; /* of IPv6 only */
    assert_true(is_success(fer_socket_addr_to_sockaddr(&addr, &in, sizeof in, &n)));
    assert_int_equal(n, sizeof in);
    assert_int_equal(in.sin_family, AF_INET);
    assert_int_equal(ntohs(in.sin_port), 8080);
    assert_int_equal(ntohl(in.sin_addr.s_addr), 0xC0000207);
    check_first_byte(&in, n);
    memset(in.sin_zero, 7, sizeof in.sin_zero); /* no system reads it */
    assert_true(is_success(fer_socket_addr_from_sockaddr(&back, &in, sizeof in)));
    assert_true(fer_socket_addr_eq(&addr, &back));
    assert_true(back.scope_id == 0 && back.flowinfo == 0);
}

TEST(an_ipv6_address_is_a_sockaddr_in6_with_its_scope_and_flow_information)
{
    struct sockaddr_in6 in6;
    fer_socket_addr addr, back;
    size_t n = 0;
    assert_true(is_success(fer_socket_addr_parse(&addr, "[fe80::102%4000000000]:443")));
    addr.flowinfo = 0x01020304;
    assert_true(is_success(fer_socket_addr_to_sockaddr(&addr, &in6, sizeof in6, &n)));
    assert_int_equal(n, sizeof in6);
    assert_int_equal(in6.sin6_family, AF_INET6);
    assert_int_equal(ntohs(in6.sin6_port), 443);
    assert_true(in6.sin6_flowinfo == 0x01020304 && in6.sin6_scope_id == 4000000000u);
    assert_memory_equal(&in6.sin6_addr, addr.ip.u.v6.octets, 16);
    check_first_byte(&in6, n);
    assert_true(is_success(fer_socket_addr_from_sockaddr(&back, &in6, sizeof in6)));
    assert_true(fer_socket_addr_eq(&addr, &back));
}

TEST(a_struct_without_its_length_is_read)
{
    struct sockaddr_in in;
    fer_socket_addr addr;
    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    in.sin_port = htons(9);
    assert_true(is_success(fer_socket_addr_from_sockaddr(&addr, &in, sizeof in)));
    assert_int_equal(addr.port, 9);
}

TEST(each_function_refuses_the_other_family)
{
    struct sockaddr_storage storage;
    fer_socket_addr addr, before;
    fer_unix_addr name = {0};
    memset(&addr, 5, sizeof addr);
    before = addr;
    memset(&storage, 0, sizeof storage);
    storage.ss_family = 1; /* AF_UNIX on every system */
    assert_int_equal(fer_socket_addr_from_sockaddr(&addr, &storage, sizeof storage).kind,
                     FER_UNSUPPORTED);
    storage.ss_family = AF_UNSPEC;
    assert_int_equal(fer_socket_addr_from_sockaddr(&addr, &storage, sizeof storage).kind,
                     FER_UNSUPPORTED);
    assert_memory_equal(&addr, &before, sizeof addr);
    storage.ss_family = AF_INET;
    assert_int_equal(fer_unix_addr_from_sockaddr(&name, &storage, sizeof storage).kind,
                     FER_UNSUPPORTED);
}

/* A sockaddr_un of that name, of len bytes, in memory of its own. */
static fer_error from_name(fer_unix_addr *out, const char *name, size_t len)
{
    struct sockaddr_storage storage;
    memset(&storage, 0, sizeof storage);
    storage.ss_family = 1;
    memcpy((char *)&storage + AF_UNIX_PATH_AT, name, len);
    return fer_unix_addr_from_sockaddr(out, &storage, AF_UNIX_PATH_AT + len);
}

TEST(a_path_ends_at_its_nul_or_at_the_end)
{
    fer_unix_addr addr, made;
    struct sockaddr_storage storage;
    size_t n = 0;
    assert_true(is_success(from_name(&addr, "/tmp/a", 6)));
    assert_string_equal(fer_unix_addr_as_pathname(&addr), "/tmp/a");
    assert_true(is_success(from_name(&addr, "/tmp/a\0bcd", 10)));
    assert_string_equal(fer_unix_addr_as_pathname(&addr), "/tmp/a");
    assert_true(is_success(fer_unix_addr_from_pathname(&made, "/tmp/a")));
    assert_memory_equal(&addr, &made, sizeof addr);
    assert_true(is_success(fer_unix_addr_to_sockaddr(&addr, &storage, sizeof storage, &n)));
    assert_int_equal(n, AF_UNIX_PATH_AT + 7);
    assert_string_equal((char *)&storage + AF_UNIX_PATH_AT, "/tmp/a");
    check_first_byte(&storage, n);
}

/* unix(7): a path may fill sun_path, and its length then counts a NUL after the struct. */
TEST(a_path_may_fill_its_struct_and_not_more)
{
    char path[112];
    fer_unix_addr addr;
    struct sockaddr_storage storage;
    size_t n = 0, cap = 0;
    memset(path, 'p', sizeof path);
    while (is_success(from_name(&addr, path, cap + 1)) && cap + 3 < sizeof path &&
           strlen(fer_unix_addr_as_pathname(&addr)) == cap + 1) {
        cap++;
    }
    assert_true(cap == 104 || cap == 108);
    assert_true(is_success(from_name(&addr, path, cap + 1)));
    assert_int_equal(strlen(fer_unix_addr_as_pathname(&addr)), cap);
    assert_true(is_success(fer_unix_addr_to_sockaddr(&addr, &storage, sizeof storage, &n)));
    assert_int_equal(n, AF_UNIX_PATH_AT + cap);
    assert_int_equal(from_name(&addr, path, cap + 2).kind, FER_INVALID_INPUT);
}

TEST(a_socket_without_a_name_has_no_bytes_or_an_empty_path)
{
    fer_unix_addr addr;
    struct sockaddr_storage storage;
    size_t n = 0;
    memset(&storage, 0, sizeof storage);
    storage.ss_family = 1;
    memset(&addr, 7, sizeof addr);
    assert_true(is_success(fer_unix_addr_from_sockaddr(&addr, &storage, 0)));
    assert_true(fer_unix_addr_is_unnamed(&addr));
    memset(&addr, 7, sizeof addr);
    assert_true(is_success(fer_unix_addr_from_sockaddr(&addr, &storage, AF_UNIX_PATH_AT)));
    assert_true(fer_unix_addr_is_unnamed(&addr));
    assert_true(is_success(fer_unix_addr_to_sockaddr(&addr, &storage, sizeof storage, &n)));
    assert_int_equal(n, AF_UNIX_PATH_AT);
}

TEST(only_on_linux_a_name_after_a_nul_is_abstract)
{
    fer_unix_addr addr;
    size_t len = 0;
    assert_true(is_success(from_name(&addr, "\0one\0", 5)));
#if defined(__linux__) && !defined(FERRULE_PLAIN_POSIX)
    struct sockaddr_un un;
    char full[109] = {0};
    size_t n = 0;
    assert_memory_equal(fer_unix_addr_as_abstract_name(&addr, &len), "one", 4);
    assert_int_equal(len, 4);
    assert_true(is_success(fer_unix_addr_to_sockaddr(&addr, &un, sizeof un, &n)));
    assert_int_equal(n, AF_UNIX_PATH_AT + 5);
    assert_memory_equal(un.sun_path, "\0one", 5);
    assert_true(is_success(from_name(&addr, full, 108)));
    assert_true(fer_unix_addr_as_abstract_name(&addr, &len) != NULL && len == 107);
    assert_int_equal(from_name(&addr, full, 109).kind, FER_INVALID_INPUT);
#else
    assert_true(fer_unix_addr_is_unnamed(&addr));
    assert_null(fer_unix_addr_as_abstract_name(&addr, &len));
#endif
}

TEST(memory_that_is_no_address_is_refused)
{
    struct sockaddr_storage storage, before;
    fer_unix_addr addr;
    size_t n = 9;
    memset(&storage, 3, sizeof storage);
    before = storage;
    memset(&addr, 0xFF, sizeof addr);
    assert_int_equal(fer_unix_addr_to_sockaddr(&addr, &storage, sizeof storage, &n).kind,
                     FER_INVALID_INPUT);
    assert_int_equal(n, 0);
    addr.kind_ = 1; /* a path whose length is above its memory */
    assert_int_equal(fer_unix_addr_to_sockaddr(&addr, &storage, sizeof storage, &n).kind,
                     FER_INVALID_INPUT);
    assert_memory_equal(&storage, &before, sizeof storage);
}

TEST_MAIN("sockaddr")
