/* bytes.c: receiving and sending. Where the dialect's system would wait in the kernel, time passes
 * here. */
#include "platform/sim/network.h"

/* ---- What both have in common */

static bool waits_in_kernel(const ferp_sim_world *world, const ferp_sim_socket *socket)
{
    return ferp_sim_is_winsock(world) ? !socket->real_nonblocking : !socket->settings.nonblocking;
}

uint64_t ferp_sim_deadline(const ferp_sim_world *world, const ferp_sim_socket *socket,
                           ferp_direction direction)
{
    uint64_t timeout = socket->settings.timeouts[direction].nanos;
    return timeout < FERP_NO_DEADLINE - world->now ? world->now + timeout : FERP_NO_DEADLINE;
}

/* A half that has ended answers at once: no system would block there. */
static bool could_block(ferp_sim_world *world, const ferp_sim_socket *socket,
                        ferp_direction direction)
{
    if (socket->kind == FERP_SIM_DATAGRAM) {
        return !waits_in_kernel(world, socket);
    }
    const ferp_sim_pipe *in = ferp_sim_pipe_in(world, socket);
    bool read_ended = socket->shut_read || socket->read_ended || in == NULL || in->fin_arrived;
    bool ended = direction == FERP_WRITING ? socket->shut_write : read_ended;
    return !waits_in_kernel(world, socket) && !ended && socket->life == FERP_SIM_CONNECTED;
}

