/* foreign_posix.c: sockets of the kinds that fer_socket_new does not make, adopted by fer_socket
 * (rule R4): Unix sockets of messages in sequence, and streams of another address family. */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/vm_sockets.h>
#endif

#include "interop/adoption.h"
#include "interop/interop_posix.h"
#include "support/fixture.h"

enum { PATH_SIZE = 64 };

static fer_error becomes(fer_socket *socket, int type, any_handle *handle)
{
    memset(handle, 0, sizeof *handle);
    switch (type) {
    case TCP_STREAM: return fer_socket_into_tcp_stream(socket, &handle->tcp_stream);
    case TCP_LISTENER: return fer_socket_into_tcp_listener(socket, &handle->tcp_listener);
    case UDP_SOCKET: return fer_socket_into_udp_socket(socket, &handle->udp_socket);
    case UNIX_STREAM: return fer_socket_into_unix_stream(socket, &handle->unix_stream);
    case UNIX_LISTENER: return fer_socket_into_unix_listener(socket, &handle->unix_listener);
    default: return fer_socket_into_unix_datagram(socket, &handle->unix_datagram);
    }
}

/* Adopts fd, and converts it to the only handle type that fits, if one does. */
static void adopt_as(int fd, int fitting, bool listens, any_handle *handle)
{
    fer_socket socket = {0};
    any_handle other;
    bool is_listening = !listens;
    assert_ok(fer_socket_from_raw(&socket, fd));
    assert_ok(fer_socket_is_listening(&socket, &is_listening));
    assert_int_equal(is_listening, listens);
    for (int type = 0; type < HANDLE_TYPE_COUNT; type++) {
        if (type != fitting) {
            assert_own(becomes(&socket, type, &other), FER_INVALID_INPUT);
        }
    }
    if (fitting == NO_TYPE) {
        assert_true(fer_socket_into_raw(&socket) == fd);
    } else {
        assert_ok(becomes(&socket, fitting, handle));
    }
}

static void assert_next_message(fer_unix_datagram *datagram, const char *text, size_t cap)
{
    char buf[8];
    fer_unix_received got;
    assert_ok(fer_unix_datagram_recv(datagram, buf, cap, &got));
    assert_int_equal(got.len, strlen(text));
    assert_memory_equal(buf, text, got.len);
    assert_int_equal(got.truncated, got.len == cap);
}

static bool has_messages_in_sequence(int *fd, int *other)
{
    fer_socket socket = {0};
    *other = NONE;
    *fd = unix_seqpacket_end(other);
    if (*fd == NONE) {
        return false;
    }
#ifdef __FreeBSD__
    assert_own(fer_socket_from_raw(&socket, *fd), FER_INVALID_INPUT);
    return close(*fd) + close(*other) > 0;
#else
    fer_domain domain = FER_DOMAIN_IPV4;
    fer_type type = FER_TYPE_RAW;
    int protocol = -1;
    assert_ok(fer_socket_from_raw(&socket, *fd));
    assert_ok(fer_socket_domain(&socket, &domain));
    assert_int_equal(domain, FER_DOMAIN_UNIX);
    assert_own(fer_socket_type(&socket, &type), FER_UNSUPPORTED);
    assert_ok(fer_socket_protocol(&socket, &protocol));
    assert_int_equal(protocol, 0);
    return fer_socket_into_raw(&socket) == *fd;
#endif
}

/* R4: messages are neither joined nor continued by the next receive, and go to the peer. */
RULE_TEST("R4", messages_in_sequence_are_datagrams)
{
    any_handle handle;
    char buf[8];
    size_t n = 0;
    int other = NONE;
    int fd = NONE;
    if (!has_messages_in_sequence(&fd, &other)) {
        skip_because("this system has no Unix sockets of messages in sequence");
    }
    adopt_as(fd, UNIX_DATAGRAM, false, &handle);
    fer_unix_datagram *datagram = &handle.unix_datagram;
    assert_ok(fer_unix_datagram_send(datagram, "one", 3, &n));
    assert_ok(fer_unix_datagram_send(datagram, "four", 4, &n));
    assert_own(fer_unix_datagram_send_to(datagram, "x", 1, "/nowhere", &n), FER_INVALID_INPUT);
    assert_int_equal(recv(other, buf, sizeof buf, 0), 3);
    assert_int_equal(recv(other, buf, sizeof buf, 0), 4);
    assert_int_equal(send(other, "longer", 6, 0), 6);
    assert_int_equal(send(other, "next", 4, 0), 4);
    assert_next_message(datagram, "long", 4);
    assert_next_message(datagram, "next", sizeof buf);
    assert_int_equal(close(other), 0);
    assert_next_message(datagram, "", sizeof buf);
    assert_kind(fer_unix_datagram_send(datagram, "x", 1, &n), FER_BROKEN_PIPE);
    fer_unix_datagram_close(datagram);
}

