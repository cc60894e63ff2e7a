/* unix_model.c: names, handles and streams of the model of Unix sockets; see unix_model.h. No
 * socket is used twice in a program. */
#include <string.h>

#include "fuzz/driver/fuzz.h"
#include "fuzz/models/unix_model_state.h"

struct model_socket unix_sockets[UNIX_SOCKETS_MAX];
int unix_queued_datagrams;
bool unix_is_bsd;
bool unix_is_macos;
bool unix_shutdown_needs_peer;

static struct {
    bool exists;
    int owner;
} names[UNIX_NAMES];

static int used;
static bool windows;

void unix_model_begin(const fer_sim_config *config)
{
    memset(names, 0, sizeof names);
    used = 0;
    unix_queued_datagrams = 0;
    windows = config->dialect == FER_SIM_DIALECT_WINSOCK;
    unix_is_bsd = config->dialect == FER_SIM_DIALECT_BSD;
    unix_is_macos = unix_is_bsd && config->bsd == FER_SIM_BSD_MACOS;
    unix_shutdown_needs_peer = unix_is_macos || (unix_is_bsd && config->bsd == FER_SIM_BSD_FREEBSD);
}

static struct model_socket *socket_new(socket_type kind)
{
    FUZZ_CHECK(used < UNIX_SOCKETS_MAX);
    struct model_socket *made = &unix_sockets[used++];
    memset(made, 0, offsetof(struct model_socket, bytes));
    made->kind = kind;
    made->refs = 1;
    made->name = UNIX_UNNAMED;
    made->peer = NO_SOCKET;
    made->peer_name = UNIX_UNNAMED;
    made->count = 0;
    made->datagram_count = 0;
    made->queued = 0;
    return made;
}

static void assign(unix_handle *handle, const struct model_socket *socket)
{
    memset(handle, 0, sizeof *handle);
    handle->state = UNIX_OPEN;
    handle->socket = index_of(socket);
}

/* ---- Names */

static fer_error_kind claim_name(int name, const struct model_socket *socket)
{
    names[name].exists = true;
    names[name].owner = index_of(socket);
    return FER_OK;
}

fer_error_kind unix_find_name(int name, socket_type kind, struct model_socket **out)
{
    if (!names[name].exists) {
        return name < UNIX_PATHS && !windows ? FER_NOT_FOUND : FER_CONNECTION_REFUSED;
    }
    *out = &unix_sockets[names[name].owner];
    if (!is_open(*out)) {
        return FER_CONNECTION_REFUSED;
    }
    return (*out)->kind == kind ? FER_OK : FER_UNCATEGORIZED; /* EPROTOTYPE */
}

fer_error_kind unix_model_remove(int name)
{
    bool existed = names[name].exists;
    names[name].exists = false;
    return existed ? FER_OK : FER_NOT_FOUND;
}

bool unix_model_has_space(int name)
{
    struct model_socket *listener = NULL;
    return unix_find_name(name, LISTENER, &listener) != FER_OK || listener->queued < UNIX_QUEUE_MAX;
}

/* ---- Handles */

/* A handle that was not opened is new, even if it was closed before. */
static fer_error_kind fail_new(unix_handle *handle, fer_error_kind kind)
{
    handle->state = UNIX_NEW;
    return kind;
}

void unix_model_mark_new(unix_handle *handle)
{
    FUZZ_CHECK(handle->state != UNIX_OPEN);
    handle->state = UNIX_NEW;
}

static fer_error_kind make_named(unix_handle *handle, int name, socket_type kind)
{
    if (handle->state == UNIX_OPEN) {
        return FER_MISUSE;
    }
    if (windows && kind == DATAGRAM) {
        return fail_new(handle, FER_UNSUPPORTED);
    }
    if (names[name].exists) {
        return fail_new(handle, FER_ADDR_IN_USE);
    }
    struct model_socket *made = socket_new(kind);
    made->name = name;
    assign(handle, made);
    return claim_name(name, made);
}

fer_error_kind unix_model_listen(unix_handle *handle, int name)
{
    return make_named(handle, name, LISTENER);
}
fer_error_kind unix_model_bind(unix_handle *handle, int name)
{
    return make_named(handle, name, DATAGRAM);
}

fer_error_kind unix_model_unbound(unix_handle *handle)
{
    if (handle->state == UNIX_OPEN) {
        return FER_MISUSE;
    }
    if (windows) {
        return fail_new(handle, FER_UNSUPPORTED);
    }
    assign(handle, socket_new(DATAGRAM));
    return FER_OK;
}

static void join(struct model_socket *one, struct model_socket *other)
{
    one->peer = index_of(other);
    other->peer = index_of(one);
}

fer_error_kind unix_model_connect(unix_handle *handle, int name)
{
    struct model_socket *listener = NULL;
    if (handle->state == UNIX_OPEN) {
        return FER_MISUSE;
    }
    fer_error_kind kind = unix_find_name(name, LISTENER, &listener);
    if (kind != FER_OK) {
        return fail_new(handle, kind);
    }
    struct model_socket *client = socket_new(STREAM);
    struct model_socket *child = socket_new(STREAM);
    join(client, child);
    child->name = listener->name;
    client->peer_name = listener->name;
    listener->queue[listener->queued++] = index_of(child);
    assign(handle, client);
    return FER_OK;
}

