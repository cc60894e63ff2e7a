/* poller_network.c: the sockets of a program of pollers; see poller_program.h. */
#include "fuzz/programs/poller_program.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

#define SECOND UINT64_C(1000000000)
#define TICK UINT64_C(1000)
#define TICKS (POLLER_STEPS * TICK)

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

poller_link *poller_link_of(struct poller_program *program, const poller_handle *handle)
{
    return &program->links[handle->socket];
}

uint64_t poller_latency(bool is_far)
{
    return is_far ? POLLER_LATENCY : 0;
}

/* ---- Handles */

/* NULL: the handle is empty. */
static fer_socket *lend(poller_handle *handle)
{
    switch (handle->type) {
    case POLLER_SOCKET: return &handle->as.built;
    case POLLER_TCP: return fer_tcp_stream_as_socket(&handle->as.stream);
    case POLLER_TCP_LISTENER: return fer_tcp_listener_as_socket(&handle->as.listener);
    case POLLER_UDP: return fer_udp_socket_as_socket(&handle->as.udp);
    case POLLER_UNIX: return fer_unix_stream_as_socket(&handle->as.unix_stream);
    case POLLER_UNIX_LISTENER: return fer_unix_listener_as_socket(&handle->as.unix_listener);
    case POLLER_EMPTY: break;
    }
    return NULL;
}

bool poller_is_full(const struct poller_program *program, int sockets)
{
    return program->socket_count + sockets > POLLER_SOCKETS_MAX;
}

int poller_create_socket(struct poller_program *program, poller_kind kind)
{
    int socket = poller_model_create(kind);
    program->socket_count++;
    program->links[socket] = (poller_link){.peer = FER_SIM_PEER_NONE,
                                           .other_end = POLLER_NO_SOCKET,
                                           .listener = POLLER_NO_SOCKET,
                                           .kept = FER_RAW_SOCKET_NONE};
    return socket;
}

static void set_nonblocking(poller_handle *handle)
{
    fer_socket *socket = lend(handle);
    FUZZ_CHECK(socket == NULL || fer_socket_set_nonblocking(socket, true).kind == FER_OK);
}

void poller_assign(poller_handle *handle, poller_type type, int socket)
{
    handle->type = type;
    handle->raw = fer_socket_as_raw(lend(handle));
    handle->socket = socket;
    poller_model_assign_raw(handle->raw, socket);
    set_nonblocking(handle);
}

static poller_link *assign_new(struct poller_program *program, poller_handle *handle,
                               poller_type type, poller_kind kind)
{
    poller_assign(handle, type, poller_create_socket(program, kind));
    return poller_link_of(program, handle);
}

static void make_stream(struct poller_program *program, poller_handle *handle, bool is_far)
{
    fer_socket_addr to = poller_address(is_far ? "10.0.0.7:1000" : "127.0.0.1:1000");
    if (fer_tcp_stream_connect_addr(&handle->as.stream, &to).kind != FER_OK) {
        return;
    }
    poller_model_at(fer_sim_now().nanos);
    poller_link *link = assign_new(program, handle, POLLER_TCP, POLLER_STREAM);
    link->is_far = is_far;
    FUZZ_CHECK(fer_tcp_stream_local_addr(&handle->as.stream, &link->local).kind == FER_OK);
}

static void make_listener(struct poller_program *program, poller_handle *handle)
{
    fer_socket_addr at = poller_address("0.0.0.0:0");
    FUZZ_CHECK(fer_tcp_listener_bind_addr(&handle->as.listener, &at).kind == FER_OK);
    poller_link *link = assign_new(program, handle, POLLER_TCP_LISTENER, POLLER_LISTENER);
    FUZZ_CHECK(fer_tcp_listener_local_addr(&handle->as.listener, &link->local).kind == FER_OK);
}

