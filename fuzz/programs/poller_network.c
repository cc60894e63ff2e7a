/* poller_network.c: the sockets of a program of pollers; see poller_program.h. */
#include "fuzz/programs/poller_program.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

#define SECOND UINT64_C(1000000000)
#define TICKS (POLLER_STEPS * UINT64_C(1000))

fer_socket_addr poller_address(const char *text)
{
    fer_socket_addr addr;
    FUZZ_CHECK(fer_socket_addr_parse(&addr, text).kind == FER_OK);
    return addr;
}

poller_handle *poller_handle_of(struct poller_program *program, const poller_step *step)
{
    return &program->handles[step->one % POLLER_HANDLES];
}

poller_end *poller_end_of(struct poller_program *program, const poller_handle *handle)
{
    return &program->ends[handle->socket];
}

uint64_t poller_latency(bool is_far)
{
    return is_far ? POLLER_LATENCY : 0;
}

/* ---- Handles */

static fer_raw_socket raw_of(const poller_handle *handle)
{
    switch (handle->holds) {
    case POLLER_BUILT: return fer_socket_as_raw(&handle->as.built);
    case POLLER_TCP: return fer_tcp_stream_as_raw(&handle->as.stream);
    case POLLER_LISTENS: return fer_tcp_listener_as_raw(&handle->as.listener);
    case POLLER_UDP: return fer_udp_socket_as_raw(&handle->as.udp);
    case POLLER_UNIX: return fer_unix_stream_as_raw(&handle->as.unix_stream);
    case POLLER_UNIX_LISTENS: return fer_unix_listener_as_raw(&handle->as.unix_listener);
    case POLLER_NOTHING: break;
    }
    return FER_RAW_SOCKET_NONE;
}

bool poller_is_out_of_room(const struct poller_program *program, int sockets)
{
    return program->born + sockets > POLLER_SOCKETS_MAX;
}

int poller_bear(struct poller_program *program, poller_kind kind)
{
    int socket = poller_model_born(kind);
    program->born++;
    program->ends[socket] =
        (poller_end){.peer = FER_SIM_PEER_NONE, .twin = POLLER_NOBODY, .listener = POLLER_NOBODY};
    return socket;
}

static void set_nonblocking(poller_handle *handle)
{
    fer_error error = {FER_OK, 0};
    if (handle->holds == POLLER_BUILT) {
        error = fer_socket_set_nonblocking(&handle->as.built, true);
    } else if (handle->holds == POLLER_TCP) {
        error = fer_tcp_stream_set_nonblocking(&handle->as.stream, true);
    } else if (handle->holds == POLLER_LISTENS) {
        error = fer_tcp_listener_set_nonblocking(&handle->as.listener, true);
    } else if (handle->holds == POLLER_UDP) {
        error = fer_udp_socket_set_nonblocking(&handle->as.udp, true);
    } else if (handle->holds == POLLER_UNIX) {
        error = fer_unix_stream_set_nonblocking(&handle->as.unix_stream, true);
    } else if (handle->holds == POLLER_UNIX_LISTENS) {
        error = fer_unix_listener_set_nonblocking(&handle->as.unix_listener, true);
    }
    FUZZ_CHECK(error.kind == FER_OK);
}

void poller_hold(poller_handle *handle, poller_holds holds, int socket)
{
    handle->holds = holds;
    handle->raw = raw_of(handle);
    handle->socket = socket;
    poller_model_name(handle->raw, socket);
    set_nonblocking(handle);
}

static poller_end *hold_new(struct poller_program *program, poller_handle *handle,
                            poller_holds holds, poller_kind kind)
{
    poller_hold(handle, holds, poller_bear(program, kind));
    return poller_end_of(program, handle);
}

static void make_stream(struct poller_program *program, poller_handle *handle, bool is_far)
{
    fer_socket_addr to = poller_address(is_far ? "10.0.0.7:1000" : "127.0.0.1:1000");
    if (fer_tcp_stream_connect_addr(&handle->as.stream, &to).kind != FER_OK) {
        return;
    }
    poller_model_at(fer_sim_now().nanos);
    poller_end *end = hold_new(program, handle, POLLER_TCP, POLLER_STREAM);
    end->is_far = is_far;
    FUZZ_CHECK(fer_tcp_stream_local_addr(&handle->as.stream, &end->local).kind == FER_OK);
}

