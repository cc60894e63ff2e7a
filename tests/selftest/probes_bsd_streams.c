/* probes_bsd_streams.c: the probes of probes_bsd.h of streams and listeners. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "selftest/probe.h"
#include "selftest/probes_bsd.h"
#include "selftest/raw.h"
#include "selftest/system.h"

static struct sockaddr_in6 loopback_of_ipv6(uint16_t port)
{
    struct sockaddr_in6 made;
    memset(&made, 0, sizeof made);
    made.sin6_family = AF_INET6;
    made.sin6_port = htons(port);
    made.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
    return made;
}

/* A nonblocking listener on ::1. Ends the probe if there is none. */
static raw_socket listen_on_ipv6(struct sockaddr_in6 *address)
{
    raw_socket made = socket(AF_INET6, SOCK_STREAM, 0);
    raw_len len = sizeof *address;
    *address = loopback_of_ipv6(0);
    need(made != RAW_NONE && bind(made, (struct sockaddr *)address, len) == 0 &&
             listen(made, 16) == 0 && getsockname(made, (struct sockaddr *)address, &len) == 0,
         "no listener on ::1: %s", raw_text(-1));
    raw_set_nonblocking(made, true);
    return made;
}

/* ---- Ends of a stream */

static const char *what_is_read(raw_socket peer)
{
    char byte = 0;
    if (raw_poll(peer, RAW_READ, 1000) == 0) {
        return "nothing";
    }
    int n = raw_recv(peer, &byte, 1);
    return n == 0 ? "the end of file" : n > 0 ? "a byte" : name_of(n);
}

static void shut_both_after_the_end(const char *what, raw_socket two[2])
{
    char text[80];
    (void)raw_shutdown_write(two[1]);
    (void)raw_poll(two[0], RAW_READ, 2000);
    const char *result = name_of(shutdown(two[0], SHUT_RDWR));
    (void)snprintf(text, sizeof text, "%s, the peer reads %s", result, what_is_read(two[1]));
    answer(what,
           EXPECTED("OK, the peer reads the end of file", "ENOTCONN, the peer reads nothing",
                    "OK, the peer reads the end of file", "OK, the peer reads the end of file",
                    "OK, the peer reads the end of file"),
           text);
    see("then SHUT_WR: %s, the peer reads %s", name_of(raw_shutdown_write(two[0])),
        what_is_read(two[1]));
    raw_close_pair(two);
}

/* XNU, soshutdownlock_final: a read half that has ended ends the call. */
PROBE(shutdown_of_both_after_the_end, "rule S1; ferp_shutdown")
{
    raw_socket two[2];
    raw_pair(two);
    shut_both_after_the_end("SHUT_RDWR after the peer's end of file", two);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0) {
        shut_both_after_the_end("of a Unix stream", two);
    }
}

/* XNU, tcp_usr_attach: a queued connection whose linger is 0 gets 120 s. */
PROBE(linger_of_an_accepted_stream, "rule O2; core/open/binding.c")
{
#ifdef SO_LINGER_SEC
    const int name = SO_LINGER_SEC;
#else
    const int name = SO_LINGER;
#endif
    struct linger linger = {1, 0};
    raw_len len = sizeof linger;
    char text[40];
    raw_socket listener = raw_new(SOCK_STREAM);
    raw_socket client = raw_new(SOCK_STREAM);
    (void)setsockopt(listener, SOL_SOCKET, name, &linger, len);
    (void)raw_bind(listener, 0);
    (void)listen(listener, 4);
    (void)raw_connect(client, raw_port(listener));
    raw_socket accepted = accept(listener, NULL, NULL);
    (void)getsockopt(accepted, SOL_SOCKET, name, &linger, &len);
    (void)snprintf(text, sizeof text, "%s, %d s", linger.l_onoff != 0 ? "on" : "off",
                   (int)linger.l_linger);
    answer("accepted from a listener with a linger of 0 s",
           EXPECTED("on, 0 s", "on, 120 s", "on, 0 s", "on, 120 s", "on, 120 s"), text);
    raw_close(client);
    raw_reset(accepted);
}

/* ---- Connecting */

/* The system's number of the state of a TCP connection, or the failure of the question. */
static const char *tcp_state(raw_socket socket)
{
#if defined(TCP_CONNECTION_INFO)
    const int name = TCP_CONNECTION_INFO;
#elif defined(TCP_INFO)
    const int name = TCP_INFO;
#else
    const int name = -1;
#endif
    unsigned char state = 0;
    raw_len len = sizeof state;
    int result = getsockopt(socket, IPPROTO_TCP, name, &state, &len);
    return result == 0 ? raw_text(state) : name_of(result);
}

