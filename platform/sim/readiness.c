/* readiness.c: a socket's readiness as epoll and AFD report it. epoll reports the socket's state,
 * AFD the events that it has received. For a socket that was never connected epoll reports a
 * hang-up and AFD nothing. AFD does not report the program's own shutdown. */
#include "platform/sim/readiness.h"

/* over and failed are reported as readable and writable, regardless of the interest. */
typedef struct readiness {
    bool readable;
    bool writable;
    bool urgent;
    bool read_closed;
    bool over; /* both halves have ended */
    bool failed;
} readiness;

static bool has_ended(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    return in != NULL && in->fin_arrived;
}

static bool has_failed(const ferp_sim_socket *socket)
{
    return socket->state == FERP_SIM_CONNECTION_RESET || socket->state == FERP_SIM_FAILED;
}

/* EPOLLERR and a kevent's fflags last until a call has taken the error (tcp_poll; filt_soread). */
static bool has_untaken_error(const ferp_sim_socket *socket)
{
    return has_failed(socket) && (socket->pending != FERP_SIM_NO_ERROR || socket->keeps_report);
}

/* ---- The peer of a Unix datagram socket */

enum { DATAGRAMS_MAX = 11 /* Linux: one more than net.unix.max_dgram_qlen (unix_recvq_full) */ };

/* The limit applies to a socket with several possible senders. Between two sockets that are
 * connected to each other only the send buffer limits (here: all the room). */
bool ferp_sim_unix_has_space_for(const ferp_sim_socket *socket, const ferp_sim_socket *receiver)
{
    bool is_pair = receiver->state == FERP_SIM_CONNECTED && receiver->unix_peer == socket->sequence;
    return is_pair || receiver->datagram_count < DATAGRAMS_MAX;
}

/* The peer of a connected Unix datagram socket, or NULL. */
static const ferp_sim_socket *fixed_receiver(ferp_sim_network *network,
                                             const ferp_sim_socket *socket)
{
    return socket->is_unix && socket->kind == FERP_SIM_DATAGRAM &&
                   socket->state == FERP_SIM_CONNECTED
               ? ferp_sim_unix_peer_of(network, socket)
               : NULL;
}

bool ferp_sim_unix_has_space(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, socket);
    bool is_polled = !switches->unix_full_datagrams || switches->unix_full_datagrams_are_polled;
    const ferp_sim_socket *receiver = is_polled ? fixed_receiver(network, socket) : NULL;
    return receiver == NULL || ferp_sim_unix_has_space_for(socket, receiver);
}

/* Whether the peer of a Unix datagram socket has shut its read half down. */
static bool receiver_is_shut(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_socket *receiver = fixed_receiver(network, socket);
    return receiver != NULL && receiver->shut_read;
}

/* ---- The end of the write half */

bool ferp_sim_writing_has_ended(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    bool has_stream =
        socket->is_unix && socket->kind == FERP_SIM_STREAM && socket->state == FERP_SIM_CONNECTED;
    return socket->shut_write || (has_stream && !ferp_sim_has_reader(network, socket)) ||
           receiver_is_shut(network, socket);
}

/* select reports no shutdown of the program itself (write_wait_misses_shutdown). Linux reports of a
 * Unix socket that there is space, or that both halves have ended (unix_poll, unix_dgram_poll). */
bool ferp_sim_reports_write_end(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    if (ferp_sim_is_winsock(network)) {
        return false;
    }
    return !socket->is_unix || ferp_sim_switches_for(network, socket)->unix_write_end_is_polled ||
           socket->shut_read || has_ended(network, socket);
}

bool ferp_sim_is_writable(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    bool shut =
        ferp_sim_writing_has_ended(network, socket) && ferp_sim_reports_write_end(network, socket);
    bool failed = socket->state == FERP_SIM_CONNECTION_RESET || socket->state == FERP_SIM_FAILED;
    bool can_send_datagram =
        socket->kind == FERP_SIM_DATAGRAM && ferp_sim_unix_has_space(network, socket);
    return can_send_datagram || shut || failed ||
           (socket->state == FERP_SIM_CONNECTED && ferp_sim_space(network, socket) > 0);
}

/* ---- epoll */

/* tcp_poll and unix_poll: EPOLLHUP if both halves are shut down, by either end, or if there is no
 * connection. Shutting down the read half of a Unix socket shuts down the peer's write half. */
