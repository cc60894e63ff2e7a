/* wait.c: waiting until a socket is ready. As in the Windows backend, a wait to read is a request
 * that ferp_wake ends, and the other waits check the socket. As in the POSIX backend, poll reports
 * the socket's own shutdown too. */
#include "platform/sim/wait.h"

#include "platform/sim/readiness.h"

/* The slices of the Windows backend, which matter only if it may lose an event or a cancel. */
#define SELECT_SLICE UINT64_C(100000000)
#define REQUEST_SLICE UINT64_C(1000000000)

/* The time of a wait that ends at once without being ready. */
#define FALSE_HINT UINT64_C(100000)

/* The words of a ferp_wait. */
enum { AT_RAW, AT_READINESS, AT_WAKES, AT_SHUT };

/* The number may belong to another socket after an event, so that it is looked up each time. */
static ferp_sim_socket *socket_of(ferp_sim_network *network, const ferp_wait *wait)
{
    return ferp_sim_socket_of(network, (fer_raw_socket)wait->words[AT_RAW]);
}

static ferp_readiness readiness_of(const ferp_wait *wait)
{
    return (ferp_readiness)wait->words[AT_READINESS];
}

fer_error ferp_wait_arm(ferp_wait *wait, fer_raw_socket raw, ferp_readiness readiness)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    wait->words[AT_RAW] = (uintptr_t)raw;
    wait->words[AT_READINESS] = (uintptr_t)readiness;
    wait->words[AT_WAKES] = socket->wakes;
    wait->words[AT_SHUT] = socket->shut_read;
    wait->call_deadline = 0;
    wait->token = NULL;
    wait->failure = FERP_SIM_OK;
    network->owes_tick = false;
    network->waits_armed++;
    return FERP_SIM_OK;
}

void ferp_wait_disarm(ferp_wait *wait)
{
    ferp_sim_network *network = ferp_sim_current();
    (void)wait;
    if (network != NULL) {
        network->waits_armed--;
    }
}

void ferp_wake(fer_raw_socket raw)
{
    ferp_sim_network *network = ferp_sim_current();
    ferp_sim_socket *socket = network == NULL ? NULL : ferp_sim_socket_of(network, raw);
    if (socket != NULL && ferp_sim_is_winsock(network)) {
        socket->wakes++;
    }
}

/* ---- The simulated Windows */

bool ferp_sim_loses_events(const ferp_sim_network *network)
{
    return ferp_sim_is_winsock(network) && network->config.windows.loses_events;
}

static bool loses_cancels(const ferp_sim_network *network)
{
    return ferp_sim_is_winsock(network) && network->config.windows.loses_cancels;
}

static bool is_receive(ferp_readiness readiness)
{
    return readiness == FERP_READABLE || readiness == FERP_RECEIVABLE;
}

/* Whether the token's event can end a wait to receive at once: beside a request. The Windows
 * backend makes no request on a Unix socket, nor if CancelIoEx fails. */
static ferp_sim_watch watch_of(const ferp_sim_network *network, const ferp_sim_socket *socket,
                               const ferp_wait *wait)
{
    bool is_request = is_receive((ferp_readiness)wait->words[AT_READINESS]) && socket != NULL &&
                      !socket->is_unix && !loses_cancels(network);
    return ferp_sim_watch_begin(network, wait->token, is_request);
}

uint64_t ferp_sim_end_of_slice(const ferp_sim_network *network, const ferp_sim_watch *watch,
                               bool is_request, uint64_t deadline)
{
    bool slices = ferp_sim_loses_events(network) || (loses_cancels(network) && is_request);
    uint64_t length = watch->token != NULL && !watch->is_event ? FERP_SIM_TOKEN_SLICE
                      : is_request                             ? REQUEST_SLICE
                                                               : SELECT_SLICE;
    uint64_t end = ferp_sim_time_after(network, length);
    bool is_at_clock_end = end == network->now;
    return slices && end < deadline && !is_at_clock_end ? end : deadline;
}

