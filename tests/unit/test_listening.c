/* test_listening.c: how a listener is opened and how it accepts. test_seam_failures.c checks that
 * no failure leaks a socket. */
#include "unit/scripted_platform.h"

#include "core/open/binding.h"

static fer_error accept_from(fer_handle *listener, fer_handle *stream)
{
    return feri_accept(listener, stream, NULL);
}

SYSTEM_TEST(script_posix, an_accepted_stream_has_its_peer_and_its_family)
{
    fer_handle listener = script_stream(FERI_FLAG_V6);
    fer_handle stream = {0};
    fer_socket_addr peer = {0};
    script_then(SCRIPT_ACCEPT)->addr = script_addr("[2001:db8::7]:99");
    assert_ok(feri_accept(&listener, &stream, &peer));
    fer_socket_addr want = script_addr("[2001:db8::7]:99");
    assert_true(fer_socket_addr_eq(&peer, &want));
    assert_int_equal(feri_handle_flags(&stream), FERI_FLAG_V6);
    assert_int_equal(feri_handle_as_raw(&stream), 2);
    fer_handle other = {0};
    assert_ok(feri_accept(&listener, &other, NULL));
    assert_int_equal(feri_handle_flags(&other), 0);
    assert_log("accept(1) accept(1)");
}

SYSTEM_TEST(script_posix, a_stream_that_is_accepted_without_a_name_has_no_family)
{
    fer_handle listener = script_stream(FERI_FLAG_UNIX);
    fer_handle stream = {0};
    script_then(SCRIPT_ACCEPT)->addr = script_addr("[2001:db8::7]:99");
    assert_ok(accept_from(&listener, &stream));
    assert_int_equal(feri_handle_flags(&stream), FERI_FLAG_UNIX);
    assert_int_equal(feri_handle_as_raw(&stream), 2);
    assert_log("accept(1)");
}

/* ---- Modes and options inherited by an accepted stream */

SCRIPT_TEST(an_inherited_mode_is_cleared_if_it_may_differ)
{
    static const struct {
        const struct ferp_traits *traits;
        uint32_t flags;
        const char *log;
    } rows[] = {
        {&script_posix, 0, "accept(1)"},
        {&script_posix, FERI_FLAG_NONBLOCKING, "accept(1)"},
        {&script_bsd, 0, "accept(1)"},
        {&script_bsd, FERI_FLAG_V6, "accept(1)"},
        {&script_bsd, FERI_FLAG_NONBLOCKING, "accept(1) set_nonblocking(2,0)"},
        {&script_bsd, FERI_FLAG_RESETS_AT_CLOSE, "accept(1) set_linger(2,1,0)"},
        {&script_posix, FERI_FLAG_RESETS_AT_CLOSE, "accept(1)"},
        {&script_windows, FERI_FLAG_RESETS_AT_CLOSE, "accept(1)"},
        {&script_windows, 0, "accept(1)"},
        {&script_windows, FERI_FLAG_NONBLOCKING, "accept(1)"},
        {&script_windows, FERI_FLAG_ADOPTED, "accept(1)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        script_begin(rows[i].traits);
        fer_handle listener = script_stream(rows[i].flags | FERI_FLAG_LISTENING);
        fer_handle stream = {0};
        assert_ok_log(accept_from(&listener, &stream), rows[i].log);
    }
}

/* ---- L3: a connection that has ended is skipped, whichever call tells of it */

#define NO_TIMEOUTS(raw)                                 \
    " set_timeout(" raw ",reading,18446744073709551615)" \
    " set_timeout(" raw ",writing,18446744073709551615)"

static const struct {
    fer_error refusal;     /* of set_timeout */
    fer_error_kind status; /* of getpeername */
} ended_connections[] = {
    {{FER_INVALID_INPUT, 22}, FER_INVALID_INPUT}, /* macOS */
    {{FER_INVALID_INPUT, 22}, FER_NOT_CONNECTED},
    {{FER_CONNECTION_RESET, 54}, FER_NOT_CONNECTED}, /* FreeBSD's TCP options */
    {{FER_CONNECTION_ABORTED, 53}, FER_NOT_CONNECTED},
    {{FER_NOT_CONNECTED, 57}, FER_NOT_CONNECTED},
};

static fer_handle listener_before(size_t row)
{
    script_begin(&script_posix);
    fer_handle listener = script_stream(FERI_FLAG_ADOPTED);
    script_then(SCRIPT_SET_TIMEOUT)->error = ended_connections[row].refusal;
    script_then_fail(SCRIPT_PEER_ADDR, ended_connections[row].status, 22);
    return listener;
}

SCRIPT_TEST(a_connection_that_ended_before_its_modes_were_reset_is_skipped)
{
    for (size_t i = 0; i < sizeof ended_connections / sizeof ended_connections[0]; i++) {
        fer_handle listener = listener_before(i);
        fer_handle stream = {0};
        assert_ok(accept_from(&listener, &stream));
        assert_int_equal(feri_handle_as_raw(&stream), 3);
        assert_int_equal(script.sockets_open, 2);
        assert_log("accept(1) set_timeout(2,reading,18446744073709551615) peer_addr(2) close(2) "
                   "accept(1)" NO_TIMEOUTS("3"));
    }
}

/* A good connection whose option is refused is not skipped silently. It has a peer, or the query of
 * the peer failed too. */
SCRIPT_TEST(a_refused_option_of_an_open_connection_is_reported)
{
    const fer_error_kind kinds[] = {FER_INVALID_INPUT, FER_CONNECTION_RESET, FER_NOT_CONNECTED,
                                    FER_NO_BUFFER_SPACE};
    for (size_t i = 0; i < 2 * sizeof kinds / sizeof kinds[0]; i++) {
        for (int is_unix = 0; is_unix < 2; is_unix++) {
            script_begin(&script_posix);
            fer_handle listener =
                script_stream(FERI_FLAG_ADOPTED | (is_unix != 0 ? FERI_FLAG_UNIX : 0));
            fer_handle stream = {0};
            script_then_fail(SCRIPT_SET_TIMEOUT, kinds[i / 2], 99);
            script_default(SCRIPT_PEER_ADDR)->error =
                (fer_error){i % 2 == 0 ? FER_OK : FER_NO_BUFFER_SPACE, i % 2 == 0 ? 0 : 105};
            assert_error(accept_from(&listener, &stream), kinds[i / 2], 99);
            assert_int_equal(script.sockets_open, 1);
            assert_int_equal(feri_handle_state(&stream), 0);
        }
    }
}

TEST_MAIN("listening")
