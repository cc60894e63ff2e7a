/* test_platform_modes.c: the seam's contract on this host: the state that all handles of a socket
 * share (timeouts, blocking mode, the ended read half), duplicates, and adopted and released
 * sockets. */
#include "support/seam.h"

/* A unit test is a single source file, so it includes the helper. */
#include "support/thread.c"

#if defined(_WIN32)
#include <winsock2.h>
#endif

#define MILLI UINT64_C(1000000)

/* The coarsest resolution of a system's timeouts: one kernel tick at 100 Hz. */
#define RESOLUTION (10 * MILLI)

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

static void a_new_socket_has_no_timeouts(void **state)
{
    (void)state;
    fer_raw_socket raw = seam_socket();
    assert_true(timeout_of(raw, FERP_READING).nanos == FER_DURATION_NONE_NANOS);
    assert_true(timeout_of(raw, FERP_WRITING).nanos == FER_DURATION_NONE_NANOS);
    ferp_close(raw);
}

static void a_timeout_reads_back_rounded_up(void **state)
{
    (void)state;
    fer_raw_socket raw = seam_socket();
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

static void the_longest_timeout_is_long_and_not_none(void **state)
{
    (void)state;
    fer_raw_socket raw = seam_socket();
    assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){FER_DURATION_NONE_NANOS - 1}));
    fer_duration got = timeout_of(raw, FERP_READING);
    assert_false(got.nanos == FER_DURATION_NONE_NANOS);
    assert_true(got.nanos >= UINT64_C(86400000) * MILLI);
    ferp_close(raw);
}

static void none_clears_one_direction_alone(void **state)
{
    (void)state;
    fer_raw_socket raw = seam_socket();
    assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){2000 * MILLI}));
    assert_ok(ferp_set_timeout(raw, FERP_WRITING, (fer_duration){4000 * MILLI}));
    assert_timeout(timeout_of(raw, FERP_READING), 2000 * MILLI);
    assert_ok(ferp_set_timeout(raw, FERP_READING, FER_DURATION_NONE));
    assert_true(timeout_of(raw, FERP_READING).nanos == FER_DURATION_NONE_NANOS);
    assert_timeout(timeout_of(raw, FERP_WRITING), 4000 * MILLI);
    ferp_close(raw);
}

/* ---- Blocking mode, the mark of an ended read half, and wait settings */

static bool is_nonblocking(fer_raw_socket raw)
{
    bool answer = false;
    assert_ok(ferp_is_nonblocking(raw, &answer));
    return answer;
}

static struct ferp_wait_terms terms_of(fer_raw_socket raw, ferp_direction direction)
{
    struct ferp_wait_terms terms;
    memset(&terms, 0x55, sizeof terms);
    assert_ok(ferp_wait_terms(raw, direction, &terms));
    return terms;
}

static void a_new_socket_is_the_user_s_blocking_one(void **state)
{
    (void)state;
    fer_raw_socket raw = seam_socket();
    assert_false(is_nonblocking(raw));
    assert_false(terms_of(raw, FERP_READING).nonblocking);
    assert_false(terms_of(raw, FERP_WRITING).nonblocking);
    ferp_close(raw);
}

static void nonblocking_is_seen_in_both_directions(void **state)
{
    (void)state;
    fer_raw_socket raw = seam_socket();
    for (int i = 0; i < 3; i++) {
        assert_ok(ferp_set_nonblocking(raw, true));
        assert_true(is_nonblocking(raw));
        assert_true(terms_of(raw, FERP_READING).nonblocking);
        assert_true(terms_of(raw, FERP_WRITING).nonblocking);
        assert_ok(ferp_set_nonblocking(raw, false));
        assert_false(is_nonblocking(raw));
        assert_false(terms_of(raw, FERP_READING).nonblocking);
        assert_false(terms_of(raw, FERP_WRITING).nonblocking);
    }
    ferp_close(raw);
}

static void mode_and_timeouts_do_not_touch_each_other(void **state)
{
    (void)state;
    fer_raw_socket raw = seam_socket();
    assert_ok(ferp_set_nonblocking(raw, true));
    assert_true(timeout_of(raw, FERP_READING).nanos == FER_DURATION_NONE_NANOS);
    assert_true(timeout_of(raw, FERP_WRITING).nanos == FER_DURATION_NONE_NANOS);
    assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){FER_DURATION_NONE_NANOS - 1}));
    assert_ok(ferp_set_timeout(raw, FERP_WRITING, (fer_duration){500 * MILLI}));
    assert_true(is_nonblocking(raw));
    assert_true(terms_of(raw, FERP_WRITING).nonblocking);
    assert_timeout(terms_of(raw, FERP_WRITING).timeout, 500 * MILLI);
    assert_ok(ferp_set_nonblocking(raw, false));
    assert_timeout(timeout_of(raw, FERP_WRITING), 500 * MILLI);
    assert_ok(ferp_set_timeout(raw, FERP_READING, FER_DURATION_NONE));
    assert_false(terms_of(raw, FERP_READING).nonblocking);
    assert_false(terms_of(raw, FERP_READING).read_ended);
    ferp_close(raw);
}

