/* bytes.c: receiving and sending. If the dialect's system would wait in the kernel, virtual time
 * passes here. */
#include "core/base/compiler.h"
#include "platform/sim/path.h"

/* ---- The common part of both */

bool ferp_sim_exchange_mode(fer_raw_socket raw, unsigned flags, bool nonblocking)
{
    ferp_sim_network *network = ferp_sim_current();
    ferp_sim_socket *socket = network == NULL ? NULL : ferp_sim_socket_of(network, raw);
    if (socket == NULL || (flags & FERP_DONTWAIT) == 0 ||
        ferp_sim_acts_as_windows(network, socket)) {
        return nonblocking;
    }
    bool previous = socket->settings.nonblocking;
    socket->settings.nonblocking = nonblocking;
    return previous;
}

uint64_t ferp_sim_deadline(const ferp_sim_network *network, const ferp_sim_socket *socket,
                           ferp_direction direction)
{
    uint64_t timeout = socket->settings.timeouts[direction].nanos;
    return timeout < FERP_NO_DEADLINE - network->now ? network->now + timeout : FERP_NO_DEADLINE;
}

/* A call on an ended half never blocks, on any system. */
static bool could_block(ferp_sim_network *network, const ferp_sim_socket *socket,
                        ferp_direction direction)
{
    if (socket->kind == FERP_SIM_DATAGRAM) {
        return socket->settings.nonblocking;
    }
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    bool read_ended = socket->shut_read || in == NULL || in->fin_arrived;
    bool ended = direction == FERP_WRITING ? socket->shut_write : read_ended;
    return socket->settings.nonblocking && !ended && socket->state == FERP_SIM_CONNECTED;
}

/* Injects the faults that end a call before it reads the socket's state. */
static fer_error inject_at_entry(ferp_sim_network *network, ferp_sim_socket *socket,
                                 ferp_direction direction)
{
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(network, FERP_SIM_EINTR);
    }
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_NO_BUFFERS)) {
        return ferp_sim_error(network, FERP_SIM_ENOBUFS);
    }
    if (could_block(network, socket, direction) && ferp_sim_injects_would_block(network, socket)) {
        return ferp_sim_error(network, FERP_SIM_EAGAIN);
    }
    return FERP_SIM_OK;
}

/* Injects a reset of both ends, as a middlebox sends it. */
static void inject_reset(ferp_sim_network *network, ferp_sim_socket *socket)
{
    bool can_be_reset = socket->kind == FERP_SIM_STREAM && socket->state == FERP_SIM_CONNECTED;
    if (!can_be_reset || !ferp_sim_injects(network, socket, FER_SIM_FAULT_RESET)) {
        return;
    }
    ferp_sim_send_reset(network, socket);
    ferp_sim_receive_reset(network, socket);
}

fer_error ferp_sim_enter(ferp_sim_network *network, ferp_sim_socket *socket,
                         ferp_direction direction)
{
    ferp_sim_run_due_events(network);
    ferp_sim_inject_time_jump(network, socket);
    inject_reset(network, socket);
    return inject_at_entry(network, socket, direction);
}

fer_error ferp_sim_take_pending(ferp_sim_network *network, ferp_sim_socket *socket)
{
    socket->taken = socket->pending;
    socket->pending = FERP_SIM_NO_ERROR;
    return ferp_sim_error(network, socket->taken);
}

/* socket->taken was cleared when the peek began. */
static void end_peek(const ferp_sim_network *network, ferp_sim_socket *socket)
{
    if (ferp_sim_switches_for(network, socket)->peek_keeps_error &&
        socket->pending == FERP_SIM_NO_ERROR) {
        socket->pending = socket->taken;
    }
}

/* Linux reports a reset once, to the first call. Windows reports it to every call, and often as
 * 10053. */
