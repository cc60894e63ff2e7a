/* test_sim_connect_with.c: connecting to the first address that answers, and lookups, within
 * limits, in virtual time and in both dialects (rules K8, K8a, K9). */
#include "sim/sim_connect.h"

/* ---- K9, and K8 of the deadline */

/* Each host answers, answers Late, does not, or is Unreachable after 10 ms ("alsu"). The peer is
 * that host, or none if the connect times out. Then each attempt has timed out, else one was
 * unreachable. */
enum { NONE = 3 };
static const struct schedule {
    const char *name;
    const char *hosts;
    uint64_t attempt_timeout_ms, deadline_ms;
    size_t peer;
    uint64_t time_ms;
    size_t failed;
    uint64_t elapsed_ms[3];
} schedules[] = {
    {"the families alternate: 250 ms, and a round trip", "saa", 0, 0, 1, 252, 0, {0}},
    {"the last attempt that fails starts the next one", "sua", 0, 0, 2, 250 + 12 + 2, 1, {12}},
    {"attempts time out one by one", "sss", 400, 0, NONE, 900, 3, {400, 400, 400}},
    {"the deadline closes the attempts", "sss", 0, 600, NONE, 600, 3, {600, 350, 100}},
    {"a loser that had connected is reset", "laa", 0, 0, 0, 252, 0, {0}},
};

static void answer_as(const char *host, char how)
{
    answer(host,
           how == 's'   ? FER_SIM_ANSWER_SILENT
           : how == 'u' ? FER_SIM_ANSWER_HOST_UNREACHABLE
                        : FER_SIM_ANSWER_AS_IS,
           how == 'u'   ? 10
           : how == 'l' ? 250
                        : 0);
}

static void assert_losers_are_reset(const fer_sim_peer listeners[3], size_t winner)
{
    advance_ms(5);
    for (size_t i = 0; i < 3; i++) {
        fer_sim_peer loser;
        char byte;
        if (i != winner && fer_sim_peer_accept(listeners[i], &loser).kind == FER_OK) {
            assert_kind(fer_sim_peer_recv(loser, &byte, 1, NULL), FER_CONNECTION_RESET);
        }
    }
}

SIM_CONFIG_TEST(K9_the_schedule_of_attempts)
{
    for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++) {
        const struct schedule *row = &schedules[i];
        bool times_out = row->peer == NONE;
        fer_sim_peer listeners[3];
        begin();
        for (size_t at = 0; at < 3; at++) {
            listeners[at] = serve(hosts[at]);
            answer_as(hosts[at], row->hosts[at]);
        }
        options.attempt_timeout = millis(row->attempt_timeout_ms);
        if (row->deadline_ms != 0) {
            end_in_ms(row->deadline_ms);
        }
        fer_error error = connect_to("three.test:80");
        if (error.kind != (times_out ? FER_TIMED_OUT : FER_OK) || now_ms() != row->time_ms ||
            failed != row->failed) {
            fail_msg("%s: %s after %u ms", row->name, fer_error_kind_name(error.kind),
                     (unsigned)now_ms());
        }
        for (size_t at = 0; at < failed; at++) {
            assert_failure(at, hosts[times_out ? at : 1],
                           times_out ? FER_TIMED_OUT : FER_HOST_UNREACHABLE, row->elapsed_ms[at]);
        }
        if (!times_out) {
            assert_peer(hosts[row->peer]);
            assert_losers_are_reset(listeners, row->peer);
        }
        sim_end_one();
    }
}

CONNECT_TEST(K9_at_most_sixteen_attempts_are_open)
{
    fer_socket_addr addrs[20];
    silence();
    for (size_t i = 0; i < 20; i++) {
        addrs[i] = fer_socket_addr_v4_new(fer_ipv4_addr_new(10, 0, 0, 7), (uint16_t)(100 + i));
    }
    answer("10.0.0.7:0", FER_SIM_ANSWER_SILENT, 0);
    options.attempt_delay = millis(1);
    options.attempt_timeout = millis(100);
    assert_kind(fer_tcp_stream_connect_addrs(&test.stream, addrs, 20, &options), FER_TIMED_OUT);
    assert_int_equal(failed, 20);
    assert_int_equal(now_ms(), 203);
    assert_failure(19, "10.0.0.7:119", FER_TIMED_OUT, 100);
}

/* ---- K8 */

CONNECT_TEST(K8_a_cancel_closes_the_attempts_and_abandons_the_lookup)
{
    silence();
    cancel_in_ms(300);
    assert_code(connect_to("three.test:80"), FER_CANCELLED, 0);
    assert_in_range(now_ms(), 300, 320);
    assert_int_equal(failed, 2);
    assert_kind(failures[0].error, FER_CANCELLED);
    assert_kind(failures[1].error, FER_CANCELLED);
    assert_ok(fer_cancel_token_reset(&test.token));
    after_ms(1000, cancel, &test.token);
    assert_takes(1000, assert_code(connect_to("slow.test:80"), FER_CANCELLED, 0));
    assert_int_equal(failed, 0);
    assert_int_equal(fer_tcp_stream_as_raw(&test.stream), FER_RAW_SOCKET_NONE);
}