static void make_listener(struct poller_program *program, poller_handle *handle)
{
    fer_socket_addr at = poller_address("0.0.0.0:0");
    FUZZ_CHECK(fer_tcp_listener_bind_addr(&handle->as.listener, &at).kind == FER_OK);
    poller_end *end = hold_new(program, handle, POLLER_LISTENS, POLLER_LISTENER);
    FUZZ_CHECK(fer_tcp_listener_local_addr(&handle->as.listener, &end->local).kind == FER_OK);
}

static void make_datagrams(struct poller_program *program, poller_handle *handle, bool is_deaf)
{
    fer_socket_addr at = poller_address("0.0.0.0:0");
    FUZZ_CHECK(fer_udp_socket_bind_addr(&handle->as.udp, &at).kind == FER_OK);
    poller_end *end = hold_new(program, handle, POLLER_UDP, POLLER_DATAGRAM);
    end->is_deaf = is_deaf;
    if (is_deaf) {
        fer_socket_addr nobody = poller_address("10.0.0.7:9");
        FUZZ_CHECK(fer_udp_socket_connect_addr(&handle->as.udp, &nobody).kind == FER_OK);
    }
    FUZZ_CHECK(fer_udp_socket_local_addr(&handle->as.udp, &end->local).kind == FER_OK);
}

static void make_fresh(struct poller_program *program, poller_handle *handle)
{
    FUZZ_CHECK(fer_socket_new(&handle->as.built, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0).kind ==
               FER_OK);
    (void)hold_new(program, handle, POLLER_BUILT, POLLER_FRESH);
}

void poller_make(struct poller_program *program, const poller_step *step)
{
    poller_handle *handle = poller_handle_of(program, step);
    if (handle->holds != POLLER_NOTHING || poller_is_out_of_room(program, 1)) {
        return;
    }
    memset(handle, 0, sizeof *handle);
    unsigned what = step->other % 6;
    if (step->third / 16 == 10) { /* what was seldom chosen before there were any */
        poller_unix_listen(program, handle);
    } else if (what < 2) {
        make_stream(program, handle, what == 1);
    } else if (what == 2) {
        make_listener(program, handle);
    } else if (what == 3) {
        make_fresh(program, handle);
    } else {
        make_datagrams(program, handle, what == 5);
    }
}

/* The last handle of a socket is gone. */
static void bury(struct poller_program *program, int socket)
{
    for (int i = 0; i < POLLER_HANDLES; i++) {
        if (program->handles[i].holds != POLLER_NOTHING && program->handles[i].socket == socket) {
            return;
        }
    }
    fer_sim_peer_close(program->ends[socket].peer);
    program->ends[socket].peer = FER_SIM_PEER_NONE;
    poller_unix_gone(program, socket);
}

void poller_close(struct poller_program *program, const poller_step *step)
{
    poller_handle *handle = poller_handle_of(program, step);
    if (handle->holds == POLLER_NOTHING) {
        return;
    }
    FUZZ_CHECK(raw_of(handle) == handle->raw);
    if (handle->holds == POLLER_BUILT) {
        fer_socket_close(&handle->as.built);
    } else if (handle->holds == POLLER_TCP) {
        fer_tcp_stream_close(&handle->as.stream);
    } else if (handle->holds == POLLER_LISTENS) {
        fer_tcp_listener_close(&handle->as.listener);
    } else if (handle->holds == POLLER_UNIX) {
        fer_unix_stream_close(&handle->as.unix_stream);
    } else if (handle->holds == POLLER_UNIX_LISTENS) {
        fer_unix_listener_close(&handle->as.unix_listener);
    } else {
        fer_udp_socket_close(&handle->as.udp);
    }
    poller_model_close(handle->raw);
    program->closed = handle->raw;
    handle->holds = POLLER_NOTHING;
    bury(program, handle->socket);
}