uint64_t ferp_sim_end_before_event(const ferp_sim_network *network, uint64_t end, uint64_t last)
{
    uint64_t next = ferp_sim_next_event_time(network);
    uint64_t bound = next < last ? next : last;
    uint64_t length = end > network->now ? end - network->now : 0;
    return length == 0 || bound <= end ? end : end + (bound - end) / length * length;
}

/* ---- What is ready */

static bool is_ended_or_failed(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    return (in != NULL && in->fin_arrived) || socket->state == FERP_SIM_CONNECTION_RESET ||
           socket->state == FERP_SIM_FAILED;
}

/* A zero-byte WSARecv after SD_RECEIVE fails immediately, which counts as ready. */
static bool is_readable(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return ferp_sim_readable(network, socket) > 0 || is_ended_or_failed(network, socket) ||
           socket->shut_read || socket->queue_count > 0;
}

/* Whether a wait to write ends because of POLLHUP alone. */
static bool is_hung_up(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    return ferp_sim_is_winsock(network) && network->config.windows.hangup_ends_write_waits &&
           in != NULL && in->fin_arrived && !ferp_sim_is_writable(network, socket);
}

/* Whether a receive of datagrams returns the end of the read half, also without waiting. One of UDP
 * on Linux does so only if it waits in the kernel. */
static bool receive_has_ended(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return socket->shut_read && (socket->is_unix || ferp_sim_shut_read_discards(network, socket));
}

static bool is_ready(ferp_sim_network *network, const ferp_sim_socket *socket,
                     ferp_readiness readiness)
{
    switch (readiness) {
    case FERP_READABLE: return is_readable(network, socket);
    case FERP_WRITABLE: return ferp_sim_is_writable(network, socket);
    case FERP_ACCEPTABLE: return socket->queue_count > 0;
    case FERP_RECEIVABLE:
        return socket->datagram_count > 0 || socket->pending != FERP_SIM_NO_ERROR ||
               receive_has_ended(network, socket);
    case FERP_CONNECTED:
    default: return socket->state != FERP_SIM_CONNECTING;
    }
}

/* A SOCKET of Windows that was duplicated before another one was bound receives nothing, as if it
 * were not bound (DIFFERENCES.md, raw_mode). */
static bool ends_wait(ferp_sim_network *network, const ferp_sim_socket *socket,
                      const ferp_wait *wait)
{
    ferp_readiness readiness = readiness_of(wait);
    return !(readiness == FERP_RECEIVABLE && socket->is_unknown) &&
           is_ready(network, socket, readiness);
}

/* poll's POLLERR and select's except set both report a failed connect. A request to read fails with
 * the reset itself. */
static fer_error ready_status(const ferp_sim_network *network, const ferp_sim_socket *socket,
                              ferp_wait *wait)
{
    ferp_readiness readiness = readiness_of(wait);
    bool failed = socket->state == FERP_SIM_FAILED || socket->state == FERP_SIM_CONNECTION_RESET;
    if (readiness == FERP_READABLE && socket->state == FERP_SIM_CONNECTION_RESET &&
        ferp_sim_acts_as_windows(network, socket)) {
        wait->failure = ferp_sim_error(network, socket->has_timed_out ? FERP_SIM_ETIMEDOUT
                                                                      : FERP_SIM_ECONNRESET);
    }
    return readiness == FERP_CONNECTED && failed ? (fer_error){FER_CONNECTION_REFUSED, 0}
                                                 : FERP_SIM_OK;
}

/* ---- Waiting */

/* If core waits in slices, each slice has a deadline, and the call a later one or none. The slices
 * up to the last one that ends before an event are one. The exceptions are what the next
 * slice detects: a write half that has ended, and on macOS a read half that core has marked during
 * an event of this wait. */