/* Faults that end a call before it has looked at anything. */
static fer_error strike_at_entry(ferp_sim_world *world, ferp_sim_socket *socket,
                                 ferp_direction direction)
{
    if (ferp_sim_strikes(world, socket, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(world, FERP_SIM_EINTR);
    }
    if (ferp_sim_strikes(world, socket, FER_SIM_FAULT_NO_BUFFERS)) {
        return ferp_sim_error(world, FERP_SIM_ENOBUFS);
    }
    if (could_block(world, socket, direction) &&
        ferp_sim_strikes(world, socket, FER_SIM_FAULT_WOULD_BLOCK)) {
        return ferp_sim_error(world, FERP_SIM_EAGAIN);
    }
    return FERP_SIM_OK;
}

/* Both ends are reset, as by something between them. */
static void strike_connection(ferp_sim_world *world, ferp_sim_socket *socket)
{
    bool can_be_reset = socket->kind == FERP_SIM_STREAM && socket->life == FERP_SIM_CONNECTED;
    if (!can_be_reset || !ferp_sim_strikes(world, socket, FER_SIM_FAULT_RESET)) {
        return;
    }
    ferp_sim_send_reset(world, socket);
    ferp_sim_meet_reset(world, socket);
}

fer_error ferp_sim_enter(ferp_sim_world *world, ferp_sim_socket *socket, ferp_direction direction)
{
    ferp_sim_settle(world);
    ferp_sim_jump(world, socket);
    strike_connection(world, socket);
    return strike_at_entry(world, socket, direction);
}

/* A reset: Linux tells it once, to whoever asks first. Windows tells it always, and often as
 * 10053. */
static fer_error reset_told(ferp_sim_world *world, ferp_sim_socket *socket)
{
    if (ferp_sim_acts_as_windows(world, socket)) {
        bool aborted = socket->pending == FERP_SIM_ECONNABORTED || ferp_sim_quirk(world);
        return ferp_sim_error(world, aborted ? FERP_SIM_ECONNABORTED : FERP_SIM_ECONNRESET);
    }
    ferp_sim_code code = socket->pending;
    socket->pending = FERP_SIM_NO_ERROR;
    return ferp_sim_error(world, code);
}

static fer_error would_block(ferp_sim_world *world, const ferp_sim_socket *socket)
{
    if (socket->settings.nonblocking) {
        ferp_sim_tick(world);
    }
    return ferp_sim_error(world, FERP_SIM_EAGAIN);
}

fer_error ferp_sim_look_patiently(ferp_sim_world *world, ferp_sim_socket *socket, uint64_t deadline,
                                  ferp_sim_look look, size_t *count)
{
    for (;;) {
        fer_error error = look(world, socket, count);
        if (error.kind != FER_WOULD_BLOCK) {
            return error;
        }
        if (!waits_in_kernel(world, socket)) {
            return would_block(world, socket);
        }
        fer_error passed = ferp_sim_pass_time(world, deadline);
        if (passed.kind != FER_OK) {
            return passed.kind == FER_TIMED_OUT ? ferp_sim_error(world, FERP_SIM_EXPIRED) : passed;
        }
    }
}

/* Some of count, where the fault strikes that cuts it. */
static size_t cut(ferp_sim_world *world, const ferp_sim_socket *socket, fer_sim_fault fault,
                  size_t count)
{
    if (count < 2 || !ferp_sim_strikes(world, socket, fault)) {
        return count;
    }
    uint32_t bound = count - 1 < UINT32_MAX ? (uint32_t)(count - 1) : UINT32_MAX;
    return 1 + ferp_sim_choose(world, bound);
}

/* ---- Receiving */

/* Linux, tcp_recvmsg: bytes; then the end, if it was met; then the error, once; then the shut half,
 * or what is left of a reset. Of a Unix socket the error comes before the end
 * (unix_stream_read_generic). */
static fer_error look_in_linux(ferp_sim_world *world, ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(world, socket);
    bool is_told_first = socket->is_unix && socket->pending != FERP_SIM_NO_ERROR;
    if (in != NULL && in->fin_arrived && !is_told_first) {
        return FERP_SIM_OK;
    }
    if (socket->pending != FERP_SIM_NO_ERROR) {
        return reset_told(world, socket);
    }
    if (socket->life == FERP_SIM_FRESH || socket->life == FERP_SIM_LISTENING) {
        return ferp_sim_error(world, FERP_SIM_ENOTCONN);
    }
    bool is_done =
        socket->shut_read || socket->life == FERP_SIM_DEAD || socket->life == FERP_SIM_FAILED;
    return is_done ? FERP_SIM_OK : ferp_sim_error(world, FERP_SIM_EAGAIN);
}

/* Windows: the reset before all, and for ever; then the own shut half; then bytes, and the end. */
static fer_error look_in_windows(ferp_sim_world *world, ferp_sim_socket *socket, size_t count)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(world, socket);
    if (socket->life == FERP_SIM_DEAD) {
        return reset_told(world, socket);
    }
    if (socket->life != FERP_SIM_CONNECTED) {
        return ferp_sim_error(world, FERP_SIM_ENOTCONN);
    }
    if (socket->shut_read) {
        return ferp_sim_error(world, FERP_SIM_EPIPE);
    }
    return count > 0 || in->fin_arrived ? FERP_SIM_OK : ferp_sim_error(world, FERP_SIM_EAGAIN);
}

/* OK with 0 is the end. */
static fer_error look_for_input(ferp_sim_world *world, ferp_sim_socket *socket, size_t *count)
{
    *count = ferp_sim_readable(world, socket);
    if (ferp_sim_acts_as_windows(world, socket)) {
        fer_error error = look_in_windows(world, socket, *count);
        *count = error.kind == FER_OK ? *count : 0;
        return error;
    }
    return *count > 0 ? FERP_SIM_OK : look_in_linux(world, socket);
}

/* How many bytes a call may receive now, after all that can come between. */
static fer_error await_input(ferp_sim_world *world, ferp_sim_socket *socket, size_t *count)
{
    *count = 0;
    FER_TRY(ferp_sim_enter(world, socket, FERP_READING));
    return ferp_sim_look_patiently(world, socket, ferp_sim_deadline(world, socket, FERP_READING),
                                   look_for_input, count);
}

static size_t sum_of(const fer_io_slice_mut *slices, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += slices[i].len;
    }
    return sum;
}

static size_t scatter(ferp_sim_world *world, const ferp_sim_socket *socket,
                      const fer_io_slice_mut *slices, size_t count, size_t most)
{
    size_t given = 0;
    for (size_t i = 0; i < count && given < most; i++) {
        size_t left = most - given;
        given += ferp_sim_copy(world, socket, given, slices[i].base,
                               slices[i].len < left ? slices[i].len : left);
    }
    return given;
}

