/* handles.c: the handles that Unix sockets pass. A message with handles is in the queue of a stream
 * or is a datagram. Its handles are references to sockets; the receiver gets the lowest numbers. */
#include "platform/handles.h"

#include "platform/sim/network.h"

/* ---- The table */

static ferp_sim_passed *passed_new(ferp_sim_network *network)
{
    for (int i = 0; i < FERP_SIM_PASSED_MAX; i++) {
        if (network->passed[i].sequence == 0) {
            network->passed[i].sequence = network->next_sequence++;
            network->passed[i].link = 0;
            network->passed[i].count = 0;
            return &network->passed[i];
        }
    }
    return NULL;
}

static void release(ferp_sim_network *network, int index)
{
    ferp_sim_socket *socket = &network->sockets[index];
    socket->handles--;
    if (socket->handles == 0) {
        ferp_sim_close_socket(network, socket);
    }
}

void ferp_sim_drop_passed(ferp_sim_network *network, int passed)
{
    if (passed == FERP_SIM_NONE) {
        return;
    }
    ferp_sim_passed *dropped = &network->passed[passed];
    size_t count = dropped->count;
    dropped->count = 0;
    dropped->link = 0;
    for (size_t i = 0; i < count; i++) {
        release(network, dropped->sockets[i]);
    }
    dropped->sequence = 0;
}

/* Whether a message is in the queue of this socket, which receives. */
static bool is_for(const ferp_sim_network *network, const ferp_sim_passed *passed,
                   const ferp_sim_socket *socket)
{
    return passed->link != 0 && socket->link != FERP_SIM_NONE &&
           passed->link == network->links[socket->link].sequence && passed->side != socket->side;
}

static bool is_in_queue(const ferp_sim_network *network, const ferp_sim_passed *passed)
{
    const ferp_sim_link *link = &network->links[passed->link_index];
    return link->used && link->sequence == passed->link &&
           link->ends[1 - passed->side] != FERP_SIM_NONE &&
           passed->begin <= link->pipes[passed->side].count;
}

void ferp_sim_sweep_passed(ferp_sim_network *network)
{
    for (int i = 0; i < FERP_SIM_PASSED_MAX; i++) {
        if (network->passed[i].link != 0 && !is_in_queue(network, &network->passed[i])) {
            ferp_sim_drop_passed(network, i);
        }
    }
}

/* ---- Receiving */

/* Linux reads on to the end of the message that has the handles (unix_stream_read_generic). On
 * macOS and the BSDs a read ends before a message with handles, and goes on after it (soreceive,
 * MT_CONTROL). */
size_t ferp_sim_passed_limit(ferp_sim_network *network, const ferp_sim_socket *socket, size_t limit)
{
    bool ends_before = ferp_sim_switches_for(network, socket)->unix_read_ends_before_handles;
    for (int i = 0; socket->is_unix && i < FERP_SIM_PASSED_MAX; i++) {
        const ferp_sim_passed *passed = &network->passed[i];
        if (!is_for(network, passed, socket)) {
            continue;
        }
        size_t end = ends_before ? passed->begin : passed->begin + passed->len;
        limit = end > 0 && end < limit ? end : limit;
    }
    return limit;
}

void ferp_sim_take_passed(ferp_sim_network *network, const ferp_sim_socket *socket, int passed)
{
    if (passed != FERP_SIM_NONE && network->passing.receiver == socket->sequence) {
        network->passing.taken = passed;
        network->passed[passed].link = 0;
    } else {
        ferp_sim_drop_passed(network, passed);
    }
}

/* Opens the handles of a message, and gives their numbers to nobody. */
static void leak(ferp_sim_network *network, const ferp_sim_passed *passed)
{
    for (size_t i = 0; i < passed->count; i++) {
        fer_raw_socket leaked;
        FER_IGNORE(ferp_sim_open_handle(network, &network->sockets[passed->sockets[i]], &leaked));
    }
}

void ferp_sim_take_passed_bytes(ferp_sim_network *network, const ferp_sim_socket *socket,
                                size_t len)
{
    for (int i = 0; socket->is_unix && i < FERP_SIM_PASSED_MAX; i++) {
        ferp_sim_passed *passed = &network->passed[i];
        if (!is_for(network, passed, socket)) {
            continue;
        }
        if (passed->begin < len) {
            if (network->passing.leaks && network->passing.receiver != socket->sequence) {
                leak(network, passed);
            }
            ferp_sim_take_passed(network, socket, i);
        } else {
            passed->begin -= len;
        }
    }
}

/* Gives a number to each handle that fits. The others are closed. */
static void store_handles(ferp_sim_network *network, const ferp_sim_socket *socket,
                          ferp_sim_passed *passed, struct ferp_received_handles *message)
{
    bool is_lost = ferp_sim_injects(network, socket, FER_SIM_FAULT_CONTROL_LOST);
    bool is_cut = ferp_sim_injects(network, socket, FER_SIM_FAULT_CONTROL_CUT);
    size_t stored = is_lost ? 0 : is_cut ? passed->count - 1 : passed->count;
    stored = stored < message->cap ? stored : message->cap;
    while (message->count < stored &&
           ferp_sim_open_handle(network, &network->sockets[passed->sockets[message->count]],
                                &message->handles[message->count])
                   .kind == FER_OK) {
        message->count++;
    }
    message->handles_truncated = message->count < passed->count;
    ferp_sim_drop_passed(network, (int)(passed - network->passed));
}

