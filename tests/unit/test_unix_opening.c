/* test_unix_opening.c: how Unix streams and listeners are opened, the public functions that other
 * streams do not have, datagrams, and addresses. No failure leaks a socket: tests/sweep. */
#include "unit/scripted_platform.h"

#include "core/open/unix_opening.h"
#include "ferrule/unix.h"

/* ---- Connecting */

/* getsockname of a socket without a name is WSAEINVAL on Windows. Once it has a name, such an error
 * is the system's. */
SYSTEM_TEST(script_windows, a_socket_without_a_name_has_the_unnamed_address)
{
    fer_socket socket = {0};
    fer_unix_addr addr = script_path("p");
    assert_ok(fer_socket_new(&socket, FER_DOMAIN_UNIX, FER_TYPE_STREAM, 0));
    script_queue("unix_local_addr INVALID_INPUT:10022 BAD_HANDLE:10038 INVALID_INPUT:10022");
    assert_ok(fer_socket_local_addr_unix(&socket, &addr));
    assert_true(fer_unix_addr_is_unnamed(&addr));
    assert_error(fer_socket_local_addr_unix(&socket, &addr), FER_BAD_HANDLE, 10038);
    addr = script_path("p");
    assert_ok(fer_socket_bind_unix(&socket, &addr));
    assert_error(fer_socket_local_addr_unix(&socket, &addr), FER_INVALID_INPUT, 10022);
    fer_socket_close(&socket);
}

/* Windows' code of a path whose folder does not exist (golang/go, issue 44797): of the call, or of
 * SO_ERROR after the connect has started. */
SCRIPT_TEST(a_path_that_cannot_be_resolved_is_not_found)
{
    for (int is_late = 0; is_late < 2; is_late++) {
        fer_unix_stream stream = {0};
        fer_unix_listener listener = {0};
        fer_socket socket = {0};
        fer_unix_addr addr = script_path("a/b");
        script_begin(&script_windows);
        script_queue(is_late ? "unix_connect* WOULD_BLOCK:10035, take_error* +NETWORK_DOWN:10050, "
                               "connect_is_pending* 1, unix_bind* NETWORK_DOWN:10050"
                             : "unix_connect* NETWORK_DOWN:10050, unix_bind* NETWORK_DOWN:10050");
        assert_error(fer_unix_stream_connect(&stream, "a/b"), FER_NOT_FOUND, 10050);
        fer_error started = fer_unix_stream_connect_start(&stream, &addr);
        assert_error(is_late ? fer_unix_stream_write(&stream, "x", 1, NULL) : started,
                     FER_NOT_FOUND, 10050);
        fer_unix_stream_close(&stream);
        assert_error(fer_unix_listener_bind(&listener, "a/b"), FER_NOT_FOUND, 10050);
        assert_ok(fer_socket_new(&socket, FER_DOMAIN_UNIX, FER_TYPE_STREAM, 0));
        assert_error(fer_socket_bind_unix(&socket, &addr), FER_NOT_FOUND, 10050);
        assert_error(fer_socket_connect_unix(&socket, &addr), FER_NOT_FOUND, 10050);
        fer_socket_close(&socket);
        assert_int_equal(script.sockets_open, 0);
    }
}

/* ---- Addresses */

/* Arbitrary memory instead of an address: no function reads past it. */
SYSTEM_TEST(script_posix, wild_bytes_are_no_address)
{
    static const uint16_t lengths[] = {0, 1, 107, 108, 109, 111, 112, 113, 255, 32767, 65535};
    static const uint16_t kinds[] = {0, 1, 2, 3, 255, 65535};
    for (size_t k = 0; k < 6; k++) {
        for (size_t i = 0; i < 11; i++) {
            fer_unix_addr addr;
            size_t len = 0;
            memset(&addr, 0x5a, sizeof addr);
            addr.kind_ = kinds[k];
            addr.len_ = lengths[i];
            bool is_abstract = kinds[k] == FERP_UNIX_ABSTRACT && lengths[i] <= 107;
            assert_null(fer_unix_addr_as_pathname(&addr));
            assert_int_equal(fer_unix_addr_as_abstract_name(&addr, &len) != NULL, is_abstract);
            assert_error(feri_check_unix_name(&addr), is_abstract ? FER_OK : FER_INVALID_INPUT, 0);
        }
    }
}

/* ---- Datagrams */

#define SOCKET_TEST(function)                                                                   \
    SCRIPT_TEST_WITH(fer_unix_datagram socket,                                                  \
                     (script_begin(&script_posix),                                              \
                      (fer_unix_datagram){script_stream(FERI_FLAG_UNIX | FERI_FLAG_DATAGRAM)}), \
                     function)

SOCKET_TEST(only_a_received_datagram_is_reported)
{
    fer_unix_received got;
    fer_unix_received before;
    char buf[8];
    script_result *answer = script_then(SCRIPT_UNIX_RECV_FROM);
    answer->value = 4;
    answer->on = true;
    answer->name = script_path("sender");
    assert_ok(fer_unix_datagram_recv_from(&socket, buf, 4, &got));
    assert_int_equal(got.len, 4);
    assert_true(got.truncated);
    assert_memory_equal(buf, "abcd", 4);
    assert_string_equal(fer_unix_addr_as_pathname(&got.from), "sender");
    assert_ok(fer_unix_datagram_recv(&socket, NULL, 0, &got));
    assert_true(fer_unix_addr_is_unnamed(&got.from));
    script.traits.datagram_length_max = 6;
    assert_ok(fer_unix_datagram_recv(&socket, buf, SIZE_MAX, &got));
    assert_log("unix_recv_from(1,4) unix_recv_from(1,0) unix_recv_from(1,6)");
    memset(&got, 0x5a, sizeof got);
    before = got;
    assert_forwards(SCRIPT_UNIX_RECV_FROM, FER_CONNECTION_RESET, 104,
                    fer_unix_datagram_recv(&socket, buf, 8, &got));
    assert_memory_equal(&got, &before, sizeof got);
}

TEST_MAIN("unix_opening")
