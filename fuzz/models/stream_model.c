/* stream_model.c: the results that each call of a program may have, by the rules of
 * docs/RULES.md and by earlier calls on its connection. It uses none of core's tables. */
#include "fuzz/models/stream_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/models/limits_model.h"

#define NEVER FER_DURATION_NONE_NANOS

/* The calls below core, and the events. One step may wait until there are buffers (windows.h), with
 * a pause of 20 ms between its tries. */
enum { LINES_AT_MOST = 1500, LINES_PER_STEP = 30 };

/* What this handle has reported. */
struct handle_model {
    bool saw_reset, saw_end, shut_read, shut_write;
    bool has_failed; /* a call met an error that may be saved */
};

/* Shared by the clones of a connection. */
struct shared_model {
    bool nonblocking;
    uint64_t read_timeout, write_timeout;
    bool had_linger;
    bool timeouts_are_unknown; /* they were set after the end, and perhaps refused */
};

static struct {
    fer_sim_dialect dialect;
    struct handle_model handles[PROGRAM_HANDLES];
    struct shared_model shared[PROGRAM_CONNECTIONS];
} model;

static void must(bool holds, const char *rule, const struct record *record)
{
    if (!holds) {
        fprintf(stderr,
                "model: %s: dialect %d %s handle %d connection %d: %s (%d) n %zu of %zu,"
                " value %llu, expected %llu, fault %d, facts %x\n",
                rule, (int)model.dialect, program_op_name(record->op), record->handle,
                record->connection, fer_error_kind_name(record->error.kind),
                (int)record->error.os_code, record->n, record->requested,
                (unsigned long long)record->value, (unsigned long long)record->expected,
                record->fault, record->facts_after);
        limits_print(&record->limits);
        abort();
    }
}

/* ---- Limits */

static uint64_t lateness(const struct record *record)
{
    return limits_lateness(model.dialect == FER_SIM_DIALECT_WINSOCK,
                           (record->facts & FACT_LACKS_BUFFERS) != 0);
}

static bool is_shut(const struct program *program, const struct record *record)
{
    const struct handle_model *handle = &model.handles[record->handle];
    return handle->shut_read || handle->shut_write || program->shut_later[record->handle] != 0;
}

/* K1 to K3. A call on a nonblocking socket does not look at limits, but _ready does. */
static void check_limits(const struct program *program, const struct record *record)
{
    const struct handle_model *handle = &model.handles[record->handle];
    bool wants_data = record->has_length || record->op == OP_READ_TO_END || record->op == OP_READY;
    struct limited_call call = {.limits = record->limits,
                                .error = record->error,
                                .n = record->n,
                                .elapsed = record->elapsed,
                                .may_be_answered = is_shut(program, record) || handle->saw_end ||
                                                   handle->saw_reset || handle->has_failed ||
                                                   !wants_data,
                                .time_jumps = record->fault == FER_SIM_FAULT_TIME_JUMP,
                                .late = lateness(record)};
    if (model.shared[record->connection].nonblocking && record->op != OP_READY) {
        must(record->error.kind != FER_CANCELLED, "K1: a nonblocking call is cancelled", record);
        return;
    }
    const char *violation = limits_violation(&call);
    must(violation == NULL, violation, record);
}

/* The earlier of timeout and deadline (rule K3). */
static uint64_t earlier(uint64_t timeout, const struct record *record)
{
    return timeout < record->limits.deadline_in ? timeout : record->limits.deadline_in;
}

/* Row failed_send_may_have_sent: on macOS the lack of buffers has ended the stream, and the handle
 * keeps the error. */
static bool is_kept(const struct record *record)
{
    return model.dialect == FER_SIM_DIALECT_BSD && (record->facts & FACT_SEND_FAILED) != 0 &&
           model.handles[record->handle].has_failed;
}

/* The kinds of soft errors, and of the end of a connection whose last retransmission got no answer.
 * That has the kind of the soft error on Linux and the BSDs. */
static bool is_of_path(uint64_t kind)
{
    return kind == FER_CONNECTION_TIMED_OUT || kind == FER_HOST_UNREACHABLE ||
           kind == FER_NETWORK_UNREACHABLE || kind == FER_CONNECTION_REFUSED ||
           kind == FER_PERMISSION_DENIED || kind == FER_INVALID_INPUT;
}

