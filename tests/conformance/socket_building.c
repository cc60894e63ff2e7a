/* socket_building.c: rules R1, R2, E4, L1, L2, L4 and L5 for built sockets: creating, closing,
 * cloning, adopting and releasing them; bind's defaults, the options that change them, and
 * listening. Connecting, options, datagrams and conversions have files of their own. */
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

/* The SOCKET of a datagram handle stays open for its clones on Windows. */
SOCKET_TEST("I3", a_closed_or_released_handle_leaves_nothing_inheritable_to_its_clone)
{
    size_t before = peer_inheritable_handles();
    for (int is_released = 0; is_released < 2; is_released++) {
        fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
        fer_socket *clone = test_socket();
        assert_ok(fer_socket_try_clone(socket, clone));
        assert_ok(fer_socket_set_inheritable(socket, true));
        assert_int_equal(peer_inheritable_handles(), before + 1);
        if (is_released != 0) {
            fer_raw_socket raw = fer_socket_into_raw(socket);
            peer_adopt(raw);
            assert_true(peer_raw_is_inheritable(raw));
            assert_int_equal(peer_inheritable_handles(), before + 1);
            peer_close(raw);
        }
        fer_socket_close(socket);
        assert_int_equal(peer_inheritable_handles(), before);
    }
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

/* A stream that begins to listen in nonblocking mode. */
SOCKET_TEST("R1", a_released_listener_has_the_mode_of_the_handle)
{
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    assert_ok(fer_socket_set_nonblocking(socket, true));
    assert_ok(fer_socket_listen(socket, 4));
    assert_ok(fer_socket_set_nonblocking(socket, false));
    fer_raw_socket raw = fer_socket_into_raw(socket);
    assert_true(peer_is_windows() || !peer_raw_is_nonblocking(raw));
    peer_adopt(raw);
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

/* ---- Binding */

/* Accepts from the first of the listeners that has a connection. False: none has. */
static bool accept_either(fer_tcp_listener *const listeners[2], fer_tcp_stream *stream,
                          unsigned counts[2])
{
    for (int tries = 0; tries < 2000; tries++) {
        for (int i = 0; i < 2; i++) {
            fer_error error = fer_tcp_listener_accept(listeners[i], stream, NULL);
            if (error.kind == FER_OK) {
                counts[i]++;
                return true;
            }
            assert_kind(error, FER_WOULD_BLOCK);
        }
        peer_pause(1);
    }
    return false;
}

/* ---- L1 */

/* L1: "A second listener on the same address and port is ADDR_IN_USE". bind sets SO_REUSEADDR on
 * POSIX; on Windows "ferrule sets exclusive use instead", whatever was set. */
SOCKET_FAMILY_TEST("L1", bind_of_a_stream_sets_its_options_unless_they_were_set)
{
    enum { UNSET, SET_FALSE, SET_TRUE, CHOICES };
    for (int choice = UNSET; choice < CHOICES; choice++) {
        fer_socket *sockets[2] = {test_new_socket(domain_of(family), FER_TYPE_STREAM),
                                  test_new_socket(domain_of(family), FER_TYPE_STREAM)};
        fer_socket_addr addr = any_port(family);
        bool reuses = false;
        for (int i = 0; i < 2 && choice != UNSET; i++) {
            assert_ok(fer_socket_set_reuse_address(sockets[i], choice == SET_TRUE));
        }
        assert_ok_n(fer_socket_reuse_address(sockets[0], &reuses), reuses,
                    peer_is_windows() || choice != SET_FALSE);
        assert_ok(fer_socket_bind(sockets[0], &addr));
        assert_ok(fer_socket_listen(sockets[0], 4));
        assert_ok_n(fer_socket_reuse_address(sockets[0], &reuses), reuses,
                    peer_is_windows() || choice != SET_FALSE);
        fer_raw_socket raw = fer_socket_as_raw(sockets[0]);
        assert_int_equal(peer_raw_reuses_address(raw), !peer_is_windows() && choice != SET_FALSE);
        assert_int_equal(peer_raw_is_exclusive(raw), peer_is_windows() ? 1 : -1);
        addr = local_addr_of(sockets[0]);
        fer_error error = fer_socket_bind(sockets[1], &addr);
        assert_kind(error, FER_ADDR_IN_USE);
        assert_int_not_equal(error.os_code, 0);
        assert_kind(fer_tcp_listener_bind_addr(test_listener(), &addr), FER_ADDR_IN_USE);
        addr.port = 0;
        assert_ok(fer_socket_bind(sockets[1], &addr));
    }
}

/* A port in TIME_WAIT: "unless this was set to false". */
SOCKET_TEST("L1", without_reuse_address_a_port_in_time_wait_is_in_use)
{
    uint16_t port = 0;
    fer_socket *socket = test_built_listener(PEER_V4, &port);
    fer_tcp_listener *listener = test_listener();
    fer_socket_addr addr = loopback(PEER_V4, port);
    assert_ok(fer_socket_into_tcp_listener(socket, listener));
    leave_port_in_time_wait(listener, PEER_V4, port);
    fer_socket *not_reusing = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    fer_socket *reusing = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    assert_ok(fer_socket_set_reuse_address(not_reusing, false));
    if (peer_keeps_time_wait()) {
        assert_kind(fer_socket_bind(not_reusing, &addr), FER_ADDR_IN_USE);
    }
    assert_ok(fer_socket_bind(reusing, &addr));
    assert_ok(fer_socket_listen(reusing, 4));
}

/* L1: "Datagram sockets that have all set set_reuse_address to true share a port": beside one that
 * has not, which is the default, the port is in use. */
SOCKET_FAMILY_TEST("L1", datagram_sockets_that_all_reuse_an_address_share_it)
{
    enum { UNSET, SET_FALSE, SET_TRUE };
    static const int rows[][2] = {
        {UNSET, UNSET}, {UNSET, SET_TRUE}, {SET_TRUE, SET_FALSE}, {SET_TRUE, SET_TRUE}};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        bool shares = rows[row][0] == SET_TRUE && rows[row][1] == SET_TRUE;
        fer_socket_addr addr = any_port(family);
        for (int i = 0; i < 2; i++) {
            int choice = rows[row][i];
            fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
            bool reuses = choice != SET_TRUE;
            assert_true(choice == UNSET ||
                        fer_socket_set_reuse_address(socket, choice == SET_TRUE).kind == FER_OK);
            assert_ok_n(fer_socket_reuse_address(socket, &reuses), reuses, choice == SET_TRUE);
            assert_kind(fer_socket_bind(socket, &addr),
                        i == 0 || shares ? FER_OK : FER_ADDR_IN_USE);
            if (i == 0 && choice == UNSET) {
                fer_raw_socket raw = fer_socket_as_raw(socket);
                assert_int_equal(peer_raw_reuses_address(raw), 0);
                assert_int_equal(peer_raw_is_exclusive(raw), peer_is_windows() ? 1 : -1);
            }
            addr = i == 0 || shares ? local_addr_of(socket) : addr;
        }
    }
}

/* "Whether sockets that have all set this share a port, new connections ... being spread over
 * them": each connection reaches one of them. */
SOCKET_FAMILY_TEST("L1", listeners_that_reuse_a_port_share_its_connections)
{
    fer_socket *sockets[2] = {test_new_socket(domain_of(family), FER_TYPE_STREAM),
                              test_new_socket(domain_of(family), FER_TYPE_STREAM)};
    fer_tcp_listener *listeners[2] = {test_listener(), test_listener()};
    fer_socket_addr addr = any_port(family);
    unsigned counts[2] = {0, 0};
    bool reuses = true;
    fer_error error = fer_socket_set_reuse_port(sockets[0], true);
    if (error.kind == FER_UNSUPPORTED) {
        assert_true(peer_is_windows() || peer_is_plain());
        assert_kind(fer_socket_reuse_port(sockets[0], &reuses), FER_UNSUPPORTED);
        skip_because("this OS has no SO_REUSEPORT");
    }
    assert_ok(error);
    assert_ok_n(fer_socket_reuse_port(sockets[1], &reuses), reuses, false);
    assert_ok(fer_socket_set_reuse_port(sockets[1], true));
    assert_ok(fer_socket_reuse_port(sockets[1], &reuses));
    assert_true(reuses);
    for (int i = 0; i < 2; i++) {
        assert_ok(fer_socket_bind(sockets[i], &addr));
        addr = local_addr_of(sockets[i]);
        assert_ok(fer_socket_listen(sockets[i], 16));
        assert_ok(fer_socket_set_nonblocking(sockets[i], true));
        assert_ok(fer_socket_into_tcp_listener(sockets[i], listeners[i]));
    }
    for (int i = 0; i < 12; i++) {
        fer_tcp_stream stream = {0};
        peer_socket other = peer_connect(family, addr.port);
        assert_true(other != PEER_NONE);
        assert_true(accept_either(listeners, &stream, counts));
        assert_exchange(&stream, other);
        fer_tcp_stream_close(&stream);
    }
    assert_int_equal(counts[0] + counts[1], 12);
}

/* ---- L4: "Listening on `[::]` accepts IPv4 too, unless set_only_v6(true) was set" */

/* Also if set_only_v6 has set the default. */
SOCKET_TEST("L4", the_ipv6_wildcard_takes_ipv4_too)
{
    skip_without_v6();
    for (int is_set = 0; is_set < 2; is_set++) {
        fer_socket *socket = test_new_socket(FER_DOMAIN_IPV6, FER_TYPE_STREAM);
        fer_tcp_listener *listener = test_listener();
        fer_socket_addr addr = wildcard(PEER_V6, 0);
        if (!peer_has_dual_stack()) {
            assert_kind(fer_socket_set_only_v6(socket, false), FER_INVALID_INPUT);
            skip_without_dual_stack();
        }
        assert_true(!is_set || fer_socket_set_only_v6(socket, false).kind == FER_OK);
        assert_ok(fer_socket_bind(socket, &addr));
        assert_int_equal(peer_raw_only_v6(fer_socket_as_raw(socket)), 0);
        assert_ok(fer_socket_listen(socket, 4));
        uint16_t port = local_addr_of(socket).port;
        assert_ok(fer_socket_into_tcp_listener(socket, listener));
        assert_accepts(listener, test_stream(), PEER_V4, port);
        assert_accepts(listener, test_stream(), PEER_V6, port);
    }
}

/* NULL if the IPv4 port of that number is in use: then the caller tries another port. */
static fer_socket *only_v6_beside_v4(void)
{
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV6, FER_TYPE_STREAM);
    fer_socket *beside = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    fer_socket_addr addr = wildcard(PEER_V6, 0);
    assert_ok(fer_socket_set_only_v6(socket, true));
    assert_ok(fer_socket_bind(socket, &addr));
    fer_socket_addr v4 = wildcard(PEER_V4, local_addr_of(socket).port);
    fer_error error = fer_socket_bind(beside, &v4);
    return error.kind == FER_OK ? socket : NULL;
}