static uint64_t end_of_idle_slices(ferp_sim_network *network, const ferp_wait *wait,
                                   const ferp_sim_socket *socket, bool had_event, uint64_t deadline)
{
    bool ends_soon =
        (readiness_of(wait) == FERP_WRITABLE && ferp_sim_writing_has_ended(network, socket)) ||
        (readiness_of(wait) == FERP_READABLE && had_event && !ferp_sim_is_winsock(network));
    uint64_t slice = deadline > network->now ? deadline - network->now : 0;
    if (ends_soon || wait->call_deadline <= deadline) {
        return deadline;
    }
    if (wait->call_deadline == FERP_NO_DEADLINE) {
        return FERP_NO_DEADLINE;
    }
    return wait->call_deadline - slice > deadline ? wait->call_deadline - slice : deadline;
}

/* A wait that ends without being ready. Time passes, so that a caller who repeats it gets
 * somewhere. If only an event can end the wait before `last`, the hints up to then are one. */
static fer_error give_false_hint(ferp_sim_network *network, bool quiet, uint64_t last)
{
    uint64_t end = ferp_sim_time_after(network, FALSE_HINT);
    if (end == network->now || (quiet && last == FERP_NO_DEADLINE)) {
        end = FERP_NO_DEADLINE;
    } else if (quiet) {
        end = ferp_sim_end_before_event(network, end, last);
    }
    fer_error error = ferp_sim_pass_time(network, end);
    return error.kind == FER_TIMED_OUT ? FERP_SIM_OK : error;
}

/* By ferp_wake, or by a shutdown of the read half, which poll reports. */
static bool was_woken(const ferp_sim_socket *socket, const ferp_wait *wait)
{
    return is_receive(readiness_of(wait)) &&
           (wait->words[AT_WAKES] != socket->wakes || wait->words[AT_SHUT] != socket->shut_read);
}

/* Whether only a scheduled event or the deadline can end the wait, during this slice and at its
 * end, when the caller looks again. */
static bool is_quiet(ferp_sim_network *network, const ferp_sim_socket *socket,
                     const ferp_wait *wait)
{
    return !fer_cancel_token_is_cancelled(wait->token) && !ends_wait(network, socket, wait) &&
           !was_woken(socket, wait);
}

/* Whether the last look of an expired wait finds an event that the wait has lost. */
static bool was_lost(ferp_sim_network *network, const ferp_wait *wait)
{
    const ferp_sim_socket *socket = socket_of(network, wait);
    return ferp_sim_loses_events(network) && socket != NULL && ends_wait(network, socket, wait);
}

/* In a callback no time passes, and so no lack of buffers ends. */
static bool lacks_buffers_for_good(const ferp_sim_network *network)
{
    return network->is_running_events &&
           network->now < network->config.windows.no_buffers_until.nanos;
}

/* Whether the wait ends now, and with which result. If it has lost the last events, it does not
 * examine the socket. */
static bool ends_now(ferp_sim_network *network, ferp_wait *wait, const ferp_sim_watch *watch,
                     bool examines, fer_error *result)
{
    const ferp_sim_socket *socket = socket_of(network, wait);
    *result = FERP_SIM_OK;
    if (socket == NULL) {
        *result = ferp_sim_error(network, FERP_SIM_EBADF);
        return true;
    }
    if (lacks_buffers_for_good(network)) {
        *result = (fer_error){FER_DEADLOCK, 0};
        return true;
    }
    if (examines && ends_wait(network, socket, wait)) {
        *result = ready_status(network, socket, wait);
        return true;
    }
    return (!loses_cancels(network) && was_woken(socket, wait)) ||
           ferp_sim_watch_ends(network, watch);
}

/* A select examines the socket when it begins, and again at the end of each slice. If events are
 * lost, it does not examine it in between. A request ends with its slice. POSIX has one slice, up
 * to the deadline, and loses nothing. */
