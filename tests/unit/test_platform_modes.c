/* test_platform_modes.c: the seam's contract on this host: the timeouts and the blocking mode of a
 * socket, duplicates, and adopted sockets. */
#include "support/seam.h"

#if defined(_WIN32)
#include <winsock2.h>
#endif

#define MILLI UINT64_C(1000000)

/* The coarsest resolution of a system's timeouts: one kernel tick at 100 Hz. */
/* NetBSD's backend adds a tick of 10 ms, because the kernel's wait ends up to one tick early. */
#define RESOLUTION ((seam_is_netbsd() ? 20 : 10) * MILLI)

static fer_duration timeout_of(fer_raw_socket raw, ferp_direction direction)
{
    fer_duration timeout = {12345};
    assert_ok(ferp_timeout(raw, direction, &timeout));
    return timeout;
}

static void assert_timeout(fer_duration got, uint64_t want)
{
    assert_false(got.nanos == FER_DURATION_NONE_NANOS);
    assert_true(got.nanos >= want && got.nanos <= want + RESOLUTION);
}

/* ---- Timeouts */

TEST(a_timeout_is_none_or_reads_back_rounded_up)
{
    fer_raw_socket raw = seam_socket();
    assert_true(timeout_of(raw, FERP_READING).nanos == FER_DURATION_NONE_NANOS);
    assert_true(timeout_of(raw, FERP_WRITING).nanos == FER_DURATION_NONE_NANOS);
    const uint64_t nanos[] = {
        1, 999, 1000000, 1000001, 1500 * MILLI, 3600000 * MILLI, UINT64_C(1000000000) * MILLI};
    for (size_t i = 0; i < sizeof nanos / sizeof nanos[0]; i++) {
        assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){nanos[i]}));
        assert_timeout(timeout_of(raw, FERP_READING), nanos[i]);
        assert_ok(ferp_set_timeout(raw, FERP_WRITING, (fer_duration){nanos[i]}));
        assert_timeout(timeout_of(raw, FERP_WRITING), nanos[i]);
    }
    ferp_close(raw);
}

TEST(the_longest_timeout_is_long_and_not_none)
{
    fer_raw_socket raw = seam_socket();
    assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){FER_DURATION_NONE_NANOS - 1}));
    fer_duration got = timeout_of(raw, FERP_READING);
    assert_false(got.nanos == FER_DURATION_NONE_NANOS);
    assert_true(got.nanos >= UINT64_C(86400000) * MILLI);
    ferp_close(raw);
}

TEST(none_clears_one_direction_alone)
{
    fer_raw_socket raw = seam_socket();
    assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){2000 * MILLI}));
    assert_ok(ferp_set_timeout(raw, FERP_WRITING, (fer_duration){4000 * MILLI}));
    assert_timeout(timeout_of(raw, FERP_READING), 2000 * MILLI);
    assert_ok(ferp_set_timeout(raw, FERP_READING, FER_DURATION_NONE));
    assert_true(timeout_of(raw, FERP_READING).nanos == FER_DURATION_NONE_NANOS);
    assert_timeout(timeout_of(raw, FERP_WRITING), 4000 * MILLI);
    ferp_close(raw);
}

/* ---- Blocking mode. Windows cannot report it, so a receive shows it. */

static bool is_nonblocking(fer_raw_socket raw)
{
    bool answer = false;
    assert_ok(ferp_is_nonblocking(raw, &answer));
    return answer;
}

static bool mode_can_be_read(void)
{
    return ferp_traits()->io_waits_in_kernel;
}

static void assert_receive_would_block(fer_raw_socket raw)
{
    char byte;
    size_t n = 77;
    assert_kind(ferp_recv(raw, &byte, 1, 0, &n), FER_WOULD_BLOCK);
}

TEST(a_new_socket_is_nonblocking_if_core_waits)
{
    struct seam_pair pair = seam_open();
    if (mode_can_be_read()) {
        assert_false(is_nonblocking(pair.client));
        assert_false(is_nonblocking(pair.server));
    } else {
        bool untouched = true;
        assert_kind(ferp_is_nonblocking(pair.client, &untouched), FER_UNSUPPORTED);
        assert_true(untouched);
        assert_receive_would_block(pair.client);
        assert_receive_would_block(pair.server);
    }
    seam_close(&pair);
}