/* A failed connect whose error another call has taken: what still shows that it has failed. */
PROBE(connect_whose_error_was_taken, "rule C5")
{
    struct sockaddr_in address = raw_address(0);
    raw_len len = sizeof address;
    char text[120];
    raw_socket client = raw_new(SOCK_STREAM);
    raw_set_nonblocking(client, true);
    (void)raw_connect(client, raw_refused_port());
    int bits = raw_poll(client, RAW_WRITE, 2000);
    int first = raw_socket_error(client);
    int second = raw_socket_error(client);
    see("poll: %s; SO_ERROR %s, then %d", raw_poll_text(bits), raw_code_text(first), second);
    const char *peer = name_of(getpeername(client, (struct sockaddr *)&address, &len));
    (void)snprintf(text, sizeof text, "getpeername %s, state %s", peer, tcp_state(client));
    answer("after SO_ERROR",
           EXPECTED("getpeername ENOTCONN, state 7", "getpeername EINVAL, state 0",
                    "getpeername ENOTCONN, state ECONNRESET",
                    "getpeername ENOTCONN, state ECONNRESET"),
           text);
}

/* socket2 issue 652: writable, SO_ERROR is 0, and not connected. */
PROBE(writable_means_connected, "rule C1")
{
    enum { TIMES = 200 };
    unsigned lies = 0;
    char text[40];
    struct sockaddr_in6 address;
    raw_socket listener = listen_on_ipv6(&address);
    for (int i = 0; i < TIMES; i++) {
        struct sockaddr_in6 peer;
        raw_len len = sizeof peer;
        raw_socket client = socket(AF_INET6, SOCK_STREAM, 0);
        raw_set_nonblocking(client, true);
        (void)connect(client, (struct sockaddr *)&address, sizeof address);
        bool is_writable = (raw_poll(client, RAW_WRITE, 2000) & RAW_WRITE) != 0;
        bool is_fine = raw_socket_error(client) == 0;
        bool is_connected = getpeername(client, (struct sockaddr *)&peer, &len) == 0;
        lies += is_writable && is_fine && !is_connected ? 1 : 0;
        raw_reset(client);
        raw_close(accept(listener, NULL, NULL));
    }
    (void)snprintf(text, sizeof text, "%u of %d", lies, (int)TIMES);
    answer("connects over ::1 that are writable and not connected", EVERYWHERE("0 of 200"), text);
}

/* XNU and NetBSD, tcp_input: a connection in the state CLOSED answers nothing. */
PROBE(connect_to_a_bound_port, "row bound_port_is_silent")
{
    raw_socket bound = raw_new(SOCK_STREAM);
    raw_socket client = raw_new(SOCK_STREAM);
    (void)raw_bind(bound, 0);
    raw_set_nonblocking(client, true);
    (void)raw_connect(client, raw_port(bound));
    bool has_ended = raw_poll(client, RAW_WRITE, 700) != 0;
    answer("a connect to a port that is bound and does not listen",
           EXPECTED("ECONNREFUSED", "no answer", "ECONNREFUSED", "no answer"),
           has_ended ? raw_name(raw_socket_error(client)) : "no answer");
}

/* ---- Listening */

static const char *accept_a_reset(int family, raw_socket listener, const struct sockaddr *address,
                                  raw_len address_len)
{
    static char text[100];
    struct sockaddr_storage peer;
    raw_len len = sizeof peer;
    char byte = 0;
    raw_socket client = socket(family, SOCK_STREAM, 0);
    (void)connect(client, address, address_len);
    raw_reset(client);
    (void)raw_poll(listener, RAW_READ, 2000);
    system_pause_ms(100); /* No event reports the reset. */
    raw_socket accepted = accept(listener, (struct sockaddr *)&peer, &len);
    if (accepted < 0) {
        (void)snprintf(text, sizeof text, "accept %s", name_of(accepted));
        return text;
    }
    raw_set_nonblocking(accepted, false);
    raw_set_timeouts(accepted, 1000);
    (void)snprintf(text, sizeof text, "accept OK %s an address, recv %s",
                   len > 0 ? "with" : "without", name_of(raw_recv(accepted, &byte, 1)));
    raw_close(accepted);
    return text;
}