static fer_error receive_message(fer_raw_socket raw, struct ferp_received_handles *message,
                                 unsigned flags)
{
    if (!message->is_datagram) {
        return ferp_recv(raw, message->buf, message->len, flags, &message->moved);
    }
    fer_unix_received got = {0};
    FER_TRY(ferp_unix_recv_from(raw, message->buf, message->len, flags, &got));
    message->moved = got.len;
    message->truncated = got.truncated;
    message->from = got.from;
    return FERP_SIM_OK;
}

fer_error ferp_unix_recv_handles(fer_raw_socket raw, struct ferp_received_handles *message,
                                 unsigned flags)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (ferp_sim_is_winsock(network)) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    message->count = 0;
    message->handles_truncated = false;
    network->passing = (ferp_sim_passing){.receiver = socket->sequence, .taken = FERP_SIM_NONE};
    fer_error error = receive_message(raw, message, flags);
    int taken = network->passing.taken;
    network->passing = (ferp_sim_passing){.taken = FERP_SIM_NONE};
    if (taken != FERP_SIM_NONE) {
        store_handles(network, socket, &network->passed[taken], message);
    }
    return error;
}

/* ---- Sending */

/* References to the sockets of the handles, which are open. */
static fer_error collect(ferp_sim_network *network, const struct ferp_sent_handles *message,
                         ferp_sim_passed **out)
{
    for (size_t i = 0; i < message->count; i++) {
        if (ferp_sim_socket_of(network, message->handles[i]) == NULL) {
            return ferp_sim_error(network, FERP_SIM_EBADF);
        }
    }
    ferp_sim_passed *passed = passed_new(network);
    if (passed == NULL) {
        /* as ETOOMANYREFS in platform/posix */
        return (fer_error){FER_TOO_MANY_OPEN_FILES, 0};
    }
    for (size_t i = 0; i < message->count; i++) {
        ferp_sim_socket *socket = ferp_sim_socket_of(network, message->handles[i]);
        socket->handles++;
        passed->sockets[i] = ferp_sim_index_of(network, socket);
    }
    passed->count = message->count;
    *out = passed;
    return FERP_SIM_OK;
}

/* The handles are in the queue with the first bytes, because the receiver may read these while the
 * send waits to queue the others. */
void ferp_sim_attach_passed_bytes(ferp_sim_network *network, const ferp_sim_socket *sender)
{
    if (network->passing.sender != sender->sequence) {
        return;
    }
    ferp_sim_passed *passed = &network->passed[network->passing.sent];
    passed->link = network->links[sender->link].sequence;
    passed->link_index = sender->link;
    passed->side = sender->side;
    passed->begin = ferp_sim_pipe_out(network, sender)->count;
    passed->len = network->passing.len;
    network->passing.sender = 0;
}

static fer_error send_on_stream(ferp_sim_network *network, const ferp_sim_socket *socket,
                                fer_raw_socket raw, const struct ferp_sent_handles *message,
                                ferp_sim_passed *passed, unsigned flags, size_t *n)
{
    int index = (int)(passed - network->passed);
    uint64_t sequence = passed->sequence;
    network->passing = (ferp_sim_passing){
        .sender = socket->sequence, .sent = index, .len = message->len, .taken = FERP_SIM_NONE};
    fer_error error = ferp_send(raw, message->buf, message->len, flags, n);
    network->passing.sender = 0;
    if (passed->sequence == sequence) {
        passed->len = *n;
        if (*n == 0) {
            ferp_sim_drop_passed(network, index);
        }
    }
    return error;
}

void ferp_sim_attach_passed(ferp_sim_network *network, const ferp_sim_socket *sender,
                            ferp_sim_datagram *datagram)
{
    if (network->passing.sender == sender->sequence) {
        datagram->passed = network->passing.sent;
        network->passing.sender = 0;
    }
}

static fer_error send_as_datagram(ferp_sim_network *network, const ferp_sim_socket *socket,
                                  fer_raw_socket raw, const struct ferp_sent_handles *message,
                                  const ferp_sim_passed *passed, unsigned flags, size_t *n)
{
    int index = passed == NULL ? FERP_SIM_NONE : (int)(passed - network->passed);
    network->passing =
        (ferp_sim_passing){.sender = socket->sequence, .sent = index, .taken = FERP_SIM_NONE};
    fer_error error = message->to == NULL ? ferp_send(raw, message->buf, message->len, flags, n)
                                          : ferp_unix_send_to(raw, message->buf, message->len,
                                                              flags, message->to, n);
    if (network->passing.sender != 0) {
        ferp_sim_drop_passed(network, index);
    }
    network->passing.sender = 0;
    return error;
}

fer_error ferp_unix_send_handles(fer_raw_socket raw, const struct ferp_sent_handles *message,
                                 unsigned flags, size_t *n)
{
    ferp_sim_passed *passed = NULL;
    *n = 0;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (ferp_sim_is_winsock(network)) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    if (message->count > 0) {
        FER_TRY(collect(network, message, &passed));
    }
    if (socket->kind == FERP_SIM_DATAGRAM) {
        return send_as_datagram(network, socket, raw, message, passed, flags, n);
    }
    return passed == NULL ? ferp_send(raw, message->buf, message->len, flags, n)
                          : send_on_stream(network, socket, raw, message, passed, flags, n);
}