static fer_error reset_error(ferp_sim_network *network, ferp_sim_socket *socket)
{
    if (socket->has_timed_out && ferp_sim_acts_as_windows(network, socket)) {
        return ferp_sim_error(network, FERP_SIM_ETIMEDOUT);
    }
    if (ferp_sim_acts_as_windows(network, socket)) {
        bool aborted =
            socket->pending == FERP_SIM_ECONNABORTED || ferp_sim_choose_for_dialect(network);
        return ferp_sim_error(network, aborted ? FERP_SIM_ECONNABORTED : FERP_SIM_ECONNRESET);
    }
    return ferp_sim_take_pending(network, socket);
}

fer_error ferp_sim_check_with_wait(ferp_sim_network *network, ferp_sim_socket *socket,
                                   uint64_t deadline, ferp_sim_check check, size_t *count)
{
    for (;;) {
        fer_error error = check(network, socket, count);
        if (error.kind != FER_WOULD_BLOCK) {
            return error;
        }
        if (socket->settings.nonblocking) {
            ferp_sim_tick_unless_waiting(network, socket);
            return ferp_sim_error(network, FERP_SIM_EAGAIN);
        }
        fer_error passed = ferp_sim_pass_time(network, deadline);
        if (passed.kind != FER_OK) {
            return passed.kind == FER_TIMED_OUT ? ferp_sim_error(network, FERP_SIM_EXPIRED)
                                                : passed;
        }
    }
}

/* Returns count, or fewer if the fault is injected. */
static size_t shorten_by_fault(ferp_sim_network *network, const ferp_sim_socket *socket,
                               fer_sim_fault fault, size_t count)
{
    if (count < 2 || !ferp_sim_injects(network, socket, fault)) {
        return count;
    }
    uint32_t bound = count - 1 < UINT32_MAX ? (uint32_t)(count - 1) : UINT32_MAX;
    return 1 + ferp_sim_choose(network, bound);
}

/* ---- Receiving */

/* Linux, tcp_recvmsg: bytes first, then end of file after a FIN, then the pending error, once, then
 * end of file of a shut down read half or after a reset. On a Unix socket the error precedes end of
 * file (unix_stream_read_generic). */
static fer_error receive_status_linux(ferp_sim_network *network, ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    bool error_comes_first =
        (socket->is_unix || ferp_sim_switches_for(network, socket)->error_precedes_end) &&
        socket->pending != FERP_SIM_NO_ERROR;
    if (in != NULL && in->fin_arrived && !error_comes_first) {
        return FERP_SIM_OK;
    }
    if (socket->pending != FERP_SIM_NO_ERROR) {
        return reset_error(network, socket);
    }
    if (socket->state == FERP_SIM_UNCONNECTED || socket->state == FERP_SIM_LISTENING) {
        return ferp_sim_error(network, FERP_SIM_ENOTCONN);
    }
    bool is_at_end = socket->shut_read || socket->state == FERP_SIM_CONNECTION_RESET ||
                     socket->state == FERP_SIM_FAILED;
    return is_at_end ? FERP_SIM_OK : ferp_sim_error(network, FERP_SIM_EAGAIN);
}

static bool lacks_buffers(const ferp_sim_network *network)
{
    return network->now < network->config.windows.no_buffers_until.nanos;
}

static fer_error no_buffers(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    ferp_sim_tick_for_shortage(network, socket);
    return ferp_sim_error(network, FERP_SIM_ENOBUFS);
}

/* Windows: a reset first, on every call; then the socket's own shutdown; then bytes; then end of
 * file. */
static fer_error receive_status_windows(ferp_sim_network *network, ferp_sim_socket *socket,
                                        size_t count)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    if (socket->state == FERP_SIM_CONNECTION_RESET) {
        return reset_error(network, socket);
    }
    if (socket->state != FERP_SIM_CONNECTED) {
        return ferp_sim_error(network, FERP_SIM_ENOTCONN);
    }
    if (socket->shut_read) {
        return ferp_sim_error(network, FERP_SIM_EPIPE);
    }
    if (count > 0 && lacks_buffers(network)) {
        return no_buffers(network, socket);
    }
    return count > 0 || in->fin_arrived ? FERP_SIM_OK : ferp_sim_error(network, FERP_SIM_EAGAIN);
}

