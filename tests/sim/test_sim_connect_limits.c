/* test_sim_connect_limits.c: connecting to a name and lookups within limits, in virtual time and in
 * both dialects (rules K8, K8a). */
#include "sim/sim_connect.h"

/* ---- K8 */

static void assert_nothing_is_left(void)
{
    fer_sim_report report;
    assert_int_equal(fer_tcp_stream_as_raw(&stream), FER_RAW_SOCKET_NONE);
    fer_cancel_token_close(&token);
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_handles, 0);
    assert_int_equal(report.leaked_tokens, 0);
    assert_int_equal(report.leaked_lookups, 0);
}

CONNECT_TEST("K8", a_cancel_during_the_attempts_closes_them)
{
    silence();
    cancel_in_ms(300);
    assert_code(connect_to("three.test:80"), FER_CANCELLED, 0);
    assert_in_range(now_ms(), 300, 320);
    assert_int_equal(failed, 2);
    assert_kind(failures[0].error, FER_CANCELLED);
    assert_kind(failures[1].error, FER_CANCELLED);
    assert_nothing_is_left();
}

CONNECT_TEST("K8", the_deadline_closes_the_attempts)
{
    silence();
    end_in_ms(600);
    assert_code(connect_to("three.test:80"), FER_TIMED_OUT, 0);
    assert_int_equal(now_ms(), 600);
    assert_int_equal(failed, 3);
    assert_failure(0, "[fd00::7]:80", FER_TIMED_OUT, 600);
    assert_failure(2, "[fd00::8]:80", FER_TIMED_OUT, 100);
    assert_nothing_is_left();
}

CONNECT_TEST("K8", a_cancel_abandons_the_lookup)
{
    cancel_in_ms(1000);
    assert_code(connect_to("slow.test:80"), FER_CANCELLED, 0);
    assert_int_equal(now_ms(), 1000);
    assert_int_equal(failed, 0);
    assert_nothing_is_left();
}

CONNECT_TEST("K8", the_deadline_is_one_for_the_lookup_and_the_attempts)
{
    silence();
    end_in_ms(3100);
    assert_code(connect_to("slow.test:80"), FER_TIMED_OUT, 0);
    assert_int_equal(now_ms(), 3100);
    assert_int_equal(failed, 1);
    assert_failure(0, "[fd00::7]:80", FER_TIMED_OUT, 100);
    end_in_ms(1000);
    assert_code(connect_to("slow.test:80"), FER_TIMED_OUT, 0);
    assert_int_equal(now_ms(), 4100);
    assert_int_equal(failed, 0);
}

/* ---- Lookups */

static fer_error look_up(const char *text, fer_resolver *with)
{
    fer_socket_addr addrs[3];
    size_t count = 99;
    fer_error error = fer_to_socket_addrs_with(
        text, &(fer_lookup_options){.limits = options.limits, .resolver = with}, addrs, 3, &count);
    assert_int_equal(count, error.kind == FER_OK ? 3 : 99);
    return error;
}

CONNECT_TEST("K8", a_lookup_ends_at_its_limits)
{
    end_in_ms(500);
    assert_code(look_up("slow.test:80", NULL), FER_TIMED_OUT, 0);
    assert_int_equal(now_ms(), 500);
    options.limits.deadline = FER_INSTANT_NONE;
    cancel_in_ms(500);
    assert_code(look_up("slow.test:80", NULL), FER_CANCELLED, 0);
    assert_int_equal(now_ms(), 1000);
    assert_ok(fer_cancel_token_reset(&token));
    assert_ok(look_up("slow.test:80", NULL));
    assert_int_equal(now_ms(), 4000);
    assert_kind(look_up("gone.test:80", NULL), FER_HOST_NOT_FOUND);
    assert_int_equal(now_ms(), 5000);
}

