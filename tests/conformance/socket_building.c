/* socket_building.c: rules R1, R2 and E4 for built sockets: creating, closing, cloning, adopting
 * and releasing them. Binding, connecting, options, datagrams and conversions have files of their
 * own. */
#include "support/handle_limit.h"
#include "support/process.h"
#include "support/socket_fixture.h"

/* ---- Creation. Sockets of IP: socket_protocols.c. */

SOCKET_TEST("E4", every_kind_of_unix_socket_can_be_made)
{
    skip_without_unix_streams();
    assert_true(peer_is_open(fer_socket_as_raw(test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_STREAM))));
    if (unix_peer_has_datagrams()) {
        assert_true(
            peer_is_open(fer_socket_as_raw(test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_DGRAM))));
    } else {
        assert_kind(
            fer_socket_new(test_socket(), FER_DOMAIN_UNIX, FER_TYPE_DGRAM, FER_PROTOCOL_DEFAULT),
            FER_UNSUPPORTED);
    }
}

/* "FER_UNSUPPORTED (this system has no such socket)": a protocol of another type; Unix sockets with
 * a protocol; raw Unix sockets, which are datagram sockets on Linux (af_unix.c, unix_create) and do
 * not exist elsewhere. */
SOCKET_TEST("E4", a_socket_that_no_system_has_is_unsupported)
{
    static const struct {
        fer_domain domain;
        fer_type type;
        int protocol;
    } rows[] = {{FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_UDP},
                {FER_DOMAIN_IPV4, FER_TYPE_DGRAM, FER_PROTOCOL_TCP},
                {FER_DOMAIN_UNIX, FER_TYPE_RAW, FER_PROTOCOL_DEFAULT},
                {FER_DOMAIN_UNIX, FER_TYPE_STREAM, FER_PROTOCOL_TCP},
                {FER_DOMAIN_UNIX, FER_TYPE_DGRAM, FER_PROTOCOL_ICMP}};
    fer_socket *socket = test_socket();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_error error = fer_socket_new(socket, rows[i].domain, rows[i].type, rows[i].protocol);
        assert_kind(error, FER_UNSUPPORTED);
        assert_true(rows[i].domain != FER_DOMAIN_UNIX || error.os_code == 0);
        assert_empty(socket);
    }
}

/* "Raw sockets need a privilege nearly everywhere". */
SOCKET_TEST("E1", a_raw_socket_without_the_privilege_is_permission_denied)
{
    fer_socket *socket = test_socket();
    skip_if(!process_drop_privileges(), "this system has no privileges that a test could drop");
    fer_error error = fer_socket_new(socket, FER_DOMAIN_IPV4, FER_TYPE_RAW, FER_PROTOCOL_ICMP);
    bool checks_privileges = !peer_still_opens_raw_sockets();
    process_regain_privileges();
    skip_if(!checks_privileges, "this kernel does not know the privileges of the process");
    assert_kind(error, FER_PERMISSION_DENIED);
    assert_int_not_equal(error.os_code, 0);
    assert_empty(socket);
}

/* I3: "fer_socket_set_inheritable changes it for one raw socket", not for its clones. */
SOCKET_TEST("I3", a_raw_socket_is_inherited_only_if_it_is_set)
{
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    fer_socket *clone = test_socket();
    for (int on = 1; on >= 0; on--) {
        bool got = on == 0;
        assert_int_equal(peer_raw_is_inheritable(fer_socket_as_raw(socket)), on == 0);
        assert_ok_n(fer_socket_inheritable(socket, &got), got, on == 0);
        got = on == 0;
        assert_ok(fer_socket_set_inheritable(socket, on != 0));
        assert_ok_n(fer_socket_inheritable(socket, &got), got, on);
        assert_int_equal(peer_raw_is_inheritable(fer_socket_as_raw(socket)), on);
        assert_ok(fer_socket_try_clone(socket, clone));
        assert_ok_n(fer_socket_inheritable(clone, &got), got, false);
        fer_socket_close(clone);
    }
}

/* "FER_TOO_MANY_OPEN_FILES": the handle stays NEW. */
SOCKET_TEST("E1", a_socket_beyond_the_limit_of_descriptors_leaves_a_new_handle)
{
    fer_socket *existing = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    fer_socket *socket = test_socket();
    skip_if(!forbid_new_handles(), "this system has no limit of handles that a test could set");
    fer_error created = fer_socket_new(socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0);
    fer_error cloned = fer_socket_try_clone(existing, socket);
    process_allow_new_handles();
    assert_kind(created, FER_TOO_MANY_OPEN_FILES);
    assert_kind(cloned, FER_TOO_MANY_OPEN_FILES);
    assert_empty(socket);
    assert_ok(fer_socket_try_clone(existing, socket));
}

/* ---- R1 */