void poller_clone(struct poller_program *program, const poller_step *step)
{
    poller_handle *handle = poller_handle_of(program, step);
    poller_handle *out = &program->handles[step->other % POLLER_HANDLES];
    if (out->holds != POLLER_NOTHING || handle->holds == POLLER_NOTHING) {
        return;
    }
    fer_error error = {FER_OK, 0};
    memset(out, 0, sizeof *out);
    if (handle->holds == POLLER_BUILT) {
        error = fer_socket_try_clone(&handle->as.built, &out->as.built);
    } else if (handle->holds == POLLER_TCP) {
        error = fer_tcp_stream_try_clone(&handle->as.stream, &out->as.stream);
    } else if (handle->holds == POLLER_LISTENS) {
        error = fer_tcp_listener_try_clone(&handle->as.listener, &out->as.listener);
    } else if (handle->holds == POLLER_UNIX) {
        error = fer_unix_stream_try_clone(&handle->as.unix_stream, &out->as.unix_stream);
    } else if (handle->holds == POLLER_UNIX_LISTENS) {
        error = fer_unix_listener_try_clone(&handle->as.unix_listener, &out->as.unix_listener);
    } else {
        error = fer_udp_socket_try_clone(&handle->as.udp, &out->as.udp);
    }
    if (error.kind != FER_OK) {
        return;
    }
    out->holds = handle->holds;
    out->socket = handle->socket;
    out->raw = raw_of(out);
    poller_model_name(out->raw, out->socket);
}

/* The same question without a poller has the same answer. */
static void ask(const poller_handle *handle)
{
    const fer_duration none = {0};
    bool listens = handle->holds == POLLER_LISTENS || handle->holds == POLLER_UNIX_LISTENS;
    fer_interest asked = listens ? FER_READABLE : FER_READABLE | FER_WRITABLE;
    fer_interest told = 0;
    fer_error error = {FER_OK, 0};
    if (handle->holds == POLLER_TCP) {
        error = fer_tcp_stream_ready(&handle->as.stream, asked, none, &told);
    } else if (handle->holds == POLLER_LISTENS) {
        error = fer_tcp_listener_ready(&handle->as.listener, asked, none, &told);
    } else if (handle->holds == POLLER_UDP) {
        error = fer_udp_socket_ready(&handle->as.udp, asked, none, &told);
    } else if (handle->holds == POLLER_UNIX) {
        error = fer_unix_stream_ready(&handle->as.unix_stream, asked, none, &told);
    } else if (handle->holds == POLLER_UNIX_LISTENS) {
        error = fer_unix_listener_ready(&handle->as.unix_listener, asked, none, &told);
    } else {
        return;
    }
    FUZZ_CHECK(error.kind == FER_OK && poller_model_is_so(handle->socket, asked, told));
}

/* What is watched goes by its number, whoever holds it. A stream's that is no longer connected
 * cannot come back as one. Or it is asked of. */
void poller_through_raw(struct poller_program *program, const poller_step *step)
{
    poller_handle *handle = poller_handle_of(program, step);
    if (step->other >= 128) {
        ask(handle);
        return;
    }
    if (handle->holds != POLLER_TCP) {
        return;
    }
    fer_raw_socket raw = fer_tcp_stream_into_raw(&handle->as.stream);
    FUZZ_CHECK(raw == handle->raw);
    memset(handle, 0, offsetof(poller_handle, raw));
    handle->holds = POLLER_TCP;
    if (fer_tcp_stream_from_raw(&handle->as.stream, raw).kind != FER_OK) {
        memset(handle, 0, offsetof(poller_handle, raw));
        handle->holds = POLLER_BUILT;
        poller_end_of(program, handle)->peer_gone = true;
        FUZZ_CHECK(fer_socket_from_raw(&handle->as.built, raw).kind == FER_OK);
    }
    set_nonblocking(handle);
}

/* ---- Connects in the background */

/* What goes there and comes back may be late by the ticks in which nothing is looked at. */
static void expect_answer(int socket, poller_arrival what, uint64_t round_trip)
{
    uint64_t now = fer_sim_now().nanos;
    poller_model_arrives(socket, POLLER_MAY_ANSWER, 0, now + round_trip);
    poller_model_arrives(socket, what, 0, now + round_trip + (round_trip == 0 ? 0 : TICKS));
}

static void expect_connect(const struct poller_program *program, int socket, fer_error_kind kind,
                           bool is_listened_to)
{
    uint64_t now = fer_sim_now().nanos;
    uint64_t round_trip = 2 * poller_latency(program->ends[socket].is_far);
    if (kind == FER_OK) {
        poller_model_arrives(socket, POLLER_CONNECTED, 0, now);
    } else if (kind != FER_WOULD_BLOCK) {
        poller_model_shut(socket, FER_SHUTDOWN_BOTH); /* what it is now is not said */
    } else if (is_listened_to) {
        expect_answer(socket, POLLER_CONNECTED, round_trip);
    } else if (program->dialect == FER_SIM_POSIX) {
        expect_answer(socket, POLLER_FAILED, round_trip);
    } else {
        poller_model_arrives(socket, POLLER_MAY_ANSWER, 0,
                             now); /* Windows tries again for about 2 s */
        poller_model_arrives(socket, POLLER_FAILED, 0, now + 3 * SECOND);
    }
}