fer_error_kind unix_model_pair(unix_handle *one, unix_handle *other, bool is_stream)
{
    if (one->state == UNIX_OPEN) {
        return FER_MISUSE;
    }
    if (one == other || other->state == UNIX_OPEN) {
        return fail_new(one, FER_MISUSE);
    }
    if (windows) {
        fail_new(one, FER_UNSUPPORTED);
        return fail_new(other, FER_UNSUPPORTED);
    }
    struct model_socket *first = socket_new(is_stream ? STREAM : DATAGRAM);
    struct model_socket *second = socket_new(is_stream ? STREAM : DATAGRAM);
    join(first, second);
    assign(one, first);
    assign(other, second);
    return FER_OK;
}

fer_error_kind unix_model_accept(unix_handle *listener, unix_handle *out, int *peer_name)
{
    if (listener->state != UNIX_OPEN || out->state == UNIX_OPEN) {
        return FER_MISUSE;
    }
    struct model_socket *socket = of(listener);
    if (socket->queued == 0) {
        return fail_new(out, FER_WOULD_BLOCK);
    }
    struct model_socket *child = &unix_sockets[socket->queue[0]];
    memmove(socket->queue, socket->queue + 1, sizeof socket->queue - sizeof socket->queue[0]);
    socket->queued--;
    assign(out, child);
    *peer_name = child->peer_name;
    return FER_OK;
}

fer_error_kind unix_model_clone(const unix_handle *handle, unix_handle *out)
{
    if (handle->state != UNIX_OPEN || out->state == UNIX_OPEN) {
        return FER_MISUSE;
    }
    *out = *handle;
    of(handle)->refs++;
    return FER_OK;
}

/* Windows discards the bytes that had arrived. */
static void reset(struct model_socket *socket)
{
    socket->has_reset = true;
    socket->was_reset = true;
    socket->count = windows ? 0 : socket->count;
}

/* The BSDs: the sockets that are connected to a closed one lose their peer, and get an error. */
static void disconnect_from(const struct model_socket *closed)
{
    for (int i = 0; i < used; i++) {
        struct model_socket *socket = &unix_sockets[i];
        if (socket->kind == DATAGRAM && is_open(socket) && socket->peer == index_of(closed)) {
            socket->peer = NO_SOCKET;
            socket->has_reset = true;
        }
    }
}

static void release(struct model_socket *socket, bool was_queued)
{
    struct model_socket *peer = peer_of(socket);
    bool resets = was_queued || (socket->count > 0 && !unix_is_bsd);
    if (socket->kind == STREAM && is_open(peer) && resets) {
        reset(peer);
    }
    if (socket->kind == DATAGRAM && unix_is_bsd) {
        disconnect_from(socket);
    }
    if (socket->name >= UNIX_PATHS && names[socket->name].owner == index_of(socket)) {
        names[socket->name].exists = false;
    }
    unix_queued_datagrams -= socket->datagram_count;
}

void unix_model_close(unix_handle *handle)
{
    if (handle->state != UNIX_OPEN) {
        return;
    }
    struct model_socket *socket = of(handle);
    handle->state = UNIX_CLOSED;
    if (--socket->refs > 0) {
        return;
    }
    for (int i = 0; i < socket->queued; i++) {
        unix_sockets[socket->queue[i]].refs = 0;
        release(&unix_sockets[socket->queue[i]], true);
    }
    release(socket, false);
}

fer_error_kind unix_model_local_name(const unix_handle *handle, int *name)
{
    if (handle->state != UNIX_OPEN) {
        return FER_MISUSE;
    }
    *name = of(handle)->name;
    return FER_OK;
}

/* Row peer_addr_after_end: the peer has closed, or, on macOS, both halves have ended. */
static bool has_lost_peer(const struct model_socket *socket)
{
    const struct model_socket *peer = peer_of(socket);
    bool both_ended =
        socket->was_reset || (socket->shut_write && (socket->shut_read || peer->shut_write));
    return !is_open(peer) || (unix_is_macos && both_ended);
}

fer_error_kind unix_model_peer_name(const unix_handle *handle, bool is_stream, int *name)
{
    if (handle->state != UNIX_OPEN) {
        return FER_MISUSE;
    }
    if (is_stream ? handle->saw_eof || handle->saw_reset : of(handle)->peer == NO_SOCKET) {
        return FER_NOT_CONNECTED;
    }
    const struct model_socket *socket = of(handle);
    bool has_none = is_stream ? unix_is_bsd && has_lost_peer(socket)
                              : unix_is_macos && socket->shut_read && socket->shut_write;
    *name = socket->peer_name;
    return has_none ? FER_NOT_CONNECTED : FER_OK; /* row peer_addr_after_end */
}

/* ---- Streams */