/* OK with a count of 0 is end of file. */
static fer_error check_input(ferp_sim_network *network, ferp_sim_socket *socket, size_t *count)
{
    *count = ferp_sim_readable(network, socket);
    if (ferp_sim_acts_as_windows(network, socket)) {
        fer_error error = receive_status_windows(network, socket, *count);
        *count = error.kind == FER_OK ? *count : 0;
        return error;
    }
    return *count > 0 ? FERP_SIM_OK : receive_status_linux(network, socket);
}

/* Returns the number of bytes that a call can receive, after faults and a wait. */
static fer_error wait_for_input(ferp_sim_network *network, ferp_sim_socket *socket, size_t *count)
{
    *count = 0;
    FER_TRY(ferp_sim_enter(network, socket, FERP_READING));
    ferp_sim_inject_mark(network, socket, 1);
    return ferp_sim_check_with_wait(
        network, socket, ferp_sim_deadline(network, socket, FERP_READING), check_input, count);
}

static size_t sum_of(const fer_io_slice_mut *slices, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += slices[i].len;
    }
    return sum;
}

static size_t scatter(ferp_sim_network *network, const ferp_sim_socket *socket,
                      const fer_io_slice_mut *slices, size_t count, size_t limit)
{
    size_t copied = 0;
    size_t skipped = ferp_sim_skipped(network, socket);
    for (size_t i = 0; i < count && copied < limit; i++) {
        size_t left = limit - copied;
        copied += ferp_sim_copy(network, socket, skipped + copied, slices[i].base,
                                slices[i].len < left ? slices[i].len : left);
    }
    return copied;
}

/* Copies received bytes without consuming them. */
static fer_error copy_input(ferp_sim_network *network, ferp_sim_socket *socket, const char *verb,
                            const fer_io_slice_mut *slices, size_t count, size_t *n)
{
    size_t available = 0;
    size_t requested = sum_of(slices, count);
    fer_error error = wait_for_input(network, socket, &available);
    if (error.kind == FER_OK) {
        size_t limit =
            ferp_sim_passed_limit(network, socket, available < requested ? available : requested);
        *n = scatter(network, socket, slices, count,
                     shorten_by_fault(network, socket, FER_SIM_FAULT_PARTIAL_READ, limit));
    }
    ferp_sim_record record = {.verb = verb,
                              .socket = socket,
                              .error = error,
                              .has_bytes = true,
                              .requested = requested,
                              .moved = *n};
    ferp_sim_trace(network, &record);
    return error;
}

static fer_error receive(fer_raw_socket raw, const fer_io_slice_mut *slices, size_t count,
                         unsigned flags, size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_pass_mark(network, socket);
    FER_TRY(copy_input(network, socket, "receive", slices, count, n));
    network->passing.leaks =
        (flags & FERP_UNIX) == 0 && ferp_sim_switches_for(network, socket)->receive_leaks_handles;
    if (*n > 0) {
        ferp_sim_consume(network, socket, ferp_sim_skipped(network, socket) + *n);
    }
    network->passing.leaks = false;
    return FERP_SIM_OK;
}

static fer_error peek(fer_raw_socket raw, const fer_io_slice_mut *slice, size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    socket->taken = FERP_SIM_NO_ERROR;
    fer_error error = copy_input(network, socket, "peek", slice, 1, n);
    end_peek(network, socket);
    return error;
}

/* Not inlined, and neither is ferp_send: with link-time optimization core's hot functions would
 * inline the whole network, for which gcc 12 needs more than 8 GB. The same holds for
 * the calls of poller.c. */
FERI_NOINLINE fer_error ferp_recv(fer_raw_socket raw, void *buf, size_t len, unsigned flags,
                                  size_t *n)
{
    fer_io_slice_mut slice = {buf, len};
    FERP_SIM_RETURN_CALL(raw, flags,
                         (flags & FERP_PEEK) != 0 ? peek(raw, &slice, n)
                                                  : receive(raw, &slice, 1, flags, n));
}