/* If shutdown applies to all handles of the socket, recv reports the end. Otherwise the read
 * direction's wait settings report it. */
static void an_ended_read_half_is_seen_by_every_handle(void **state)
{
    (void)state;
    struct seam_pair pair = seam_open();
    fer_raw_socket duplicate = FER_RAW_SOCKET_NONE;
    bool marks = ferp_traits()->shutdown_read_resets_on_data;
    assert_ok(ferp_duplicate(pair.client, &duplicate));
    assert_ok(ferp_set_timeout(pair.client, FERP_READING, (fer_duration){700 * MILLI}));
    assert_ok(ferp_mark_read_ended(pair.client));
    assert_ok(ferp_mark_read_ended(pair.client));
    assert_int_equal(terms_of(pair.client, FERP_READING).read_ended, marks);
    assert_int_equal(terms_of(duplicate, FERP_READING).read_ended, marks);
    assert_false(terms_of(duplicate, FERP_WRITING).read_ended);
    assert_timeout(timeout_of(duplicate, FERP_READING), 700 * MILLI);
    assert_ok(ferp_set_timeout(duplicate, FERP_READING, FER_DURATION_NONE));
    assert_true(timeout_of(pair.client, FERP_READING).nanos == FER_DURATION_NONE_NANOS);
    assert_int_equal(terms_of(pair.client, FERP_READING).read_ended, marks);
    if (!marks) {
        seam_expect_end(duplicate);
    }
    /* The write half still works, and bytes from the peer cause no error. */
    seam_send(pair.server, "unheard");
    seam_send(pair.client, "spoken");
    seam_expect(pair.server, "spoken");
    ferp_close(duplicate);
    seam_close(&pair);
}

/* ---- Duplicates */

static void a_duplicate_shares_what_is_set_later(void **state)
{
    (void)state;
    fer_raw_socket raw = seam_socket();
    fer_raw_socket duplicate = FER_RAW_SOCKET_NONE;
    uint32_t nodelay = 0;
    assert_ok(ferp_duplicate(raw, &duplicate));
    assert_true(duplicate != raw);
    assert_ok(ferp_set_nonblocking(duplicate, true));
    assert_true(is_nonblocking(raw));
    assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){900 * MILLI}));
    assert_timeout(timeout_of(duplicate, FERP_READING), 900 * MILLI);
    assert_ok(ferp_set_timeout(duplicate, FERP_WRITING, (fer_duration){800 * MILLI}));
    assert_timeout(timeout_of(raw, FERP_WRITING), 800 * MILLI);
    assert_ok(ferp_set_option(raw, FERP_NODELAY, 1));
    assert_ok(ferp_option_value(duplicate, FERP_NODELAY, &nodelay));
    assert_int_equal(nodelay, 1);
    ferp_close(raw);
    assert_true(is_nonblocking(duplicate));
    ferp_close(duplicate);
}

static void the_connection_ends_with_the_last_duplicate(void **state)
{
    (void)state;
    struct seam_pair pair = seam_open();
    fer_raw_socket duplicate = FER_RAW_SOCKET_NONE;
    assert_ok(ferp_duplicate(pair.client, &duplicate));
    ferp_close(pair.client);
    seam_send(duplicate, "alive");
    seam_expect(pair.server, "alive");
    assert_kind(seam_look(pair.server, FERP_READABLE), FER_TIMED_OUT);
    ferp_close(duplicate);
    seam_expect_end(pair.server);
    ferp_close(pair.server);
    ferp_close(pair.listener);
}

static void a_duplicate_of_what_is_closed_is_a_bad_handle(void **state)
{
    (void)state;
    fer_raw_socket raw = seam_socket();
    fer_raw_socket duplicate = FER_RAW_SOCKET_NONE;
    ferp_close(raw);
    assert_kind(ferp_duplicate(raw, &duplicate), FER_BAD_HANDLE);
    assert_true(duplicate == FER_RAW_SOCKET_NONE);
}

/* Two threads that change different settings through two handles do not overwrite each other's
 * changes. */
#define ROUNDS 500

