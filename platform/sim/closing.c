/* closing.c: the close of a socket: a FIN, a reset or nothing, and what remains of it. */
#include "platform/sim/path.h"

static void detach(ferp_sim_network *network, ferp_sim_socket *socket)
{
    if (socket->link == FERP_SIM_NONE) {
        return;
    }
    ferp_sim_link *link = &network->links[socket->link];
    link->ends[socket->side] = FERP_SIM_NONE;
    if (link->ends[1 - socket->side] == FERP_SIM_NONE) {
        ferp_sim_cancel(network, link->sequence);
        link->used = false;
    } else {
        ferp_sim_transmit(network, link, 1 - socket->side);
        network->sockets[link->ends[1 - socket->side]].changes++;
    }
    socket->link = FERP_SIM_NONE;
}

/* Windows' loopback (objeck-lang, issue 669): an end that closes first sometimes resets the
 * connection, and the other end loses the bytes that it has not received ("early_close_loses"). The
 * machine's other addresses are not affected. */
static bool loses_output(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_link *link = &network->links[socket->link];
    bool may_lose = ferp_sim_acts_as_windows(network, socket) &&
                    !network->config.windows.keeps_early_closed_input && !link->is_unix &&
                    fer_ip_addr_is_loopback(socket->remote.ip);
    return may_lose && link->pipes[socket->side].count > 0 &&
           !link->pipes[1 - socket->side].fin_arrived &&
           link->ends[1 - socket->side] != FERP_SIM_NONE && ferp_sim_choose_for_dialect(network);
}

/* Whether a close resets the connection: because of unread input (RFC 1122, 4.2.2.13) or a linger
 * time of 0. After both FINs there is no reset (Linux, tcp_close: TCP_CLOSE), except to the peer of
 * a Unix socket (unix_release_sock). */
static bool close_resets(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, socket);
    bool has_zero_linger = socket->settings.linger.on && socket->settings.linger.seconds == 0;
    bool has_unread = ferp_sim_readable(network, socket) > 0 && !switches->close_discards_input;
    if (socket->is_unix) {
        return (has_zero_linger || has_unread) && !switches->unix_close_is_orderly;
    }
    return (has_zero_linger || has_unread) && !ferp_sim_both_ended(network, socket);
}

static void end_connection(ferp_sim_network *network, ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    if (close_resets(network, socket)) {
        ferp_sim_trace_event(network, "close, with a reset", socket);
        ferp_sim_send_reset(network, socket);
        return;
    }
    if (loses_output(network, socket)) {
        ferp_sim_trace_event(network, "close, with a reset that loses the output", socket);
        ferp_sim_pipe_out(network, socket)->loses_input = true;
        ferp_sim_send_reset(network, socket);
        return;
    }
    if (!in->fin_arrived && !socket->is_unix) {
        ferp_sim_add_time_wait(network, &socket->local);
    }
    ferp_sim_end_writing(network, socket);
}

static void reset_queue(ferp_sim_network *network, ferp_sim_socket *listener)
{
    ferp_sim_socket *child = ferp_sim_take_queued(network, listener);
    while (child != NULL) {
        ferp_sim_send_reset(network, child);
        detach(network, child);
        ferp_sim_socket_free(network, child);
        child = ferp_sim_take_queued(network, listener);
    }
}

void ferp_sim_close_socket(ferp_sim_network *network, ferp_sim_socket *socket)
{
    if (socket->kind == FERP_SIM_DATAGRAM) {
        ferp_sim_drop_datagrams(network, socket);
        if (socket->is_unix) {
            ferp_sim_drop_unix_peers(network, socket);
        }
    } else if (socket->state == FERP_SIM_LISTENING) {
        reset_queue(network, socket);
    } else if (socket->state == FERP_SIM_CONNECTED) {
        end_connection(network, socket);
    } else if (socket->state == FERP_SIM_CONNECTING) {
        ferp_sim_send_reset(network, socket);
    }
    detach(network, socket);
    ferp_sim_release_name(network, socket);
    ferp_sim_socket_free(network, socket);
    ferp_sim_sweep_passed(network);
}