static fer_error wait_on(ferp_sim_network *network, ferp_wait *wait, uint64_t deadline)
{
    bool is_request = is_receive(readiness_of(wait));
    bool examines = true;
    bool had_event = false;
    fer_error error = FERP_SIM_OK;
    ferp_sim_watch watch = watch_of(network, socket_of(network, wait), wait);
    uint64_t end = ferp_sim_end_of_slice(network, &watch, is_request, deadline);
    while (!ends_now(network, wait, &watch, examines, &error)) {
        const ferp_sim_socket *socket = socket_of(network, wait);
        bool quiet = is_quiet(network, socket, wait);
        bool idle = quiet && network->event_count == 0;
        uint64_t last = end_of_idle_slices(network, wait, socket, had_event, deadline);
        if (examines && readiness_of(wait) == FERP_WRITABLE && is_hung_up(network, socket)) {
            return give_false_hint(network, quiet, last);
        }
        uint64_t until = idle    ? last
                         : quiet ? ferp_sim_end_before_event(network, end, last)
                                 : ferp_sim_watch_until(network, &watch, end);
        error = ferp_sim_pass_time(network, until);
        had_event = had_event || error.kind == FER_OK;
        examines = !ferp_sim_loses_events(network) || error.kind == FER_TIMED_OUT;
        bool selects_again = until < end || (!is_request && end < deadline);
        if (error.kind == FER_TIMED_OUT && (selects_again || was_lost(network, wait))) {
            end = ferp_sim_end_of_slice(network, &watch, is_request, deadline);
        } else if (error.kind != FER_OK) {
            return ferp_sim_watch_result(&watch, error);
        }
    }
    return error;
}

static fer_error injected_fault(ferp_sim_network *network, const ferp_wait *wait)
{
    const ferp_sim_socket *socket = socket_of(network, wait);
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(network, FERP_SIM_EINTR);
    }
    return FERP_SIM_OK;
}

fer_error ferp_wait_for(ferp_wait *wait, uint64_t deadline)
{
    FERP_SIM_REQUIRE(network)
    network->waits_armed--;
    ferp_sim_run_due_events(network);
    FER_TRY(injected_fault(network, wait));
    const ferp_sim_socket *socket = socket_of(network, wait);
    if (socket != NULL && !ends_wait(network, socket, wait) &&
        ferp_sim_injects(network, socket, FER_SIM_FAULT_SPURIOUS_READY)) {
        return FERP_SIM_OK;
    }
    return ferp_sim_trace_call(network, "wait", socket, wait_on(network, wait, deadline));
}

/* ---- Either direction */

/* The readiness that poll and select report. With WSAPoll a hang-up ends a wait to write. */
fer_interest ferp_sim_ready_of(ferp_sim_network *network, const ferp_sim_socket *socket,
                               fer_interest interest)
{
    bool is_datagram = socket->kind == FERP_SIM_DATAGRAM;
    bool reads = is_ready(network, socket, is_datagram ? FERP_RECEIVABLE : FERP_READABLE) ||
                 (is_datagram && socket->shut_read);
    bool has_failed = socket->state == FERP_SIM_CONNECTION_RESET ||
                      socket->state == FERP_SIM_FAILED || socket->pending != FERP_SIM_NO_ERROR;
    bool writes =
        ferp_sim_is_writable(network, socket) || (!is_datagram && is_hung_up(network, socket));
    return has_failed ? interest
                      : ((reads ? FER_READABLE : 0) | (writes ? FER_WRITABLE : 0)) & interest;
}

/* The arguments of ferp_ready, and the state of its wait. */
typedef struct ready_wait {
    fer_raw_socket raw;
    fer_interest interest;
    uint64_t until;
    uint64_t deadline;
    uint32_t wakes;
    ferp_sim_watch watch;
} ready_wait;

/* If the write half has ended, the wait ends at `until`, so that the caller can detect it. So it
 * does if core may have marked a read half during an event of this wait (macOS). Else only a
 * scheduled event can end the wait before the deadline. */