static void set_timeouts(void *argument)
{
    fer_raw_socket raw = *(fer_raw_socket *)argument;
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        (void)ferp_set_timeout(raw, FERP_READING, (fer_duration){i * 1000 * MILLI});
        (void)ferp_set_timeout(raw, FERP_WRITING, (fer_duration){i * 1000 * MILLI});
    }
}

static void changes_from_two_threads_are_all_kept(void **state)
{
    (void)state;
    fer_raw_socket raw = seam_socket();
    fer_raw_socket duplicate = FER_RAW_SOCKET_NONE;
    test_thread thread;
    assert_ok(ferp_duplicate(raw, &duplicate));
    test_thread_start(&thread, set_timeouts, &duplicate);
    for (int i = 0; i < ROUNDS; i++) {
        bool nonblocking = i % 2 == 0;
        assert_ok(ferp_set_nonblocking(raw, nonblocking));
        assert_int_equal(is_nonblocking(raw), nonblocking);
        assert_int_equal(terms_of(raw, FERP_WRITING).nonblocking, nonblocking);
    }
    test_thread_join(&thread);
    assert_timeout(timeout_of(raw, FERP_READING), ROUNDS * 1000 * MILLI);
    assert_timeout(timeout_of(raw, FERP_WRITING), ROUNDS * 1000 * MILLI);
    ferp_close(duplicate);
    ferp_close(raw);
}

/* ---- Adopting and releasing */

static void release_and_adopt_keep_the_timeouts(void **state)
{
    (void)state;
    struct seam_pair pair = seam_open();
    assert_ok(ferp_set_timeout(pair.client, FERP_READING, (fer_duration){1500 * MILLI}));
    assert_ok(ferp_set_nonblocking(pair.client, true));
    assert_ok(ferp_release(pair.client));
    assert_ok(ferp_adopt(pair.client));
    assert_timeout(timeout_of(pair.client, FERP_READING), 1500 * MILLI);
    assert_true(timeout_of(pair.client, FERP_WRITING).nanos == FER_DURATION_NONE_NANOS);
    assert_false(terms_of(pair.client, FERP_READING).read_ended);
    seam_send(pair.server, "known");
    seam_expect(pair.client, "known");
    seam_close(&pair);
}

static void what_is_closed_is_neither_adopted_nor_released(void **state)
{
    (void)state;
    fer_raw_socket raw = seam_socket();
    ferp_close(raw);
    if (!ferp_traits()->io_waits_in_kernel) {
        assert_kind(ferp_adopt(raw), FER_BAD_HANDLE);
        assert_kind(ferp_release(raw), FER_BAD_HANDLE);
    }
}

static void an_accepted_socket_can_be_given_its_own_modes(void **state)
{
    (void)state;
    fer_socket_addr addr;
    fer_raw_socket listener = seam_listener(&addr);
    fer_raw_socket client = seam_socket();
    fer_raw_socket accepted = FER_RAW_SOCKET_NONE;
    assert_ok(ferp_set_nonblocking(listener, true));
    assert_ok(ferp_set_timeout(listener, FERP_READING, (fer_duration){300 * MILLI}));
    (void)ferp_connect(client, &addr);
    seam_await(listener, FERP_ACCEPTABLE);
    assert_ok(ferp_accept(listener, &accepted, &addr));
    assert_ok(ferp_set_nonblocking(accepted, false));
    assert_ok(ferp_set_timeout(accepted, FERP_READING, FER_DURATION_NONE));
    assert_false(is_nonblocking(accepted));
    assert_true(timeout_of(accepted, FERP_READING).nanos == FER_DURATION_NONE_NANOS);
    assert_true(is_nonblocking(listener));
    assert_timeout(timeout_of(listener, FERP_READING), 300 * MILLI);
    ferp_close(accepted);
    ferp_close(client);
    ferp_close(listener);
}

#if defined(_WIN32)

/* ---- The values that Winsock's own calls return: the marks never leave the library */

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

static void a_released_socket_blocks_with_its_plain_timeouts(void **state)
{
    (void)state;
    struct seam_pair pair = seam_open();
    char byte;
    assert_ok(ferp_set_timeout(pair.client, FERP_READING, (fer_duration){60 * MILLI}));
    assert_ok(ferp_set_timeout(pair.client, FERP_WRITING, (fer_duration){70 * MILLI}));
    assert_ok(ferp_mark_read_ended(pair.client));
    assert_int_equal(recv((SOCKET)pair.client, &byte, 1, 0), SOCKET_ERROR);
    assert_int_equal(WSAGetLastError(), WSAEWOULDBLOCK);
    assert_ok(ferp_release(pair.client));
    assert_int_equal(winsock_timeout(pair.client, SO_RCVTIMEO), 60);
    assert_int_equal(winsock_timeout(pair.client, SO_SNDTIMEO), 70);
    assert_int_equal(recv((SOCKET)pair.client, &byte, 1, 0), SOCKET_ERROR);
    assert_int_equal(WSAGetLastError(), WSAETIMEDOUT);
    seam_close(&pair);
}