/* The late lookup still occupies the thread: the next one waits for it in the queue. */
CONNECT_TEST("K8", a_late_lookup_occupies_its_thread)
{
    assert_ok(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}));
    end_in_ms(500);
    assert_code(look_up("slow.test:80", &resolver), FER_TIMED_OUT, 0);
    options.limits.deadline = FER_INSTANT_NONE;
    assert_ok(look_up("three.test:80", &resolver));
    assert_int_equal(now_ms(), 3000);
    end_in_ms(500);
    assert_code(look_up("slow.test:80", &resolver), FER_TIMED_OUT, 0);
    fer_lookup queued = {0};
    assert_ok(fer_resolver_start(&resolver, "slow.test:80", NULL, NULL, 0, &queued));
    assert_code(look_up("three.test:80", &resolver), FER_TIMED_OUT, 0);
    end_in_ms(500);
    assert_code(look_up("three.test:80", &resolver), FER_WOULD_BLOCK, 0);
    fer_lookup_close(&queued);
}

/* ---- Unix connects that wait for room (K2). Only Linux waits. */

static fer_unix_listener listener;
static fer_socket waiting;

static void accept_one(void *context)
{
    fer_unix_stream accepted_stream = {0};
    (void)context;
    assert_ok(fer_unix_listener_accept(&listener, &accepted_stream, NULL));
    fer_unix_stream_close(&accepted_stream);
}

TEST_OF(a_unix_connect_waits_for_queue_space_within_limits, (void), (),
        TEST_ROW("K2_a_unix_connect_waits_for_queue_space_within_limits",
                 a_unix_connect_waits_for_queue_space_within_limits, connect_start, end,
                 &sim_dialects[0]))
{
    fer_unix_addr addr;
    fer_socket queued[200];
    size_t count = 0;
    fer_error error;
    memset(&listener, 0, sizeof listener);
    memset(&waiting, 0, sizeof waiting);
    memset(queued, 0, sizeof queued);
    assert_ok(fer_unix_addr_from_pathname(&addr, "/queue"));
    fer_socket built = {0};
    assert_ok(fer_socket_new(&built, FER_DOMAIN_UNIX, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    assert_ok(fer_socket_bind_unix(&built, &addr));
    assert_ok(fer_socket_listen(&built, 1));
    assert_ok(fer_socket_into_unix_listener(&built, &listener));
    do {
        fer_socket *next = &queued[count++];
        assert_ok(fer_socket_new(next, FER_DOMAIN_UNIX, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
        assert_ok(fer_socket_set_nonblocking(next, true));
        error = fer_socket_connect_unix(next, &addr);
    } while (error.kind == FER_OK);
    assert_kind(error, FER_RESOURCE_BUSY);
    assert_ok(fer_socket_new(&waiting, FER_DOMAIN_UNIX, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    end_in_ms(1000000000);
    assert_ok(fer_socket_set_limits(&waiting, &options.limits));
    assert_code(fer_socket_connect_unix(&waiting, &addr), FER_TIMED_OUT, 0);
    assert_int_equal(now_ms(), 1000000000);
    options.limits.deadline = FER_INSTANT_NONE;
    cancel_in_ms(30);
    assert_ok(fer_socket_set_limits(&waiting, &options.limits));
    assert_code(fer_socket_connect_unix(&waiting, &addr), FER_CANCELLED, 0);
    assert_int_equal(now_ms(), 1000000030);
    assert_ok(fer_cancel_token_reset(&token));
    assert_kind(fer_socket_connect_unix(&waiting, &addr), FER_DEADLOCK);
    assert_ok(fer_sim_after(millis(50), accept_one, NULL));
    assert_ok(fer_socket_connect_unix(&waiting, &addr));
    assert_in_range(now_ms(), 1000000080, 1000000084);
    for (size_t i = 0; i < count; i++) {
        fer_socket_close(&queued[i]);
    }
    fer_socket_close(&waiting);
    fer_unix_listener_close(&listener);
}

TEST_MAIN("sim_connect_limits")