static uint64_t end_of_wait(ferp_sim_network *network, const ferp_sim_socket *socket,
                            const ready_wait *wait, bool had_event)
{
    bool reads = (wait->interest & FER_READABLE) != 0 && had_event && !ferp_sim_is_winsock(network);
    bool writes =
        (wait->interest & FER_WRITABLE) != 0 && ferp_sim_writing_has_ended(network, socket);
    if (writes || reads) {
        return wait->until;
    }
    return network->event_count == 0
               ? wait->deadline
               : ferp_sim_end_before_event(network, wait->until, wait->deadline);
}

static bool is_false_hint(ferp_sim_network *network, const ferp_sim_socket *socket,
                          fer_interest ready)
{
    return ready == FER_WRITABLE && is_hung_up(network, socket);
}

static bool is_ready_now(ferp_sim_network *network, const ready_wait *wait)
{
    const ferp_sim_socket *socket = ferp_sim_socket_of(network, wait->raw);
    return socket != NULL && ferp_sim_ready_of(network, socket, wait->interest) != 0;
}

static fer_error wait_for_interest(ferp_sim_network *network, const ready_wait *wait,
                                   fer_interest *ready)
{
    bool looks = true;
    bool had_event = false;
    uint64_t slice = ferp_sim_end_of_slice(network, &wait->watch, false, wait->until);
    for (;;) {
        const ferp_sim_socket *socket = ferp_sim_socket_of(network, wait->raw);
        if (socket == NULL) {
            return ferp_sim_error(network, FERP_SIM_EBADF);
        }
        fer_interest found = ferp_sim_ready_of(network, socket, wait->interest);
        bool woken = socket->wakes != wait->wakes;
        bool is_signalled = fer_cancel_token_is_cancelled(wait->watch.token);
        uint64_t last = end_of_wait(network, socket, wait, had_event);
        *ready = looks ? found : 0;
        if (*ready != 0 || (woken && !loses_cancels(network)) ||
            ferp_sim_watch_ends(network, &wait->watch)) {
            return is_false_hint(network, socket, *ready)
                       ? give_false_hint(network, !woken && !is_signalled, last)
                       : FERP_SIM_OK;
        }
        bool slice_ends = found != 0 || woken || is_signalled;
        bool has_slices = slice < wait->until && network->event_count > 0;
        uint64_t end = slice_ends   ? ferp_sim_watch_until(network, &wait->watch, slice)
                       : has_slices ? ferp_sim_end_before_event(network, slice, last)
                                    : last;
        fer_error error = ferp_sim_pass_time(network, end);
        bool expired = error.kind == FER_TIMED_OUT;
        had_event = had_event || error.kind == FER_OK;
        looks = !ferp_sim_loses_events(network) || expired;
        if (expired && (end < wait->until || is_ready_now(network, wait))) {
            slice = ferp_sim_end_of_slice(network, &wait->watch, false, wait->until);
            continue;
        }
        if (error.kind != FER_OK) {
            return ferp_sim_watch_result(&wait->watch, error);
        }
    }
}

/* Not for a listener: poll reports no spurious readiness of one. */
static bool injects_readiness(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return socket->state != FERP_SIM_LISTENING &&
           ferp_sim_injects(network, socket, FER_SIM_FAULT_SPURIOUS_READY);
}

fer_error ferp_ready(fer_raw_socket raw, fer_interest interest, uint64_t until, uint64_t deadline,
                     const fer_cancel_token *token, fer_interest *ready)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ready_wait wait = {raw,      interest,      until,
                       deadline, socket->wakes, ferp_sim_watch_begin(network, token, false)};
    ferp_sim_run_due_events(network);
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(network, FERP_SIM_EINTR);
    }
    if (injects_readiness(network, socket)) {
        *ready = interest;
        return FERP_SIM_OK;
    }
    if (until <= network->now && ferp_sim_ready_of(network, socket, interest) == 0) {
        ferp_sim_tick(network); /* a program that polls makes progress */
    }
    return ferp_sim_trace_call(network, "ready", socket, wait_for_interest(network, &wait, ready));
}