static void a_released_nonblocking_socket_stays_so(void **state)
{
    (void)state;
    struct seam_pair pair = seam_open();
    char byte;
    assert_ok(ferp_set_nonblocking(pair.client, true));
    assert_ok(ferp_release(pair.client));
    assert_int_equal(winsock_timeout(pair.client, SO_RCVTIMEO), 0);
    assert_int_equal(winsock_timeout(pair.client, SO_SNDTIMEO), 0);
    assert_int_equal(recv((SOCKET)pair.client, &byte, 1, 0), SOCKET_ERROR);
    assert_int_equal(WSAGetLastError(), WSAEWOULDBLOCK);
    seam_close(&pair);
}

static void an_adopted_timeout_never_reads_as_a_mark(void **state)
{
    (void)state;
    const DWORD values[] = {0, 1, 1500, 0x3FFFFFFF, 0x40000000, 0x80000001, 0xC0000000, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        fer_raw_socket raw = seam_socket();
        set_winsock_timeout(raw, SO_RCVTIMEO, values[i]);
        set_winsock_timeout(raw, SO_SNDTIMEO, values[i]);
        assert_ok(ferp_adopt(raw));
        struct ferp_wait_terms terms = terms_of(raw, FERP_READING);
        assert_false(terms.nonblocking);
        assert_false(terms.read_ended);
        assert_false(is_nonblocking(raw));
        assert_int_equal(terms.timeout.nanos == FER_DURATION_NONE_NANOS, values[i] == 0);
        uint64_t millis = values[i] > 0x3FFFFFFF ? 0x3FFFFFFF : values[i];
        if (values[i] != 0) {
            assert_true(terms.timeout.nanos == millis * MILLI);
            assert_true(terms_of(raw, FERP_WRITING).timeout.nanos == millis * MILLI);
        }
        ferp_close(raw);
    }
}

static void an_adopted_socket_waits_in_the_library_only(void **state)
{
    (void)state;
    struct seam_pair pair = seam_open();
    u_long blocking = 0;
    char byte;
    size_t moved = 0;
    assert_int_equal(ioctlsocket((SOCKET)pair.client, (long)FIONBIO, &blocking), 0);
    set_winsock_timeout(pair.client, SO_RCVTIMEO, 40);
    assert_ok(ferp_adopt(pair.client));
    assert_kind(ferp_recv(pair.client, &byte, 1, &moved), FER_WOULD_BLOCK);
    assert_false(is_nonblocking(pair.client));
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
static void a_socket_made_without_overlapping_waits_as_well(void **state)
{
    (void)state;
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
    assert_ok(ferp_adopt(client));
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

static void no_handle_is_inherited(void **state)
{
    (void)state;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_socket_has_no_timeouts),
        cmocka_unit_test(a_timeout_reads_back_rounded_up),
        cmocka_unit_test(the_longest_timeout_is_long_and_not_none),
        cmocka_unit_test(none_clears_one_direction_alone),
        cmocka_unit_test(a_new_socket_is_the_user_s_blocking_one),
        cmocka_unit_test(nonblocking_is_seen_in_both_directions),
        cmocka_unit_test(mode_and_timeouts_do_not_touch_each_other),
        cmocka_unit_test(an_ended_read_half_is_seen_by_every_handle),
        cmocka_unit_test(a_duplicate_shares_what_is_set_later),
        cmocka_unit_test(the_connection_ends_with_the_last_duplicate),
        cmocka_unit_test(a_duplicate_of_what_is_closed_is_a_bad_handle),
        cmocka_unit_test(changes_from_two_threads_are_all_kept),
        cmocka_unit_test(release_and_adopt_keep_the_timeouts),
        cmocka_unit_test(what_is_closed_is_neither_adopted_nor_released),
        cmocka_unit_test(an_accepted_socket_can_be_given_its_own_modes),
#if defined(_WIN32)
        cmocka_unit_test(a_released_socket_blocks_with_its_plain_timeouts),
        cmocka_unit_test(a_released_nonblocking_socket_stays_so),
        cmocka_unit_test(an_adopted_timeout_never_reads_as_a_mark),
        cmocka_unit_test(an_adopted_socket_waits_in_the_library_only),
        cmocka_unit_test(a_socket_made_without_overlapping_waits_as_well),
        cmocka_unit_test(no_handle_is_inherited),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
