/* seam_sockets.c: the simulated system's sockets: their calls. seam_waits.c has waits, and the
 * peer. */
#include <string.h>

#include "core/handle/handle.h"
#include "tests/interleave/memory.h"
#include "tests/interleave/seam_socket.h"

enum { SOCKETS_MAX = 16, RAWS_MAX = 16 };

static const fer_error success = {FER_OK, 0};
static const fer_error would_block = {FER_WOULD_BLOCK, 11};

static inter_socket sockets[SOCKETS_MAX];
static size_t socket_count;
static inter_raw raws[RAWS_MAX];
static size_t raw_count;

void inter_sockets_begin(void)
{
    socket_count = 0;
    raw_count = 0;
}

void inter_sockets_end(void)
{
    for (size_t i = 0; i < raw_count; i++) {
        INTER_CHECK(!raws[i].is_open);
    }
}

inter_raw *inter_raw_of(fer_raw_socket raw)
{
    return &raws[raw];
}

bool inter_is_open(fer_raw_socket raw)
{
    return raw >= 0 && (size_t)raw < raw_count && raws[raw].is_open;
}

inter_socket *inter_socket_of(fer_raw_socket raw)
{
    if (!inter_is_open(raw)) {
        inter_fail("the raw socket %ld is used, but it is not open", (long)raw);
    }
    return raws[raw].socket;
}

static bool waits_in_kernel(void)
{
    return ferp_traits()->io_waits_in_kernel;
}

/* ---- Operations */

static inter_operation operation_on(const char *name, fer_raw_socket raw)
{
    inter_operation operation = inter_operation_on(name, inter_socket_of(raw), true);
    if (inter_poller_is_open()) {
        inter_add_touch(&operation, &inter_readiness, true);
    }
    return operation;
}

/* The socket may have been closed before the operation is executed. */
inter_socket *inter_socket_step(const char *name, fer_raw_socket raw)
{
    inter_operation operation = operation_on(name, raw);
    (void)inter_system_step(&operation);
    return inter_socket_of(raw);
}

static fer_raw_socket raw_of(inter_socket *socket)
{
    INTER_CHECK(raw_count < RAWS_MAX);
    raws[raw_count] = (inter_raw){.socket = socket, .is_open = true};
    return (fer_raw_socket)raw_count++;
}

static fer_raw_socket new_socket(void)
{
    INTER_CHECK(socket_count < SOCKETS_MAX);
    sockets[socket_count] = (inter_socket){.is_nonblocking = !waits_in_kernel(),
                                           .timeouts = {FER_DURATION_NONE, FER_DURATION_NONE}};
    return raw_of(&sockets[socket_count++]);
}

fer_error ferp_socket_new(fer_domain domain, fer_type type, int protocol, fer_raw_socket *out)
{
    (void)domain;
    (void)type;
    (void)protocol;
    *out = new_socket();
    return success;
}

fer_error ferp_duplicate(fer_raw_socket raw, fer_raw_socket *out)
{
    *out = raw_of(inter_socket_step("duplicate", raw));
    return success;
}

void ferp_close(fer_raw_socket raw)
{
    (void)inter_socket_step("close", raw);
    raws[raw].is_open = false;
}

fer_error ferp_bind(fer_raw_socket raw, const fer_socket_addr *addr)
{
    (void)raw;
    (void)addr;
    return success;
}

fer_error ferp_bind_device(fer_raw_socket raw, fer_ip_family family, const char *name)
{
    (void)raw;
    (void)family;
    (void)name;
    return success;
}

fer_error ferp_listen(fer_raw_socket raw, int backlog)
{
    (void)raw;
    (void)backlog;
    return success;
}

fer_error ferp_local_addr(fer_raw_socket raw, fer_socket_addr *out)
{
    (void)raw;
    *out = (fer_socket_addr){.port = 1};
    return success;
}

fer_error ferp_set_option(fer_raw_socket raw, ferp_option option, uint32_t value)
{
    (void)raw;
    (void)option;
    (void)value;
    return success;
}

/* ---- Connecting: only a nonblocking connect on POSIX waits for the program. */

fer_error ferp_connect(fer_raw_socket raw, const fer_socket_addr *addr)
{
    (void)addr;
    inter_socket *socket = inter_socket_of(raw);
    if (inter_self() == INTER_MAIN && !socket->is_nonblocking) {
        return success;
    }
    socket->is_connecting = true;
    return waits_in_kernel() ? (fer_error){FER_IN_PROGRESS, 115} : would_block;
}

