/* A program of API 0.2 that uses each name and form that packaging/rename.sh moves. It is not
 * compiled: check_signatures.sh moves a copy and compiles that. */
#include <stdbool.h>
#include <stdio.h>

#include "ferrule.h"
#include "ferrule/sim.h"

static fer_socket_addr some_address(void)
{
    fer_ipv4_addr any = FER_IPV4_ADDR_UNSPECIFIED;
    fer_socket_addr addr = fer_socket_addr_new_v4(&any, 80);
    fer_socket_addr other = fer_socket_addr_new_v6(&FER_IPV6_ADDR_LOCALHOST, 80, 0, 0);
    fer_ip_addr ip = fer_ip_addr_from_v4(&any);
    char buf[FER_IP_ADDR_TEXT_CAP];
    addr = fer_socket_addr_new(&ip, 80);
    fer_ip_addr_format(&addr.ip, buf, sizeof buf);
    if (fer_ipv4_addr_is_loopback(&addr.ip.v4) || fer_ip_addr_eq(&addr.ip, &other.ip)) {
        puts(buf);
    }
    return addr;
}

static fer_error serve(fer_tcp_listener *listener, fer_poller *poller, const fer_socket_addr *addrs,
                       size_t count, fer_duration timeout)
{
    fer_event events[8];
    size_t ready = 0;
    bool notified = false;
    FER_TRY(fer_tcp_listener_bind_addrs(listener, addrs, count));
    FER_TRY(fer_tcp_listener_set_timeout(listener, timeout));
    FER_TRY(fer_poller_add(poller, fer_tcp_listener_as_raw(listener), (fer_event){7, true, false},
                           FER_POLL_LEVEL));
    if (fer_duration_is_none(timeout)) {
        FER_TRY(fer_poller_wait(poller, events, 8, timeout, &ready));
    }
    FER_TRY(fer_poller_wait_notified(poller, events, 8, timeout, &ready, &notified));
    for (size_t i = 0; i < ready; i++) {
        if (events[i].readable && !events[i].writable) {
            printf("%d\n", (int)events[i].key);
        }
    }
    return fer_error_from_os(0);
}

struct client {
    fer_event event;
    fer_event *waited;
};

static fer_event made_events(struct client *client, fer_event given, fer_duration *left, bool r,
                             int w)
{
    fer_event by_variables = {7, r, w != 0};
    /* clang-format off */
    fer_event by_name = {.key=1,.writable=true};
    /* clang-format on */
    fer_event of_two = {.writable = w > 1, .key = 2, .readable = r};
    fer_event table[] = {{1, true, false}, {2, false, true}, {3, r, false}};
    given.readable = r;
    given.writable = true;
    client->event.writable = w == 2;
    client->waited[0].readable = false;
    if (client->event.readable || !client->waited[1].writable || given.readable == r ||
        r == given.writable) {
        by_name.key += table[0].key + of_two.key;
    }
    return fer_duration_is_none(*left) && !fer_duration_is_none(left[1]) ? by_name : by_variables;
}

static fer_error find(fer_resolver *resolver, fer_poller *poller, fer_tcp_stream *stream)
{
    fer_limits limits = {.token = NULL};
    fer_connect_options options = {0};
    fer_socket_addr addrs[4];
    fer_lookup lookups[2] = {0};
    size_t count = 0;
    size_t failed = 0;
    FER_TRY(fer_resolver_new(resolver, 2, 0));
    FER_TRY(fer_resolver_start(resolver, "localhost:80", poller, &lookups[0]));
    FER_TRY(fer_resolver_start_with_key(resolver, "localhost:80", poller, 7, &lookups[1]));
    FER_TRY(fer_to_socket_addrs_within("localhost:80", &limits, resolver, addrs, 4, &count));
    FER_TRY(fer_tcp_stream_connect_addrs(stream, addrs, count));
    FER_TRY(fer_tcp_stream_connect_addrs_with(stream, addrs, count, &options, &failed));
    FER_TRY(fer_tcp_stream_connect_addrs_with(stream, addrs, count, NULL, NULL));
    FER_TRY(fer_tcp_stream_connect_with(stream, "localhost:80", NULL, &failed));
    return fer_tcp_stream_connect_with(stream, "localhost:80", &options, NULL);
}

static fer_error exchange(fer_udp_socket *udp, fer_unix_datagram *local, fer_unix_stream *stream,
                          const fer_socket_addr *addrs, const fer_unix_addr *to)
{
    char buf[64];
    size_t n = 0;
    fer_datagram from;
    fer_unix_received sender;
    fer_keepalive keepalive = {true, fer_duration_from_secs(60), fer_duration_from_secs(5), 3};
    FER_TRY(fer_udp_socket_bind_addrs(udp, addrs, 1));
    FER_TRY(fer_udp_socket_connect_addrs(udp, addrs, 1));
    FER_TRY(fer_udp_socket_try_recv(udp, buf, sizeof buf, &from));
    FER_TRY(fer_udp_socket_try_peek(udp, buf, sizeof buf, &from));
    FER_TRY(fer_udp_socket_join_multicast_v4(udp, &addrs[0].ip.v4, &FER_IPV4_ADDR_UNSPECIFIED));
    FER_TRY(fer_unix_datagram_try_recv(local, buf, sizeof buf, &sender));
    (void)to;
    (void)n;
    (void)keepalive;
    return fer_unix_stream_close_lingering(stream, fer_duration_from_secs(1));
}

int main(void)
{
    fer_sim_config config = {.dialect = FER_SIM_WINSOCK};
    fer_type type = FER_TYPE_STREAM;
    fer_domain domain = FER_DOMAIN_IPV4;
    fer_tcp_listener listener = {0};
    fer_poller poller = {0};
    fer_resolver resolver = {0};
    fer_tcp_stream client = {0};
    fer_udp_socket udp = {0};
    fer_unix_datagram local = {0};
    fer_unix_stream stream = {0};
    fer_unix_addr to;
    fer_socket_addr addr = some_address();
    struct client state = {.waited = NULL};
    fer_duration left[2] = {FER_DURATION_NONE, FER_DURATION_NONE};
    fer_event made = made_events(&state, (fer_event){0}, left, true, 1);
    FER_IGNORE(fer_unix_addr_from_pathname(&to, "socket"));
    FER_IGNORE(serve(&listener, &poller, &addr, 1, FER_DURATION_NONE));
    FER_IGNORE(find(&resolver, &poller, &client));
    FER_IGNORE(exchange(&udp, &local, &stream, &addr, &to));
    return config.dialect == FER_SIM_POSIX || (int)type < 0 || (int)domain < 0 || made.readable;
}