static void make_datagram_socket(struct poller_program *program, poller_handle *handle,
                                 bool is_refused)
{
    fer_socket_addr at = poller_address("0.0.0.0:0");
    FUZZ_CHECK(fer_udp_socket_bind_addr(&handle->as.udp, &at).kind == FER_OK);
    poller_link *link = assign_new(program, handle, POLLER_UDP, POLLER_DATAGRAM);
    link->is_refused = is_refused;
    if (is_refused) {
        fer_socket_addr closed_port = poller_address("10.0.0.7:9");
        FUZZ_CHECK(fer_udp_socket_connect_addr(&handle->as.udp, &closed_port).kind == FER_OK);
    }
    FUZZ_CHECK(fer_udp_socket_local_addr(&handle->as.udp, &link->local).kind == FER_OK);
}

static void make_unconnected(struct poller_program *program, poller_handle *handle)
{
    FUZZ_CHECK(fer_socket_new(&handle->as.built, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0).kind ==
               FER_OK);
    (void)assign_new(program, handle, POLLER_SOCKET, POLLER_UNCONNECTED);
}

void poller_make(struct poller_program *program, const poller_step *step)
{
    poller_handle *handle = poller_handle_of(program, step);
    if (handle->type != POLLER_EMPTY || poller_is_full(program, 1)) {
        return;
    }
    memset(handle, 0, sizeof *handle);
    unsigned what = step->other % 6;
    if (step->third / 16 == 10) { /* added later, for bytes that corpora seldom had */
        poller_unix_listen(program, handle);
    } else if (what < 2) {
        make_stream(program, handle, what == 1);
    } else if (what == 2) {
        make_listener(program, handle);
    } else if (what == 3) {
        make_unconnected(program, handle);
    } else {
        make_datagram_socket(program, handle, what == 5);
    }
}

/* No handle of the socket is left. */
static bool is_unused(const struct poller_program *program, int socket)
{
    for (int i = 0; i < POLLER_HANDLES; i++) {
        if (program->handles[i].type != POLLER_EMPTY && program->handles[i].socket == socket) {
            return false;
        }
    }
    return true;
}

static void close_number(struct poller_program *program, fer_raw_socket raw)
{
    poller_model_close(raw);
    program->closed = raw;
}

/* Closes the peer after the last handle of the socket. */
static void note_close(struct poller_program *program, const poller_handle *handle)
{
    poller_link *link = &program->links[handle->socket];
    bool is_last = is_unused(program, handle->socket);
    if (handle->raw != link->kept) {
        close_number(program, handle->raw);
    }
    if (is_last && link->kept != FER_RAW_SOCKET_NONE) {
        close_number(program, link->kept);
    }
    if (is_last) {
        fer_sim_peer_close(link->peer);
        link->peer = FER_SIM_PEER_NONE;
        poller_unix_closed(program, handle->socket);
    }
}

void poller_close(struct poller_program *program, const poller_step *step)
{
    poller_handle *handle = poller_handle_of(program, step);
    if (handle->type == POLLER_EMPTY) {
        return;
    }
    FUZZ_CHECK(fer_socket_as_raw(lend(handle)) == handle->raw);
    if (handle->type == POLLER_SOCKET) {
        fer_socket_close(&handle->as.built);
    } else if (handle->type == POLLER_TCP) {
        fer_tcp_stream_close(&handle->as.stream);
    } else if (handle->type == POLLER_TCP_LISTENER) {
        fer_tcp_listener_close(&handle->as.listener);
    } else if (handle->type == POLLER_UNIX) {
        fer_unix_stream_close(&handle->as.unix_stream);
    } else if (handle->type == POLLER_UNIX_LISTENER) {
        fer_unix_listener_close(&handle->as.unix_listener);
    } else {
        fer_udp_socket_close(&handle->as.udp);
    }
    handle->type = POLLER_EMPTY;
    note_close(program, handle);
}