static bool may_have_given_up(const struct record *record)
{
    return (record->facts_after & FACT_GIVEN_UP) != 0;
}

/* I1, T2 and the simulation's own kinds: only the injected fault happens. */
static void check_kind(const struct record *record, uint64_t read_or_write, bool nonblocking)
{
    fer_error_kind kind = record->error.kind;
    uint64_t timeout = nonblocking ? read_or_write : earlier(read_or_write, record);
    bool no_time = record->fault == FER_SIM_FAULT_TIME_JUMP;
    must(kind != FER_INTERRUPTED ||
             (record->fault == FER_SIM_FAULT_INTERRUPTED && !is_whole(record)),
         "I1: it was interrupted", record);
    bool lacks_buffers = record->fault == FER_SIM_FAULT_NO_BUFFERS || is_kept(record);
    must(kind != FER_NO_BUFFER_SPACE || lacks_buffers, "NO_BUFFER_SPACE without its fault", record);
    must(!is_of_path(kind) || may_have_given_up(record), "S5: a soft error ends a stream", record);
    must(kind != FER_WOULD_BLOCK || nonblocking, "T2: WOULD_BLOCK in blocking mode", record);
    must(kind != FER_TIMED_OUT || (timeout != NEVER && record->error.os_code == 0),
         "T2: TIMED_OUT without a timeout", record);
    must(kind != FER_TIMED_OUT || no_time || record->elapsed >= timeout,
         "T3: the timeout expires too early", record);
    must(kind != FER_DEADLOCK || (timeout == NEVER && !nonblocking),
         "DEADLOCK of a call that does not wait", record);
    must(is_whole(record) || no_time || timeout == NEVER || record->elapsed <= timeout + 10000000,
         "T3: the timeout expires too late", record);
    must(!nonblocking || no_time || record->elapsed < 1000000, "T2: it waits in nonblocking mode",
         record);
}

/* A reset may have arrived: bytes that arrive after both halves were shut down cause one, too. */
static bool may_be_reset(const struct record *record)
{
    unsigned both = FACT_SHUT_READ | FACT_SHUT_WRITE;
    return (record->facts_after & (FACT_RESET | FACT_GIVEN_UP)) != 0 ||
           (record->facts_after & both) == both;
}

static void check_read(const struct program *program, const struct record *record,
                       struct handle_model *handle)
{
    fer_error_kind kind = record->error.kind;
    bool ended = record->n == 0 && record->op == OP_READ_EXACT ? kind == FER_UNEXPECTED_EOF
                                                               : kind == FER_OK && record->n == 0;
    bool wants_data = record->has_length || record->op == OP_READ_TO_END;
    bool ends = record->op == OP_READ_EXACT    ? kind == FER_UNEXPECTED_EOF
                : record->op == OP_READ_TO_END ? kind == FER_OK
                                               : ended;
    bool is_known_end = handle->shut_read || handle->saw_end;
    bool is_shut_meanwhile = (program->shut_later[record->handle] & FACT_SHUT_READ) != 0;
    unsigned others = FACT_CLONED | FACT_ADOPTED;
    bool by_other = (record->facts_after & others) != 0 &&
                    (record->facts_after & (FACT_SHUT_READ | FACT_RESET | FACT_GIVEN_UP)) != 0;
    check_kind(record, model.shared[record->connection].read_timeout,
               model.shared[record->connection].nonblocking);
    must(record->bytes_are_right && record->n <= record->unread + PROGRAM_BUFFER,
         "the bytes are wrong or out of order", record);
    must(!is_known_end || ended || !wants_data, "S2, S4: data after the end of file", record);
    must(!is_shut_meanwhile || (kind != FER_TIMED_OUT && kind != FER_DEADLOCK),
         "S6: a shutdown does not end the read", record);
    must(!wants_data || !ends || is_known_end || is_shut_meanwhile || !handle->saw_reset,
         "S5: an end of file after a reset", record);
    must(!wants_data || !ends || is_known_end || is_shut_meanwhile || by_other ||
             (record->facts_after & FACT_PEER_SHUT) != 0,
         "S4: an end of file without a cause", record);
    must(kind != FER_CONNECTION_RESET || may_be_reset(record), "S5: a reset without a cause",
         record);
    must(kind != FER_BROKEN_PIPE && kind != FER_NOT_CONNECTED && kind != FER_MISUSE,
         "a kind that a read does not return", record);
    handle->saw_reset = handle->saw_reset || (kind == FER_CONNECTION_RESET && !is_known_end);
    handle->saw_end =
        handle->saw_end || (wants_data && ends && !handle->shut_read && !is_shut_meanwhile);
}

