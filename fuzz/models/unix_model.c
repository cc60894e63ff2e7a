/* unix_model.c: what Unix sockets answer; see unix_model.h. Sockets are never used twice in a
 * program. */
#include "fuzz/models/unix_model.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

enum { RECEIVER_MAX = 11, NOBODY = -1 };

typedef enum socket_kind { STREAM, LISTENER, DATAGRAM } socket_kind;

struct gram {
    uint8_t fill;
    uint8_t len;
    int from;
};

static struct model_socket {
    socket_kind kind;
    int refs;
    int name;
    int peer; /* a stream's other end, or whom a datagram socket is connected to */
    int peer_name;
    bool shut_read;
    bool shut_write;
    bool has_reset; /* pending */
    uint8_t bytes[UNIX_BYTES_MAX];
    size_t count;
    struct gram grams[UNIX_SLOTS];
    int gram_count;
    int queue[UNIX_QUEUE_MAX];
    int queued;
} sockets[UNIX_SOCKETS_MAX];

static struct {
    bool exists;
    int owner;
} names[UNIX_NAMES];

static int used;
static int slots;
static bool windows;

void unix_model_begin(fer_sim_dialect dialect)
{
    memset(names, 0, sizeof names);
    used = 0;
    slots = 0;
    windows = dialect == FER_SIM_WINSOCK;
}

static struct model_socket *socket_new(socket_kind kind)
{
    FUZZ_CHECK(used < UNIX_SOCKETS_MAX);
    struct model_socket *made = &sockets[used++];
    memset(made, 0, offsetof(struct model_socket, bytes));
    made->kind = kind;
    made->refs = 1;
    made->name = UNIX_UNNAMED;
    made->peer = NOBODY;
    made->peer_name = UNIX_UNNAMED;
    made->count = 0;
    made->gram_count = 0;
    made->queued = 0;
    return made;
}

static int index_of(const struct model_socket *socket)
{
    return (int)(socket - sockets);
}
static struct model_socket *of(const unix_handle *handle)
{
    return &sockets[handle->socket];
}
static struct model_socket *peer_of(const struct model_socket *socket)
{
    return socket->peer == NOBODY ? NULL : &sockets[socket->peer];
}
static bool is_alive(const struct model_socket *socket)
{
    return socket != NULL && socket->refs > 0;
}

static void fill(unix_handle *handle, const struct model_socket *socket)
{
    memset(handle, 0, sizeof *handle);
    handle->life = UNIX_OPEN;
    handle->socket = index_of(socket);
}

/* ---- Names */

static fer_error_kind take_name(int name, const struct model_socket *socket)
{
    names[name].exists = true;
    names[name].owner = index_of(socket);
    return FER_OK;
}