void poller_connect_later(struct poller_program *program, const poller_step *step)
{
    static const char *const texts[] = {"127.0.0.1:1000", "10.0.0.7:1000", "127.0.0.1:9",
                                        "10.0.0.7:9", "10.9.9.9:1"};
    poller_handle *handle = poller_handle_of(program, step);
    size_t which = step->other % (sizeof texts / sizeof *texts);
    if (handle->holds != POLLER_BUILT || poller_end_of(program, handle)->to.port != 0 ||
        poller_end_of(program, handle)->peer_gone) {
        return;
    }
    poller_end *end = poller_end_of(program, handle);
    end->to = poller_address(texts[which]);
    end->is_far = which % 2 == 1;
    fer_error error = fer_socket_connect(&handle->as.built, &end->to);
    if (fer_socket_local_addr(&handle->as.built, &end->local).kind != FER_OK) {
        end->local = (fer_socket_addr){0};
    }
    poller_model_connects(handle->socket);
    if (which == 4 &&
        error.kind ==
            FER_WOULD_BLOCK) { /* silent: Windows gives up after 21 s, Linux after 127 s */
        uint64_t now = fer_sim_now().nanos;
        poller_model_arrives(handle->socket, POLLER_MAY_ANSWER, 0, now + 20 * SECOND);
        poller_model_arrives(handle->socket, POLLER_FAILED, 0, now + 130 * SECOND);
    } else {
        expect_connect(program, handle->socket, error.kind, which < 2);
    }
}

/* Asks how a connect stands; the number stays when the handle becomes a stream. */
static void finish(struct poller_program *program, poller_handle *handle)
{
    fer_tcp_stream stream = {0};
    const poller_end *end = poller_end_of(program, handle);
    if (end->to.port == 0 || end->peer_gone ||
        fer_socket_connect(&handle->as.built, &end->to).kind != FER_OK) {
        return;
    }
    FUZZ_CHECK(fer_socket_into_tcp_stream(&handle->as.built, &stream).kind == FER_OK);
    handle->as.stream = stream;
    handle->holds = POLLER_TCP;
    set_nonblocking(handle);
}

/* ---- The program's side */

static void accept_guest(struct poller_program *program, poller_handle *listener,
                         poller_handle *out)
{
    fer_socket_addr from;
    memset(out, 0, sizeof *out);
    if (fer_tcp_listener_accept(&listener->as.listener, &out->as.stream, &from).kind != FER_OK) {
        return;
    }
    poller_model_taken(listener->socket, 1);
    poller_end *end = hold_new(program, out, POLLER_TCP, POLLER_STREAM);
    for (int i = 0; i < POLLER_GUESTS; i++) {
        poller_guest *guest = &program->guests[i];
        fer_socket_addr at;
        if (fer_sim_peer_local_addr(guest->peer, &at).kind == FER_OK &&
            fer_socket_addr_eq(&at, &from)) {
            end->peer = guest->peer;
            end->is_far = guest->is_far;
            end->connected = fer_sim_now().nanos + 2 * poller_latency(guest->is_far);
            guest->peer = FER_SIM_PEER_NONE;
        }
    }
}

static void take_bytes(struct poller_program *program, const poller_handle *handle, size_t len)
{
    uint8_t buf[POLLER_BUFFER];
    size_t n = 0;
    poller_handle *mine = &program->handles[handle - program->handles];
    fer_error error = handle->holds == POLLER_TCP
                          ? fer_tcp_stream_read(&mine->as.stream, buf, len, &n)
                          : fer_unix_stream_read(&mine->as.unix_stream, buf, len, &n);
    if (error.kind == FER_OK && n > 0) {
        poller_end_of(program, handle)->given -= n;
        poller_model_taken(handle->socket, n);
        poller_unix_took(program, handle->socket, n);
    }
}