static void check_write(const struct program *program, const struct record *record,
                        struct handle_model *handle)
{
    fer_error_kind kind = record->error.kind;
    bool peer_is_gone = may_be_reset(record) || (record->facts_after & FACT_PEER_CLOSED) != 0;
    bool shut = (record->facts_after & FACT_SHUT_WRITE) != 0;
    bool is_shut_meanwhile = (program->shut_later[record->handle] & FACT_SHUT_WRITE) != 0;
    check_kind(record, model.shared[record->connection].write_timeout,
               model.shared[record->connection].nonblocking);
    must(record->n <= record->requested, "E3: the count exceeds the length", record);
    must(!handle->shut_write || kind == FER_BROKEN_PIPE,
         "S3: a write after its shutdown is not BROKEN_PIPE", record);
    must(!is_shut_meanwhile || (kind != FER_TIMED_OUT && kind != FER_DEADLOCK),
         "S6: a shutdown does not end the write", record);
    must(kind != FER_OK || record->op != OP_WRITE_ALL || record->n == record->requested,
         "write_all: it succeeds with too few bytes", record);
    must(kind != FER_OK || !record->has_length || record->n > 0, "a write succeeds with no bytes",
         record);
    must(kind != FER_CONNECTION_RESET || peer_is_gone, "S5: a reset without a cause", record);
    must(kind != FER_BROKEN_PIPE || peer_is_gone || shut, "S3, S5: BROKEN_PIPE without a cause",
         record);
    must(!handle->saw_reset || !record->has_length || kind == FER_CONNECTION_RESET ||
             kind == FER_BROKEN_PIPE,
         "S5: a write after a reset has a wrong result", record);
    must(kind != FER_NOT_CONNECTED && kind != FER_MISUSE, "a kind that a write does not return",
         record);
    handle->saw_reset = handle->saw_reset || (kind == FER_CONNECTION_RESET && !handle->saw_end);
}

/* NetBSD and OpenBSD have no address of a connection that has ended. */
static bool has_lost_local_addr(const struct record *record)
{
    bool has_ended = may_be_reset(record) || (record->facts_after & FACT_PEER_SHUT) != 0;
    return model.dialect == FER_SIM_DIALECT_BSD && record->error.kind == FER_NOT_CONNECTED &&
           has_ended;
}

static void check_query(const struct record *record, struct handle_model *handle)
{
    fer_error_kind kind = record->error.kind;
    if (record->op == OP_PEER_ADDR) {
        bool seen = handle->saw_end || handle->saw_reset;
        bool ended = may_be_reset(record) || (record->facts_after & FACT_PEER_SHUT) != 0;
        must(kind == FER_OK || (kind == FER_NOT_CONNECTED && (seen || ended || is_kept(record))),
             "L6: peer_addr has a wrong result", record);
        must(kind == FER_NOT_CONNECTED || !seen, "L6: peer_addr after the end of the stream",
             record);
    } else if (record->op == OP_TAKE_ERROR) {
        must(kind == FER_OK, "take_error: it fails", record);
        must(record->value == 0 || may_be_reset(record) ||
                 (is_of_path(record->value) && may_have_given_up(record)),
             "a pending error without a cause", record);
        handle->saw_reset = handle->saw_reset ||
                            (record->value == (uint64_t)FER_CONNECTION_RESET && !handle->saw_end);
    } else if (record->op == OP_SHUTDOWN) {
        must(kind == FER_OK, "S1: shutdown has a wrong result", record);
        handle->shut_read = handle->shut_read || record->expected != FER_SHUTDOWN_WRITE;
        handle->shut_write = handle->shut_write || record->expected != FER_SHUTDOWN_READ;
    } else {
        must(kind == FER_OK || record->op != OP_LOCAL_ADDR || has_lost_local_addr(record),
             "L6: local_addr has a wrong result", record);
    }
}

/* Row ended_option: macOS and the BSDs refuse an option once both halves have ended. */
static bool may_refuse_options(const struct record *record)
{
    bool reads_end = (record->facts & (FACT_PEER_SHUT | FACT_SHUT_READ)) != 0;
    return model.dialect == FER_SIM_DIALECT_BSD &&
           (may_be_reset(record) || (reads_end && (record->facts & FACT_SHUT_WRITE) != 0));
}

