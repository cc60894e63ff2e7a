/* ended_waits.c: rules S6, S5, S4, U7, X4, K2 and T2: each call that waits, and each event that
 * must end it, or must not. The waits of pollers: poller_ended_waits.c. */
#include "conformance/ended_check.h"

/* ---- Streams that receive */

static fer_error read_once(ended_cell *cell)
{
    char buf[8];
    return stream_read(own_ref(cell), buf, sizeof buf, NULL);
}

static fer_error peek_once(ended_cell *cell)
{
    char buf[8];
    return stream_peek(own_ref(cell), buf, sizeof buf, NULL);
}

static fer_error read_slices(ended_cell *cell)
{
    char buf[8];
    fer_io_slice_mut slices[] = {{buf, 4}, {buf + 4, 4}};
    return stream_read_vectored(own_ref(cell), slices, 2, NULL);
}

static fer_error read_to_end(ended_cell *cell)
{
    char buf[8];
    return stream_read_to_end(own_ref(cell), buf, sizeof buf, NULL);
}

/* UNEXPECTED_EOF is the end of read_exact. */
static fer_error read_exact(ended_cell *cell)
{
    char buf[8];
    fer_error error = stream_read_exact(own_ref(cell), buf, sizeof buf, NULL);
    return error.kind == FER_UNEXPECTED_EOF ? (fer_error){FER_OK, 0} : error;
}

static fer_error receive_handles(ended_cell *cell)
{
    char buf[8];
    fer_raw_socket handle;
    fer_unix_received_handles got;
    return cell->kind == UNIX_STREAM
               ? fer_unix_stream_recv_handles(&cell->own.local, buf, sizeof buf, &handle, 1, &got)
               : fer_unix_datagram_recv_handles(&cell->own.datagram, buf, sizeof buf, &handle, 1,
                                                &got);
}

static fer_error copy_from(ended_cell *cell)
{
    char bytes[64];
    fer_copy_buffer buffer = {bytes, sizeof bytes, 0, 0};
    return fer_copy(own_stream(cell), fer_tcp_stream_as_stream(&cell->other), &buffer, NULL);
}

/* The other direction has ended already (open_cell), so that the end of this one ends the call. */
static fer_error copy_both_ways(ended_cell *cell, bool own_is_first)
{
    char bytes[2][64];
    fer_copy_buffer buffers[] = {{bytes[0], 64, 0, 0}, {bytes[1], 64, 0, 0}};
    fer_stream own = own_stream(cell);
    fer_stream other = fer_tcp_stream_as_stream(&cell->other);
    return fer_copy_bidirectional(own_is_first ? own : other, own_is_first ? other : own,
                                  &buffers[0], &buffers[1], NULL, NULL);
}

static fer_error copy_both_from_first(ended_cell *cell)
{
    return copy_both_ways(cell, true);
}

static fer_error copy_both_from_second(ended_cell *cell)
{
    return copy_both_ways(cell, false);
}

static fer_error close_gracefully(ended_cell *cell)
{
    return cell->kind == UNIX_STREAM
               ? fer_unix_stream_close_gracefully(&cell->own.local, cell->timeout)
               : fer_tcp_stream_close_gracefully(&cell->own.tcp, cell->timeout);
}

/* ---- Streams that send. What has space again is filled, so each call is repeated until it
 * fails. */

#define UNTIL_FAILURE(call)                        \
    fer_error error = (call);                      \
    for (; error.kind == FER_OK; error = (call)) { \
        peer_pause(1);                             \
    }                                              \
    return error

static fer_error write_once(ended_cell *cell)
{
    UNTIL_FAILURE(stream_write(own_ref(cell), ended_zeros, sizeof ended_zeros, NULL));
}

static fer_error write_slices(ended_cell *cell)
{
    fer_io_slice slices[] = {{ended_zeros, 30000}, {ended_zeros, 30000}};
    UNTIL_FAILURE(stream_write_vectored(own_ref(cell), slices, 2, NULL));
}

static fer_error write_all(ended_cell *cell)
{
    UNTIL_FAILURE(stream_write_all(own_ref(cell), ended_zeros, sizeof ended_zeros, NULL));
}

static fer_error send_file(ended_cell *cell)
{
    char bytes[4096];
    const fer_copy_buffer buffer = {bytes, sizeof bytes, 0, 0};
    UNTIL_FAILURE(
        fer_stream_send_file(own_stream(cell), ended_file, 0, sizeof ended_zeros, &buffer, NULL));
}