/* Copies what there is; *n is how much, of *asked. */
static fer_error look_at_input(ferp_sim_world *world, ferp_sim_socket *socket, const char *verb,
                               const fer_io_slice_mut *slices, size_t count, size_t *n)
{
    size_t there = 0;
    size_t asked = sum_of(slices, count);
    fer_error error = await_input(world, socket, &there);
    if (error.kind == FER_OK) {
        size_t most = there < asked ? there : asked;
        *n = scatter(world, socket, slices, count,
                     cut(world, socket, FER_SIM_FAULT_PARTIAL_READ, most));
    }
    ferp_sim_record record = {.verb = verb,
                              .socket = socket,
                              .error = error,
                              .has_bytes = true,
                              .asked = asked,
                              .moved = *n};
    ferp_sim_trace(world, &record);
    return error;
}

fer_error ferp_recv(fer_raw_socket raw, void *buf, size_t len, size_t *n)
{
    fer_io_slice_mut slice = {buf, len};
    return ferp_recv_vectored(raw, &slice, 1, n);
}

fer_error ferp_peek(fer_raw_socket raw, void *buf, size_t len, size_t *n)
{
    fer_io_slice_mut slice = {buf, len};
    *n = 0;
    FERP_SIM_NEED_SOCKET(world, socket, raw)
    return look_at_input(world, socket, "peek", &slice, 1, n);
}

fer_error ferp_recv_vectored(fer_raw_socket raw, const fer_io_slice_mut *slices, size_t count,
                             size_t *n)
{
    *n = 0;
    FERP_SIM_NEED_SOCKET(world, socket, raw)
    FER_TRY(look_at_input(world, socket, "receive", slices, count, n));
    if (*n > 0) {
        ferp_sim_drop(world, socket, *n);
    }
    return FERP_SIM_OK;
}

fer_error ferp_bytes_queued(fer_raw_socket raw, size_t *n)
{
    FERP_SIM_NEED_SOCKET(world, socket, raw)
    ferp_sim_settle(world);
    *n = ferp_sim_readable(world, socket);
    return FERP_SIM_OK;
}

/* ---- Sending */

/* Linux, tcp_sendmsg: the pending error, once; then EPIPE for a half that is shut, and for a
 * connection that is none. A Unix socket says EPIPE first (unix_stream_sendmsg), also where nobody
 * reads. */
static fer_error look_out_linux(ferp_sim_world *world, ferp_sim_socket *socket, size_t room)
{
    if (socket->is_unix && socket->life != FERP_SIM_FRESH && !ferp_sim_is_read(world, socket)) {
        return ferp_sim_error(world, FERP_SIM_EPIPE);
    }
    if (socket->pending != FERP_SIM_NO_ERROR) {
        return reset_told(world, socket);
    }
    if (socket->life == FERP_SIM_CONNECTING) {
        return ferp_sim_error(world, FERP_SIM_EAGAIN);
    }
    if (socket->shut_write || socket->life != FERP_SIM_CONNECTED) {
        return ferp_sim_error(world, FERP_SIM_EPIPE);
    }
    return room > 0 ? FERP_SIM_OK : ferp_sim_error(world, FERP_SIM_EAGAIN);
}

static fer_error look_out_windows(ferp_sim_world *world, ferp_sim_socket *socket, size_t room)
{
    if (socket->life == FERP_SIM_DEAD) {
        return reset_told(world, socket);
    }
    if (socket->life != FERP_SIM_CONNECTED) {
        return ferp_sim_error(world, FERP_SIM_ENOTCONN);
    }
    if (socket->shut_write) {
        return ferp_sim_error(world, FERP_SIM_EPIPE);
    }
    return room > 0 ? FERP_SIM_OK : ferp_sim_error(world, FERP_SIM_EAGAIN);
}

