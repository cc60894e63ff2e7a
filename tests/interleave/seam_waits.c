/* seam_waits.c: waits for the simulated system's sockets, and what the peer does. */
#include "tests/interleave/seam_socket.h"

static unsigned armed;

void inter_waits_begin(void)
{
    armed = 0;
}

void inter_waits_end(void)
{
    INTER_CHECK(armed == 0);
}

/* ---- Waiting: arm, look, wait. The words: the raw socket, the readiness, and the raw socket's
 * wakes when the wait was armed. */

enum { AT_RAW, AT_READINESS, AT_WAKES };

fer_error ferp_wait_arm(ferp_wait *wait, fer_raw_socket raw, ferp_readiness readiness)
{
    (void)inter_socket_step("arm wait", raw);
    wait->words[AT_RAW] = (uintptr_t)raw;
    wait->words[AT_READINESS] = readiness;
    wait->words[AT_WAKES] = inter_raw_of(raw)->wakes;
    wait->call_deadline = FERP_NO_DEADLINE;
    wait->token = NULL;
    wait->failure = (fer_error){FER_OK, 0};
    armed++;
    return (fer_error){FER_OK, 0};
}

void ferp_wait_disarm(ferp_wait *wait)
{
    (void)wait;
    armed--;
}

static bool is_wait_over(const void *argument)
{
    const ferp_wait *wait = argument;
    const inter_raw *raw = inter_raw_of((fer_raw_socket)wait->words[AT_RAW]);
    const inter_socket *socket = raw->socket;
    if (inter_token_is_signalled(wait->token)) {
        return true;
    }
    switch ((ferp_readiness)wait->words[AT_READINESS]) {
    case FERP_READABLE: return inter_is_readable(socket) || raw->wakes != wait->words[AT_WAKES];
    case FERP_WRITABLE:
        return socket->room > 0 ||
               (socket->write_shut && !ferp_traits()->write_wait_misses_shutdown);
    case FERP_ACCEPTABLE: return inter_is_acceptable(socket);
    case FERP_CONNECTED: return !socket->is_connecting;
    case FERP_RECEIVABLE:
    default: return false;
    }
}

fer_error ferp_wait_for(ferp_wait *wait, uint64_t deadline)
{
    fer_raw_socket raw = (fer_raw_socket)wait->words[AT_RAW];
    inter_operation operation = inter_operation_on("wait", inter_socket_of(raw), false);
    if (wait->token != NULL) {
        inter_add_touch(&operation, wait->token, false);
    }
    operation.is_ready = is_wait_over;
    operation.argument = wait;
    armed--;
    fer_error ended = inter_wait(&operation, deadline);
    bool has_failed = wait->words[AT_READINESS] == FERP_CONNECTED && ended.kind == FER_OK &&
                      inter_socket_of(raw)->has_ended;
    return has_failed ? (fer_error){FER_CONNECTION_REFUSED, 0} : ended;
}

/* A look that does not wait, which is all that the programs need. */
fer_error ferp_ready(fer_raw_socket raw, fer_interest interest, uint64_t until, uint64_t deadline,
                     const fer_cancel_token *token, fer_interest *ready)
{
    INTER_CHECK(interest == FER_READABLE && until == deadline && token == NULL);
    const inter_socket *socket = inter_socket_step("ready", raw);
    bool is_ready = inter_is_readable(socket) || inter_is_acceptable(socket);
    *ready = is_ready ? FER_READABLE : 0;
    return is_ready ? (fer_error){FER_OK, 0} : (fer_error){FER_TIMED_OUT, 0};
}

/* POSIX: shutdown itself ends the waits. */
void ferp_wake(fer_raw_socket raw)
{
    if (!ferp_traits()->io_waits_in_kernel) {
        (void)inter_socket_step("wake", raw);
        inter_raw_of(raw)->wakes++;
    }
}

/* ---- Readiness, for pollers */

inter_ready inter_readiness_of(fer_raw_socket raw)
{
    if (!inter_is_open(raw)) {
        return (inter_ready){false, false};
    }
    const inter_socket *socket = inter_raw_of(raw)->socket;
    return (inter_ready){inter_is_readable(socket) || inter_is_acceptable(socket),
                         inter_is_writable(socket)};
}

/* ---- The peer */

void inter_peer_sends(fer_raw_socket raw, size_t count)
{
    inter_socket_step("the peer sends", raw)->queued += count;
}

void inter_peer_reads(fer_raw_socket raw, size_t count)
{
    inter_socket_step("the peer reads", raw)->room += count;
}

void inter_peer_resets(fer_raw_socket raw)
{
    inter_socket *socket = inter_socket_step("the peer resets", raw);
    socket->has_ended = true;
    socket->error = (fer_error){FER_CONNECTION_RESET, 104};
}

void inter_peer_connects(fer_raw_socket listener)
{
    inter_socket_step("the peer connects", listener)->connections++;
}

size_t inter_bytes_sent(fer_raw_socket raw)
{
    return inter_socket_of(raw)->sent;
}