static fer_error send_handles(ended_cell *cell)
{
    fer_raw_socket handle = fer_tcp_stream_as_raw(&cell->other_peer);
    UNTIL_FAILURE(
        cell->kind == UNIX_STREAM
            ? fer_unix_stream_send_handles(&cell->own.local, ended_zeros, 30000, &handle, 1, NULL)
            : fer_unix_datagram_send_handles(&cell->own.datagram, ended_zeros, 1000, &handle, 1,
                                             NULL, NULL));
}

/* The buffer has bytes, which are written first. Then the other stream has ended. */
static fer_error copy_to(ended_cell *cell)
{
    FER_TRY(fer_tcp_stream_shutdown(&cell->other_peer, FER_SHUTDOWN_WRITE));
    fer_stream other = fer_tcp_stream_as_stream(&cell->other);
    UNTIL_FAILURE(
        fer_copy(other, own_stream(cell),
                 &(fer_copy_buffer){ended_zeros, sizeof ended_zeros, 0, sizeof ended_zeros}, NULL));
}

/* The other stream has more bytes than the queue that is full may have space for. */
static fer_error copy_both_to(ended_cell *cell, bool own_is_first)
{
    char bytes[2][4096];
    fer_error error = {FER_OK, 0};
    while (error.kind == FER_OK) {
        error = fer_tcp_stream_try_write(&cell->other_peer, ended_zeros, sizeof ended_zeros, NULL);
    }
    fer_copy_buffer buffers[] = {{bytes[0], sizeof bytes[0], 0, 0},
                                 {bytes[1], sizeof bytes[1], 0, 0}};
    fer_stream own = own_stream(cell);
    fer_stream other = fer_tcp_stream_as_stream(&cell->other);
    return own_is_first ? fer_copy_bidirectional(own, other, &buffers[1], &buffers[0], NULL, NULL)
                        : fer_copy_bidirectional(other, own, &buffers[0], &buffers[1], NULL, NULL);
}

static fer_error copy_both_to_first(ended_cell *cell)
{
    return copy_both_to(cell, true);
}

static fer_error copy_both_to_second(ended_cell *cell)
{
    return copy_both_to(cell, false);
}

/* ---- Datagrams and listeners */

static fer_error receive(ended_cell *cell)
{
    char buf[8];
    fer_udp_received got;
    fer_unix_received unix_got;
    return cell->kind == UDP
               ? fer_udp_socket_recv(&cell->own.udp, buf, sizeof buf, &got)
               : fer_unix_datagram_recv(&cell->own.datagram, buf, sizeof buf, &unix_got);
}

static fer_error receive_from(ended_cell *cell)
{
    char buf[8];
    fer_udp_received got;
    fer_unix_received unix_got;
    return cell->kind == UDP
               ? fer_udp_socket_recv_from(&cell->own.udp, buf, sizeof buf, &got)
               : fer_unix_datagram_recv_from(&cell->own.datagram, buf, sizeof buf, &unix_got);
}

static fer_error peek_from(ended_cell *cell)
{
    char buf[8];
    fer_udp_received got;
    return fer_udp_socket_peek_from(&cell->own.udp, buf, sizeof buf, &got);
}

static fer_error receive_batch(ended_cell *cell)
{
    char buf[2][8];
    fer_datagram_recv messages[2] = {{.buf = buf[0], .cap = 8}, {.buf = buf[1], .cap = 8}};
    return fer_udp_socket_recv_batch(&cell->own.udp, messages, 2, NULL);
}

static fer_error send_datagrams(ended_cell *cell)
{
    UNTIL_FAILURE(fer_unix_datagram_send(&cell->own.datagram, ended_zeros, 1000, NULL));
}

static fer_error accept_one(ended_cell *cell)
{
    fer_unix_stream accepted = {0};
    return cell->kind == TCP_LISTENER
               ? fer_tcp_listener_accept(&cell->own.listener, &cell->other, NULL)
               : fer_unix_listener_accept(&cell->own.unix_listener, &accepted, NULL);
}

/* ---- Readiness */

static fer_error wait_until_ready(ended_cell *cell, fer_duration timeout, bool *ready)
{
    fer_interest found = 0;
    fer_error error = fer_socket_ready(own_socket(cell), interest_of(cell), timeout, &found);
    *ready = found != 0;
    return error;
}

static fer_error ready_and_try(ended_cell *cell)
{
    return wait_and_try(cell, wait_until_ready);
}

/* ---- The tables */