static int seqpacket_unconnected(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    assert_true(fd != NONE);
    return fd;
}

/* R4: an accept of any handle type would return a stream, which cuts messages. */
RULE_TEST("R4", a_listener_of_messages_in_sequence_is_no_other_handle)
{
    any_handle handle;
    char path[PATH_SIZE];
    fer_unix_addr name;
    fer_socket socket = {0};
    fer_interest ready = 0;
    int other = NONE;
    int fd = NONE;
    if (!has_messages_in_sequence(&fd, &other)) {
        skip_because("this system has no Unix sockets of messages in sequence");
    }
    assert_int_equal(close(fd) + close(other), 0);
    (void)close(plain_unix_listener(path, sizeof path));
    (void)unlink(path);
    assert_ok(fer_unix_addr_from_pathname(&name, path));
    assert_ok(fer_socket_from_raw(&socket, seqpacket_unconnected()));
    assert_ok(fer_socket_bind_unix(&socket, &name));
    assert_kind(fer_socket_listen(&socket, 1), FER_MISUSE);
    fd = (int)fer_socket_into_raw(&socket);
    assert_int_equal(listen(fd, 1), 0);
    adopt_as(fd, NO_TYPE, true, &handle);
    assert_ok(fer_socket_from_raw(&socket, fd));
    assert_ok(fer_socket_listen(&socket, 2));
    assert_ok(fer_socket_ready(&socket, FER_READABLE, millis(0), &ready));
    assert_int_equal(ready, 0);
    adopt_as(seqpacket_unconnected(), UNIX_DATAGRAM, false, &handle);
    assert_ok(fer_unix_datagram_connect(&handle.unix_datagram, path));
    assert_ok(fer_socket_ready(&socket, FER_READABLE, millis(9000), &ready));
    assert_int_equal(ready, FER_READABLE);
    fer_unix_datagram_close(&handle.unix_datagram);
    fer_socket_close(&socket);
    plain_remove(path);
}

#ifdef __linux__
static struct sockaddr_vm vsock_addr(unsigned cid, unsigned port)
{
    struct sockaddr_vm addr;
    memset(&addr, 0, sizeof addr);
    addr.svm_family = AF_VSOCK;
    addr.svm_cid = cid;
    addr.svm_port = port;
    return addr;
}

static int vsock_unconnected(void)
{
    int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
    if (fd == NONE) {
        skip_because("this kernel has no AF_VSOCK");
    }
    return fd;
}

/* Returns a listener, at the address of the machine itself if it has one. */
static int vsock_listening(struct sockaddr_vm *addr)
{
    socklen_t len = sizeof *addr;
    int fd = vsock_unconnected();
    *addr = vsock_addr(VMADDR_CID_LOCAL, VMADDR_PORT_ANY);
    if (bind(fd, (const struct sockaddr *)addr, sizeof *addr) != 0) {
        *addr = vsock_addr(VMADDR_CID_ANY, VMADDR_PORT_ANY);
        assert_int_equal(bind(fd, (const struct sockaddr *)addr, sizeof *addr), 0);
    }
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)addr, &len), 0);
    return fd;
}