static fer_error look_for_room(ferp_sim_world *world, ferp_sim_socket *socket, size_t *count)
{
    *count = ferp_sim_room(world, socket);
    return ferp_sim_acts_as_windows(world, socket) ? look_out_windows(world, socket, *count)
                                                   : look_out_linux(world, socket, *count);
}

/* After a part was taken an error is not told but left for the next call: Linux, tcp_sendmsg,
 * do_error. */
static fer_error look_for_more_room(ferp_sim_world *world, ferp_sim_socket *socket, size_t *count)
{
    ferp_sim_code pending = socket->pending;
    fer_error error = look_for_room(world, socket, count);
    socket->pending = pending;
    return error;
}

/* Puts len bytes of the slices, from `from` on, until one finds no room. They go out together: what
 * the first of them brings about at the other end comes after the last. */
static size_t gather(ferp_sim_world *world, ferp_sim_socket *socket, const fer_io_slice *slices,
                     size_t count, size_t from, size_t len)
{
    size_t put = 0;
    bool has_room = true;
    for (size_t i = 0; i < count && put < len && has_room; i++) {
        if (from >= slices[i].len) {
            from -= slices[i].len;
            continue;
        }
        size_t left = len - put;
        size_t part = slices[i].len - from < left ? slices[i].len - from : left;
        size_t taken =
            ferp_sim_put(world, socket, (const unsigned char *)slices[i].base + from, part);
        put += taken;
        from = 0;
        has_room = taken == part;
    }
    if (put > 0) {
        ferp_sim_push(world, socket);
    }
    return put;
}

/* A send that the kernel waits in goes on until all is taken; what ends it early leaves a count.
 * Its timeout is for the whole: Linux, sk_stream_wait_memory, takes what a wait took off it. */
static fer_error send_all(ferp_sim_world *world, ferp_sim_socket *socket,
                          const fer_io_slice *slices, size_t count, size_t len, size_t *n)
{
    uint64_t deadline = ferp_sim_deadline(world, socket, FERP_WRITING);
    do {
        size_t room = 0;
        ferp_sim_look look = *n > 0 ? look_for_more_room : look_for_room;
        fer_error error = ferp_sim_look_patiently(world, socket, deadline, look, &room);
        if (error.kind != FER_OK) {
            return *n > 0 ? FERP_SIM_OK : error;
        }
        *n += gather(world, socket, slices, count, *n, len - *n);
    } while (*n < len && waits_in_kernel(world, socket));
    return FERP_SIM_OK;
}

static fer_error send_some(ferp_sim_world *world, ferp_sim_socket *socket,
                           const fer_io_slice *slices, size_t count, size_t asked, size_t *n)
{
    FER_TRY(ferp_sim_enter(world, socket, FERP_WRITING));
    return send_all(world, socket, slices, count,
                    cut(world, socket, FER_SIM_FAULT_PARTIAL_WRITE, asked), n);
}

fer_error ferp_send(fer_raw_socket raw, const void *buf, size_t len, size_t *n)
{
    fer_io_slice slice = {buf, len};
    *n = 0;
    FERP_SIM_NEED_SOCKET(world, socket, raw)
    if (socket->kind == FERP_SIM_DATAGRAM) {
        return socket->is_unix ? ferp_sim_unix_send_one(world, socket, buf, len, NULL, n)
                               : ferp_sim_send_one(world, socket, buf, len, NULL, n);
    }
    return ferp_send_vectored(raw, &slice, 1, n);
}

fer_error ferp_send_vectored(fer_raw_socket raw, const fer_io_slice *slices, size_t count,
                             size_t *n)
{
    size_t asked = 0;
    *n = 0;
    FERP_SIM_NEED_SOCKET(world, socket, raw)
    for (size_t i = 0; i < count; i++) {
        asked += slices[i].len;
    }
    fer_error error = send_some(world, socket, slices, count, asked, n);
    ferp_sim_record record = {.verb = "send",
                              .socket = socket,
                              .error = error,
                              .has_bytes = true,
                              .asked = asked,
                              .moved = *n};
    ferp_sim_trace(world, &record);
    return error;
}
