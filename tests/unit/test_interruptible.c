/* test_interruptible.c: waits that a signal ends, because the limits or the poller let it (rule
 * I4). Attempts to connect: test_connect_attempts.c; lookups: test_lookup_within.c. */
#include "unit/scripted_platform.h"
#include "unit/socket_check.h"

#include "core/handle/limits.h"
#include "core/open/binding.h"
#include "ferrule/io.h"

static const fer_limits by_signals = {.interruptible = true};
static fer_tcp_stream stream;
static char buf[16];

static void begin(void)
{
    script_begin(&script_posix);
    memset(&stream, 0, sizeof stream);
    stream.handle_ = script_stream(0);
    assert_ok(fer_tcp_stream_set_limits(&stream, &by_signals));
    script.log[0] = '\0';
}

/* A try that would block, and a signal in the wait that follows. */
static void interrupt(script_call call)
{
    script_then_fail(call, FER_WOULD_BLOCK, 11);
    script_then_fail(SCRIPT_WAIT_FOR, FER_INTERRUPTED, 4);
}

/* A later version may use the bytes. They are checked before the token: see feri_set_limits. */
SCRIPT_TEST(the_other_bytes_of_limits_are_zero)
{
    fer_cancel_token never_made = {{0}};
    fer_limits limits = {.interruptible = true, .token = &never_made};
    begin();
    assert_error(fer_tcp_stream_set_limits(&stream, &limits), FER_MISUSE, 0);
    limits.reserved_[6] = 1;
    assert_error(fer_tcp_stream_set_limits(&stream, &limits), FER_INVALID_INPUT, 0);
    fer_connect_options options = {.limits = limits};
    fer_tcp_stream empty = {0};
    assert_error(fer_tcp_stream_connect_with(&empty, "127.0.0.1:1", &options), FER_INVALID_INPUT,
                 0);
}

SYSTEM_TEST(script_posix, a_signal_ends_an_accept)
{
    fer_handle accepted = {0};
    fer_handle listener = script_stream(FERI_FLAG_LISTENING);
    assert_ok(feri_set_limits(&listener, &by_signals));
    interrupt(SCRIPT_ACCEPT);
    assert_error(feri_accept(&listener, 0, &accepted, NULL), FER_INTERRUPTED, 4);
    assert_forwards(SCRIPT_ACCEPT, FER_INTERRUPTED, 4, feri_accept(&listener, 0, &accepted, NULL));
    script_then_fail(SCRIPT_ACCEPT, FER_CONNECTION_ABORTED, 103);
    assert_ok(feri_accept(&listener, 0, &accepted, NULL));
    assert_int_equal(script.times[SCRIPT_ACCEPT], 4);
    assert_ok(feri_set_limits(&listener, NULL));
    assert_false(feri_handle_is_limited(&listener));
}

/* ---- The pauses between waits that report "ready" although the call still would block */

/* Tries that would block, false hints after them, and a signal in the first pause. */
static void interrupt_a_pause(const char *hints)
{
    script.log[0] = '\0';
    script_queue(hints);
    script_then_fail(SCRIPT_PAUSE, FER_INTERRUPTED, 4);
}

SCRIPT_TEST(a_signal_in_a_pause_ends_the_call)
{
    fer_interest ready = 0;
    begin();
    interrupt_a_pause("try_recv* WOULD_BLOCK:11");
    assert_error(fer_tcp_stream_read(&stream, buf, 8, NULL), FER_INTERRUPTED, 4);
    interrupt_a_pause("ready 0 0");
    assert_error(fer_tcp_stream_ready(&stream, FER_READABLE, FER_DURATION_NONE, &ready),
                 FER_INTERRUPTED, 4);
    fer_handle other = script_stream(0);
    fer_copy_buffer buffers[2] = {{buf, 8, 0, 0}, {buf + 8, 8, 0, 0}};
    interrupt_a_pause("try_recv* WOULD_BLOCK:11");
    assert_error(fer_copy_bidirectional(fer_tcp_stream_as_stream(&stream), (fer_stream){&other},
                                        &buffers[0], &buffers[1], NULL, NULL),
                 FER_INTERRUPTED, 4);
    assert_int_equal(script.times[SCRIPT_PAUSE], 3);
}

/* A Unix connect for which the accept queue is full repeats with pauses. */
SYSTEM_TEST(script_posix, a_signal_in_a_pause_ends_a_connect_to_a_full_queue)
{
    fer_unix_addr addr;
    assert_ok(fer_unix_addr_from_pathname(&addr, "a"));
    for (int i = 0; i < 2; i++) {
        fer_socket socket = {0};
        const fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(1)),
                                   .interruptible = i == 0};
        assert_ok(fer_socket_new(&socket, FER_DOMAIN_UNIX, FER_TYPE_STREAM, 0));
        assert_ok(fer_socket_set_limits(&socket, &limits));
        interrupt_a_pause("unix_connect WOULD_BLOCK:11");
        assert_error(fer_socket_connect_unix(&socket, &addr), i == 0 ? FER_INTERRUPTED : FER_OK,
                     i == 0 ? 4 : 0);
        fer_socket_close(&socket);
    }
}

/* I1: accept continues, unless its limits are interruptible. */
SYSTEM_TEST(script_posix, a_signal_in_a_pause_restarts_an_accept)
{
    fer_cancel_token token = {0};
    fer_handle accepted = {0};
    fer_handle listener = script_stream(FERI_FLAG_LISTENING);
    assert_ok(fer_cancel_token_new(&token));
    for (int i = 0; i < 2; i++) {
        const fer_limits limits = {.token = &token, .interruptible = i == 0};
        assert_ok(feri_set_limits(&listener, &limits));
        script_queue("accept WOULD_BLOCK:11 WOULD_BLOCK:11 WOULD_BLOCK:11");
        script_then_fail(SCRIPT_TOKEN_WAIT, FER_INTERRUPTED, 4);
        assert_error(feri_accept(&listener, 0, &accepted, NULL), i == 0 ? FER_INTERRUPTED : FER_OK,
                     i == 0 ? 4 : 0);
    }
    fer_cancel_token_close(&token);
}

TEST_MAIN("interruptible")