static void assert_has_no_addresses(fer_socket *socket)
{
    fer_socket_addr addr = {.ip = {.family = FER_IP_V4}, .port = 9};
    fer_domain domain = FER_DOMAIN_IPV4;
    fer_type type = FER_TYPE_RAW;
    int protocol = -1;
    assert_own(fer_socket_domain(socket, &domain), FER_UNSUPPORTED);
    assert_ok(fer_socket_type(socket, &type));
    assert_int_equal(type, FER_TYPE_STREAM);
    assert_ok(fer_socket_protocol(socket, &protocol));
    assert_int_equal(protocol, 0);
    assert_own(fer_socket_bind(socket, &addr), FER_INVALID_INPUT);
    assert_own(fer_socket_connect(socket, &addr), FER_INVALID_INPUT);
    assert_own(fer_socket_local_addr(socket, &addr), FER_UNSUPPORTED);
    assert_own(fer_socket_peer_addr(socket, &addr), FER_UNSUPPORTED);
    assert_own(fer_socket_set_nodelay(socket, true), FER_UNSUPPORTED);
    assert_own(fer_socket_set_ttl(socket, 9), FER_UNSUPPORTED);
}

/* R4: "also a stream of another family". */
RULE_TEST("R4", a_stream_of_another_family_is_one)
{
    any_handle handle;
    fer_socket socket = {0};
    fer_interest ready = 0;
    struct sockaddr_vm addr;
    char byte = 'x';
    size_t n = 0;
    assert_ok(fer_socket_from_raw(&socket, vsock_unconnected()));
    assert_has_no_addresses(&socket);
    assert_kind(fer_socket_listen(&socket, 1), FER_INVALID_INPUT);
    adopt_as((int)fer_socket_into_raw(&socket), TCP_STREAM, false, &handle);
    assert_own(fer_tcp_stream_read(&handle.tcp_stream, &byte, 1, &n), FER_NOT_CONNECTED);
    fer_tcp_stream_close(&handle.tcp_stream);
    int listener = vsock_listening(&addr);
    adopt_as(listener, NO_TYPE, true, &handle);
    assert_ok(fer_socket_from_raw(&socket, listener));
    assert_has_no_addresses(&socket);
    assert_ok(fer_socket_listen(&socket, 2));
    assert_ok(fer_socket_ready(&socket, FER_READABLE, millis(0), &ready));
    assert_int_equal(ready, 0);
    fer_socket_close(&socket);
}

/* R4: "reads and writes". */
RULE_TEST("R4", a_connected_stream_of_another_family_reads_and_writes)
{
    any_handle handle;
    struct sockaddr_vm addr;
    char buf[4];
    size_t n = 0;
    int listener = vsock_listening(&addr);
    int client = vsock_unconnected();
    if (addr.svm_cid != VMADDR_CID_LOCAL) {
        assert_int_equal(close(listener) + close(client), 0);
        skip_because("this kernel has no VMADDR_CID_LOCAL (vsock_loopback)");
    }
    assert_int_equal(connect(client, (const struct sockaddr *)&addr, sizeof addr), 0);
    int other = accept(listener, NULL, NULL);
    assert_true(other != NONE);
    adopt_as(client, TCP_STREAM, false, &handle);
    fer_tcp_stream *stream = &handle.tcp_stream;
    fer_socket_addr peer;
    assert_kind(fer_tcp_stream_peer_addr(stream, &peer), FER_UNSUPPORTED);
    assert_ok(fer_tcp_stream_write_all(stream, "ping", 4, &n));
    assert_int_equal(recv(other, buf, 4, MSG_WAITALL), 4);
    assert_int_equal(send(other, "pong", 4, 0), 4);
    assert_ok(fer_tcp_stream_read_exact(stream, buf, 4, &n));
    assert_memory_equal(buf, "pong", 4);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(20)));
    assert_own(fer_tcp_stream_read(stream, buf, 1, &n), FER_TIMED_OUT);
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    assert_int_equal(recv(other, buf, 1, 0), 0);
    assert_int_equal(close(other), 0);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(9000)));
    assert_ok(fer_tcp_stream_read(stream, buf, 1, &n));
    assert_int_equal(n, 0);
    fer_tcp_stream_close(stream);
    assert_int_equal(close(listener), 0);
}
#else
RULE_TEST("R4", a_stream_of_another_family_is_one)
{
    skip_because("this system has no AF_VSOCK");
}

RULE_TEST("R4", a_connected_stream_of_another_family_reads_and_writes)
{
    skip_because("this system has no AF_VSOCK");
}
#endif

RULE_TESTS_AS(foreign_tests, "foreign")