SOCKET_TEST("L4", only_v6_leaves_ipv4_alone)
{
    skip_without_v6();
    fer_socket *socket = NULL;
    bool only = false;
    for (int tries = 0; tries < 10 && socket == NULL; tries++) {
        socket = only_v6_beside_v4();
    }
    assert_non_null(socket);
    assert_ok(fer_socket_only_v6(socket, &only));
    assert_true(only);
    assert_int_equal(peer_raw_only_v6(fer_socket_as_raw(socket)), 1);
    assert_ok(fer_socket_listen(socket, 4));
    uint16_t port = local_addr_of(socket).port;
    assert_true(peer_connect(PEER_V6, port) != PEER_NONE);
    assert_true(peer_connect(PEER_V4, port) == PEER_NONE);
    assert_kind(fer_socket_set_only_v6(socket, false), FER_MISUSE);
}

/* "FER_UNSUPPORTED (not an IPv6 socket ...)". */
SOCKET_TEST("L4", only_v6_is_for_ipv6_sockets)
{
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    bool only = true;
    assert_own(fer_socket_set_only_v6(socket, true), FER_UNSUPPORTED);
    assert_own(fer_socket_only_v6(socket, &only), FER_UNSUPPORTED);
    assert_true(only);
}

/* ---- L5, and what cannot be bound */

