/* test_foreign_sockets.c: adopted sockets of the kinds that fer_socket_new does not make: streams
 * of other address families, and Unix sockets of messages in sequence (rule R4). */
#include "unit/scripted_platform.h"

#include "core/handle/handle.h"
#include "ferrule/socket.h"

static fer_socket adopted(const char *description)
{
    fer_socket socket = {0};
    script_begin(&script_posix);
    script_then(SCRIPT_DESCRIBE)->description = script_description(description);
    assert_ok(fer_socket_from_raw(&socket, script_open_socket()));
    script.log[0] = '\0';
    return socket;
}

/* The kind of handle that a socket becomes: 's' a TCP stream, 'd' a Unix datagram socket, '-'
 * none. */
static char becomes(fer_socket *socket)
{
    fer_tcp_stream stream = {0};
    fer_tcp_listener listener = {0};
    fer_udp_socket udp = {0};
    fer_unix_stream unix_stream = {0};
    fer_unix_listener unix_listener = {0};
    fer_unix_datagram datagram = {0};
    assert_error(fer_socket_into_tcp_listener(socket, &listener), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_into_udp_socket(socket, &udp), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_into_unix_stream(socket, &unix_stream), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_into_unix_listener(socket, &unix_listener), FER_INVALID_INPUT, 0);
    if (fer_socket_into_tcp_stream(socket, &stream).kind == FER_OK) {
        return 's';
    }
    return fer_socket_into_unix_datagram(socket, &datagram).kind == FER_OK ? 'd' : '-';
}

/* A stream that an accept returned would need an address of the family, or cut the messages. */
SCRIPT_TEST(streams_and_datagram_sockets_are_converted_and_listeners_are_not)
{
    static const struct {
        const char *description;
        fer_error_kind domain, type;
        char becomes;
    } rows[] = {
        {"stream", FER_UNSUPPORTED, FER_OK, 's'},
        {"stream connected", FER_UNSUPPORTED, FER_OK, 's'},
        {"stream listening", FER_UNSUPPORTED, FER_OK, '-'},
        {"packets unix", FER_OK, FER_UNSUPPORTED, 'd'},
        {"packets unix listening", FER_OK, FER_UNSUPPORTED, '-'},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_socket socket = adopted(rows[i].description);
        fer_domain domain = FER_DOMAIN_UNIX;
        fer_type type = FER_TYPE_STREAM;
        bool listens = false;
        script_default(SCRIPT_OPTION_VALUE)->value = 1;
        assert_error(fer_socket_domain(&socket, &domain), rows[i].domain, 0);
        assert_int_equal(domain, FER_DOMAIN_UNIX);
        assert_error(fer_socket_type(&socket, &type), rows[i].type, 0);
        assert_int_equal(type, FER_TYPE_STREAM);
        assert_ok(fer_socket_is_listening(&socket, &listens));
        assert_true(listens);
        assert_int_equal(becomes(&socket), rows[i].becomes);
        script_default(SCRIPT_DESCRIBE)->description = script_description(rows[i].description);
        fer_handle typed = {0};
        for (int of = FERI_DOMAIN_IP; of <= FERI_DOMAIN_UNIX; of++) {
            assert_error(feri_stream_from_raw(&typed, 1, (feri_domain)of), FER_INVALID_INPUT, 0);
            assert_error(feri_listener_from_raw(&typed, 1, (feri_domain)of), FER_INVALID_INPUT, 0);
            assert_error(feri_datagram_from_raw(&typed, 1, (feri_domain)of), FER_INVALID_INPUT, 0);
        }
    }
}

SCRIPT_TEST(a_stream_of_another_family_has_neither_addresses_nor_options_of_ip)
{
    fer_socket socket = adopted("stream");
    fer_socket_addr addr = {.port = 80, .ip = {.family = FER_IP_V4}};
    fer_unix_addr name;
    uint32_t ttl = 0;
    int protocol = -1;
    assert_error(fer_socket_bind(&socket, &addr), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_connect(&socket, &addr), FER_INVALID_INPUT, 0);
    assert_ok(fer_unix_addr_from_pathname(&name, "name"));
    assert_error(fer_socket_bind_unix(&socket, &name), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_connect_unix(&socket, &name), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_local_addr(&socket, &addr), FER_UNSUPPORTED, 0);
    assert_error(fer_socket_local_addr_unix(&socket, &name), FER_UNSUPPORTED, 0);
    assert_error(fer_socket_peer_addr(&socket, &addr), FER_UNSUPPORTED, 0);
    assert_error(fer_socket_ttl(&socket, &ttl), FER_UNSUPPORTED, 0);
    assert_error(fer_socket_set_nodelay(&socket, true), FER_UNSUPPORTED, 0);
    assert_error(fer_socket_set_only_v6(&socket, true), FER_UNSUPPORTED, 0);
    assert_error(fer_socket_bind_device(&socket, "lo"), FER_UNSUPPORTED, 0);
    assert_error_log(fer_socket_set_broadcast(&socket, true), FER_UNSUPPORTED, 0, "");
    assert_forwards(SCRIPT_OPTION_VALUE, FER_UNSUPPORTED, 42,
                    fer_socket_protocol(&socket, &protocol));
    assert_log("option_value(1,PROTOCOL)");
    /* the system says whether it is bound */
    assert_ok(fer_socket_listen(&socket, 4));
    assert_log("listen(1,4) is_nonblocking(1) timeout(1,reading) timeout(1,writing)");
    assert_int_equal(becomes(&socket), '-');
}

/* Linux would send to the peer, whatever the address is. */
SCRIPT_TEST(messages_in_sequence_are_sent_to_the_peer_alone)
{
    fer_socket socket = adopted("packets unix connected");
    fer_unix_datagram datagram = {0};
    fer_unix_addr name;
    size_t n = 77;
    assert_ok(fer_unix_addr_from_pathname(&name, "name"));
    assert_ok(fer_socket_into_unix_datagram(&socket, &datagram));
    assert_error(fer_unix_datagram_send_to(&datagram, "x", 1, "name", &n), FER_INVALID_INPUT, 0);
    assert_int_equal(n, 0);
    assert_error_log(fer_unix_datagram_try_send_to_addr(&datagram, "x", 1, &name, NULL),
                     FER_INVALID_INPUT, 0, "");
    script_then_move(SCRIPT_SEND, 1);
    assert_ok_log(fer_unix_datagram_send(&datagram, "x", 1, &n), "send(1,1)");
}

TEST_MAIN("foreign_sockets")