static const ended_call calls[] = {
    {"read", STREAMS, RECEIVES, read_once},
    {"peek", STREAMS, RECEIVES, peek_once},
    {"read_vectored", STREAMS, RECEIVES, read_slices},
    {"read_exact", STREAMS, RECEIVES, read_exact},
    {"read_to_end", STREAMS, RECEIVES, read_to_end},
    {"recv_handles", UNIX_STREAM | UNIX_DATAGRAMS, RECEIVES, receive_handles},
    {"fer_copy from it", STREAMS, RECEIVES, copy_from},
    {"fer_copy_bidirectional from a", STREAMS, RECEIVES, copy_both_from_first},
    {"fer_copy_bidirectional from b", STREAMS, RECEIVES, copy_both_from_second},
    {"close_gracefully", STREAMS, RECEIVES, close_gracefully},
    {"recv", DATAGRAMS, RECEIVES, receive},
    {"recv_from", DATAGRAMS, RECEIVES, receive_from},
    {"peek_from", UDP, RECEIVES, peek_from},
    {"recv_batch", UDP, RECEIVES, receive_batch},
    {"accept", LISTENERS, RECEIVES, accept_one},
    {"ready, READABLE", ANY_SOCKET, RECEIVES, ready_and_try},
    {"write", STREAMS, SENDS, write_once},
    {"write_vectored", STREAMS, SENDS, write_slices},
    {"write_all", STREAMS, SENDS, write_all},
    {"send_file", STREAMS, SENDS, send_file},
    {"send_handles", UNIX_STREAM | UNIX_DATAGRAMS, SENDS, send_handles},
    {"fer_copy to it", STREAMS, SENDS, copy_to},
    {"fer_copy_bidirectional to a", STREAMS, SENDS, copy_both_to_first},
    {"fer_copy_bidirectional to b", STREAMS, SENDS, copy_both_to_second},
    {"send", UNIX_DATAGRAMS, SENDS, send_datagrams},
    {"ready, WRITABLE", STREAMS | UNIX_DATAGRAMS, SENDS, ready_and_try},
};