/* "from_raw takes ownership, learns the socket's type and state": an unconnected stream, a
 * listener, a connected stream. */
SOCKET_STREAM_TEST("R1", from_raw_reads_the_kind_of_a_stream)
{
    fer_socket *socket = test_socket();
    fer_socket_addr addr = any_port(PEER_V4);
    fer_raw_socket raw = peer_unconnected();
    peer_release(raw);
    assert_ok(fer_socket_from_raw(socket, raw));
    assert_true(fer_socket_as_raw(socket) == raw);
    assert_own(fer_socket_peer_addr(socket, &addr), FER_NOT_CONNECTED);
    assert_ok(fer_socket_bind(socket, &addr));
    assert_ok(fer_socket_listen(socket, 4));
    fer_socket_close(socket);
    assert_false(peer_is_open(raw));
    uint16_t port = 0;
    raw = peer_listen(PEER_V4, 4, &port);
    peer_release(raw);
    assert_ok(fer_socket_from_raw(socket, raw));
    fer_tcp_listener *listener = test_listener();
    assert_own(fer_socket_into_tcp_stream(socket, stream), FER_INVALID_INPUT);
    assert_ok(fer_socket_listen(socket, 8));
    assert_ok(fer_socket_into_tcp_listener(socket, listener));
    peer_socket other = peer_connect(PEER_V4, port);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_exchange(stream, other);
    raw = fer_tcp_stream_into_raw(stream);
    assert_ok(fer_socket_from_raw(socket, raw));
    assert_own(fer_socket_connect(socket, &addr), FER_MISUSE);
    assert_own(fer_socket_listen(socket, 4), FER_MISUSE);
    assert_ok(fer_socket_into_tcp_stream(socket, stream));
    assert_exchange(stream, other);
}

/* ---- Unix names */

/* R1: also after from_raw. */
SOCKET_TEST("L1", a_unix_socket_is_bound_once_and_listens)
{
    skip_without_unix_streams();
    const char *path = unix_peer_path("bound");
    fer_socket *socket = test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    fer_socket *second = test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    fer_unix_listener *listener = test_unix_listener();
    fer_unix_stream *stream = test_unix_stream();
    fer_unix_addr name;
    fer_socket_addr ip = any_port(PEER_V4);
    assert_ok(fer_unix_addr_from_pathname(&name, path));
    assert_own(fer_socket_bind(socket, &ip), FER_INVALID_INPUT);
    assert_own(fer_socket_local_addr(socket, &ip), FER_UNSUPPORTED);
    assert_own(fer_socket_peer_addr(socket, &ip), FER_UNSUPPORTED);
    assert_ok(fer_socket_bind_unix(socket, &name));
    assert_own(fer_socket_bind_unix(socket, &name), FER_INVALID_INPUT);
    assert_kind(fer_socket_bind_unix(second, &name), FER_ADDR_IN_USE);
    assert_ok(fer_socket_listen(socket, 4));
    assert_ok(fer_socket_from_raw(socket, fer_socket_into_raw(socket)));
    assert_own(fer_socket_into_tcp_listener(socket, test_listener()), FER_INVALID_INPUT);
    assert_ok(fer_socket_into_unix_listener(socket, listener));
    peer_socket other = unix_peer_connect(path, NULL);
    assert_ok(fer_unix_listener_accept(listener, stream, NULL));
    assert_unix_exchange(stream, other);
}

/* An interface's index and its name find each other. Index 1 exists on every system. */
SOCKET_TEST("O6", an_interface_has_an_index_and_a_name_and_an_unknown_one_is_not_found)
{
    char name[FER_INTERFACE_NAME_CAP];
    char longer[FER_INTERFACE_NAME_CAP];
    uint32_t index = 77;
    assert_ok(fer_interface_name(1, name, sizeof name));
    assert_in_range(strlen(name), 1, sizeof name - 1);
    assert_ok_n(fer_interface_index(name, &index), index, 1);
    size_t len = strlen(name);
    memset(name, 'x', sizeof name);
    assert_own(fer_interface_name(1, name, len), FER_BUFFER_TOO_SMALL);
    assert_true(name[0] == 'x');
    assert_ok(fer_interface_name(1, name, len + 1));
    assert_int_equal(strlen(name), len);
    memset(longer, 'f', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_kind(fer_interface_index("ferrule9", &index), FER_NOT_FOUND);
    assert_kind(fer_interface_index("", &index), FER_NOT_FOUND);
    assert_kind(fer_interface_index(longer, &index), FER_NOT_FOUND);
    assert_kind(fer_interface_name(0, longer, sizeof longer), FER_NOT_FOUND);
    assert_kind(fer_interface_name(0x7ffffff0, longer, sizeof longer), FER_NOT_FOUND);
    assert_int_equal(index, 1);
    assert_true(longer[0] == 'f');
}

RULE_TESTS("socket_building")
