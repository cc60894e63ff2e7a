/* names_without_network.c: names on a machine without a network and with the test's own hosts file,
 * in Linux namespaces for this program alone (namespaces(7)). Skipped if the user may not create
 * them, or if a name cache would answer from outside. */
#define _GNU_SOURCE 1
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ferrule/resolve.h"
#include "support/system_names.h"

enum { CAP = 8, SKIPPED = 77 };

/* The files that replace the machine's own. 192.0.2.0/24 and 2001:db8::/32 are documentation
 * addresses (RFC 5737, RFC 3849). */
static const struct {
    const char *path;
    const char *text;
} files[] = {
    {"/etc/hosts", "127.0.0.1 localhost\n"
                   "192.0.2.3 several.test\n2001:db8::3 several.test\n192.0.2.1 several.test\n"
                   "2001:db8::1 several.test\n192.0.2.2 several.test\n2001:db8::2 several.test\n"
                   "192.0.2.7 b\xc3\xbcrger.test\n"},
    {"/etc/nsswitch.conf", "hosts: files dns\n"},
    {"/etc/resolv.conf", "nameserver 192.0.2.53\n"},
};

/* ---- The machine */

static bool mount_file(const char *path, const char *text)
{
    char copy[] = "/tmp/ferrule-names-XXXXXX";
    const int fd = mkstemp(copy);
    if (fd < 0) {
        return false;
    }
    const bool is_mounted = write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
                            fchmod(fd, 0644) == 0 && mount(copy, path, NULL, MS_BIND, NULL) == 0;
    (void)close(fd);
    (void)unlink(copy);
    return is_mounted;
}

static bool enter_namespaces(void)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) != 0 &&
        unshare(CLONE_NEWNS | CLONE_NEWNET) != 0) {
        return false;
    }
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool replace_machine(void)
{
    if (access("/var/run/nscd/socket", F_OK) == 0 || !enter_namespaces()) {
        return false;
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        /* A missing file is not needed, because the C library's defaults are the same. */
        if ((i == 0 || access(files[i].path, F_OK) == 0) &&
            !mount_file(files[i].path, files[i].text)) {
            return false;
        }
    }
    return true;
}

/* ---- The tests */

static void check_ok(fer_error error)
{
    if (error.kind != FER_OK) {
        fail_msg("%s (%d)", fer_error_kind_name(error.kind), (int)error.os_code);
    }
}

static void A3_localhost_is_resolved_without_a_network(void **state)
{
    fer_socket_addr addrs[CAP];
    size_t count = 0;
    check_ok(fer_to_socket_addrs("localhost:80", addrs, CAP, &count));
    assert_in_range(count, 1, CAP);
    for (size_t i = 0; i < count; i++) {
        assert_true(fer_ip_addr_is_loopback(addrs[i].ip));
        assert_int_equal(addrs[i].port, 80);
    }
}

static void A3_a_name_that_no_server_can_resolve_is_to_be_retried(void **state)
{
    fer_socket_addr addrs[CAP];
    size_t count = 99;
    const fer_error error = fer_to_socket_addrs("elsewhere.test:80", addrs, CAP, &count);
    assert_int_equal(error.kind, FER_RESOLVE_TRY_AGAIN);
    assert_true(error.os_code < 0);
    assert_int_equal(count, 99);
}

static void A3_a_name_beyond_ascii_is_queried_unchanged(void **state)
{
    fer_socket_addr addr, wanted;
    size_t count = 0;
    check_ok(fer_to_socket_addrs("b\xc3\xbcrger.test:80", &addr, 1, &count));
    check_ok(fer_socket_addr_parse(&wanted, "192.0.2.7:80"));
    assert_int_equal(count, 1);
    assert_true(fer_socket_addr_eq(&addr, &wanted));
}

static void A4_several_families_come_in_the_resolver_s_order(void **state)
{
    fer_socket_addr addrs[CAP], wanted[CAP];
    size_t families[2] = {0, 0};
    const size_t all = system_names_resolve("several.test", NULL, wanted, CAP);
    assert_int_equal(all, 6);
    for (size_t cap = 0; cap <= CAP; cap++) {
        size_t count = 0;
        memset(addrs, 0, sizeof addrs);
        check_ok(fer_to_socket_addrs("several.test:80", addrs, cap, &count));
        assert_int_equal(count, all);
        for (size_t i = 0; i < CAP; i++) {
            const bool is_stored = i < cap && i < all;
            wanted[i].port = 80;
            assert_true(is_stored ? fer_socket_addr_eq(&addrs[i], &wanted[i]) : addrs[i].port == 0);
            families[0] += is_stored && fer_socket_addr_is_ipv4(&addrs[i]);
            families[1] += is_stored && fer_socket_addr_is_ipv6(&addrs[i]);
        }
    }
    assert_true(families[0] > 0 && families[1] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(A3_localhost_is_resolved_without_a_network),
        cmocka_unit_test(A3_a_name_that_no_server_can_resolve_is_to_be_retried),
        cmocka_unit_test(A3_a_name_beyond_ascii_is_queried_unchanged),
        cmocka_unit_test(A4_several_families_come_in_the_resolver_s_order),
    };
    if (!replace_machine()) {
        puts("skipped: no permission to create namespaces, or a name cache would answer from "
             "outside");
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