/* No answer: the program must not do it (E4), or there is no such event. */
static const ended_rule rules[] = {
    {"unix_full_datagrams", UNIX_DATAGRAMS, SENDS, ANY_EVENT, 0, 0, NULL, is_bsd},
    {"E4", STREAMS, EITHER, OWN, 0, 0, "close_gracefully", NULL},
    {"X5", UNIX_STREAM, EITHER, ANY_EVENT, 0, 0, "recv_handles", peer_is_windows},
    {"X5", UNIX_STREAM, EITHER, ANY_EVENT, 0, 0, "send_handles", peer_is_windows},
    {"no such event", LISTENERS, EITHER, SHUT_READ | SHUT_WRITE | PEER, 0, 0, NULL, NULL},
    {"unix_full_handles", UNIX_STREAM, SENDS, ANY_EVENT, 0, 0, "send_handles", peer_is_bsd},
    {"K2", ANY_SOCKET, EITHER, CANCEL, CANCELLED, 0, NULL, NULL},
    {"K2", ANY_SOCKET, EITHER, DEADLINE, WAITS, 0, NULL, NULL},
    {"T2", ANY_SOCKET, EITHER, TIMEOUT, WAITS, 0, NULL, NULL},
    {"P6", ANY_SOCKET, EITHER, NOTIFY, WAITS, 0, NULL, NULL},
    /* Not reconciled. */
    {"unix_unread_input", UNIX_STREAM, RECEIVES, PEER_RESETS, END, 0, NULL, is_bsd},
    {"unix_shut_read", UNIX_STREAM, SENDS, PEER_READ | PEER_BOTH, BROKEN, 0, NULL, is_linux},
    {"unix_shut_read", UNIX_STREAM, SENDS, PEER_READ | PEER_BOTH, 0, 0, "send_handles", NULL},
    {"unix_shut_read", UNIX_STREAM, SENDS, PEER_READ | PEER_BOTH, FAILS | WAITS, 0, NULL, NULL},
    {"input_after_both", TCP, SENDS, PEER_BOTH, FAILS | WAITS, 0, NULL, NULL},
    {"clone_receives_on", UDP, RECEIVES, CLONE_READ | CLONE_BOTH, END | WAITS, 0, NULL, is_linux},
    {"unix_datagram_gone", UNIX_DATAGRAMS, RECEIVES, PEER_CLOSE | PEER_RESETS, RESET | WAITS, 0,
     NULL, is_bsd},
    {"U7", UNIX_DATAGRAMS, SENDS, OWN_WRITE | OWN_BOTH | CLONE_BOTH, BROKEN, 0, "ready, WRITABLE",
     NULL},
    {"unix_datagram_shut", UNIX_DATAGRAMS, SENDS, CLONE_WRITE | PEER_READ | PEER_BOTH,
     BROKEN | WAITS, 0, "ready, WRITABLE", NULL},
    {"unix_datagram_shut", UNIX_PAIR, SENDS, PEER_READ | PEER_BOTH, BROKEN | WAITS, BOTH_MODES,
     NULL, NULL},
    {"unix_datagram_shut", UNIX_DATAGRAM, SENDS, SHUT_WRITE | PEER_READ | PEER_BOTH, BROKEN | WAITS,
     BY_SYSTEM, NULL, NULL},
    {"unix_datagram_shut", UNIX_DATAGRAM, SENDS, PEER_READ | PEER_BOTH, BROKEN, 0, NULL, NULL},
    {"unix_datagram_gone", UNIX_DATAGRAMS, SENDS, PEER_CLOSE | PEER_RESETS, RESET | REFUSED, 0,
     NULL, NULL},
    /* What ends the half that the call waits for. */
    {"S6", STREAMS, RECEIVES, SHUT_READ, END, 0, NULL, NULL},
    {"S6", STREAMS, SENDS, SHUT_WRITE, BROKEN, 0, NULL, NULL},
    {"S4", STREAMS, RECEIVES, PEER_WRITE | PEER_BOTH | PEER_CLOSE, END, 0, NULL, NULL},
    {"S5", STREAMS, RECEIVES, PEER_RESETS, RESET, 0, NULL, NULL},
    {"S5", STREAMS, SENDS, PEER_CLOSE | PEER_RESETS, FAILS, 0, NULL, NULL},
    {"U7", UDP, RECEIVES, SHUT_READ, END, 0, NULL, NULL},
    {"X4", UNIX_DATAGRAMS, RECEIVES, SHUT_READ, END, 0, NULL, NULL},
    {"U7", UNIX_DATAGRAMS, SENDS, SHUT_WRITE, BROKEN, 0, NULL, NULL},
    /* The rest belongs to the other half (S6, S7), or a datagram socket is not notified (U7). */
    {"S7", STREAMS, EITHER, ANY_EVENT, WAITS, 0, NULL, NULL},
    {"U7", ANY_SOCKET, EITHER, ANY_EVENT, WAITS, 0, NULL, NULL},
};

ENDED_TEST("S6", an_ended_input_of_a_tcp_stream_ends_each_wait_for_it, TCP_V4, RECEIVES)
ENDED_TEST("S6", an_ended_input_of_a_tcp_stream_over_ipv6_ends_each_wait_for_it, TCP_V6, RECEIVES)
ENDED_TEST("S6", an_ended_input_of_a_unix_stream_ends_each_wait_for_it, UNIX_STREAM, RECEIVES)
ENDED_TEST("S6", an_ended_output_of_a_tcp_stream_ends_each_wait_for_space, TCP_V4, SENDS)
ENDED_TEST("S6", an_ended_output_of_a_tcp_stream_over_ipv6_ends_each_wait_for_space, TCP_V6, SENDS)
ENDED_TEST("S6", an_ended_output_of_a_unix_stream_ends_each_wait_for_space, UNIX_STREAM, SENDS)
ENDED_TEST("U7", an_ended_input_of_a_udp_socket_ends_each_wait_for_it, UDP, RECEIVES)
ENDED_TEST("X4", an_ended_input_of_a_unix_datagram_socket_ends_each_wait_for_it, UNIX_DATAGRAM,
           RECEIVES)
ENDED_TEST("U7", an_ended_output_of_a_unix_datagram_socket_ends_each_wait_for_space, UNIX_DATAGRAM,
           SENDS)
ENDED_TEST("K2", a_tcp_listeners_wait_ends_as_its_rules_require, TCP_LISTENER, RECEIVES)
ENDED_TEST("K2", a_unix_listeners_wait_ends_as_its_rules_require, UNIX_LISTENER, RECEIVES)

ENDED_TEST("X4", an_ended_input_of_a_unix_datagram_pair_ends_each_wait_for_it, UNIX_PAIR, RECEIVES)
ENDED_TEST("U7", an_ended_output_of_a_unix_datagram_pair_ends_each_wait_for_space, UNIX_PAIR, SENDS)

RULE_TESTS("ended_waits")