static readiness stream_of_epoll(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    if (socket->state == FERP_SIM_LISTENING) {
        return (readiness){.readable = socket->queue_count > 0};
    }
    bool is_connected = socket->state == FERP_SIM_CONNECTED;
    bool input_ended = socket->shut_read || has_ended(network, socket);
    bool output_ended = ferp_sim_writing_has_ended(network, socket);
    bool reports_end = output_ended && ferp_sim_reports_write_end(network, socket);
    return (readiness){
        .readable = input_ended || (is_connected && ferp_sim_readable(network, socket) > 0),
        .writable = is_connected && (reports_end || ferp_sim_space(network, socket) > 0),
        .urgent = is_connected && ferp_sim_has_urgent(network, socket),
        .read_closed = input_ended,
        .over = has_failed(socket) ||
                (socket->state == FERP_SIM_UNCONNECTED &&
                 !ferp_sim_switches_for(network, socket)->poller_ignores_never_connected) ||
                (input_ended && output_ended),
        .failed = has_untaken_error(socket),
    };
}

/* datagram_poll and unix_dgram_poll. Only the latter checks whether the peer's queue is full. */
static readiness datagrams_of_epoll(ferp_sim_network *network, const ferp_sim_socket *socket,
                                    fer_event interest)
{
    return (readiness){
        .readable = socket->datagram_count > 0 || socket->shut_read,
        .writable =
            (interest.interest & FER_WRITABLE) != 0 && ferp_sim_unix_has_space(network, socket),
        .read_closed = socket->shut_read,
        .over = socket->shut_read && socket->shut_write,
        .failed = socket->pending != FERP_SIM_NO_ERROR,
    };
}

/* ---- AFD: AFD_POLL_RECEIVE, _DISCONNECT and _ACCEPT; _SEND; _ABORT and _CONNECT_FAIL */

static readiness stream_of_afd(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    bool is_connected = socket->state == FERP_SIM_CONNECTED;
    bool has_input =
        is_connected && (ferp_sim_readable(network, socket) > 0 || has_ended(network, socket));
    return (readiness){
        .readable = has_input || socket->queue_count > 0,
        .writable = is_connected && ferp_sim_space(network, socket) > 0,
        .urgent = ferp_sim_has_urgent(network, socket),
        .read_closed = is_connected && has_ended(network, socket),
        .over = has_failed(socket),
        .failed = has_failed(socket),
    };
}

/* A pending refusal makes a socket readable. */
static readiness datagrams_of_afd(const ferp_sim_socket *socket)
{
    return (readiness){.readable =
                           socket->datagram_count > 0 || socket->pending != FERP_SIM_NO_ERROR,
                       .writable = true};
}

/* ---- Both */

static readiness readiness_of(ferp_sim_network *network, const ferp_sim_socket *socket,
                              fer_event interest)
{
    bool is_datagram = socket->kind == FERP_SIM_DATAGRAM;
    if (ferp_sim_is_winsock(network)) {
        return is_datagram ? datagrams_of_afd(socket) : stream_of_afd(network, socket);
    }
    return is_datagram ? datagrams_of_epoll(network, socket, interest)
                       : stream_of_epoll(network, socket);
}

/* kqueue reports the end with the bytes; poll of NetBSD and OpenBSD has no POLLRDHUP. */
static bool reports_read_end(const ferp_sim_network *network)
{
    return network->config.dialect != FER_SIM_DIALECT_BSD || network->switches->poller_is_kqueue;
}

fer_event ferp_sim_readiness(ferp_sim_network *network, const ferp_sim_socket *socket,
                             fer_event interest)
{
    readiness ready = readiness_of(network, socket, interest);
    const fer_interest both = FER_READABLE | FER_WRITABLE;
    bool waits_for_end =
        (interest.interest & (FER_READABLE | FER_READ_CLOSED)) != 0 && reports_read_end(network);
    fer_interest found = (ready.readable ? FER_READABLE : 0) | (ready.writable ? FER_WRITABLE : 0) |
                         (ready.urgent ? FER_PRIORITY : 0);
    return (fer_event){.key = interest.key,
                       .interest = (found & interest.interest) |
                                   (ready.read_closed && waits_for_end ? FER_READ_CLOSED : 0) |
                                   (ready.over ? both | FER_READ_CLOSED | FER_WRITE_CLOSED : 0) |
                                   (ready.failed ? both | FER_FAILED : 0)};
}