void poller_clone(struct poller_program *program, const poller_step *step)
{
    poller_handle *handle = poller_handle_of(program, step);
    poller_handle *out = &program->handles[step->other % POLLER_HANDLES];
    if (out->type != POLLER_EMPTY || handle->type == POLLER_EMPTY) {
        return;
    }
    memset(out, 0, sizeof *out);
    if (fer_socket_try_clone(lend(handle), &out->as.built).kind != FER_OK) {
        return;
    }
    poller_link *link = poller_link_of(program, handle);
    if (handle->type == POLLER_UDP && link->kept == FER_RAW_SOCKET_NONE &&
        program->dialect == FER_SIM_DIALECT_WINSOCK) {
        link->kept = handle->raw; /* rule P4 */
    }
    out->type = handle->type;
    out->socket = handle->socket;
    out->raw = fer_socket_as_raw(lend(out));
    poller_model_assign_raw(out->raw, out->socket);
}

/* _ready returns the same as a poller, and a hang-up as writable too if that ends such waits. All
 * types consist of one fer_handle. */
static void check_ready(const struct poller_program *program, const poller_handle *handle)
{
    const fer_duration none = {0};
    bool listens = handle->type == POLLER_TCP_LISTENER || handle->type == POLLER_UNIX_LISTENER;
    fer_interest interests = listens ? FER_READABLE : FER_READABLE | FER_WRITABLE;
    fer_interest reported = 0;
    if (handle->type == POLLER_SOCKET || handle->type == POLLER_EMPTY) {
        return;
    }
    fer_error error = fer_socket_ready(&handle->as.built, interests, none, &reported);
    bool may_be_hint = program->hangup_is_writable && (reported & FER_READABLE) != 0;
    FUZZ_CHECK(error.kind == FER_OK);
    FUZZ_CHECK(
        poller_model_allows(handle->socket, interests, reported) ||
        (may_be_hint && poller_model_allows(handle->socket, interests, reported & ~FER_WRITABLE)));
}

/* An element for each handle. Returns true if one of them must be ready. */
static bool fill_entries(const struct poller_program *program, unsigned first,
                         fer_poll_entry *entries)
{
    static const fer_interest interests[] = {FER_READABLE, FER_WRITABLE,
                                             FER_READABLE | FER_WRITABLE, 0};
    bool is_ready = false;
    for (unsigned i = 0; i < POLLER_HANDLES; i++) {
        const poller_handle *handle = &program->handles[i];
        bool is_empty = handle->type == POLLER_EMPTY;
        entries[i] = (fer_poll_entry){.raw = is_empty ? FER_RAW_SOCKET_NONE : handle->raw,
                                      .interest = interests[(first + i) % 4],
                                      .ready = FER_READABLE | FER_WRITABLE | FER_PRIORITY};
        is_ready =
            is_ready || (!is_empty && !poller_model_allows(handle->socket, entries[i].interest, 0));
    }
    return is_ready;
}

static bool is_allowed(const poller_handle *handle, const fer_poll_entry *entry)
{
    return handle->type == POLLER_EMPTY
               ? entry->ready == 0
               : poller_model_allows(handle->socket, entry->interest, entry->ready);
}

/* After the check of a call its clock moves by up to a tick, in which something may arrive. Returns
 * the number of ready elements. */
static size_t check_entries(const struct poller_program *program, const fer_poll_entry *entries,
                            uint64_t checked, uint64_t ended)
{
    size_t count = 0;
    bool was_allowed[POLLER_HANDLES];
    poller_model_at(checked);
    for (int i = 0; i < POLLER_HANDLES; i++) {
        was_allowed[i] = is_allowed(&program->handles[i], &entries[i]);
        count += entries[i].ready != 0;
    }
    poller_model_at(ended);
    for (int i = 0; i < POLLER_HANDLES; i++) {
        FUZZ_CHECK(was_allowed[i] || is_allowed(&program->handles[i], &entries[i]));
    }
    return count;
}

/* Rule P13, for every handle. Reached limits come before what is ready (rule K1). A deadline that
 * is reached during the call is an error, and an expired timeout is none (rules K3, T1). */