TEST(a_blocking_receive_ends_with_its_timeout_and_a_nonblocking_one_never_waits)
{
    struct seam_pair pair = seam_open();
    char byte;
    size_t n = 77;
    assert_ok(ferp_set_timeout(pair.client, FERP_READING, (fer_duration){20 * MILLI}));
    for (int i = 0; i < 2; i++) {
        assert_ok(ferp_set_nonblocking(pair.client, false));
        uint64_t start = ferp_now();
        assert_false(ferp_recv(pair.client, &byte, 1, 0, &n).kind == FER_OK);
        assert_true(ferp_now() - start >= 15 * MILLI); /* a clock's resolution less */
        assert_ok(ferp_set_nonblocking(pair.client, true));
        assert_receive_would_block(pair.client);
        assert_timeout(timeout_of(pair.client, FERP_READING), 20 * MILLI);
    }
    seam_close(&pair);
}

/* ---- Duplicates */

/* Whether duplicates share timeouts depends on the system, if core keeps them. */
TEST(a_duplicate_shares_the_modes_that_are_set_later)
{
    fer_raw_socket raw = seam_socket();
    fer_raw_socket duplicate = FER_RAW_SOCKET_NONE;
    uint32_t nodelay = 0;
    assert_ok(ferp_duplicate(raw, &duplicate));
    assert_true(duplicate != raw);
    assert_ok(ferp_set_option(raw, FERP_NODELAY, 1));
    assert_ok(ferp_option_value(duplicate, FERP_NODELAY, &nodelay));
    assert_int_equal(nodelay, 1);
    if (ferp_traits()->io_waits_in_kernel) {
        assert_ok(ferp_set_nonblocking(duplicate, true));
        assert_true(is_nonblocking(raw));
        assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){900 * MILLI}));
        assert_timeout(timeout_of(duplicate, FERP_READING), 900 * MILLI);
        assert_ok(ferp_set_timeout(duplicate, FERP_WRITING, (fer_duration){800 * MILLI}));
        assert_timeout(timeout_of(raw, FERP_WRITING), 800 * MILLI);
        ferp_close(raw);
        assert_true(is_nonblocking(duplicate));
    } else {
        ferp_close(raw);
    }
    ferp_close(duplicate);
}

TEST(a_duplicate_is_nonblocking_if_core_waits)
{
    struct seam_pair pair = seam_open();
    fer_raw_socket duplicate = FER_RAW_SOCKET_NONE;
    if (ferp_traits()->io_waits_in_kernel) {
        seam_close(&pair);
        print_message("calls wait in the kernel here\n");
        skip();
    }
    assert_ok(ferp_set_nonblocking(pair.client, false));
    assert_ok(ferp_duplicate(pair.client, &duplicate));
    assert_receive_would_block(duplicate);
    ferp_close(duplicate);
    seam_close(&pair);
}

/* ---- Adopting */

TEST(a_closed_socket_is_neither_duplicated_nor_adopted)
{
    fer_raw_socket raw = seam_socket();
    fer_raw_socket duplicate = FER_RAW_SOCKET_NONE;
    ferp_close(raw);
    assert_kind(ferp_duplicate(raw, &duplicate), FER_BAD_HANDLE);
    assert_true(duplicate == FER_RAW_SOCKET_NONE);
    if (!ferp_traits()->io_waits_in_kernel) {
        assert_kind(ferp_adopt(raw, (fer_ip_family)0), FER_BAD_HANDLE);
    }
}

TEST(an_adopted_socket_keeps_its_timeouts)
{
    struct seam_pair pair = seam_open();
    assert_ok(ferp_set_timeout(pair.client, FERP_READING, (fer_duration){1500 * MILLI}));
    assert_ok(ferp_adopt(pair.client, (fer_ip_family)0));
    assert_timeout(timeout_of(pair.client, FERP_READING), 1500 * MILLI);
    assert_true(timeout_of(pair.client, FERP_WRITING).nanos == FER_DURATION_NONE_NANOS);
    seam_send(pair.server, "known");
    seam_expect(pair.client, "known");
    seam_close(&pair);
}

#if defined(_WIN32)

/* ---- The values that Winsock's own calls return */

