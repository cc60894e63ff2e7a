/* fuzz_listener.c: a listener with many clients, some of which reset their connections in its
 * queue, in every dialect. Accept returns each open connection once, in order, skips reset ones,
 * reports a lack of handles and loses no connection (rules L1, L3, T6, C6), also within limits (K1,
 * K2, K7), with a timeout (T2, T5) and with a lingering close of what it returned (K11). */

#include "fuzz/driver/windows.h"
#include "fuzz/models/limits_model.h"
#include "fuzz/models/listener_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 75 };

static const fer_error no_error = {FER_OK, 0};

static struct program_limits limits;
static struct handle_limits listener_limits;
static uint64_t late;
static bool lingers; /* the close of the next accepted stream */

static void limit(fer_tcp_listener *listener, uint8_t byte)
{
    struct handle_limits chosen;
    if (limits.are_used && byte >= LIMITS_FAULTS &&
        limits_act(&limits, (uint8_t)(byte - LIMITS_FAULTS), &chosen)) {
        fer_limits set = limits_to_set(&limits, &chosen);
        listener_must(fer_tcp_listener_set_limits(listener, &set).kind == FER_OK,
                      "the limits are not set", no_error);
        listener_limits = chosen;
    }
}

/* Returns whether the limits have ended the accept. */
static bool is_ended_by_limits(const struct limited_call *call)
{
    bool applies = call->limits.are_set && !listener_model_is_nonblocking();
    fer_error_kind kind = call->error.kind;
    const char *violation = applies ? limits_violation(call) : NULL;
    listener_must(violation == NULL, violation, call->error);
    return applies && (kind == FER_CANCELLED ||
                       (kind == FER_TIMED_OUT && call->limits.deadline_in <= call->elapsed));
}

static void accept_one(fer_tcp_listener *listener, uint8_t fault)
{
    fer_tcp_stream stream = {0};
    limit(listener, fault);
    struct limited_call call = {.limits = limits_of_call(&limits, &listener_limits),
                                .time_jumps = fault == FER_SIM_FAULT_TIME_JUMP,
                                .late = late};
    uint64_t began = fer_sim_now().nanos;
    size_t waiting = listener_model_count_waiting();
    bool is_armed =
        fault < LIMITS_FAULTS && fer_sim_fault_at((fer_sim_fault)fault, 1).kind == FER_OK;
    fer_error error = fer_tcp_listener_accept(listener, &stream, NULL);
    call.error = error;
    call.elapsed = fer_sim_now().nanos - began;
    bool is_hit = fer_sim_clear_faults() == 0 && is_armed;
    if (is_hit && fault == FER_SIM_FAULT_ACCEPT_ABORTED) {
        listener_model_abort_first();
        waiting = listener_model_count_waiting();
    }
    bool is_ended = is_ended_by_limits(&call);
    listener_must(error.kind != FER_TIMED_OUT || is_ended || listener_model_has_expired(began),
                  "T2: TIMED_OUT without a timeout", error);
    listener_must(!is_ended || limits_are_over(&call.limits) || waiting == 0 || is_hit,
                  "K2: the limits end an accept that need not wait", error);
    if (error.kind == FER_OK) {
        listener_model_check_accepted(&stream, error, lingers);
    } else if (!is_ended) {
        listener_model_check_failed(error, waiting, is_hit, (fer_sim_fault)fault);
    }
}

static void set_nonblocking(fer_tcp_listener *listener, bool nonblocking)
{
    listener_model_set_nonblocking(nonblocking);
    listener_must(fer_tcp_listener_set_nonblocking(listener, nonblocking).kind == FER_OK,
                  "the mode is not set", no_error);
}

static void run_step(fer_tcp_listener *listener, const fer_socket_addr *addr, uint8_t op,
                     uint8_t arg)
{
    if (op < 100) {
        listener_model_connect(addr);
    } else if (op < 200) {
        accept_one(listener, arg);
    } else if (op < 225) {
        listener_model_reset(arg);
    } else if (op < 240) {
        set_nonblocking(listener, arg % 2 == 1);
    } else if (op < 248) {
        listener_model_bind_again(listener, addr);
    } else if (op < 252) {
        listener_model_set_timeout(listener, arg);
    } else {
        lingers = true;
        accept_one(listener, LIMITS_FAULTS);
        lingers = false;
    }
}

static void run_in(fer_sim_dialect dialect, const uint8_t *data, size_t size)
{
    fer_sim_config config = {
        .tape = (const uint8_t *)"", .max_sockets = 44, .send_buffer = 64, .receive_buffer = 64};
    fer_tcp_listener listener = {0};
    fer_socket_addr addr;
    fer_sim_report report;
    listener_model_begin();
    size_t len = 0;
    const uint8_t *switches = fuzz_after_steps(data, size, 1, 2, STEPS, &len);
    config.windows = fuzz_windows(switches, len);
    config.bsd = fuzz_bsd(switches, len);
    config.dialect = dialect;
    FER_IGNORE(fer_sim_start(&config));
    limits = (struct program_limits){.are_used = fuzz_has_limits(switches, len)};
    listener_limits = LIMITS_NONE;
    late = limits_lateness(dialect == FER_SIM_DIALECT_WINSOCK, false);
    FER_IGNORE(fer_cancel_token_new(&limits.token));
    FER_IGNORE(fer_socket_addr_parse(&addr, "127.0.0.1:80"));
    listener_must(fer_tcp_listener_bind_addr(&listener, &addr).kind == FER_OK, "bind", no_error);
    for (size_t i = 1; i + 1 < size && i < (size_t)2 * STEPS; i += 2) {
        run_step(&listener, &addr, data[i], data[i + 1]);
    }
    fer_tcp_listener_close(&listener);
    fer_cancel_token_close(&limits.token);
    listener_must(fer_sim_stop(&report).kind == FER_OK &&
                      report.leaked_handles + report.leaked_waits == 0,
                  "a leak", no_error);
}

/* The lowest bit of the first byte chooses Windows, or the two others. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] % 2 == 1) {
        run_in(FER_SIM_DIALECT_WINSOCK, data, size);
        return 0;
    }
    run_in(FER_SIM_DIALECT_POSIX, data, size);
    run_in(FER_SIM_DIALECT_BSD, data, size);
    return 0;
}
