/* test_waker.c: a waker over a connection of the machine to itself (rule P14): which calls of the
 * seam it makes, which programs may connect, and that no failure leaves a socket open.
 * conformance/wakers.c has what a program observes. */
#include "unit/scripted_platform.h"

#include "ferrule/waker.h"

static fer_waker waker;

static void begin(const struct ferp_traits *traits)
{
    script_begin(traits);
    memset(&waker, 0, sizeof waker);
}

#define WAKER_TEST(function) SCRIPT_TEST_AFTER(begin(&script_windows), function)

/* The connecting socket has this address, and so has the peer of the accepted one. */
static void script_addresses(const char *peer)
{
    script_default(SCRIPT_LOCAL_ADDR)->addr = script_addr("127.0.0.1:5000");
    script_default(SCRIPT_ACCEPT)->addr = script_addr(peer);
}

static void open_connection(void)
{
    script_then_fail(SCRIPT_TOKEN_OPEN, FER_UNSUPPORTED, 0);
    script_addresses("127.0.0.1:5000");
    assert_ok(fer_waker_new(&waker));
    script.log[0] = '\0';
}

/* ---- A connection */

/* A full queue means that the waker is woken. A wake of a woken waker sends nothing; a wake that
 * failed did not wake. */
WAKER_TEST(a_byte_is_sent_and_received)
{
    static const struct {
        const char *results;
        fer_error_kind kind;
        const char *log;
    } wakes[] =
        {
            {"send 1", FER_OK, "send(2,1)"},
            {"send WOULD_BLOCK:10035", FER_OK, "send(2,1)"},
            {"send INTERRUPTED:4 1", FER_OK, "send(2,1) send(2,1)"},
            {"send NO_BUFFER_SPACE:10055", FER_NO_BUFFER_SPACE, "send(2,1)"},
        },
      clears[] = {
          {"recv 1", FER_OK, "recv(3,512)"},
          {"recv WOULD_BLOCK:10035", FER_OK, "recv(3,512)"},
          {"recv INTERRUPTED:4 3", FER_OK, "recv(3,512) recv(3,512)"},
          {"recv 512 511", FER_OK, "recv(3,512) recv(3,512)"},
          {"recv 512 WOULD_BLOCK:10035", FER_OK, "recv(3,512) recv(3,512)"},
          {"recv CONNECTION_RESET:10054", FER_CONNECTION_RESET, "recv(3,512)"},
      };
    open_connection();
    for (size_t i = 0; i < sizeof wakes / sizeof *wakes; i++) {
        script_queue(wakes[i].results);
        fer_error error = fer_waker_wake(&waker);
        assert_row(error.kind == wakes[i].kind);
        assert_log(wakes[i].log);
        script_end_row();
        script_queue("recv 1");
        error = fer_waker_wake(&waker);
        assert_row(error.kind == FER_OK);
        assert_log(wakes[i].kind == FER_OK ? "" : "send(2,1)");
        assert_ok(fer_waker_clear(&waker));
        assert_log("recv(3,512)");
        script_end_row();
    }
    for (size_t i = 0; i < sizeof clears / sizeof *clears; i++) {
        script_queue(clears[i].results);
        fer_error error = fer_waker_clear(&waker);
        assert_row(error.kind == clears[i].kind);
        assert_log(clears[i].log);
        script_end_row();
    }
    fer_waker_close(&waker);
    assert_log("close(2) close(3)");
}

/* Only the two ends stay open, nonblocking, without Nagle's algorithm and TIME_WAIT. */
WAKER_TEST(a_connection_of_this_process_is_accepted)
{
    script_then_fail(SCRIPT_TOKEN_OPEN, FER_UNSUPPORTED, 0);
    script_addresses("127.0.0.1:5000");
    assert_ok(fer_waker_new(&waker));
    assert_int_equal(script.sockets_open, 2);
    for (int socket = 2; socket <= 3; socket++) {
        static const char *const calls[] = {"set_option(%d,NODELAY,1)", "set_linger(%d,1,0)"};
        for (size_t i = 0; i < 2; i++) {
            char call[64];
            snprintf(call, sizeof call, calls[i], socket);
            assert_non_null(strstr(script.log, call));
        }
    }
    fer_waker_close(&waker);
    assert_int_equal(script.sockets_open, 0);
}

/* Another program that connects to the listener first is not the other end. */
WAKER_TEST(a_connection_of_another_program_is_closed)
{
    script_then_fail(SCRIPT_TOKEN_OPEN, FER_UNSUPPORTED, 0);
    script_addresses("127.0.0.1:5000");
    script_then(SCRIPT_ACCEPT)->addr = script_addr("127.0.0.1:5001");
    script_then(SCRIPT_ACCEPT)->addr = script_addr("127.0.0.2:5000");
    assert_ok(fer_waker_new(&waker));
    assert_int_equal(script.times[SCRIPT_ACCEPT], 3);
    assert_int_equal(fer_waker_as_raw(&waker), 5);
    assert_int_equal(script.sockets_open, 2);
    fer_waker_close(&waker);
}

SCRIPT_TEST(no_failure_leaves_a_socket_open)
{
    static const struct ferp_traits *const systems[] = {&script_posix, &script_bsd,
                                                        &script_windows};
    static const fer_waker fresh;
    for (size_t i = 0; i < 3; i++) {
        bool has_failed = true;
        for (uint64_t at = 2; has_failed; at++) {
            begin(systems[i]);
            script_then_fail(SCRIPT_TOKEN_OPEN, FER_UNSUPPORTED, 0);
            script_addresses("127.0.0.1:5000");
            script.fail_at = at;
            script.fail_with = (fer_error){FER_NO_BUFFER_SPACE, 105};
            fer_error error = fer_waker_new(&waker);
            has_failed = script.calls_that_can_fail >= at;
            if (error.kind != FER_OK) {
                assert_memory_equal(&waker, &fresh, sizeof waker);
                assert_int_equal(script.sockets_open, 0);
            } else {
                assert_int_equal(script.sockets_open, 2);
            }
            fer_waker_close(&waker);
            assert_int_equal(script.sockets_open, 0);
            assert_int_equal(script.waits_armed, 0);
        }
    }
}

TEST_MAIN("waker")