fer_error ferp_recv_vectored(fer_raw_socket raw, const fer_io_slice_mut *slices, size_t count,
                             unsigned flags, size_t *n)
{
    FERP_SIM_RETURN_CALL(raw, flags, receive(raw, slices, count, flags, n));
}

fer_error ferp_bytes_queued(fer_raw_socket raw, size_t *n)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_run_quiet_events(network);
    *n = ferp_sim_readable(network, socket);
    return FERP_SIM_OK;
}

/* ---- Sending */

/* Linux, tcp_sendmsg: the pending error, once; then EPIPE for a shut down write half and for a
 * socket without a connection. A Unix socket checks for EPIPE first, also for a peer that does not
 * read (unix_stream_sendmsg). */
static fer_error send_status_linux(ferp_sim_network *network, ferp_sim_socket *socket, size_t room)
{
    if (socket->is_unix && socket->state != FERP_SIM_UNCONNECTED &&
        !ferp_sim_has_reader(network, socket)) {
        return ferp_sim_error(network, FERP_SIM_EPIPE);
    }
    if (ferp_sim_switches_for(network, socket)->send_after_reset_is_epipe &&
        (socket->state == FERP_SIM_CONNECTION_RESET || socket->state == FERP_SIM_FAILED)) {
        return ferp_sim_error(network, FERP_SIM_EPIPE);
    }
    if (socket->pending != FERP_SIM_NO_ERROR) {
        return reset_error(network, socket);
    }
    if (socket->state == FERP_SIM_CONNECTING) {
        return ferp_sim_error(network, FERP_SIM_EAGAIN);
    }
    if (socket->shut_write || socket->state != FERP_SIM_CONNECTED) {
        return ferp_sim_error(network, FERP_SIM_EPIPE);
    }
    return room > 0 ? FERP_SIM_OK : ferp_sim_error(network, FERP_SIM_EAGAIN);
}

static fer_error send_status_windows(ferp_sim_network *network, ferp_sim_socket *socket,
                                     size_t room)
{
    if (socket->state == FERP_SIM_CONNECTION_RESET) {
        return reset_error(network, socket);
    }
    if (socket->state != FERP_SIM_CONNECTED) {
        return ferp_sim_error(network, FERP_SIM_ENOTCONN);
    }
    if (socket->shut_write) {
        return ferp_sim_error(network, FERP_SIM_EPIPE);
    }
    if (room > 0 && lacks_buffers(network)) {
        return no_buffers(network, socket);
    }
    return room > 0 ? FERP_SIM_OK : ferp_sim_error(network, FERP_SIM_EAGAIN);
}

static fer_error check_space(ferp_sim_network *network, ferp_sim_socket *socket, size_t *count)
{
    *count = ferp_sim_acceptable(network, socket);
    return ferp_sim_acts_as_windows(network, socket) ? send_status_windows(network, socket, *count)
                                                     : send_status_linux(network, socket, *count);
}

/* After a partial send the pending error stays for the next call (Linux, tcp_sendmsg, do_error). */
static fer_error check_more_space(ferp_sim_network *network, ferp_sim_socket *socket, size_t *count)
{
    ferp_sim_code pending = socket->pending;
    fer_error error = check_space(network, socket, count);
    socket->pending = pending;
    return error;
}

/* Copies len bytes of the slices, from offset `from` on, to the send buffer, and sends them
 * together: the other end reacts only after the last of them. */
static void gather(ferp_sim_network *network, ferp_sim_socket *socket, const fer_io_slice *slices,
                   size_t count, size_t from, size_t len)
{
    size_t put = 0;
    ferp_sim_attach_passed_bytes(network, socket);
    for (size_t i = 0; i < count && put < len; i++) {
        if (from >= slices[i].len) {
            from -= slices[i].len;
            continue;
        }
        size_t left = len - put;
        size_t part = slices[i].len - from < left ? slices[i].len - from : left;
        ferp_sim_put(network, socket, (const unsigned char *)slices[i].base + from, part);
        put += part;
        from = 0;
    }
    FERI_ASSERT(put == len);
    if (put > 0) {
        ferp_sim_push(network, socket);
    }
}

