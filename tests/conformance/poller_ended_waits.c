/* poller_ended_waits.c: rules P2, P6 and K3a: each event that ends a half of a registered socket
 * ends a poller's wait for that half, level-triggered, or must not. The other calls:
 * ended_waits.c. */
#include "conformance/ended_check.h"

static fer_error wait_for_event(ended_cell *cell, fer_duration timeout, bool *ready)
{
    fer_event event;
    size_t count = 0;
    bool notified = false;
    fer_error error = fer_poller_wait(&cell->poller, timeout, &event, 1, &count, &notified);
    *ready = count > 0;
    return notified ? (fer_error){FER_INTERRUPTED, 0} : error;
}

static fer_error wait_by_poller(ended_cell *cell)
{
    const fer_event event = {.key = 1, .interest = interest_of(cell)};
    fer_error error =
        fer_poller_add(&cell->poller, fer_socket_as_raw(own_socket(cell)), event, FER_POLL_LEVEL);
    /* no limits end the wait (rule K3a) */
    cell->timeout = millis(cell->is_short ? SHORT_MS : LONG_MS);
    return error.kind == FER_OK ? wait_and_try(cell, wait_for_event) : error;
}

static const ended_call calls[] = {
    {"poller, READABLE", ANY_SOCKET, RECEIVES, wait_by_poller},
    {"poller, WRITABLE", STREAMS | UNIX_DATAGRAMS, SENDS, wait_by_poller},
};

static const ended_rule rules[] = {
    {"unix_full_datagrams", UNIX_DATAGRAMS, SENDS, ANY_EVENT, 0, 0, NULL, is_bsd},
    {"no such event", LISTENERS, EITHER, SHUT_READ | SHUT_WRITE | PEER, 0, 0, NULL, NULL},
    {"P6", ANY_SOCKET, EITHER, NOTIFY, NOTIFIED, 0, NULL, NULL},
    {"K3a", ANY_SOCKET, EITHER, CANCEL | DEADLINE, WAITS, 0, NULL, NULL},
    {"P5", ANY_SOCKET, EITHER, TIMEOUT, WAITS, 0, NULL, NULL},
    /* Not reconciled. */
    {"poller_own_shutdown", STREAMS, RECEIVES, OWN_READ | CLONE_READ, END | WAITS, 0, NULL,
     is_not_linux},
    {"poller_own_shutdown", STREAMS, EITHER, SHUT_READ | SHUT_WRITE, END | BROKEN | WAITS, 0, NULL,
     peer_is_windows},
    {"poller_own_shutdown", UNIX_STREAM, SENDS, OWN_WRITE | CLONE_WRITE | PEER_READ, WAITS, 0, NULL,
     is_linux},
    {"poller_own_shutdown", UDP, RECEIVES, SHUT_READ, END | WAITS, 0, NULL, peer_is_windows},
    {"unix_shut_read", UNIX_STREAM, SENDS, PEER_BOTH, BROKEN, 0, NULL, is_linux},
    {"unix_shut_read", UNIX_STREAM, SENDS, PEER_READ | PEER_BOTH, FAILS | WAITS, 0, NULL, NULL},
    {"unix_unread_input", UNIX_STREAM, RECEIVES, PEER_RESETS, END, 0, NULL, is_bsd},
    {"input_after_both", TCP, SENDS, PEER_BOTH, FAILS | WAITS, 0, NULL, NULL},
    {"clone_receives_on", UDP, RECEIVES, CLONE_READ | CLONE_BOTH, END | WAITS, 0, NULL, NULL},
    {"unix_datagram_gone", UNIX_DATAGRAMS, RECEIVES, PEER_CLOSE | PEER_RESETS, RESET | WAITS, 0,
     NULL, is_bsd},
    {"unix_datagram_shut", UNIX_DATAGRAMS, SENDS, SHUT_WRITE | PEER_READ | PEER_BOTH,
     BROKEN | WAITS, 0, NULL, NULL},
    {"unix_datagram_gone", UNIX_DATAGRAMS, SENDS, PEER_CLOSE | PEER_RESETS, RESET | REFUSED, 0,
     NULL, NULL},
    /* What ends the half. */
    {"P2", STREAMS, RECEIVES, SHUT_READ | PEER_WRITE | PEER_BOTH | PEER_CLOSE, END, 0, NULL, NULL},
    {"P2", STREAMS, RECEIVES, PEER_RESETS, RESET, 0, NULL, NULL},
    {"P2", STREAMS, SENDS, SHUT_WRITE, BROKEN, 0, NULL, NULL},
    {"P2", STREAMS, SENDS, PEER_CLOSE | PEER_RESETS, FAILS, 0, NULL, NULL},
    {"P2", DATAGRAMS, RECEIVES, SHUT_READ, END, 0, NULL, NULL},
    /* The other half, or nothing that a datagram socket is notified of. */
    {"P2", ANY_SOCKET, EITHER, ANY_EVENT, WAITS, 0, NULL, NULL},
};

ENDED_TEST("P2", the_end_of_the_input_of_a_tcp_stream_is_an_event, TCP_V4, RECEIVES)
ENDED_TEST("P2", the_end_of_the_input_of_a_tcp_stream_over_ipv6_is_an_event, TCP_V6, RECEIVES)
ENDED_TEST("P2", the_end_of_the_input_of_a_unix_stream_is_an_event, UNIX_STREAM, RECEIVES)
ENDED_TEST("P2", the_end_of_the_output_of_a_tcp_stream_is_an_event, TCP_V4, SENDS)
ENDED_TEST("P2", the_end_of_the_output_of_a_tcp_stream_over_ipv6_is_an_event, TCP_V6, SENDS)
ENDED_TEST("P2", the_end_of_the_output_of_a_unix_stream_is_an_event, UNIX_STREAM, SENDS)
ENDED_TEST("P2", the_end_of_the_input_of_a_udp_socket_is_an_event, UDP, RECEIVES)
ENDED_TEST("P2", the_end_of_the_input_of_a_unix_datagram_socket_is_an_event, UNIX_DATAGRAM,
           RECEIVES)
ENDED_TEST("P2", the_end_of_the_output_of_a_unix_datagram_socket_is_an_event, UNIX_DATAGRAM, SENDS)
ENDED_TEST("P2", the_end_of_the_input_of_a_unix_datagram_pair_is_an_event, UNIX_PAIR, RECEIVES)
ENDED_TEST("P2", the_end_of_the_output_of_a_unix_datagram_pair_is_an_event, UNIX_PAIR, SENDS)
ENDED_TEST("P6", a_pollers_wait_for_a_tcp_listener_ends_as_its_rules_require, TCP_LISTENER,
           RECEIVES)
ENDED_TEST("P6", a_pollers_wait_for_a_unix_listener_ends_as_its_rules_require, UNIX_LISTENER,
           RECEIVES)

RULE_TESTS("poller_ended_waits")
