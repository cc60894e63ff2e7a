/* test_layered_provider.c: waits on SOCKETs that cannot cancel, or whose cancel is lost. Every call
 * ends in time. */
#define TEST_LAYERED_PROVIDER
#include "unit/layered_provider.h"

#include "support/fixture.h"
#include "support/socket_fixture.h"
#include "support/thread.h"

enum { TIMEOUT_MS = 300, PAUSE_MS = 150, SOON_US = 5000000 };

/* ---- Calls that wait */

struct reader {
    fer_tcp_stream *stream;
    atomic_bool started;
    fer_error error;
    char byte;
    size_t n;
};

static void read_one(void *argument)
{
    struct reader *reader = argument;
    atomic_store(&reader->started, true);
    reader->error = fer_tcp_stream_read(reader->stream, &reader->byte, 1, &reader->n);
}

static void start_reader(test_thread *thread, struct reader *reader, fer_tcp_stream *stream)
{
    *reader = (struct reader){.stream = stream, .n = 77};
    atomic_init(&reader->started, false);
    test_thread_start(thread, read_one, reader);
    while (!atomic_load(&reader->started)) {
        test_thread_yield();
    }
    peer_pause(PAUSE_MS);
}

static void assert_expired(fer_error error, uint64_t start)
{
    uint64_t took = microseconds_since(start);
    assert_own(error, FER_TIMED_OUT);
    assert_true(took + NOT_SOONER_SLACK_US >= TIMEOUT_MS * 1000 && took < SOON_US);
}

static void assert_reads_expire(void)
{
    struct pair *pair = pair_open_kind(&test_pair_accepted_v4);
    char byte = '\0';
    size_t n = 0;
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(TIMEOUT_MS)));
    for (int i = 0; i < 2; i++) {
        uint64_t start = peer_now_us();
        assert_expired(fer_tcp_stream_read(&pair->stream, &byte, 1, &n), start);
        assert_alive(pair);
    }
    pair_close(pair);
}

static void assert_receives_expire(void)
{
    struct udp_pair pair = udp_pair_open(PEER_V4);
    fer_udp_received got;
    char byte = '\0';
    assert_ok(fer_udp_socket_set_read_timeout(pair.socket, millis(TIMEOUT_MS)));
    uint64_t start = peer_now_us();
    assert_expired(fer_udp_socket_recv_from(pair.socket, &byte, 1, &got), start);
    assert_true(peer_datagram_send(pair.other, PEER_V4, pair.port, "x", 1));
    assert_ok(fer_udp_socket_recv_from(pair.socket, &byte, 1, &got));
    assert_int_equal(byte, 'x');
    fer_udp_socket_close(pair.socket);
}

static void assert_read_gets_what_arrives(void)
{
    struct pair *pair = pair_open_kind(&test_pair_accepted_v4);
    test_thread thread;
    struct reader reader;
    start_reader(&thread, &reader, &pair->stream);
    bool has_sent = peer_send_all(pair->other, "x", 1);
    test_thread_join(&thread);
    assert_true(has_sent);
    assert_ok(reader.error);
    assert_true(reader.n == 1 && reader.byte == 'x');
    pair_close(pair);
}

static void assert_shutdown_wakes_the_reader(void)
{
    struct pair *pair = pair_open_kind(&test_pair_accepted_v4);
    test_thread thread;
    struct reader reader;
    start_reader(&thread, &reader, &pair->stream);
    uint64_t start = peer_now_us();
    fer_error error = fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_READ);
    test_thread_join(&thread);
    uint64_t took = microseconds_since(start);
    assert_ok(error);
    assert_ok(reader.error);
    assert_int_equal(reader.n, 0);
    assert_true(took < SOON_US);
    pair_close(pair);
}

/* K2 */
static void assert_cancel_ends_the_reader(void)
{
    struct pair *pair = pair_open_kind(&test_pair_accepted_v4);
    fer_cancel_token token = {0};
    test_thread thread;
    struct reader reader;
    bool lacks_events = provider.lacks_events;
    provider.lacks_events = false;
    assert_ok(fer_cancel_token_new(&token));
    provider.lacks_events = lacks_events;
    const fer_limits limits = {.token = &token};
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
    start_reader(&thread, &reader, &pair->stream);
    uint64_t start = peer_now_us();
    fer_error error = fer_cancel_token_cancel(&token);
    test_thread_join(&thread);
    uint64_t took = microseconds_since(start);
    assert_ok(error);
    assert_own(reader.error, FER_CANCELLED);
    assert_int_equal(reader.n, 0);
    assert_true(took < SOON_US);
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, NULL));
    assert_alive(pair);
    pair_close(pair);
    fer_cancel_token_close(&token);
}