fer_error ferp_check_connected(fer_raw_socket raw)
{
    const inter_socket *socket = inter_socket_step("check connected", raw);
    bool is_connected = !socket->is_connecting && !socket->has_ended;
    inter_note(is_connected ? "yes" : "no");
    return is_connected ? success : (fer_error){FER_NOT_CONNECTED, 107};
}

ferp_pending ferp_connect_is_pending(fer_raw_socket raw)
{
    const inter_socket *socket = inter_socket_step("connect is pending", raw);
    inter_note(socket->is_connecting ? "yes" : "no");
    return socket->is_connecting ? FERP_PENDING : FERP_NOT_PENDING;
}

fer_error ferp_check_started(fer_raw_socket raw)
{
    return ferp_check_connected(raw);
}

void ferp_drop_reports(fer_raw_socket raw)
{
    (void)raw;
}

static fer_error take_error(inter_socket *socket)
{
    fer_error error = socket->error;
    socket->error = success;
    return error;
}

fer_error ferp_take_error(fer_raw_socket raw, fer_error *pending)
{
    inter_socket *socket = inter_socket_step("take error", raw);
    inter_note("%s", fer_error_kind_name(socket->error.kind));
    *pending = take_error(socket);
    return success;
}

void inter_connect_ends(fer_raw_socket raw, fer_error_kind result)
{
    inter_socket *socket = inter_socket_step("the connect ends", raw);
    socket->is_connecting = false;
    socket->has_ended = result != FER_OK;
    socket->error = (fer_error){result, result == FER_OK ? 0 : 111};
}

/* ---- Modes */

fer_error ferp_set_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration timeout)
{
    inter_socket_step("set timeout", raw)->timeouts[direction] = timeout;
    return success;
}

fer_error ferp_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration *out)
{
    *out = inter_socket_step("get timeout", raw)->timeouts[direction];
    return success;
}

fer_error ferp_set_nonblocking(fer_raw_socket raw, bool nonblocking)
{
    inter_socket_step("set nonblocking", raw)->is_nonblocking = nonblocking;
    return success;
}

fer_error ferp_is_nonblocking(fer_raw_socket raw, bool *out)
{
    *out = inter_socket_step("get nonblocking", raw)->is_nonblocking;
    return success;
}

fer_error ferp_set_linger(fer_raw_socket raw, struct ferp_linger linger)
{
    (void)linger;
    (void)inter_socket_step("set linger", raw);
    return success;
}

/* ---- Bytes */

bool inter_is_readable(const void *argument)
{
    const inter_socket *socket = argument;
    return socket->queued > 0 || socket->has_ended || socket->read_shut;
}

bool inter_is_writable(const void *argument)
{
    const inter_socket *socket = argument;
    return socket->room > 0 || socket->write_shut;
}

bool inter_is_acceptable(const void *argument)
{
    const inter_socket *socket = argument;
    return socket->connections > 0;
}

/* A call that waits in the system if the socket is blocking. */
static fer_error wait_in_call(inter_operation *operation, inter_socket *socket,
                              ferp_direction direction, bool (*is_ready)(const void *argument))
{
    uint64_t timeout = socket->timeouts[direction].nanos;
    operation->is_ready = is_ready;
    operation->argument = socket;
    uint64_t deadline = socket->timeouts[direction].nanos == FER_DURATION_NONE_NANOS
                            ? FERP_NO_DEADLINE
                            : inter_clock_after(timeout);
    fer_error ended = inter_wait(operation, deadline);
    return ended.kind == FER_TIMED_OUT ? would_block : ended;
}

static fer_error wait_for_try(const char *name, fer_raw_socket raw, bool may_wait,
                              ferp_direction direction, bool (*is_ready)(const void *argument))
{
    inter_operation operation = operation_on(name, raw);
    inter_socket *socket = inter_socket_of(raw);
    if (may_wait && !socket->is_nonblocking) {
        return wait_in_call(&operation, socket, direction, is_ready);
    }
    (void)inter_system_step(&operation);
    return is_ready(inter_socket_of(raw)) ? success : would_block;
}

static fer_error receive(const char *name, fer_raw_socket raw, void *buf, size_t len, bool may_wait,
                         size_t *n)
{
    *n = 0;
    fer_error error = wait_for_try(name, raw, may_wait, FERP_READING, inter_is_readable);
    if (error.kind != FER_OK) {
        return error;
    }
    inter_socket *socket = inter_socket_of(raw);
    if (socket->read_shut && !waits_in_kernel()) {
        return (fer_error){FER_BROKEN_PIPE, 10058};
    }
    *n = len < socket->queued ? len : socket->queued;
    inter_plain_write((uintptr_t)buf, *n);
    memset(buf, 'x', *n);
    socket->queued -= *n;
    inter_note("%zu bytes", *n);
    return success;
}