/* XNU, tcp_usr_accept and tcp6_usr_accept. */
PROBE(resets_in_the_queue, "row reset_in_queue")
{
    struct sockaddr_in6 address6;
    uint16_t port = 0;
    raw_socket listener = raw_listen(4, &port);
    struct sockaddr_in address = raw_address(port);
    raw_set_nonblocking(listener, true);
    answer("over IPv4",
           EXPECTED("accept OK with an address, recv ECONNRESET",
                    "accept OK with an address, recv ECONNRESET", "accept ECONNABORTED",
                    "accept ECONNABORTED", "accept ECONNABORTED"),
           accept_a_reset(AF_INET, listener, (struct sockaddr *)&address, sizeof address));
    listener = listen_on_ipv6(&address6);
    answer("over IPv6",
           EXPECTED("accept OK with an address, recv ECONNRESET",
                    "accept OK without an address, recv ECONNRESET", "accept ECONNABORTED",
                    "accept ECONNABORTED", "accept ECONNABORTED"),
           accept_a_reset(AF_INET6, listener, (struct sockaddr *)&address6, sizeof address6));
}

/* XNU, accept_nocancel: the connection is closed if there is no descriptor for it. */
PROBE(accept_without_descriptors, "row accept_out_of_handles")
{
    struct rlimit before;
    uint16_t port = 0;
    char text[60];
    raw_socket listener = raw_listen(4, &port);
    raw_socket client = raw_new(SOCK_STREAM);
    raw_set_nonblocking(listener, true);
    (void)raw_connect(client, port);
    (void)raw_poll(listener, RAW_READ, 2000);
    int next = dup(listener);
    (void)close(next);
    (void)getrlimit(RLIMIT_NOFILE, &before);
    struct rlimit none = {(rlim_t)next, before.rlim_max};
    (void)setrlimit(RLIMIT_NOFILE, &none);
    raw_socket accepted = accept(listener, NULL, NULL);
    const char *first = name_of(accepted);
    (void)setrlimit(RLIMIT_NOFILE, &before);
    need(accepted == RAW_NONE, "the limit of descriptors has no effect");
    (void)raw_poll(listener, RAW_READ, 500);
    accepted = accept(listener, NULL, NULL);
    (void)snprintf(text, sizeof text, "%s, then %s", first, name_of(accepted));
    answer("accept without a free descriptor, then with one",
           EXPECTED("EMFILE, then OK", "EMFILE, then EAGAIN", "EMFILE, then OK", "EMFILE, then OK",
                    "EMFILE, then OK"),
           text);
    see("the client reads %s", accepted == RAW_NONE ? what_is_read(client) : "nothing");
}

/* XNU and FreeBSD, in6_pcbbind: 0.0.0.0 of the same user does not count. */
PROBE(both_wildcards, "row dual_stack_beside_ipv4")
{
    struct sockaddr_in any = raw_address(0);
    struct sockaddr_in6 any6 = loopback_of_ipv6(0);
    raw_socket first = raw_new(SOCK_STREAM);
    raw_socket second = socket(AF_INET6, SOCK_STREAM, 0);
    need(second != RAW_NONE, "no IPv6: %s", raw_text(-1));
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    (void)raw_set_int_option(first, SOL_SOCKET, SO_REUSEADDR, 1);
    (void)raw_set_int_option(second, SOL_SOCKET, SO_REUSEADDR, 1);
    (void)raw_set_int_option(second, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    (void)bind(first, (struct sockaddr *)&any, sizeof any);
    (void)listen(first, 4);
    any6.sin6_port = htons(raw_port(first));
    any6.sin6_addr = (struct in6_addr)IN6ADDR_ANY_INIT;
    answer("[::] beside a listener on 0.0.0.0", EXPECTED("EADDRINUSE", "OK", "OK", "OK", "OK"),
           name_of(bind(second, (struct sockaddr *)&any6, sizeof any6)));
}

PROBE(timeouts_of_an_accepted_stream, "rule T6")
{
    struct timeval timeout = {0, 0};
    raw_len len = sizeof timeout;
    raw_socket listener = raw_new(SOCK_STREAM);
    raw_socket client = raw_new(SOCK_STREAM);
    raw_set_timeouts(listener, 3000);
    (void)raw_bind(listener, 0);
    (void)listen(listener, 4);
    (void)raw_connect(client, raw_port(listener));
    raw_socket accepted = accept(listener, NULL, NULL);
    (void)getsockopt(accepted, SOL_SOCKET, SO_RCVTIMEO, &timeout, &len);
    answer("accepted from a listener with SO_RCVTIMEO",
           EXPECTED("the listener's", "none", "the listener's", "the listener's"),
           timeout.tv_sec != 0 || timeout.tv_usec != 0 ? "the listener's" : "none");
}
