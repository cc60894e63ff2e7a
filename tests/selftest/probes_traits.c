/* probes_traits.c: one probe for each boolean member of ferp_traits. The numbers are in
 * probes_limits.c. */
#include "selftest/raw.h"

#include <stdatomic.h>
#include <string.h>

#include "platform/platform.h"
#include "selftest/probe.h"
#include "selftest/system.h"
#include "support/thread.h"

/* A choice, which depends on what a receive that has timed out in the kernel does. */
PROBE(io_waits_in_kernel, "platform/*/traits.c")
{
    raw_socket two[2];
    char bytes[8];
    raw_pair(two);
    believe(ferp_traits()->io_waits_in_kernel ? "yes, by choice" : "no, by choice");
    raw_set_timeouts(two[0], 100);
    uint64_t began = system_now_ms();
    int n = raw_recv(two[0], bytes, sizeof bytes);
    see("a recv with a timeout of 100 ms: %s after %u ms", raw_text(n),
        (unsigned)(system_now_ms() - began));
    (void)raw_send(two[1], "data", 4);
    raw_set_timeouts(two[0], 2000);
    n = raw_recv(two[0], bytes, sizeof bytes);
    see("4 bytes that were sent after it: %s", raw_text(n));
    raw_close(two[0]);
    n = raw_recv(two[1], bytes, sizeof bytes);
    see("then a close; the peer's recv: %s%s", raw_text(n), n == 0 ? ", the end of file" : "");
}

PROBE(shutdown_read_resets_on_data, "platform/*/traits.c")
{
    raw_socket two[2];
    char bytes[8];
    int code = 0;
    raw_pair(two);
    (void)raw_shutdown_read(two[0]);
    for (int i = 0; i < 40 && code == 0; i++) {
        code = raw_send(two[1], "x", 1) < 0 ? raw_code() : 0;
        system_pause_ms(10);
    }
    conclude_fact(ferp_traits()->shutdown_read_resets_on_data, code != 0);
    see("40 sends of the peer: %s", code != 0 ? raw_code_text(code) : "OK");
    if (code == 0) {
        raw_set_nonblocking(two[0], true);
        see("recv after shutdown: %s", raw_text(raw_recv(two[0], bytes, sizeof bytes)));
    }
}

/* close with unread input, and the same after shutdown of the read half. */
static int end_of_unread(bool shuts_first)
{
    raw_socket two[2];
    char byte = 0;
    raw_pair(two);
    (void)raw_send(two[1], "unread", 6);
    (void)raw_poll(two[0], RAW_READ, 2000);
    if (shuts_first) {
        (void)raw_shutdown_read(two[0]);
    }
    raw_close(two[0]);
    int n = raw_recv(two[1], &byte, 1);
    int code = n < 0 ? raw_code() : 0;
    see("%sthe peer's recv is %s", shuts_first ? "after shutdown of the read half " : "",
        n == 0 ? "the end of file" : raw_code_text(code));
    raw_close(two[1]);
    return n;
}

PROBE(close_hides_unread_input, "row close_with_unread_input")
{
    int n = end_of_unread(false);
    believe(ferp_traits()->close_hides_unread_input ? "the peer sees the end of file"
                                                    : "the peer sees a reset");
    conclude((n == 0) == ferp_traits()->close_hides_unread_input);
    (void)end_of_unread(true);
}

struct cut_send {
    raw_socket socket;
    atomic_bool has_begun;
    atomic_int sent;
};

static void send_and_wait(void *argument)
{
    static char bytes[64 << 20];
    struct cut_send *send = argument;
    atomic_store(&send->has_begun, true);
    atomic_store(&send->sent, raw_send(send->socket, bytes, sizeof bytes));
}

/* A shutdown ends a send of more than the buffers hold. The peer counts the bytes. */
PROBE(cut_send_loses_count, "platform/*/traits.c")
{
    raw_socket two[2];
    struct cut_send cut;
    test_thread thread;
    static char bytes[65536];
    int arrived = 0;
    int n = 1;
    raw_pair(two);
    cut.socket = two[0];
    atomic_init(&cut.has_begun, false);
    atomic_init(&cut.sent, 0);
    test_thread_start(&thread, send_and_wait, &cut);
    for (int i = 0; i < 100 && !atomic_load(&cut.has_begun); i++) {
        system_pause_ms(10);
    }
    system_pause_ms(200);
    (void)raw_shutdown_write(two[0]);
    while (n > 0) {
        n = raw_recv(two[1], bytes, sizeof bytes);
        arrived += n > 0 ? n : 0;
    }
    test_thread_join(&thread);
    see("send returned %s, the peer received %d bytes", raw_text(atomic_load(&cut.sent)), arrived);
    if (ferp_traits()->io_waits_in_kernel) {
        conclude_fact(ferp_traits()->cut_send_loses_count,
                      atomic_load(&cut.sent) < 0 && arrived > 0);
    }
}

struct write_wait {
    raw_socket socket;
    atomic_int bits;
};