static void check_poll(const struct poller_program *program, unsigned arg)
{
    enum { NONE, REACHED, CANCELLED, LATER, LATER_NANOS = 600011 };
    static const uint64_t timeouts[] = {0, 1, 300007, 5000011};
    static const fer_error_kind expected[] = {FER_OK, FER_TIMED_OUT, FER_CANCELLED, FER_TIMED_OUT};
    fer_poll_entry entries[POLLER_HANDLES];
    fer_cancel_token token = {0};
    fer_limits limits = {.token = &token};
    unsigned kind = arg / 4 % 4;
    uint64_t began = fer_sim_now().nanos;
    fer_duration timeout = {timeouts[arg % 4]};
    size_t n = SIZE_MAX;
    bool is_over = kind == REACHED || kind == CANCELLED;
    bool is_ready = fill_entries(program, arg / 16, entries) || is_over;
    FUZZ_CHECK(fer_cancel_token_new(&token).kind == FER_OK);
    if (kind == REACHED || kind == LATER) {
        limits.deadline = fer_instant_after((fer_duration){kind == LATER ? LATER_NANOS : 0});
    } else if (kind == CANCELLED) {
        FUZZ_CHECK(fer_cancel_token_cancel(&token).kind == FER_OK);
    }
    fer_error error = fer_poll(entries, POLLER_HANDLES, timeout, &limits, &n);
    uint64_t elapsed = fer_sim_now().nanos - began;
    fer_cancel_token_close(&token);
    uint64_t checked = began + elapsed - (elapsed < TICK ? elapsed : TICK);
    size_t count = is_over ? 0 : check_entries(program, entries, checked, began + elapsed);
    FUZZ_CHECK(n == count);
    for (int i = 0; i < POLLER_HANDLES; i++) {
        FUZZ_CHECK(n > 0 || entries[i].ready == 0);
    }
    bool is_cut = kind == LATER && timeout.nanos > LATER_NANOS;
    uint64_t longest = is_cut ? LATER_NANOS : timeout.nanos;
    FUZZ_CHECK(error.kind == (is_over || (is_cut && n == 0) ? expected[kind] : FER_OK));
    FUZZ_CHECK(elapsed <= (is_ready || longest < TICK ? TICK : longest));
    FUZZ_CHECK(is_over || n > 0 || elapsed >= longest);
}

/* A registration follows the raw socket, whichever handle holds it. A stream that is no longer
 * connected cannot be adopted as a stream. Other arguments call _ready or
 * fer_poll. */
void poller_through_raw(struct poller_program *program, const poller_step *step)
{
    poller_handle *handle = poller_handle_of(program, step);
    if (step->other >= 128) {
        if (step->third % 2 == 1 && !program->is_waiting) {
            check_poll(program, step->third / 2);
        } else {
            check_ready(program, handle);
        }
        return;
    }
    if (handle->type != POLLER_TCP) {
        return;
    }
    fer_raw_socket raw = fer_tcp_stream_into_raw(&handle->as.stream);
    FUZZ_CHECK(raw == handle->raw);
    memset(handle, 0, offsetof(poller_handle, raw));
    handle->type = POLLER_TCP;
    if (fer_tcp_stream_from_raw(&handle->as.stream, raw).kind != FER_OK) {
        memset(handle, 0, offsetof(poller_handle, raw));
        handle->type = POLLER_SOCKET;
        poller_link_of(program, handle)->peer_is_closed = true;
        FUZZ_CHECK(fer_socket_from_raw(&handle->as.built, raw).kind == FER_OK);
    }
    set_nonblocking(handle);
}

/* ---- Connects in the background */

/* A round trip may be late by the ticks of polls without a result. */
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
    uint64_t round_trip = 2 * poller_latency(program->links[socket].is_far);
    if (kind == FER_OK) {
        poller_model_arrives(socket, POLLER_CONNECTED, 0, now);
    } else if (kind != FER_WOULD_BLOCK) {
        poller_model_shut(socket, FER_SHUTDOWN_BOTH); /* its readiness is unspecified */
    } else if (is_listened_to) {
        expect_answer(socket, POLLER_CONNECTED, round_trip);
    } else if (program->dialect != FER_SIM_DIALECT_WINSOCK) {
        expect_answer(socket, POLLER_FAILED, round_trip);
    } else {
        /* Windows retries for about 2 s. */
        poller_model_arrives(socket, POLLER_MAY_ANSWER, 0, now);
        poller_model_arrives(socket, POLLER_FAILED, 0, now + 3 * SECOND);
    }
}

