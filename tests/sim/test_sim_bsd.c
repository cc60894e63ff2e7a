/* test_sim_bsd.c: the BSD dialect: traits and codes, and what its systems do in common. Each switch
 * of platform/sim/switches.h has a test here or in test_sim_bsd_*.c, which shows its effect on the
 * systems that have it, and its absence on the others. */
#include "sim/sim_bsd.h"

BSD_TEST(the_traits_are_the_systems)
{
    const struct ferp_traits *traits = ferp_traits();
    assert_true(traits->io_waits_in_kernel);
    assert_int_equal(traits->unix_path_max, 103);
    assert_false(traits->has_abstract_unix_names);
    assert_int_equal(traits->poller_has_edges, is_on(ON_MACOS | ON_FREEBSD));
    assert_int_equal(traits->linger_seconds_max, is_on(ON_MACOS) ? 327 : INT16_MAX);
}

BSD_TEST(codes_are_those_of_4_4bsd)
{
    fer_raw_socket raw = raw_socket();
    ferp_close(raw);
    assert_code(raw_send(raw, "x"), FER_BAD_HANDLE, 9);
    assert_int_equal(ferp_error_kind(35), FER_WOULD_BLOCK);
    assert_int_equal(ferp_error_kind(61), FER_CONNECTION_REFUSED);
    assert_int_equal(ferp_error_kind(111), FER_UNCATEGORIZED);
    assert_int_equal(ferp_error_kind(0), FER_OK);
}

/* eai_noname_is_8 */
BSD_CONFIG_TEST(a_failed_lookup_has_the_system_s_number)
{
    static const fer_sim_name names[] = {{.host = "gone.test", .failure = FER_HOST_NOT_FOUND},
                                         {.host = "later.test", .failure = FER_RESOLVE_TRY_AGAIN},
                                         {.host = "broken.test", .failure = FER_RESOLVE_FAILED}};
    const int32_t codes[] = {is_on(ON_OPENBSD) ? -2 : -8, is_on(ON_OPENBSD) ? -3 : -2, -4};
    fer_socket_addr addr;
    size_t count = 0;
    bsd_begin_of(.names = names, .name_count = 3);
    for (size_t i = 0; i < 3; i++) {
        assert_code(fer_lookup_host(names[i].host, 80, &addr, 1, &count), names[i].failure,
                    codes[i]);
    }
}

/* ---- unix_full_queue_refuses */

BSD_CONFIG_TEST(a_connect_to_a_full_unix_queue_is_refused)
{
    fer_unix_addr addr;
    bsd_begin_of(.max_sockets = 1024); /* OpenBSD's shortest queue has 241 connections */
    assert_ok(fer_unix_addr_from_pathname(&addr, "/run/full"));
    fer_raw_socket listener = raw_new(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    fer_raw_socket other = raw_new(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    fer_raw_socket client = raw_new(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    assert_ok(ferp_unix_bind(listener, &addr));
    assert_ok(ferp_listen(listener, 1));
    while (ferp_unix_connect(client, &addr).kind == FER_OK) {
        ferp_close(client);
        client = raw_new(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    }
    assert_code(ferp_unix_connect(other, &addr), FER_CONNECTION_REFUSED, 61);
}

/* ---- Pollers */

static const fer_event both = {.key = 1, .interest = FER_READABLE | FER_WRITABLE};

static void nothing_is_ready(fer_poller *poller)
{
    fer_event events[2];
    size_t count = 77;
    bool notified = false;
    assert_ok_n(ferp_poller_wait(poller, events, 2, (fer_duration){0}, &count, &notified), count,
                0);
}

/* poller_errors_without_code, poller_ignores_never_connected: epoll reports a hang-up. */
BSD_TEST(a_poller_s_own_errors_have_no_code_and_it_ignores_a_stream_that_was_never_connected)
{
    fer_poller poller = {0};
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_poller_open(&poller));
    assert_code(ferp_poller_modify(&poller, raw, both, FER_POLL_LEVEL), FER_NOT_FOUND, 0);
    assert_ok(ferp_poller_add(&poller, raw, both, FER_POLL_LEVEL));
    assert_code(ferp_poller_add(&poller, raw, both, FER_POLL_LEVEL), FER_ALREADY_EXISTS, 0);
    nothing_is_ready(&poller);
    ferp_poller_close(&poller);
}

/* poller_forgets_closed_numbers: also if a clone keeps the socket open, and a later clone gets the
 * number. */
BSD_TEST(a_poller_removes_a_closed_number)
{
    fer_poller poller = {0};
    fer_raw_socket clone = FER_RAW_SOCKET_NONE, back = FER_RAW_SOCKET_NONE;
    fer_raw_socket raw = raw_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    assert_ok(ferp_poller_open(&poller));
    assert_ok(ferp_poller_add(&poller, raw, both, FER_POLL_LEVEL));
    assert_ok(ferp_duplicate(raw, &clone));
    ferp_close(raw);
    nothing_is_ready(&poller);
    assert_ok(ferp_duplicate(clone, &back));
    assert_true(back == raw);
    assert_code(ferp_poller_delete(&poller, back), FER_NOT_FOUND, 0);
    assert_ok(ferp_poller_add(&poller, back, both, FER_POLL_LEVEL));
    ferp_poller_close(&poller);
}

TEST_MAIN("sim_bsd")