static fer_error_kind find(int name, socket_kind kind, struct model_socket **out)
{
    if (!names[name].exists) {
        return name < UNIX_PATHS && !windows ? FER_NOT_FOUND : FER_CONNECTION_REFUSED;
    }
    *out = &sockets[names[name].owner];
    if (!is_alive(*out)) {
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

bool unix_model_has_room(int name)
{
    struct model_socket *listener = NULL;
    return find(name, LISTENER, &listener) != FER_OK || listener->queued < UNIX_QUEUE_MAX;
}

/* ---- The lives of handles */

/* Who could not be filled is as new, also if it was closed before. */
static fer_error_kind unfilled(unix_handle *handle, fer_error_kind kind)
{
    handle->life = UNIX_NEW;
    return kind;
}

void unix_model_unfill(unix_handle *handle)
{
    FUZZ_CHECK(handle->life != UNIX_OPEN);
    handle->life = UNIX_NEW;
}

static fer_error_kind make_named(unix_handle *handle, int name, socket_kind kind)
{
    if (handle->life == UNIX_OPEN) {
        return FER_INVALID_INPUT;
    }
    if (windows && kind == DATAGRAM) {
        return unfilled(handle, FER_UNSUPPORTED);
    }
    if (names[name].exists) {
        return unfilled(handle, FER_ADDR_IN_USE);
    }
    struct model_socket *made = socket_new(kind);
    made->name = name;
    fill(handle, made);
    return take_name(name, made);
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
    if (handle->life == UNIX_OPEN) {
        return FER_INVALID_INPUT;
    }
    if (windows) {
        return unfilled(handle, FER_UNSUPPORTED);
    }
    fill(handle, socket_new(DATAGRAM));
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
    if (handle->life == UNIX_OPEN) {
        return FER_INVALID_INPUT;
    }
    fer_error_kind kind = find(name, LISTENER, &listener);
    if (kind != FER_OK) {
        return unfilled(handle, kind);
    }
    struct model_socket *client = socket_new(STREAM);
    struct model_socket *child = socket_new(STREAM);
    join(client, child);
    child->name = listener->name;
    client->peer_name = listener->name;
    listener->queue[listener->queued++] = index_of(child);
    fill(handle, client);
    return FER_OK;
}

fer_error_kind unix_model_pair(unix_handle *one, unix_handle *other, bool is_stream)
{
    if (one->life == UNIX_OPEN) {
        return FER_INVALID_INPUT;
    }
    if (one == other || other->life == UNIX_OPEN) {
        return unfilled(one, FER_INVALID_INPUT);
    }
    if (windows) {
        unfilled(one, FER_UNSUPPORTED);
        return unfilled(other, FER_UNSUPPORTED);
    }
    struct model_socket *first = socket_new(is_stream ? STREAM : DATAGRAM);
    struct model_socket *second = socket_new(is_stream ? STREAM : DATAGRAM);
    join(first, second);
    fill(one, first);
    fill(other, second);
    return FER_OK;
}

fer_error_kind unix_model_accept(unix_handle *listener, unix_handle *out, int *peer_name)
{
    if (listener->life != UNIX_OPEN || out->life == UNIX_OPEN) {
        return FER_INVALID_INPUT;
    }
    struct model_socket *socket = of(listener);
    if (socket->queued == 0) {
        return unfilled(out, FER_WOULD_BLOCK);
    }
    struct model_socket *child = &sockets[socket->queue[0]];
    memmove(socket->queue, socket->queue + 1, sizeof socket->queue - sizeof socket->queue[0]);
    socket->queued--;
    fill(out, child);
    *peer_name = child->peer_name;
    return FER_OK;
}

fer_error_kind unix_model_clone(const unix_handle *handle, unix_handle *out)
{
    if (handle->life != UNIX_OPEN || out->life == UNIX_OPEN) {
        return FER_INVALID_INPUT;
    }
    *out = *handle;
    of(handle)->refs++;
    return FER_OK;
}

/* Windows throws away what had arrived. */
static void reset(struct model_socket *socket)
{
    socket->has_reset = true;
    socket->count = windows ? 0 : socket->count;
}

static void let_go(struct model_socket *socket, bool is_refused)
{
    struct model_socket *peer = peer_of(socket);
    if (socket->kind == STREAM && is_alive(peer) && (is_refused || socket->count > 0)) {
        reset(peer);
    }
    if (socket->name >= UNIX_PATHS && names[socket->name].owner == index_of(socket)) {
        names[socket->name].exists = false;
    }
    slots -= socket->gram_count;
}

void unix_model_close(unix_handle *handle)
{
    if (handle->life != UNIX_OPEN) {
        return;
    }
    struct model_socket *socket = of(handle);
    handle->life = UNIX_CLOSED;
    if (--socket->refs > 0) {
        return;
    }
    for (int i = 0; i < socket->queued; i++) {
        sockets[socket->queue[i]].refs = 0;
        let_go(&sockets[socket->queue[i]], true);
    }
    let_go(socket, false);
}

fer_error_kind unix_model_local_name(const unix_handle *handle, int *name)
{
    if (handle->life != UNIX_OPEN) {
        return FER_INVALID_INPUT;
    }
    *name = of(handle)->name;
    return FER_OK;
}

fer_error_kind unix_model_peer_name(const unix_handle *handle, bool is_stream, int *name)
{
    if (handle->life != UNIX_OPEN) {
        return FER_INVALID_INPUT;
    }
    if (is_stream ? handle->met_end || handle->met_reset : of(handle)->peer == NOBODY) {
        return FER_NOT_CONNECTED;
    }
    *name = of(handle)->peer_name;
    return FER_OK;
}

/* ---- Streams */

void unix_model_take(const unix_handle *handle, size_t n)
{
    if (n > 0) {
        struct model_socket *socket = of(handle);
        memmove(socket->bytes, socket->bytes + n, socket->count - n);
        socket->count -= n;
    }
}

fer_error_kind unix_model_read(unix_handle *handle, size_t len, fer_error_kind idle,
                               uint8_t *expected, size_t *n)
{
    *n = 0;
    if (handle->life != UNIX_OPEN) {
        return handle->life == UNIX_NEW ? FER_NOT_CONNECTED : FER_INVALID_INPUT;
    }
    struct model_socket *socket = of(handle);
    if (handle->shut_read || handle->met_end) {
        return FER_OK;
    }
    if (socket->count > 0) {
        *n = len < socket->count ? len : socket->count;
        memcpy(expected, socket->bytes, *n);
        return FER_OK;
    }
    if (handle->met_reset || socket->has_reset) {
        handle->met_reset = true;
        socket->has_reset = windows; /* Linux tells it once */
        return FER_CONNECTION_RESET;
    }
    const struct model_socket *peer = peer_of(socket);
    if (socket->shut_read || !is_alive(peer) || peer->shut_write) {
        handle->met_end = true;
        return FER_OK;
    }
    return idle;
}

/* Where nobody reads any more. Windows may take what is written first, and is answered by a
 * reset. */
static bool wrote_to_nobody(unix_handle *handle, fer_error_kind kind, size_t n)
{
    if (windows && kind == FER_OK && n > 0 && !handle->met_reset) {
        reset(of(handle));
        return true;
    }
    bool told = kind == FER_CONNECTION_RESET && (handle->met_reset || windows);
    handle->met_reset = handle->met_reset || told;
    return n == 0 && (kind == FER_BROKEN_PIPE || told);
}

bool unix_model_wrote(unix_handle *handle, const uint8_t *bytes, size_t len, fer_error_kind kind,
                      size_t n, fer_error_kind idle)
{
    if (handle->life != UNIX_OPEN) {
        return n == 0 && kind == (handle->life == UNIX_NEW ? FER_NOT_CONNECTED : FER_INVALID_INPUT);
    }
    const struct model_socket *socket = of(handle);
    struct model_socket *peer = peer_of(socket);
    if (handle->shut_write || socket->shut_write) {
        bool told =
            kind == FER_CONNECTION_RESET && (handle->met_reset || (windows && socket->has_reset));
        handle->met_reset = handle->met_reset || told;
        return n == 0 && (kind == FER_BROKEN_PIPE || told);
    }
    if (handle->met_reset || !is_alive(peer) || (peer->shut_read && !windows)) {
        return wrote_to_nobody(handle, kind, n);
    }
    if (kind == idle) {
        return n == 0 && peer->count >= UNIX_BUFFER;
    }
    if (kind != FER_OK || n == 0 || n > len || peer->count + n > UNIX_BYTES_MAX) {
        return false;
    }
    memcpy(peer->bytes + peer->count, bytes, n);
    peer->count += n;
    return true;
}

fer_error_kind unix_model_shut(unix_handle *handle, fer_shutdown how, bool is_stream)
{
    if (handle->life != UNIX_OPEN) {
        return is_stream && handle->life == UNIX_NEW ? FER_NOT_CONNECTED : FER_INVALID_INPUT;
    }
    struct model_socket *socket = of(handle);
    bool reads = how != FER_SHUTDOWN_WRITE;
    bool writes = how != FER_SHUTDOWN_READ;
    handle->shut_read = handle->shut_read || reads;
    handle->shut_write = handle->shut_write || writes;
    socket->shut_read = socket->shut_read || reads;
    socket->shut_write = socket->shut_write || writes;
    return FER_OK;
}

/* ---- Datagrams */

static bool may_send(const struct model_socket *socket, const struct model_socket *receiver)
{
    return receiver->peer == NOBODY || receiver->peer == index_of(socket);
}

fer_error_kind unix_model_connect_datagram(unix_handle *handle, int name)
{
    struct model_socket *peer = NULL;
    if (handle->life != UNIX_OPEN) {
        return FER_INVALID_INPUT;
    }
    struct model_socket *socket = of(handle);
    fer_error_kind kind = find(name, DATAGRAM, &peer);
    if (kind != FER_OK || !may_send(socket, peer)) {
        return kind != FER_OK ? kind : FER_PERMISSION_DENIED;
    }
    struct model_socket *old = peer_of(socket);
    if (old != NULL && old != peer && socket->gram_count > 0) {
        slots -= socket->gram_count;
        socket->gram_count = 0;
        old->has_reset = old->has_reset || (is_alive(old) && old->peer == index_of(socket));
    }
    socket->peer = index_of(peer);
    socket->peer_name = peer->name;
    return FER_OK;
}

static fer_error_kind deliver(const struct model_socket *socket, struct model_socket *receiver,
                              struct gram gram, fer_error_kind idle)
{
    if (!may_send(socket, receiver)) {
        return FER_PERMISSION_DENIED;
    }
    if (receiver->shut_read) {
        return FER_BROKEN_PIPE;
    }
    bool is_mutual = receiver->peer == index_of(socket);
    if (slots == UNIX_SLOTS || (!is_mutual && receiver->gram_count >= RECEIVER_MAX)) {
        return idle;
    }
    receiver->grams[receiver->gram_count++] = gram;
    slots++;
    return FER_OK;
}

fer_error_kind unix_model_send(unix_handle *handle, int name, uint8_t fill_byte, uint8_t len,
                               fer_error_kind idle)
{
    if (handle->life != UNIX_OPEN) {
        return FER_INVALID_INPUT;
    }
    struct model_socket *socket = of(handle);
    struct model_socket *receiver = peer_of(socket);
    if (name == UNIX_NAMES && receiver == NULL) {
        return FER_NOT_CONNECTED;
    }
    if (socket->has_reset || socket->shut_write) {
        bool was_reset = socket->has_reset;
        socket->has_reset = false;
        return was_reset ? FER_CONNECTION_RESET : FER_BROKEN_PIPE;
    }
    fer_error_kind kind = name == UNIX_NAMES ? FER_OK : find(name, DATAGRAM, &receiver);
    if (kind != FER_OK) {
        return kind;
    }
    if (!is_alive(receiver)) {
        socket->peer = NOBODY;
        return FER_CONNECTION_REFUSED;
    }
    return deliver(socket, receiver, (struct gram){fill_byte, len, socket->name}, idle);
}

fer_error_kind unix_model_receive(unix_handle *handle, fer_error_kind idle, uint8_t *fill_byte,
                                  uint8_t *len, int *from)
{
    if (handle->life != UNIX_OPEN) {
        return FER_INVALID_INPUT;
    }
    struct model_socket *socket = of(handle);
    *len = 0;
    *from = UNIX_UNNAMED;
    if (socket->has_reset) {
        socket->has_reset = false;
        return FER_CONNECTION_RESET;
    }
    if (socket->gram_count == 0) {
        return socket->shut_read && idle == FER_TIMED_OUT ? FER_OK : idle;
    }
    *fill_byte = socket->grams[0].fill;
    *len = socket->grams[0].len;
    *from = socket->grams[0].from;
    memmove(socket->grams, socket->grams + 1, sizeof socket->grams - sizeof socket->grams[0]);
    socket->gram_count--;
    slots--;
    return FER_OK;
}