static void track_modes(const struct record *record)
{
    struct shared_model *shared = &model.shared[record->connection];
    if (record->op == OP_SET_READ_TIMEOUT || record->op == OP_SET_WRITE_TIMEOUT) {
        must(record->error.kind == (record->expected == 0 ? FER_INVALID_INPUT : FER_OK),
             "T1: a set timeout has a wrong result", record);
        uint64_t *timeout =
            record->op == OP_SET_READ_TIMEOUT ? &shared->read_timeout : &shared->write_timeout;
        *timeout = record->expected == 0 ? *timeout : record->expected;
        shared->timeouts_are_unknown = shared->timeouts_are_unknown || may_refuse_options(record);
    } else if (record->op == OP_SET_NONBLOCKING) {
        must(record->error.kind == FER_OK, "set_nonblocking: it fails", record);
        shared->nonblocking = record->expected == 1;
    } else if (record->op == OP_LINGER) {
        shared->had_linger = shared->had_linger || record->expected != NEVER;
    } else if (record->op == OP_READ_TIMEOUT || record->op == OP_WRITE_TIMEOUT) {
        uint64_t set = record->op == OP_READ_TIMEOUT ? shared->read_timeout : shared->write_timeout;
        must(shared->timeouts_are_unknown || may_refuse_options(record) ||
                 (record->value >= set && (record->value == NEVER) == (set == NEVER) &&
                  record->value - set < 10000000),
             "T5: the timeout differs from the one that was set", record);
    }
}

static void track_handles(const struct program *program, const struct record *record)
{
    bool opened = record->connection < 0 && program->connection_of[record->handle] >= 0;
    bool through_raw = record->op == OP_THROUGH_RAW && record->has_value;
    if (opened || through_raw) {
        model.handles[record->handle] = (struct handle_model){false, false, false, false, false};
    }
    if (opened && record->op != OP_CLONE) {
        model.shared[program->connection_of[record->handle]] =
            (struct shared_model){false, NEVER, NEVER, false, false};
    }
    if (through_raw) {
        model.shared[record->connection].nonblocking = false;
    }
    if (record->op == OP_CLONE && record->error.kind == FER_OK) {
        model.handles[record->expected] = model.handles[record->handle];
    }
}

/* S7: what was written arrives, unless the close resets: input is unread, or a linger time was set.
 * `early_close_loses`: on Windows' loopback nothing may arrive, but only if the peer has not ended,
 * and then there is a reset. */
static void check_close(const struct program *program, const struct record *record)
{
    unsigned unknown = FACT_DEFERRED | FACT_PEER_CLOSED | FACT_CUT;
    bool may_lose = model.dialect == FER_SIM_DIALECT_WINSOCK &&
                    (record->facts & FACT_LOOPBACK) != 0 && (record->facts & FACT_PEER_SHUT) == 0 &&
                    record->expected > 0 && !program->windows.keeps_early_closed_input;
    bool is_lost = record->error.kind == FER_CONNECTION_RESET && record->n == 0;
    if (!record->has_value || (record->facts & unknown) != 0 || record->unread > 0 ||
        may_be_reset(record) || model.shared[record->connection].had_linger) {
        return;
    }
    must((record->error.kind == FER_OK && record->n == record->expected) || (may_lose && is_lost),
         "S7: what was written does not arrive", record);
}

static bool is_resolver_error(fer_error_kind kind)
{
    return kind == FER_HOST_NOT_FOUND || kind == FER_RESOLVE_TRY_AGAIN ||
           kind == FER_RESOLVE_FAILED;
}

/* C6: an open handle stays unchanged. */
static void check_opening(const struct program *program, const struct record *record)
{
    bool done = program->connection_count == PROGRAM_CONNECTIONS || record->op == OP_ACCEPT_SECOND;
    bool is_value = (record->op == OP_CONNECT_TIMEOUT || record->op == OP_CONNECT_ADDRS) &&
                    record->expected == 0; /* a timeout of 0, or no address */
    must(record->error.kind == FER_MISUSE || done ||
             (is_value && record->error.kind == FER_INVALID_INPUT),
         "C6: an open handle is opened", record);
}