static bool is_above_limit(const ferp_sim_network *network, const ferp_sim_socket *socket,
                           size_t len)
{
    size_t limit = network->config.windows.no_buffers_above;
    return ferp_sim_acts_as_windows(network, socket) && limit != 0 && len > limit;
}

/* Whether an error after a partial send replaces the count (cut_send_loses_count). */
static bool loses_count(const ferp_sim_socket *socket, fer_error error)
{
    bool has_count = error.kind == FER_WOULD_BLOCK || error.kind == FER_TIMED_OUT ||
                     error.kind == FER_INTERRUPTED || error.kind == FER_DEADLOCK;
    return ferp_traits()->cut_send_loses_count && !socket->is_peer && !has_count;
}

/* If the kernel waits, a send continues until all bytes are in the buffer; an error after a partial
 * send returns the count. The timeout limits the whole call: Linux, sk_stream_wait_memory,
 * subtracts each wait from it. */
static fer_error send_all(ferp_sim_network *network, ferp_sim_socket *socket,
                          const fer_io_slice *slices, size_t count, size_t len, size_t *n)
{
    uint64_t deadline = ferp_sim_deadline(network, socket, FERP_WRITING);
    do {
        size_t room = 0;
        ferp_sim_check check = *n > 0 ? check_more_space : check_space;
        fer_error error = ferp_sim_check_with_wait(network, socket, deadline, check, &room);
        if (error.kind != FER_OK) {
            bool keeps_count = *n > 0 && !loses_count(socket, error);
            *n = keeps_count ? *n : 0;
            return keeps_count ? FERP_SIM_OK : error;
        }
        if (is_above_limit(network, socket, len)) {
            return ferp_sim_error(network, FERP_SIM_ENOBUFS);
        }
        size_t part = len - *n < room ? len - *n : room;
        gather(network, socket, slices, count, *n, part);
        *n += part;
    } while (*n < len && !socket->settings.nonblocking);
    return FERP_SIM_OK;
}

static fer_error send_some(ferp_sim_network *network, ferp_sim_socket *socket,
                           const fer_io_slice *slices, size_t count, size_t requested, size_t *n)
{
    FER_TRY(ferp_sim_enter(network, socket, FERP_WRITING));
    ferp_sim_inject_path_faults(network, socket);
    return send_all(network, socket, slices, count,
                    shorten_by_fault(network, socket, FER_SIM_FAULT_PARTIAL_WRITE, requested), n);
}

static fer_error send_slices(fer_raw_socket raw, const fer_io_slice *slices, size_t count,
                             size_t *n)
{
    size_t requested = 0;
    *n = 0;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    for (size_t i = 0; i < count; i++) {
        requested += slices[i].len;
    }
    fer_error error = send_some(network, socket, slices, count, requested, n);
    ferp_sim_record record = {.verb = "send",
                              .socket = socket,
                              .error = error,
                              .has_bytes = true,
                              .requested = requested,
                              .moved = *n};
    ferp_sim_trace(network, &record);
    return error;
}

static fer_error send_buffer(fer_raw_socket raw, const void *buf, size_t len, size_t *n)
{
    fer_io_slice slice = {buf, len};
    *n = 0;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (socket->kind == FERP_SIM_DATAGRAM) {
        return socket->is_unix ? ferp_sim_unix_send_one(network, socket, buf, len, NULL, n)
                               : ferp_sim_send_known(network, socket, raw, buf, len, NULL, n);
    }
    return send_slices(raw, &slice, 1, n);
}

FERI_NOINLINE fer_error ferp_send(fer_raw_socket raw, const void *buf, size_t len, unsigned flags,
                                  size_t *n)
{
    FERP_SIM_RETURN_CALL(raw, flags, send_buffer(raw, buf, len, n));
}

fer_error ferp_send_vectored(fer_raw_socket raw, const fer_io_slice *slices, size_t count,
                             unsigned flags, size_t *n)
{
    FERP_SIM_RETURN_CALL(raw, flags, send_slices(raw, slices, count, n));
}