static void wait_to_write(void *argument)
{
    struct write_wait *wait = argument;
    atomic_store(&wait->bits, raw_poll(wait->socket, RAW_WRITE, 1500));
}

PROBE(write_wait_misses_shutdown, "platform/*/traits.c")
{
    raw_socket two[2];
    struct write_wait wait;
    test_thread thread;
    raw_pair(two);
    (void)raw_fill(two[0]);
    wait.socket = two[0];
    atomic_init(&wait.bits, 0);
    test_thread_start(&thread, wait_to_write, &wait);
    system_pause_ms(200);
    (void)raw_shutdown_write(two[0]);
    test_thread_join(&thread);
    conclude_fact(ferp_traits()->write_wait_misses_shutdown, atomic_load(&wait.bits) == 0);
    see("poll reported %s", raw_poll_text(atomic_load(&wait.bits)));
}

/* Connects a client and accepts it from the listener. */
static raw_socket accept_one(raw_socket listener, uint16_t port, raw_socket *client)
{
    *client = raw_new(SOCK_STREAM);
    (void)raw_connect(*client, port);
    (void)raw_poll(listener, RAW_READ, 2000);
    return accept(listener, NULL, NULL);
}

PROBE(accept_inherits_nonblocking, "platform/*/traits.c")
{
    uint16_t port = 0;
    char byte = 0;
    raw_socket client;
    raw_socket listener = raw_listen(4, &port);
    raw_set_nonblocking(listener, true);
    raw_socket accepted = accept_one(listener, port, &client);
    raw_set_timeouts(accepted, 300);
    uint64_t began = system_now_ms();
    (void)raw_recv(accepted, &byte, 1);
    bool is_inherited = system_now_ms() - began < 150;
    conclude_fact(ferp_traits()->accept_inherits_nonblocking, is_inherited);
}

PROBE(accept_loses_zero_linger, "platform/*/traits.c")
{
    bool is_on = false;
    long seconds = 0;
    uint16_t port = 0;
    raw_socket client;
    raw_socket listener = raw_listen(4, &port);
    raw_set_linger(listener, true, 0);
    raw_socket accepted = accept_one(listener, port, &client);
    (void)raw_linger(accepted, &is_on, &seconds);
    see("the accepted socket lingers: %s, %ld s", is_on ? "on" : "off", seconds);
    conclude_fact(ferp_traits()->accept_loses_zero_linger, !is_on || seconds != 0);
}

/* The listener has set the option too, as a listener of ferrule would. */
PROBE(reuse_address_steals_ports, "platform/*/traits.c")
{
    raw_socket listener = raw_new(SOCK_STREAM);
    raw_socket thief = raw_new(SOCK_STREAM);
    (void)raw_set_int_option(listener, SOL_SOCKET, SO_REUSEADDR, 1);
    (void)raw_set_int_option(thief, SOL_SOCKET, SO_REUSEADDR, 1);
    need(raw_bind(listener, 0) == 0 && listen(listener, 4) == 0, "no listener on 127.0.0.1: %s",
         raw_text(-1));
    int bound = raw_bind(thief, raw_port(listener));
    conclude_fact(ferp_traits()->reuse_address_steals_ports, bound == 0);
    see("bind: %s", raw_text(bound));
}

PROBE(datagrams_share_by_reuse_port, "platform/*/traits.c")
{
    const char *bound = raw_share_port(SO_REUSEADDR);
    bool is_shared = strcmp(bound, "OK") == 0;
    see("the second bind of a port, both with SO_REUSEADDR: %s", bound);
#ifdef SO_REUSEPORT
    see("both with SO_REUSEPORT: %s", raw_share_port(SO_REUSEPORT));
#endif
    conclude_fact(ferp_traits()->datagrams_share_by_reuse_port, !is_shared);
}

/* Each pair of a first socket, on the wildcard address, and a second one. */
PROBE(bind_denied_can_mean_in_use, "platform/*/traits.c")
{
    bool is_denied = false;
    for (int i = 0; i < 4; i++) {
        struct sockaddr_in wildcard = raw_address(0);
        raw_socket first = raw_new(SOCK_STREAM);
        raw_socket second = raw_new(SOCK_STREAM);
        wildcard.sin_addr.s_addr = htonl(INADDR_ANY);
#ifdef SO_EXCLUSIVEADDRUSE
        (void)raw_set_int_option(first, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, i % 2);
#endif
        (void)raw_set_int_option(second, SOL_SOCKET, SO_REUSEADDR, i / 2);
        (void)bind(first, (struct sockaddr *)&wildcard, (raw_len)sizeof wildcard);
        int bound = raw_bind(second, raw_port(first));
        int code = bound == 0 ? 0 : raw_code();
        see("first%s, second%s: %s", i % 2 != 0 ? " exclusive" : "", i / 2 != 0 ? " reuses" : "",
            bound == 0 ? "OK" : raw_code_text(code));
        is_denied |= bound != 0 && ferp_error_kind(code) == FER_PERMISSION_DENIED;
        raw_close(second);
        raw_close(first);
    }
    believe(ferp_traits()->bind_denied_can_mean_in_use ? "can be denied" : "is never denied");
    conclude(is_denied == ferp_traits()->bind_denied_can_mean_in_use);
}