/* L1, L5, A3, C6. */
static void check_listener(const struct record *record)
{
    fer_error_kind kind = record->error.kind;
    bool is_name_error = kind == FER_HOST_NOT_FOUND ||
                         (is_resolver_error(kind) && record->fault == FER_SIM_FAULT_RESOLVE_FAILS);
    bool is_out_of_handles =
        kind == FER_TOO_MANY_OPEN_FILES && record->fault == FER_SIM_FAULT_TOO_MANY_HANDLES;
    bool is_out_of_buffers =
        kind == FER_NO_BUFFER_SPACE && record->fault == FER_SIM_FAULT_NO_BUFFERS;
    bool is_out_of_memory =
        kind == FER_OUT_OF_MEMORY && record->fault == FER_SIM_FAULT_NO_MEMORY; /* a clone */
    bool has_no_dual_stack = kind == FER_UNSUPPORTED && record->system == SYSTEM_OPENBSD;
    bool is_bind_error =
        kind == FER_ADDR_IN_USE || kind == FER_ADDR_NOT_AVAILABLE || has_no_dual_stack;
    /* R1: through_raw of a handle without a socket */
    bool is_allowed = kind == FER_OK || kind == FER_INVALID_INPUT || kind == FER_MISUSE ||
                      kind == FER_BAD_HANDLE || is_out_of_handles || is_out_of_buffers ||
                      is_out_of_memory;
    must(is_allowed || (record->op == OP_BIND && (is_name_error || is_bind_error)),
         "a kind that a listener does not return", record);
}

static void check_unconnected(const struct record *record)
{
    fer_error_kind kind = record->error.kind;
    if (is_read(record) || is_write(record) || record->op == OP_SHUTDOWN) {
        must(kind == FER_NOT_CONNECTED || kind == FER_MISUSE,
             "E4: an unconnected handle has a wrong result", record);
        must(record->op == OP_SHUTDOWN || record->n == 0, "E4: a count without a transfer", record);
    } else if (record->op >= OP_CLONE && record->op <= OP_LOCAL_ADDR) {
        must(kind == FER_MISUSE, "E4: an unconnected handle has a wrong result", record);
    } else if (record->op <= OP_ACCEPT) {
        must(kind != FER_INTERRUPTED, "I1: it was interrupted", record);
    }
}

/* The kinds that no later call returns again. */
static bool is_transient(fer_error error)
{
    switch (error.kind) {
    case FER_OK:
    case FER_WOULD_BLOCK:
    case FER_INTERRUPTED:
    case FER_CANCELLED:
    case FER_DEADLOCK:
    case FER_MISUSE: return true;
    case FER_INVALID_INPUT: return error.os_code == 0; /* else that of a route (is_of_path) */
    default: return error.kind == FER_TIMED_OUT;
    }
}

/* K8: a call whose limits end it leaves the handle new. K9: without a connection there is a failure
 * for each address. */
static void check_connect_with(const struct program *program, const struct record *record)
{
    enum { ADDRS = 3 };
    struct limited_call call = {.limits = record->limits,
                                .error = record->error,
                                .n = record->n,
                                .elapsed = record->elapsed,
                                .may_be_answered = record->error.kind == FER_MISUSE ||
                                                   record->error.kind == FER_INVALID_INPUT,
                                .time_jumps = record->fault == FER_SIM_FAULT_TIME_JUMP,
                                .late = lateness(record)};
    bool is_ended = record->error.kind == FER_CANCELLED ||
                    (record->error.kind == FER_TIMED_OUT && record->n < ADDRS);
    if (record->n == 0 && program->connection_count == PROGRAM_CONNECTIONS) {
        return; /* no call was made */
    }
    const char *violation = limits_violation(&call);
    must(violation == NULL, violation, record);
    must(!is_ended || record->limits.are_set, "K8: a connect ends without limits", record);
    must(record->error.kind == FER_OK || is_ended || record->n == ADDRS ||
             record->error.kind == FER_MISUSE || record->fault >= 0,
         "K9: an address has no failure", record);
    must(record->error.kind == FER_OK || program->connection_of[record->handle] < 0,
         "K8: a failed connect leaves a connection", record);
}

/* Whether a handle of the connection that is still open has shut its read half down. */
static bool is_read_half_shut(const struct program *program, int connection)
{
    for (int i = 0; i < PROGRAM_HANDLES; i++) {
        if (program->connection_of[i] == connection && model.handles[i].shut_read) {
            return true;
        }
    }
    return false;
}