CONNECT_TEST(K8_the_deadline_is_one_for_the_lookup_and_the_attempts)
{
    silence();
    end_in_ms(3100);
    assert_takes(3100, assert_code(connect_to("slow.test:80"), FER_TIMED_OUT, 0));
    assert_int_equal(failed, 1);
    assert_failure(0, hosts[0], FER_TIMED_OUT, 100);
    end_in_ms(1000);
    assert_takes(1000, assert_code(connect_to("slow.test:80"), FER_TIMED_OUT, 0));
    assert_int_equal(failed, 0);
}

/* ---- Lookups */

static fer_error look_up(const char *text, fer_resolver *with)
{
    fer_socket_addr addrs[3];
    size_t found = 99;
    fer_error error = fer_to_socket_addrs_with(
        text, &(fer_lookup_options){.limits = options.limits, .resolver = with}, addrs, 3, &found);
    assert_int_equal(found, error.kind == FER_OK ? 3 : 99);
    return error;
}

CONNECT_TEST(K8_a_lookup_ends_at_its_limits)
{
    end_in_ms(500);
    assert_takes(500, assert_code(look_up("slow.test:80", NULL), FER_TIMED_OUT, 0));
    options.limits.deadline = FER_INSTANT_NONE;
    cancel_in_ms(500);
    assert_takes(500, assert_code(look_up("slow.test:80", NULL), FER_CANCELLED, 0));
    assert_ok(fer_cancel_token_reset(&test.token));
    assert_takes(3000, assert_ok(look_up("slow.test:80", NULL)));
    assert_takes(1000, assert_kind(look_up("gone.test:80", NULL), FER_HOST_NOT_FOUND));
}

/* The late lookup still occupies the thread: the next one waits for it in the queue. */
CONNECT_TEST(K8_a_late_lookup_occupies_its_thread)
{
    fer_resolver *resolver = &test.resolver;
    fer_resolver_close(resolver);
    assert_ok(fer_resolver_new(resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}));
    end_in_ms(500);
    assert_code(look_up("slow.test:80", resolver), FER_TIMED_OUT, 0);
    options.limits.deadline = FER_INSTANT_NONE;
    assert_ok(look_up("three.test:80", resolver));
    assert_int_equal(now_ms(), 3000);
    end_in_ms(500);
    assert_code(look_up("slow.test:80", resolver), FER_TIMED_OUT, 0);
    assert_ok(fer_resolver_start(resolver, "slow.test:80", NULL, NULL, 0, &test.lookups[0]));
    assert_code(look_up("three.test:80", resolver), FER_TIMED_OUT, 0);
    end_in_ms(500);
    assert_code(look_up("three.test:80", resolver), FER_WOULD_BLOCK, 0);
}

/* ---- Unix connects that wait for space (K2). Only Linux waits. */

static void accept_one(void *context)
{
    assert_ok(fer_unix_listener_accept(&test.unix_listener, &test.unix_stream, NULL));
}

TEST_OF(K2_a_unix_connect_waits_for_queue_space_within_limits, (void), (),
        POSIX_ROW(K2_a_unix_connect_waits_for_queue_space_within_limits, connect_start))
{
    fer_unix_addr addr;
    fer_socket queued[200] = {0}, built = {0}, *waiting = &test.socket;
    size_t number = 0;
    fer_error error;
    assert_ok(fer_unix_addr_from_pathname(&addr, "/queue"));
    assert_ok(fer_socket_new(&built, FER_DOMAIN_UNIX, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    assert_ok(fer_socket_bind_unix(&built, &addr));
    assert_ok(fer_socket_listen(&built, 1));
    assert_ok(fer_socket_into_unix_listener(&built, &test.unix_listener));
    do {
        fer_socket *next = &queued[number++];
        assert_ok(fer_socket_new(next, FER_DOMAIN_UNIX, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
        assert_ok(fer_socket_set_nonblocking(next, true));
        error = fer_socket_connect_unix(next, &addr);
    } while (error.kind == FER_OK);
    assert_kind(error, FER_RESOURCE_BUSY);
    assert_ok(fer_socket_new(waiting, FER_DOMAIN_UNIX, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    end_in_ms(1000000000);
    assert_ok(fer_socket_set_limits(waiting, &options.limits));
    assert_takes(1000000000,
                 assert_code(fer_socket_connect_unix(waiting, &addr), FER_TIMED_OUT, 0));
    options.limits.deadline = FER_INSTANT_NONE;
    cancel_in_ms(30);
    assert_ok(fer_socket_set_limits(waiting, &options.limits));
    assert_takes(30, assert_code(fer_socket_connect_unix(waiting, &addr), FER_CANCELLED, 0));
    assert_ok(fer_cancel_token_reset(&test.token));
    assert_kind(fer_socket_connect_unix(waiting, &addr), FER_DEADLOCK);
    after_ms(50, accept_one, NULL);
    assert_ok(fer_socket_connect_unix(waiting, &addr));
    assert_in_range(now_ms(), 1000000080, 1000000084);
    for (size_t i = 0; i < number; i++) {
        fer_socket_close(&queued[i]);
    }
}

TEST_MAIN("sim_connect_with")