static void assert_all_waits_end(void)
{
    assert_cancel_ends_the_reader();
    assert_reads_expire();
    assert_receives_expire();
    assert_read_gets_what_arrives();
    assert_shutdown_wakes_the_reader();
}

static int begin(void **state)
{
    memset(&provider, 0, sizeof provider);
    atomic_init(&provider.requests, 0);
    atomic_init(&provider.longest_select_us, 0);
    return test_begin(state);
}

#define PROVIDER_TEST(function)   \
    TEST_OF(function, (void), (), \
            TEST_ROW("S6 " #function, function, begin, test_end, &test_no_pair))

/* ---- Tests */

PROVIDER_TEST(waits_use_requests)
{
    assert_all_waits_end();
    assert_true(atomic_load(&provider.requests) > 0);
}

PROVIDER_TEST(waits_end_if_no_request_can_be_cancelled)
{
    provider.cancel_is_invalid = true;
    assert_all_waits_end();
    assert_int_equal(atomic_load(&provider.requests), 0);
}

PROVIDER_TEST(waits_end_on_sockets_that_are_no_handles_of_the_system)
{
    provider.lacks_ifs_handles = true;
    assert_all_waits_end();
    assert_int_equal(atomic_load(&provider.requests), 0);
}

/* No Unix sockets exist on Wine, so the test changes only the reported family. */
PROVIDER_TEST(waits_on_unix_sockets_make_no_requests)
{
    provider.is_unix = true;
    assert_all_waits_end();
    assert_int_equal(atomic_load(&provider.requests), 0);
}

/* S6: the reader detects the shutdown at the end of its slice. */
PROVIDER_TEST(waits_end_if_a_wake_is_lost)
{
    provider.loses_wakes = true;
    assert_all_waits_end();
    assert_true(atomic_load(&provider.requests) > 0);
}

PROVIDER_TEST(a_cancel_that_fails_is_repeated)
{
    provider.cancels_that_fail = 3;
    assert_reads_expire();
    assert_true(provider.cancels_that_fail < 0);
}

/* T2: an abandoned request costs one second, and its memory stays valid. */
PROVIDER_TEST(reads_end_if_no_cancel_reaches_their_request)
{
    provider.cancels_that_fail = INT16_MAX;
    assert_reads_expire();
    assert_cancel_ends_the_reader();
    assert_true(provider.cancels_that_fail > 0);
    provider.cancels_that_fail = 0;
    assert_all_waits_end();
}

PROVIDER_TEST(a_cancelled_wait_is_not_an_interrupted_call)
{
    provider.cancels_interrupt = true;
    assert_all_waits_end();
    assert_true(atomic_load(&provider.requests) > 0);
    provider.lacks_ifs_handles = true;
    assert_all_waits_end();
}

PROVIDER_TEST(waits_end_without_requests)
{
    static const int failures[] = {WSAENOBUFS, WSA_NOT_ENOUGH_MEMORY, WSAEWOULDBLOCK,
                                   WSAEINVAL /* not bound */};
    provider.lacks_events = true;
    assert_all_waits_end();
    assert_int_equal(atomic_load(&provider.requests), 0);
    provider.lacks_events = false;
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        provider.request_failure = failures[i];
        assert_all_waits_end();
    }
}

/* ---- Connects of several providers */

enum { CONNECTS = 3 };

static void open_raws(fer_raw_socket *raws)
{
    for (int i = 0; i < CONNECTS; i++) {
        assert_ok(ferp_socket_new(FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0, &raws[i]));
    }
}

static void close_raws(const fer_raw_socket *raws)
{
    for (int i = 0; i < CONNECTS; i++) {
        ferp_close(raws[i]);
    }
}

static uint64_t in_millis(uint64_t millis)
{
    return ferp_now() + 1000000 * millis;
}

static uint64_t soon(void)
{
    return in_millis(SOON_US / 1000);
}

PROVIDER_TEST(connects_end_if_no_select_has_them_all)
{
    peer_socket listener = PEER_NONE;
    fer_socket_addr addr = accepting_addr(PEER_V4, &listener);
    fer_raw_socket raws[CONNECTS];
    uint32_t ended = 0;
    provider.selects_one = true;
    open_raws(raws);
    assert_kind(ferp_connect(raws[1], &addr), FER_WOULD_BLOCK);
    assert_ok(ferp_wait_for_connects(raws, CONNECTS, soon(), NULL, &ended));
    assert_int_equal(ended, 2);
    assert_kind(ferp_connect(raws[0], &addr), FER_WOULD_BLOCK);
    assert_kind(ferp_connect(raws[2], &addr), FER_WOULD_BLOCK);
    while (ended != 7) {
        assert_ok(ferp_wait_for_connects(raws, CONNECTS, soon(), NULL, &ended));
        assert_true((ended & 2) != 0);
    }
    close_raws(raws);
    peer_close(listener);
}

/* K2, and a failure of one of them */
PROVIDER_TEST(connects_expire_if_no_select_has_them_all)
{
    fer_raw_socket raws[CONNECTS];
    fer_cancel_token token = {0};
    uint32_t ended = 77;
    provider.selects_one = true;
    open_raws(raws);
    assert_ok(fer_cancel_token_new(&token));
    uint64_t deadline = in_millis(TIMEOUT_MS);
    assert_own(ferp_wait_for_connects(raws, CONNECTS, deadline, &token, &ended), FER_TIMED_OUT);
    assert_true(ferp_now() >= deadline && ended == 77);
    assert_ok(fer_cancel_token_cancel(&token));
    assert_ok(ferp_wait_for_connects(raws, CONNECTS, FERP_NO_DEADLINE, &token, &ended));
    assert_int_equal(ended, 0);
    ferp_close(raws[2]);
    assert_kind(ferp_wait_for_connects(raws, CONNECTS, soon(), NULL, &ended), FER_BAD_HANDLE);
    assert_int_equal(ended, 0);
    ferp_close(raws[0]);
    ferp_close(raws[1]);
    fer_cancel_token_close(&token);
}

/* Waits that are selects, each until it expires. */
static void wait_by_selects(const fer_raw_socket *raws, const fer_cancel_token *token)
{
    ferp_wait wait;
    fer_interest ready = 0;
    uint32_t ended = 0;
    provider.lacks_ifs_handles = true;
    for (int readiness = FERP_READABLE; readiness <= FERP_CONNECTED; readiness++) {
        assert_ok(ferp_wait_arm(&wait, raws[0], (ferp_readiness)readiness));
        wait.token = token;
        assert_own(ferp_wait_for(&wait, in_millis(120)), FER_TIMED_OUT);
    }
    uint64_t deadline = in_millis(120);
    assert_own(ferp_ready(raws[0], FER_WRITABLE, deadline, deadline, token, &ready), FER_TIMED_OUT);
    deadline = in_millis(120);
    assert_own(ferp_wait_for_connects(raws, CONNECTS, deadline, token, &ended), FER_TIMED_OUT);
}

/* K2: a cancel ends a wait within 20 ms, if it is a select. Without a token nothing is shorter. */
PROVIDER_TEST(a_select_with_a_token_is_short)
{
    fer_raw_socket raws[CONNECTS];
    fer_cancel_token token = {0};
    open_raws(raws);
    assert_ok(fer_cancel_token_new(&token));
    wait_by_selects(raws, &token);
    long longest = atomic_exchange(&provider.longest_select_us, 0);
    assert_true(longest > 0 && longest <= 20000);
    wait_by_selects(raws, NULL);
    assert_int_equal(atomic_load(&provider.longest_select_us), 100000);
    close_raws(raws);
    fer_cancel_token_close(&token);
}

/* Nobody documents in which sets of a select a reset connection is. */
PROVIDER_TEST(a_reset_is_ready_for_both_whichever_set_has_it)
{
    static const fer_interest omitted[] = {0, FER_READABLE, FER_WRITABLE};
    const fer_interest both = FER_READABLE | FER_WRITABLE;
    peer_socket listener = PEER_NONE;
    fer_socket_addr addr = accepting_addr(PEER_V4, &listener);
    fer_tcp_stream *stream = test_stream();
    fer_interest ready = 0;
    assert_ok(fer_tcp_stream_connect_addr(stream, &addr));
    fer_raw_socket raw = fer_tcp_stream_as_raw(stream);
    peer_reset(peer_accept(listener));
    assert_ok(ferp_ready(raw, FER_READABLE, soon(), soon(), NULL, &ready));
    for (size_t i = 0; i < sizeof omitted / sizeof *omitted; i++) {
        provider.omitted = omitted[i];
        assert_ok(ferp_ready(raw, both, soon(), soon(), NULL, &ready));
        assert_int_equal(ready, both);
    }
    peer_close(listener);
}

PROVIDER_TEST(no_token_is_made_without_an_event)
{
    fer_cancel_token token = {0};
    provider.lacks_events = true;
    assert_kind(fer_cancel_token_new(&token), FER_NO_BUFFER_SPACE);
    provider.lacks_events = false;
    assert_ok(fer_cancel_token_new(&token));
    fer_cancel_token_close(&token);
}

RULE_TESTS("layered_provider")