void poller_connect_start(struct poller_program *program, const poller_step *step)
{
    static const char *const texts[] = {"127.0.0.1:1000", "10.0.0.7:1000", "127.0.0.1:9",
                                        "10.0.0.7:9", "10.9.9.9:1"};
    poller_handle *handle = poller_handle_of(program, step);
    size_t which = step->other % (sizeof texts / sizeof *texts);
    if (handle->type != POLLER_SOCKET || poller_link_of(program, handle)->to.port != 0 ||
        poller_link_of(program, handle)->peer_is_closed) {
        return;
    }
    poller_link *link = poller_link_of(program, handle);
    link->to = poller_address(texts[which]);
    link->is_far = which % 2 == 1;
    fer_error error = fer_socket_connect(&handle->as.built, &link->to);
    if (fer_socket_local_addr(&handle->as.built, &link->local).kind != FER_OK) {
        link->local = (fer_socket_addr){0};
    }
    poller_model_connect_started(handle->socket);
    /* No answer: Windows gives the connect up after 21 s, Linux after 127 s. */
    if (which == 4 && error.kind == FER_WOULD_BLOCK) {
        uint64_t now = fer_sim_now().nanos;
        poller_model_arrives(handle->socket, POLLER_MAY_ANSWER, 0, now + 20 * SECOND);
        poller_model_arrives(handle->socket, POLLER_FAILED, 0, now + 130 * SECOND);
    } else {
        expect_connect(program, handle->socket, error.kind, which < 2);
    }
}

/* Retries a connect to finish it; the raw socket stays the same when the handle becomes a
 * stream. */
static void finish(struct poller_program *program, poller_handle *handle)
{
    fer_tcp_stream stream = {0};
    const poller_link *link = poller_link_of(program, handle);
    if (link->to.port == 0 || link->peer_is_closed ||
        fer_socket_connect(&handle->as.built, &link->to).kind != FER_OK) {
        return;
    }
    FUZZ_CHECK(fer_socket_into_tcp_stream(&handle->as.built, &stream).kind == FER_OK);
    handle->as.stream = stream;
    handle->type = POLLER_TCP;
    set_nonblocking(handle);
}

/* ---- The program's calls */

static void accept_client(struct poller_program *program, poller_handle *listener,
                          poller_handle *out)
{
    fer_socket_addr from;
    memset(out, 0, sizeof *out);
    if (fer_tcp_listener_accept(&listener->as.listener, &out->as.stream, &from).kind != FER_OK) {
        return;
    }
    poller_model_received(listener->socket, 1);
    poller_link *link = assign_new(program, out, POLLER_TCP, POLLER_STREAM);
    for (int i = 0; i < POLLER_CLIENTS; i++) {
        poller_client *client = &program->clients[i];
        fer_socket_addr at;
        if (fer_sim_peer_local_addr(client->peer, &at).kind == FER_OK &&
            fer_socket_addr_eq(&at, &from)) {
            link->peer = client->peer;
            link->is_far = client->is_far;
            link->connected = fer_sim_now().nanos + 2 * poller_latency(client->is_far);
            client->peer = FER_SIM_PEER_NONE;
        }
    }
}

static void receive_bytes(struct poller_program *program, const poller_handle *handle, size_t len)
{
    uint8_t buf[POLLER_BUFFER];
    size_t n = 0;
    poller_handle *mine = &program->handles[handle - program->handles];
    fer_error error = handle->type == POLLER_TCP
                          ? fer_tcp_stream_read(&mine->as.stream, buf, len, &n)
                          : fer_unix_stream_read(&mine->as.unix_stream, buf, len, &n);
    if (error.kind == FER_OK && n > 0) {
        poller_link_of(program, handle)->queued -= n;
        poller_model_received(handle->socket, n);
        poller_unix_received(program, handle->socket, n);
    }
}