/* A half that has ended is ready: by this handle's calls, or the read half by a clone's. */
static fer_interest ended_halves(const struct program *program, const struct record *record)
{
    const struct handle_model *handle = &model.handles[record->handle];
    bool reads = handle->saw_end || is_read_half_shut(program, record->connection);
    return (reads ? FER_READABLE : 0) | (handle->shut_write ? FER_WRITABLE : 0);
}

/* K3a: _ready keeps the answer of its own timeout. */
static void check_ready(const struct program *program, const struct record *record)
{
    fer_error_kind kind = record->error.kind;
    must(kind == FER_OK || kind == FER_CANCELLED || kind == FER_TIMED_OUT || kind == FER_DEADLOCK,
         "a kind that _ready does not return", record);
    must(kind != FER_TIMED_OUT || record->limits.deadline_in <= record->elapsed,
         "K3: _ready times out before its deadline", record);
    /* beside the half that the state knows, a signal may end the poll of the other one */
    bool was_signalled = record->fault == FER_SIM_FAULT_INTERRUPTED && !record->fault_missed;
    fer_interest known = ended_halves(program, record) & ~(was_signalled ? FER_READABLE : 0);
    must(kind != FER_OK || (known & record->asked & ~record->ready) == 0,
         "S6: _ready does not report a half that has ended", record);
    check_limits(program, record);
}

void stream_model_begin(fer_sim_dialect dialect)
{
    memset(&model, 0, sizeof model);
    model.dialect = dialect;
}

/* S6: on Windows a _ready to write of a clone sends zero bytes, and saves a reset that it meets. */
static bool may_have_met_reset(const struct record *record)
{
    unsigned clone = FACT_CLONED | FACT_RESET;
    return record->op == OP_READY && model.dialect == FER_SIM_DIALECT_WINSOCK &&
           (record->facts_after & clone) == clone;
}

void stream_model_check(const struct program *program, const struct record *record)
{
    struct handle_model *handle = &model.handles[record->handle];
    must(record->bytes_are_right, "the bytes are wrong", record);
    if (record->op >= OP_BIND && record->op <= OP_LISTENER) {
        check_listener(record);
    } else if (record->connection < 0) {
        check_unconnected(record);
        if (record->op == OP_CONNECT_WITH) {
            check_connect_with(program, record);
        }
    } else if (is_read(record)) {
        check_limits(program, record);
        check_read(program, record, handle);
    } else if (is_write(record)) {
        check_limits(program, record);
        check_write(program, record, handle);
    } else if (record->op <= OP_ACCEPT || record->op == OP_CONNECT_WITH) {
        check_opening(program, record);
    } else if (record->op == OP_CLOSE) {
        check_close(program, record);
    } else if (record->op == OP_READY) {
        check_ready(program, record);
    } else if (record->op < OP_PEER_SEND) {
        check_query(record, handle);
        track_modes(record);
    }
    bool has_taken_error = record->op == OP_TAKE_ERROR && record->value != 0;
    handle->has_failed = handle->has_failed || !is_transient(record->error) || has_taken_error ||
                         may_have_met_reset(record);
    for (int i = 0; i < PROGRAM_HANDLES; i++) {
        unsigned shut = program->shut_later[i];
        model.handles[i].shut_read = model.handles[i].shut_read || (shut & FACT_SHUT_READ) != 0;
        model.handles[i].shut_write = model.handles[i].shut_write || (shut & FACT_SHUT_WRITE) != 0;
    }
    track_handles(program, record);
}

void stream_model_end(const struct program *program)
{
    const fer_sim_report *report = &program->report;
    struct record last = program->record;
    must(report->leaked_handles == 0, "a handle leaks", &last);
    must(report->lines <= LINES_AT_MOST + LINES_PER_STEP * program->steps,
         "T8: a call that waits is busy", &last);
    must(report->leaked_waits == 0 && report->leaked_lookups == 0,
         "the library leaks a wait or a lookup", &last);
    for (int i = 0; i < program->connection_count; i++) {
        must(program->connections[i].peer_bytes_are_right, "the bytes at the peer are wrong",
             &last);
        must(program->connections[i].peer_received <= program->connections[i].sent,
             "more bytes were received than sent", &last);
        must(program->connections[i].received <= program->connections[i].peer_sent,
             "more bytes were received than sent", &last);
    }
}