PROBE(connect_would_block_means_started, "platform/*/traits.c")
{
    uint16_t port = 0;
    (void)raw_listen(4, &port);
    raw_socket client = raw_new(SOCK_STREAM);
    raw_set_nonblocking(client, true);
    int result = raw_connect(client, port);
    int code = result == 0 ? 0 : raw_code();
    believe(ferp_traits()->connect_would_block_means_started ? "would block" : "in progress");
    see("%s", result == 0 ? "connected at once" : raw_code_text(code));
    if (result != 0) {
        conclude(raw_is_would_block(code) == ferp_traits()->connect_would_block_means_started);
    }
}

PROBE(connect_error_comes_late, "platform/*/traits.c")
{
    enum { COUNT = 20 };
    raw_socket clients[COUNT];
    unsigned late = 0;
    unsigned failed = 0;
    uint16_t port = raw_refused_port();
    for (int i = 0; i < COUNT; i++) {
        clients[i] = raw_new(SOCK_STREAM);
        raw_set_nonblocking(clients[i], true);
        (void)raw_connect(clients[i], port);
    }
    for (int i = 0; i < COUNT; i++) {
        fd_set writable;
        fd_set broken;
        struct timeval limit = {i == 0 ? 6 : 0, 500000};
        FD_ZERO(&writable);
        FD_ZERO(&broken);
        FD_SET(clients[i], &writable);
        FD_SET(clients[i], &broken);
        failed += select((int)clients[i] + 1, NULL, &writable, &broken, &limit) > 0;
        late += raw_socket_error(clients[i]) == 0;
        raw_close(clients[i]);
    }
    believe(ferp_traits()->connect_error_comes_late ? "SO_ERROR may be 0 after a failed connect"
                                                    : "SO_ERROR has the failure");
    see("%u of %d failed connects were reported by select; SO_ERROR was 0 in %u", failed, COUNT,
        late);
    if (!ferp_traits()->connect_error_comes_late) {
        conclude(late == 0 && failed == COUNT);
    }
}

PROBE(datagram_limit_is_send_buffer, "rule U2; ferp_posix_fit_datagrams")
{
    static const char bytes[65507];
    int size = 0;
    raw_socket socket = raw_new(SOCK_DGRAM);
    (void)raw_bind(socket, 0);
    (void)raw_connect(socket, raw_port(socket));
    (void)raw_int_option(socket, SOL_SOCKET, SO_SNDBUF, &size);
    bool is_limited = raw_send(socket, bytes, sizeof bytes) < 0;
    see("65507 bytes with a send buffer of %d: %s", size, raw_text(is_limited ? -1 : 65507));
    (void)raw_set_int_option(socket, SOL_SOCKET, SO_SNDBUF, 100000);
    int n = raw_send(socket, bytes, sizeof bytes);
    see("with one of 100000: %s", raw_text(n));
    conclude(n == (int)sizeof bytes);
}

PROBE(reconnect_drops_bound_addr, "platform/*/traits.c")
{
    struct sockaddr_in to = raw_address(9);
    struct sockaddr_in local = raw_address(0);
    raw_len len = (raw_len)sizeof local;
    raw_socket socket = raw_new(SOCK_DGRAM);
    (void)raw_bind(socket, 0);
    (void)raw_connect(socket, 9);
    to.sin_addr.s_addr = htonl(0xc0000201u); /* 192.0.2.1, RFC 5737 */
    int connected = connect(socket, (struct sockaddr *)&to, (raw_len)sizeof to);
    see("bound to 127.0.0.1 and connected, then connect to 192.0.2.1: %s", raw_text(connected));
    (void)getsockname(socket, (struct sockaddr *)&local, &len);
    uint32_t bound = ntohl(local.sin_addr.s_addr);
    see("the local address is then %u.%u.%u.%u", (unsigned)(bound >> 24),
        (unsigned)(bound >> 16 & 255), (unsigned)(bound >> 8 & 255), (unsigned)(bound & 255));
    conclude_fact(ferp_traits()->reconnect_drops_bound_addr, bound != 0x7f000001u);
}

PROBE(connect_ignores_broadcast, "platform/*/traits.c")
{
    struct sockaddr_in to = raw_address(9);
    raw_socket socket = raw_new(SOCK_DGRAM);
    to.sin_addr.s_addr = htonl(INADDR_BROADCAST);
    int result = connect(socket, (struct sockaddr *)&to, (raw_len)sizeof to);
    const char *name = result == 0 ? "OK" : raw_name(raw_code());
    need(name != NULL && (result == 0 || strstr(name, "EACCES") != NULL),
         "no network to broadcast to: %s", name);
    see("connect to 255.255.255.255 without SO_BROADCAST: %s", name);
    conclude_fact(ferp_traits()->connect_ignores_broadcast, result == 0);
}