static fer_error peek(fer_raw_socket raw, size_t len, size_t *n)
{
    *n = 0;
    fer_error error = wait_for_try("peek", raw, true, FERP_READING, inter_is_readable);
    if (error.kind == FER_OK) {
        *n = len < inter_socket_of(raw)->queued ? len : inter_socket_of(raw)->queued;
    }
    return error;
}

fer_error ferp_recv(fer_raw_socket raw, void *buf, size_t len, unsigned flags, size_t *n)
{
    bool may_wait = flags == 0;
    if ((flags & FERP_PEEK) != 0) {
        INTER_CHECK(flags == FERP_PEEK);
        return peek(raw, len, n);
    }
    return receive(may_wait ? "recv" : "try recv", raw, buf, len, may_wait, n);
}

static fer_error transmit(const char *name, fer_raw_socket raw, const void *buf, size_t len,
                          bool may_wait, size_t *n)
{
    *n = 0;
    fer_error error = wait_for_try(name, raw, may_wait, FERP_WRITING, inter_is_writable);
    if (error.kind != FER_OK) {
        return error;
    }
    inter_socket *socket = inter_socket_of(raw);
    if (socket->write_shut) {
        return (fer_error){FER_BROKEN_PIPE, 32};
    }
    error = take_error(socket);
    if (error.kind != FER_OK) {
        return error;
    }
    *n = len < socket->room ? len : socket->room;
    inter_plain_read((uintptr_t)buf, *n);
    socket->room -= *n;
    socket->sent += *n;
    inter_note("%zu bytes", *n);
    return success;
}

fer_error ferp_send(fer_raw_socket raw, const void *buf, size_t len, unsigned flags, size_t *n)
{
    bool may_wait = flags == 0;
    return transmit(may_wait ? "send" : "try send", raw, buf, len, may_wait, n);
}

fer_error ferp_bytes_queued(fer_raw_socket raw, size_t *n)
{
    *n = inter_socket_step("bytes queued", raw)->queued;
    return success;
}

fer_error ferp_shutdown(fer_raw_socket raw, fer_shutdown how)
{
    inter_socket *socket = inter_socket_step("shutdown", raw);
    INTER_CHECK(how != FER_SHUTDOWN_READ || waits_in_kernel());
    socket->read_shut = socket->read_shut || how != FER_SHUTDOWN_WRITE;
    socket->write_shut = socket->write_shut || how != FER_SHUTDOWN_READ;
    return success;
}

fer_error ferp_accept(fer_raw_socket raw, bool is_unix, fer_raw_socket *out, fer_socket_addr *peer)
{
    fer_error error = wait_for_try("accept", raw, true, FERP_READING, inter_is_acceptable);
    if (error.kind != FER_OK) {
        return error;
    }
    inter_socket *listener = inter_socket_of(raw);
    listener->connections--;
    *out = new_socket();
    inter_socket_of(*out)->is_nonblocking =
        ferp_traits()->accept_inherits_nonblocking && listener->is_nonblocking;
    if (peer != NULL) {
        *peer = (fer_socket_addr){.port = 1};
    }
    (void)is_unix;
    return success;
}

void inter_open_stream(fer_tcp_stream *stream, size_t room)
{
    fer_raw_socket raw = new_socket();
    inter_socket_of(raw)->room = room;
    memset(stream, 0, sizeof *stream);
    INTER_CHECK(feri_handle_claim(&stream->handle_).kind == FER_OK);
    INTER_CHECK(feri_handle_fill(&stream->handle_, FERI_EVENT_CONNECT_OK, raw, 0).kind == FER_OK);
}

/* ---- All of the seam */

fer_error_kind ferp_error_kind(int32_t os_code)
{
    return os_code == 0 ? FER_OK : FER_UNCATEGORIZED;
}

/* No text, and no numbers of <errno.h>. */
void ferp_error_text(fer_error error, char *buf, size_t cap)
{
    (void)error;
    buf[cap - 1] = buf[0] = '\0';
}

int ferp_errno(fer_error error)
{
    return error.kind == FER_OK ? 0 : -1;
}

void inter_seam_begin(const struct ferp_traits *traits)
{
    inter_time_begin(traits);
    inter_sockets_begin();
    inter_waits_begin();
    inter_poller_begin();
}

void inter_seam_end(void)
{
    inter_sockets_end();
    inter_waits_end();
    inter_poller_end();
    INTER_CHECK(inter_blocks_live() == 0);
}