void unix_model_consume(const unix_handle *handle, size_t n)
{
    if (n > 0) {
        struct model_socket *socket = of(handle);
        memmove(socket->bytes, socket->bytes + n, socket->count - n);
        socket->count -= n;
    }
}

fer_error_kind unix_model_read(unix_handle *handle, size_t len, bool is_peek,
                               fer_error_kind wait_kind, uint8_t *expected, size_t *n)
{
    *n = 0;
    if (handle->state != UNIX_OPEN) {
        return handle->state == UNIX_NEW ? FER_NOT_CONNECTED : FER_MISUSE;
    }
    struct model_socket *socket = of(handle);
    if (handle->shut_read || handle->saw_eof) {
        return FER_OK;
    }
    if (socket->count > 0) {
        *n = len < socket->count ? len : socket->count;
        memcpy(expected, socket->bytes, *n);
        return FER_OK;
    }
    if (handle->saw_reset) {
        return FER_CONNECTION_RESET; /* the state word answers */
    }
    if (socket->has_reset) {
        handle->saw_reset = true;
        /* Linux reports it once. On the BSDs a peek leaves it (row saw_reset_second). */
        socket->has_reset = windows || (unix_is_bsd && is_peek);
        return FER_CONNECTION_RESET;
    }
    const struct model_socket *peer = peer_of(socket);
    if (socket->shut_read || !is_open(peer) || peer->shut_write) {
        handle->saw_eof = true;
        return FER_OK;
    }
    return wait_kind;
}

/* The peer reads no more. Windows may take the bytes first, and a reset answers them. */
static bool write_to_closed(unix_handle *handle, fer_error_kind kind, size_t n)
{
    if (windows && kind == FER_OK && n > 0 && !handle->saw_reset) {
        reset(of(handle));
        return true;
    }
    bool is_reset = kind == FER_CONNECTION_RESET && (handle->saw_reset || windows);
    handle->saw_reset = handle->saw_reset || is_reset;
    return n == 0 && (kind == FER_BROKEN_PIPE || is_reset);
}

bool unix_model_check_write(unix_handle *handle, const uint8_t *bytes, size_t len,
                            fer_error_kind kind, size_t n, fer_error_kind wait_kind)
{
    if (handle->state != UNIX_OPEN) {
        return n == 0 && kind == (handle->state == UNIX_NEW ? FER_NOT_CONNECTED : FER_MISUSE);
    }
    const struct model_socket *socket = of(handle);
    struct model_socket *peer = peer_of(socket);
    if (handle->shut_write || socket->shut_write) {
        bool is_reset =
            kind == FER_CONNECTION_RESET && (handle->saw_reset || (windows && socket->has_reset));
        handle->saw_reset = handle->saw_reset || is_reset;
        return n == 0 && (kind == FER_BROKEN_PIPE || is_reset);
    }
    bool is_refused = peer != NULL && peer->shut_read && !windows && !unix_is_bsd;
    if (handle->saw_reset || !is_open(peer) || is_refused) {
        return write_to_closed(handle, kind, n);
    }
    if (kind == wait_kind) {
        return n == 0 && peer->count >= UNIX_BUFFER;
    }
    if (kind != FER_OK || n == 0 || n > len || peer->count + n > UNIX_BYTES_MAX) {
        return false;
    }
    if (!peer->shut_read || !unix_is_macos) {
        memcpy(peer->bytes + peer->count, bytes, n);
        peer->count += n;
    }
    return true;
}

/* Row clone_reads_on: a shutdown discards what is queued, if the connection has not ended, and on
 * macOS only before the peer's end. */
static bool keeps_input(const struct model_socket *socket)
{
    const struct model_socket *peer = peer_of(socket);
    bool has_ended = !is_open(peer) || peer->shut_write;
    bool keeps = has_ended && (socket->shut_write || unix_is_macos);
    return unix_shutdown_needs_peer && (socket->was_reset || keeps);
}

fer_error_kind unix_model_shutdown(unix_handle *handle, fer_shutdown how, bool is_stream)
{
    if (handle->state != UNIX_OPEN) {
        return is_stream && handle->state == UNIX_NEW ? FER_NOT_CONNECTED : FER_MISUSE;
    }
    struct model_socket *socket = of(handle);
    bool reads = how != FER_SHUTDOWN_WRITE;
    bool writes = how != FER_SHUTDOWN_READ;
    bool is_unconnected = !is_stream && socket->peer == NO_SOCKET && unix_shutdown_needs_peer;
    if (is_unconnected && unix_is_macos) {
        return FER_NOT_CONNECTED; /* row unix_datagram_shut */
    }
    bool keeps = is_stream && keeps_input(socket);
    if (reads && unix_is_bsd && !keeps) {
        unix_queued_datagrams -= socket->datagram_count;
        socket->datagram_count = 0;
        socket->count = 0;
    }
    handle->shut_read = handle->shut_read || reads;
    handle->shut_write = handle->shut_write || writes;
    socket->shut_read = socket->shut_read || reads;
    socket->shut_write = socket->shut_write || writes;
    return is_unconnected ? FER_NOT_CONNECTED : FER_OK;
}
