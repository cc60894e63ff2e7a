/* urgent.c: urgent data of TCP: the mark in the bytes of a connection, the byte at it, and what
 * polls report of it. */
#include "platform/sim/network.h"

static bool is_received_by_program(const ferp_sim_socket *socket)
{
    return socket->kind == FERP_SIM_STREAM && !socket->is_unix && !socket->is_peer;
}

/* The mark that has arrived, or NULL. A peer receives urgent bytes as others. */
static const ferp_sim_pipe *marked(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    bool is_marked = in != NULL && in->has_mark && in->mark < in->arrived;
    return is_marked && is_received_by_program(socket) ? in : NULL;
}

size_t ferp_sim_limit_to_mark(ferp_sim_network *network, const ferp_sim_socket *socket, size_t len)
{
    const ferp_sim_pipe *in = marked(network, socket);
    if (in == NULL) {
        return len;
    }
    return in->mark > 0 ? in->mark : len - ferp_sim_skipped(network, socket);
}

bool ferp_sim_is_at_mark(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = marked(network, socket);
    return in != NULL && in->mark == 0;
}

size_t ferp_sim_skipped(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = marked(network, socket);
    return in != NULL && in->mark == 0 && !in->mark_has_no_byte && !socket->urgent_is_inline;
}

void ferp_sim_pass_mark(ferp_sim_network *network, ferp_sim_socket *socket)
{
    size_t skipped = ferp_sim_skipped(network, socket);
    if (skipped > 0 && network->config.dialect == FER_SIM_DIALECT_POSIX) {
        ferp_sim_consume(network, socket, skipped);
    }
}

void ferp_sim_move_mark(ferp_sim_pipe *pipe, size_t len)
{
    pipe->has_mark = pipe->has_mark && len <= pipe->mark;
    pipe->mark -= pipe->has_mark ? len : pipe->mark;
}

void ferp_sim_notice_urgent(ferp_sim_network *network, ferp_sim_socket *socket, size_t arrived)
{
    const ferp_sim_pipe *in = marked(network, socket);
    if (in != NULL && in->mark >= in->arrived - arrived && !socket->urgent_is_inline) {
        socket->has_urgent = true;
    }
}

bool ferp_sim_has_urgent(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    if (ferp_sim_acts_as_windows(network, socket)) {
        return socket->has_urgent && socket->state == FERP_SIM_CONNECTED;
    }
    return marked(network, socket) != NULL &&
           !ferp_sim_switches_for(network, socket)->urgent_is_not_polled;
}

void ferp_sim_inject_mark(ferp_sim_network *network, ferp_sim_socket *socket, size_t first)
{
    ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    bool may_have = in != NULL && !in->has_mark && in->arrived > first &&
                    is_received_by_program(socket) && socket->state == FERP_SIM_CONNECTED &&
                    !socket->urgent_is_inline;
    if (may_have && ferp_sim_injects(network, socket, FER_SIM_FAULT_URGENT)) {
        in->has_mark = true;
        in->mark_has_no_byte = true;
        in->mark = first + ferp_sim_choose(network, (uint32_t)(in->arrived - first));
        ferp_sim_notice_urgent(network, socket, in->arrived);
    }
}

void ferp_sim_mark_last(ferp_sim_network *network, ferp_sim_socket *socket)
{
    ferp_sim_pipe *out = ferp_sim_pipe_out(network, socket);
    out->has_mark = true;
    out->mark_has_no_byte = false;
    out->mark = out->count - 1;
}

fer_error fer_sim_set_urgent_inline(fer_raw_socket raw, bool is_inline)
{
    FERP_SIM_REQUIRE(network)
    ferp_sim_socket *socket = ferp_sim_socket_of(network, raw);
    if (socket == NULL || !is_received_by_program(socket)) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    socket->urgent_is_inline = is_inline;
    return FERP_SIM_OK;
}