static DWORD winsock_timeout(fer_raw_socket raw, int option)
{
    DWORD value = 0;
    int size = (int)sizeof value;
    assert_int_equal(getsockopt((SOCKET)raw, SOL_SOCKET, option, (char *)&value, &size), 0);
    return value;
}

static void set_winsock_timeout(fer_raw_socket raw, int option, DWORD value)
{
    assert_int_equal(
        setsockopt((SOCKET)raw, SOL_SOCKET, option, (const char *)&value, (int)sizeof value), 0);
}

TEST(a_timeout_is_the_option_in_milliseconds_and_nothing_else)
{
    fer_raw_socket raw = seam_socket();
    assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){60 * MILLI + 1}));
    assert_ok(ferp_set_timeout(raw, FERP_WRITING, (fer_duration){FER_DURATION_NONE_NANOS - 1}));
    assert_int_equal(winsock_timeout(raw, SO_RCVTIMEO), 61);
    assert_int_equal(winsock_timeout(raw, SO_SNDTIMEO), 0xFFFFFFFE);
    set_winsock_timeout(raw, SO_RCVTIMEO, 0xC0000000);
    assert_true(timeout_of(raw, FERP_READING).nanos == 0xC0000000 * MILLI);
    assert_ok(ferp_set_timeout(raw, FERP_READING, FER_DURATION_NONE));
    assert_int_equal(winsock_timeout(raw, SO_RCVTIMEO), 0);
    ferp_close(raw);
}

TEST(an_adopted_socket_waits_in_the_library_only)
{
    struct seam_pair pair = seam_open();
    u_long blocking = 0;
    char byte;
    size_t moved = 0;
    assert_int_equal(ioctlsocket((SOCKET)pair.client, (long)FIONBIO, &blocking), 0);
    set_winsock_timeout(pair.client, SO_RCVTIMEO, 40);
    assert_ok(ferp_adopt(pair.client, (fer_ip_family)0));
    assert_kind(ferp_recv(pair.client, &byte, 1, 0, &moved), FER_WOULD_BLOCK);
    assert_timeout(timeout_of(pair.client, FERP_READING), 40 * MILLI);
    seam_close(&pair);
}

static bool is_wine(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    return ntdll != NULL && GetProcAddress(ntdll, "wine_get_version") != NULL;
}

/* Without WSA_FLAG_OVERLAPPED no overlapped request can be pending, so the wait uses another
 * method. */
TEST(a_socket_made_without_overlapping_waits_too)
{
    fer_socket_addr addr;
    fer_raw_socket listener = seam_listener(&addr);
    fer_raw_socket server = FER_RAW_SOCKET_NONE;
    fer_raw_socket client =
        (fer_raw_socket)WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, 0);
    ferp_wait wait;
    if (is_wine()) {
        print_message("Wine's WSARecv blocks on a nonblocking socket without WSA_FLAG_OVERLAPPED; "
                      "Windows' does not\n");
        ferp_close(client);
        ferp_close(listener);
        skip();
    }
    assert_true(client != FER_RAW_SOCKET_NONE);
    assert_ok(ferp_adopt(client, (fer_ip_family)0));
    fer_error started = ferp_connect(client, &addr);
    seam_await(listener, FERP_ACCEPTABLE);
    assert_ok(ferp_accept(listener, &server, &addr));
    seam_finish_connect(client, started);
    assert_ok(ferp_wait_arm(&wait, client, FERP_READABLE));
    assert_kind(ferp_wait_for(&wait, ferp_now() + 5 * MILLI), FER_TIMED_OUT);
    seam_send(server, "heard");
    seam_expect(client, "heard");
    ferp_close(client);
    ferp_close(server);
    ferp_close(listener);
}

TEST(no_handle_is_inherited)
{
    struct seam_pair pair = seam_open();
    fer_raw_socket duplicate = FER_RAW_SOCKET_NONE;
    assert_ok(ferp_duplicate(pair.client, &duplicate));
    const fer_raw_socket all[] = {pair.listener, pair.client, pair.server, duplicate};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        DWORD flags = HANDLE_FLAG_INHERIT;
        assert_true(GetHandleInformation((HANDLE)all[i], &flags));
        assert_int_equal(flags & HANDLE_FLAG_INHERIT, 0);
    }
    ferp_close(duplicate);
    seam_close(&pair);
}

#endif

TEST_MAIN("platform_modes")