static void receive_datagram(struct poller_program *program, poller_handle *handle)
{
    uint8_t buf[POLLER_BUFFER];
    fer_udp_received got;
    poller_link *link = poller_link_of(program, handle);
    fer_error error = fer_udp_socket_recv(&handle->as.udp, buf, sizeof buf, &got);
    if (error.kind == FER_OK) {
        link->queued--;
        poller_model_received(handle->socket, 1);
    } else if (error.kind != FER_WOULD_BLOCK) {
        FUZZ_CHECK(link->is_refused && link->awaits_refusal);
        link->awaits_refusal = false;
        poller_model_refusal_reported(handle->socket);
    }
}

void poller_receive(struct poller_program *program, const poller_step *step)
{
    static const size_t lengths[] = {POLLER_BUFFER, 1, 8};
    poller_handle *handle = poller_handle_of(program, step);
    poller_handle *out = &program->handles[step->other % POLLER_HANDLES];
    if (handle->type == POLLER_SOCKET) {
        finish(program, handle);
    } else if (handle->type == POLLER_TCP || handle->type == POLLER_UNIX) {
        receive_bytes(program, handle, lengths[step->other % 3]);
    } else if (handle->type == POLLER_UDP) {
        receive_datagram(program, handle);
    } else if (handle->type == POLLER_TCP_LISTENER && out->type == POLLER_EMPTY &&
               !poller_is_full(program, 1)) {
        accept_client(program, handle, out);
    } else if (handle->type == POLLER_UNIX_LISTENER && out->type == POLLER_EMPTY) {
        poller_unix_accept(program, handle, out);
    }
}

static void send_bytes(struct poller_program *program, poller_handle *handle, size_t len)
{
    uint8_t buf[2 * POLLER_BUFFER] = {0};
    size_t n = 0;
    poller_link *link = poller_link_of(program, handle);
    fer_error error = handle->type == POLLER_TCP
                          ? fer_tcp_stream_write(&handle->as.stream, buf, len, &n)
                          : fer_unix_stream_write(&handle->as.unix_stream, buf, len, &n);
    bool is_unsure = link->peer_is_closed || fer_sim_now().nanos < program->no_buffers_until.nanos;
    if (error.kind == FER_WOULD_BLOCK) {
        poller_model_space(handle->socket, is_unsure ? POLLER_UNSURE : POLLER_FULL);
    } else if (error.kind == FER_OK) {
        link->outstanding += n;
        poller_model_space(handle->socket,
                           link->outstanding < POLLER_BUFFER ? POLLER_SPACE : POLLER_UNSURE);
        poller_unix_sent(program, handle->socket, n);
    }
    if (error.kind == FER_OK && link->peer_is_closed) {
        poller_model_wrote_to_closed(handle->socket);
    }
}

/* Sends one datagram at a time to the closed port: each is refused. */
static void send_refused(struct poller_program *program, poller_handle *handle)
{
    size_t n = 0;
    poller_link *link = poller_link_of(program, handle);
    if (link->is_refused && !link->awaits_refusal &&
        fer_udp_socket_send(&handle->as.udp, "?", 1, &n).kind == FER_OK) {
        link->awaits_refusal = true;
        expect_answer(handle->socket, POLLER_REFUSAL, 2 * POLLER_LATENCY);
    }
}

void poller_send(struct poller_program *program, const poller_step *step)
{
    static const size_t lengths[] = {1, POLLER_BUFFER, sizeof(uint8_t[2 * POLLER_BUFFER])};
    poller_handle *handle = poller_handle_of(program, step);
    if (handle->type == POLLER_TCP || handle->type == POLLER_UNIX) {
        send_bytes(program, handle, lengths[step->other % 3]);
    } else if (handle->type == POLLER_UDP) {
        send_refused(program, handle);
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