/* Also after a connect has bound the socket. */
SOCKET_FAMILY_TEST("E4", binding_twice_is_invalid_input)
{
    peer_socket listener;
    fer_socket_addr to = accepting_addr(family, &listener);
    for (int i = 0; i < 4; i++) {
        fer_socket *socket =
            test_new_socket(domain_of(family), i < 2 ? FER_TYPE_STREAM : FER_TYPE_DGRAM);
        fer_socket_addr addr = any_port(family);
        assert_ok(i % 2 == 0 ? fer_socket_bind(socket, &addr) : fer_socket_connect(socket, &to));
        uint16_t port = local_addr_of(socket).port;
        assert_kind(fer_socket_bind(socket, &addr), FER_INVALID_INPUT);
        assert_int_equal(local_addr_of(socket).port, port);
    }
}

SOCKET_FAMILY_TEST("E4", binding_to_another_family_is_invalid_input)
{
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    fer_socket_addr other = any_port(family == PEER_V4 ? PEER_V6 : PEER_V4);
    fer_socket_addr own = any_port(family);
    assert_own(fer_socket_bind(socket, &other), FER_INVALID_INPUT);
    assert_ok(fer_socket_bind(socket, &own));
}

/* L6, L2: "the local address of an unbound built socket is the unspecified one", with port 0. */
SOCKET_FAMILY_TEST("L6", an_unbound_socket_has_the_unspecified_address)
{
    static const fer_type types[] = {FER_TYPE_STREAM, FER_TYPE_DGRAM};
    for (size_t i = 0; i < 2; i++) {
        fer_socket *socket = test_new_socket(domain_of(family), types[i]);
        fer_socket_addr addr = local_addr_of(socket);
        fer_socket_addr none = wildcard(family, 0);
        assert_true(fer_socket_addr_eq(&addr, &none));
    }
}