static void take_datagram(struct poller_program *program, poller_handle *handle)
{
    uint8_t buf[POLLER_BUFFER];
    fer_datagram got;
    poller_end *end = poller_end_of(program, handle);
    fer_error error = fer_udp_socket_recv(&handle->as.udp, buf, sizeof buf, &got);
    if (error.kind == FER_OK) {
        end->given--;
        poller_model_taken(handle->socket, 1);
    } else if (error.kind != FER_WOULD_BLOCK) {
        FUZZ_CHECK(end->is_deaf && end->asks);
        end->asks = false;
        poller_model_refusal_told(handle->socket);
    }
}

void poller_take(struct poller_program *program, const poller_step *step)
{
    static const size_t lengths[] = {POLLER_BUFFER, 1, 8};
    poller_handle *handle = poller_handle_of(program, step);
    poller_handle *out = &program->handles[step->other % POLLER_HANDLES];
    if (handle->holds == POLLER_BUILT) {
        finish(program, handle);
    } else if (handle->holds == POLLER_TCP || handle->holds == POLLER_UNIX) {
        take_bytes(program, handle, lengths[step->other % 3]);
    } else if (handle->holds == POLLER_UDP) {
        take_datagram(program, handle);
    } else if (handle->holds == POLLER_LISTENS && out->holds == POLLER_NOTHING &&
               !poller_is_out_of_room(program, 1)) {
        accept_guest(program, handle, out);
    } else if (handle->holds == POLLER_UNIX_LISTENS && out->holds == POLLER_NOTHING) {
        poller_unix_accept(program, handle, out);
    }
}

static void give_bytes(struct poller_program *program, poller_handle *handle, size_t len)
{
    uint8_t buf[2 * POLLER_BUFFER] = {0};
    size_t n = 0;
    poller_end *end = poller_end_of(program, handle);
    fer_error error = handle->holds == POLLER_TCP
                          ? fer_tcp_stream_write(&handle->as.stream, buf, len, &n)
                          : fer_unix_stream_write(&handle->as.unix_stream, buf, len, &n);
    if (error.kind == FER_WOULD_BLOCK) {
        poller_model_room(handle->socket, end->peer_gone ? POLLER_UNSURE : POLLER_FULL);
    } else if (error.kind == FER_OK) {
        end->outstanding += n;
        poller_model_room(handle->socket,
                          end->outstanding < POLLER_BUFFER ? POLLER_ROOM : POLLER_UNSURE);
        poller_unix_gave(program, handle->socket, n);
    }
    if (error.kind == FER_OK && end->peer_gone) {
        poller_model_wrote_to_nobody(handle->socket);
    }
}

/* One datagram at a time to nobody: each is refused. */
static void ask_nobody(struct poller_program *program, poller_handle *handle)
{
    size_t n = 0;
    poller_end *end = poller_end_of(program, handle);
    if (end->is_deaf && !end->asks &&
        fer_udp_socket_send(&handle->as.udp, "?", 1, &n).kind == FER_OK) {
        end->asks = true;
        expect_answer(handle->socket, POLLER_REFUSAL, 2 * POLLER_LATENCY);
    }
}

void poller_give(struct poller_program *program, const poller_step *step)
{
    static const size_t lengths[] = {1, POLLER_BUFFER, sizeof(uint8_t[2 * POLLER_BUFFER])};
    poller_handle *handle = poller_handle_of(program, step);
    if (handle->holds == POLLER_TCP || handle->holds == POLLER_UNIX) {
        give_bytes(program, handle, lengths[step->other % 3]);
    } else if (handle->holds == POLLER_UDP) {
        ask_nobody(program, handle);
    }
}

void poller_shut(struct poller_program *program, const poller_step *step)
{
    poller_handle *handle = poller_handle_of(program, step);
    fer_shutdown how = step->other < 128 ? FER_SHUTDOWN_WRITE : (fer_shutdown)(step->other % 3);
    if (handle->holds == POLLER_TCP &&
        fer_tcp_stream_shutdown(&handle->as.stream, how).kind == FER_OK) {
        poller_model_shut(handle->socket, how);
    } else if (handle->holds == POLLER_UNIX &&
               fer_unix_stream_shutdown(&handle->as.unix_stream, how).kind == FER_OK) {
        poller_model_shut(handle->socket, how);
        poller_unix_shut(program, handle->socket, how);
    }
}

/* ---- The end */

void poller_network_end(struct poller_program *program)
{
    for (uint8_t i = 0; i < POLLER_HANDLES; i++) {
        poller_step step = {.one = i};
        poller_close(program, &step);
    }
}