/* ---- Listening */

/* "An IP socket that is not bound is bound to a port of the OS's choice on every address." */
SOCKET_FAMILY_STREAM_TEST("L2", listening_binds_an_unbound_socket)
{
    for (int adopted = 0; adopted < 2; adopted++) {
        fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
        fer_tcp_listener *listener = test_listener();
        if (adopted) {
            assert_ok(fer_socket_from_raw(socket, fer_socket_into_raw(socket)));
        }
        if (family == PEER_V6 && !peer_has_dual_stack()) {
            assert_kind(fer_socket_listen(socket, 4), FER_UNSUPPORTED);
            assert_ok(fer_socket_set_only_v6(socket, true));
        }
        assert_ok(fer_socket_listen(socket, 4));
        fer_socket_addr addr = local_addr_of(socket);
        fer_socket_addr unspecified = wildcard(family, addr.port);
        assert_int_not_equal(addr.port, 0);
        assert_true(fer_socket_addr_eq(&addr, &unspecified));
        assert_own(fer_socket_bind(socket, &addr), FER_INVALID_INPUT);
        assert_ok(fer_socket_into_tcp_listener(socket, listener));
        assert_accepts(listener, stream, family, addr.port);
        fer_tcp_stream_close(stream);
    }
}

/* L2: "The backlog of a built socket can be changed while it listens, except on Windows", also if
 * connections are queued. */
SOCKET_TEST("L2", listening_again_changes_the_backlog)
{
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    fer_raw_socket raw = fer_socket_as_raw(socket);
    assert_ok(fer_socket_set_reuse_address(socket, false));
    assert_ok(fer_socket_listen(socket, 16));
    assert_true(peer_raw_backlog(raw) == 16 || peer_raw_backlog(raw) == -1);
    assert_true(peer_connect(PEER_V4, local_addr_of(socket).port) != PEER_NONE);
    assert_ok(fer_socket_listen(socket, 3));
    assert_true(peer_raw_backlog(raw) == (peer_is_windows() ? 16 : 3) ||
                peer_raw_backlog(raw) == -1);
    assert_ok(fer_socket_listen(socket, 0));
    assert_own(fer_socket_listen(socket, -1), FER_INVALID_INPUT);
    assert_ok(fer_socket_listen(socket, 0x7fffffff));
}

/* "not a stream; a Unix socket that is not bound". */
SOCKET_TEST("E4", a_listening_socket_cannot_be_connected_and_others_cannot_listen)
{
    uint16_t port = 0;
    fer_socket *socket = test_built_listener(PEER_V4, &port);
    fer_socket_addr addr = loopback(PEER_V4, port);
    fer_error outcome = {FER_OTHER, 1};
    assert_own(fer_socket_connect(socket, &addr), FER_MISUSE);
    assert_own(fer_socket_connect_timeout(socket, &addr, millis(1000)), FER_MISUSE);
    assert_kind(fer_socket_peer_addr(socket, &addr), FER_NOT_CONNECTED);
    assert_ok(fer_socket_take_error(socket, &outcome));
    assert_ok(outcome);
    assert_own(fer_socket_listen(test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM), 4), FER_MISUSE);
    if (unix_peer_has_streams()) {
        assert_kind(fer_socket_listen(test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_STREAM), 4),
                    FER_INVALID_INPUT);
    }
}

/* `bind_beside_bind`: at the latest the listen of the second one fails. */
SOCKET_TEST("S8", a_second_stream_on_a_bound_port_fails_at_bind_or_at_listen)
{
    fer_socket_addr addr = loopback(PEER_V4, 0);
    fer_socket *first = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    fer_socket *second = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    assert_ok(fer_socket_bind(first, &addr));
    assert_ok(fer_socket_local_addr(first, &addr));
    fer_error bound = fer_socket_bind(second, &addr);
    assert_ok(fer_socket_listen(first, 1));
    if (bound.kind == FER_OK) {
        assert_kind(fer_socket_listen(second, 1), FER_ADDR_IN_USE);
    } else {
        assert_kind(bound, FER_ADDR_IN_USE);
    }
}

RULE_TESTS("socket_building")
