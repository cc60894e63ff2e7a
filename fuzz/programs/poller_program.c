/* poller_program.c: the steps of a program of pollers; see poller_program.h. */
#include "fuzz/programs/poller_program.h"

#include <inttypes.h>
#include <string.h>

#include "fuzz/driver/choice.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/driver/windows.h"

/* No multiple of it is a latency. */
#define SECOND UINT64_C(1000000000)
#define DELAY_UNIT UINT64_C(300007)

enum { NO_FAULT = -1, STEP_BYTES = 4 };

static void must(const struct poller_program *program, bool type, const char *what)
{
    static const char *const dialects[] = {[FER_SIM_DIALECT_POSIX] = "posix",
                                           [FER_SIM_DIALECT_WINSOCK] = "winsock",
                                           [FER_SIM_DIALECT_BSD] = "bsd"};
    if (!type) {
        fprintf(stderr, "poller, %s: %s\n", dialects[program->dialect], what);
        abort();
    }
}

static void note(const struct poller_program *program, fer_error error)
{
    if (program->is_traced) {
        fprintf(stderr, "    %s\n", fer_error_kind_name(error.kind));
    }
}

/* ---- Registrations */

static uint64_t new_key(struct poller_program *program)
{
    static const uint64_t edges[] = {0, UINT64_MAX, UINT64_C(1) << 63, UINT32_MAX};
    uint64_t key = program->next_key++;
    return key < sizeof edges / sizeof *edges ? edges[key] : key * UINT64_C(0x100000001);
}

static fer_event interest_of(struct poller_program *program, uint8_t arg)
{
    static const fer_event interests[] = {{.interest = FER_READABLE},
                                          {.interest = FER_WRITABLE},
                                          {.interest = FER_READABLE | FER_WRITABLE},
                                          {.interest = 0}};
    fer_event interest = interests[arg % 4];
    interest.interest |= arg >= 224 ? FER_READ_CLOSED : 0;
    interest.key = new_key(program);
    return interest;
}

static fer_poll_mode mode_of(uint8_t arg)
{
    static const fer_poll_mode modes[] = {FER_POLL_LEVEL, FER_POLL_ONESHOT, FER_POLL_EDGE};
    fer_poll_mode mode = modes[arg / 4 % 3];
    return mode == FER_POLL_EDGE && arg >= 192 ? FER_POLL_EDGE_ONESHOT : mode;
}

/* Raw values of peers are not handles of the program. */
static bool is_raw_of_peer(fer_raw_socket raw)
{
    fer_socket_addr addr;
    return fer_sim_peer_local_addr(raw, &addr).kind != FER_INVALID_INPUT;
}

/* Mostly the raw socket of a handle; or the one that was closed last, or none. */
static fer_raw_socket number_of(const struct poller_program *program, const poller_step *step)
{
    const poller_handle *handle = &program->handles[step->one % POLLER_HANDLES];
    if (handle->type != POLLER_EMPTY) {
        return handle->raw;
    }
    return step->one >= 240 || is_raw_of_peer(program->closed) ? FER_RAW_SOCKET_NONE
                                                               : program->closed;
}

static int poller_of(const poller_step *step)
{
    return step->one / POLLER_HANDLES % 4 == 3;
}

static void add_number(struct poller_program *program, int poller, fer_raw_socket raw,
                       const poller_step *step)
{
    fer_event interest = interest_of(program, step->other);
    fer_poll_mode mode = mode_of(step->other);
    bool is_armed =
        step->third % 8 == 7 && fer_sim_fault_at(FER_SIM_FAULT_NO_MEMORY, 1).kind == FER_OK;
    fer_error error = fer_poller_add(&program->pollers[poller], raw, interest, mode);
    bool lacks_memory = is_armed && fer_sim_clear_faults() == 0;
    note(program, error);
    must(program, poller_model_added(poller, raw, interest, mode, error.kind, lacks_memory),
         "P3, P12: an add has a wrong result");
}

static void add(struct poller_program *program, const poller_step *step)
{
    add_number(program, poller_of(step), number_of(program, step), step);
}

static void add_all(struct poller_program *program, const poller_step *step)
{
    for (int i = 0; i < POLLER_HANDLES; i++) {
        if (program->handles[i].type != POLLER_EMPTY) {
            add_number(program, poller_of(step), program->handles[i].raw, step);
        }
    }
}

static void modify(struct poller_program *program, const poller_step *step)
{
    int poller = poller_of(step);
    fer_raw_socket raw = number_of(program, step);
    fer_event interest = interest_of(program, step->other);
    fer_error error =
        fer_poller_modify(&program->pollers[poller], raw, interest, mode_of(step->other));
    note(program, error);
    must(program, poller_model_modified(poller, raw, interest, mode_of(step->other), error.kind),
         "P3, P12: a modify has a wrong result");
}

static void delete_one(struct poller_program *program, const poller_step *step)
{
    int poller = poller_of(step);
    fer_raw_socket raw = number_of(program, step);
    fer_error error = fer_poller_delete(&program->pollers[poller], raw);
    note(program, error);
    must(program, poller_model_deleted(poller, raw, error.kind),
         "P3, P12: a delete has a wrong result");
}

/* ---- Pollers */

static void open_poller(struct poller_program *program, const poller_step *step)
{
    static const fer_sim_fault faults[] = {FER_SIM_FAULT_TOO_MANY_HANDLES, FER_SIM_FAULT_NO_MEMORY};
    int poller = step->one % POLLER_POLLERS;
    if (step->third >= 128) {
        FUZZ_CHECK(fer_sim_fault_at(faults[step->third % 2], 1).kind == FER_OK);
    }
    fer_error error = fer_poller_new(&program->pollers[poller]);
    bool is_fault_hit = fer_sim_clear_faults() == 0 && step->third >= 128;
    fer_error_kind expected = step->third % 2 == 0 ? FER_TOO_MANY_OPEN_FILES : FER_OUT_OF_MEMORY;
    note(program, error);
    must(program,
         poller_model_opened(poller, error.kind) || (is_fault_hit && error.kind == expected),
         "P12: a new poller has a wrong result");
}

static void close_poller(struct poller_program *program, const poller_step *step)
{
    int poller = step->one % POLLER_POLLERS;
    fer_poller_close(&program->pollers[poller]);
    poller_model_closed(poller);
}

static void notify(struct poller_program *program, const poller_step *step)
{
    int poller = step->one % POLLER_POLLERS;
    fer_error error = fer_poller_notify(&program->pollers[poller]);
    note(program, error);
    if (error.kind == FER_OK) {
        poller_model_notified(poller);
    }
}

static void trace_wait(const struct poller_program *program, const poller_wait_result *wait)
{
    if (!program->is_traced) {
        return;
    }
    note(program, wait->error);
    for (size_t i = 0; i < wait->count; i++) {
        fprintf(stderr, "    event %" PRIx64 " %s%s\n", wait->events[i].key,
                (wait->events[i].interest & FER_READABLE) != 0 ? "r" : "",
                (wait->events[i].interest & FER_WRITABLE) != 0 ? "w" : "");
    }
}

static void arm_fault(struct poller_program *program, uint8_t arg)
{
    static const int faults[] = {FER_SIM_FAULT_SPURIOUS_READY, FER_SIM_FAULT_INTERRUPTED};
    program->fault = arg % 8 < 2 && arg >= 8 ? faults[arg % 8] : NO_FAULT;
    if (program->fault != NO_FAULT) {
        FUZZ_CHECK(fer_sim_fault_at((fer_sim_fault)program->fault, 1 + arg / 128).kind == FER_OK);
    }
}

static void wait_for(struct poller_program *program, const poller_step *step)
{
    static const size_t caps[] = {POLLER_EVENTS_MAX, 1, 2, 3};
    static const uint64_t timeouts[] = {0,       1,       999,        1000,         300000,
                                        1000000, 5000000, 4 * SECOND, 150 * SECOND, UINT64_MAX};
    fer_event events[POLLER_EVENTS_MAX];
    poller_wait_result wait = {.poller = step->one % POLLER_POLLERS,
                               .cap = caps[step->one / POLLER_POLLERS % 4],
                               .events = events};
    fer_poller *poller = &program->pollers[wait.poller];
    wait.timeout.nanos = timeouts[step->other % (sizeof timeouts / sizeof *timeouts)];
    memset(events, FUZZ_UNTOUCHED, sizeof events);
    arm_fault(program, step->third);
    bool is_open = poller_model_wait_begins(wait.poller, wait.timeout);
    program->is_waiting = true;
    wait.saw_notified = (step->third & 64) == 0;
    wait.error =
        wait.saw_notified
            ? fer_poller_wait(poller, wait.timeout, events, wait.cap, &wait.count, &wait.notified)
            : fer_poller_wait(poller, wait.timeout, events, wait.cap, &wait.count, NULL);
    program->is_waiting = false;
    wait.is_fault_hit =
        fer_sim_clear_faults() == 0 && program->fault == FER_SIM_FAULT_SPURIOUS_READY;
    trace_wait(program, &wait);
    must(program,
         fuzz_is_untouched(events + wait.cap, (POLLER_EVENTS_MAX - wait.cap) * sizeof *events),
         "more events are written than fit");
    if (!is_open) {
        must(program, wait.error.kind == FER_MISUSE && wait.count == 0,
             "a wait on a closed poller has a wrong result");
        return;
    }
    poller_model_at(fer_sim_now().nanos);
    const char *broken = poller_model_wait_ends(&wait);
    must(program, broken == NULL, broken);
}

static void advance(struct poller_program *program, const poller_step *step)
{
    static const uint64_t times[] = {0, 1, 1000, 300000, 500000, 1000000, 2000000, 3 * SECOND};
    program->is_waiting = true;
    FUZZ_CHECK(fer_sim_advance((fer_duration){times[step->other % 8]}).kind == FER_OK);
    program->is_waiting = false;
}

/* The next step is delayed, most likely until it happens during a wait. */
static void defer_next(struct poller_program *program, const poller_step *step)
{
    program->delay = 1 + (step->other % 16) * DELAY_UNIT;
}

static void shut_down(struct poller_program *program, const poller_step *step)
{
    poller_handle *handle = poller_handle_of(program, step);
    fer_shutdown how = step->other < 128 ? FER_SHUTDOWN_WRITE : (fer_shutdown)(step->other % 3);
    if (handle->type == POLLER_TCP &&
        fer_tcp_stream_shutdown(&handle->as.stream, how).kind == FER_OK) {
        poller_model_shut(handle->socket, how);
    } else if (handle->type == POLLER_UNIX &&
               fer_unix_stream_shutdown(&handle->as.unix_stream, how).kind == FER_OK) {
        poller_model_shut(handle->socket, how);
        poller_unix_shut(program, handle->socket, how);
    }
}

/* ---- The program */

static const struct op {
    const char *name;
    void (*run)(struct poller_program *program, const poller_step *step);
    bool is_deferrable;
} ops[] = {
    {"wait", wait_for, false},
    {"make", poller_make, false},
    {"add", add, true},
    {"peer sends", poller_peer_sends, true},
    {"modify", modify, true},
    {"delete", delete_one, true},
    {"close", poller_close, true},
    {"notify", notify, true},
    {"receive", poller_receive, true},
    {"send", poller_send, true},
    {"defer", defer_next, false},
    {"add all", add_all, true},
    {"connect start", poller_connect_start, true},
    {"peer receives", poller_peer_receives, true},
    {"peer shuts down", poller_peer_shuts_down, true},
    {"peer resets", poller_peer_resets, true},
    {"peer closes", poller_peer_closes, true},
    {"clone", poller_clone, true},
    {"shut", shut_down, true},
    {"open", open_poller, false},
    {"close poller", close_poller, false},
    {"advance", advance, false},
    {"through raw, or ready", poller_through_raw, true},
};

enum { OP_COUNT = sizeof ops / sizeof *ops };

static void run_step(struct poller_program *program, const poller_step *step)
{
    const struct op *op = &ops[step->op % OP_COUNT];
    poller_model_at(fer_sim_now().nanos);
    if (program->is_traced) {
        fprintf(stderr, "%s %u %u %u\n", op->name, step->one, step->other, step->third);
    }
    op->run(program, step);
    poller_model_at(fer_sim_now().nanos);
}

/* Deferred steps run only during a wait or advance, not during other calls that take time. */
static void run_deferred(void *context)
{
    poller_deferred *deferred_step = context;
    struct poller_program *program = deferred_step->program;
    if (!program->is_waiting) {
        FUZZ_CHECK(fer_sim_after((fer_duration){DELAY_UNIT}, run_deferred, deferred_step).kind ==
                   FER_OK);
        return;
    }
    if (fer_sim_clear_faults() > 0) {
        program->fault = NO_FAULT; /* it is for the wait alone */
    }
    poller_model_at(fer_sim_now().nanos);
    const char *broken = poller_model_check_pending();
    must(program, broken == NULL, broken);
    run_step(program, &deferred_step->step);
}

static void run_or_defer(struct poller_program *program, const poller_step *step)
{
    uint64_t delay = program->delay;
    program->delay = 0;
    if (delay == 0 || !ops[step->op % OP_COUNT].is_deferrable ||
        program->deferred_count == POLLER_DEFERRED_MAX) {
        run_step(program, step);
        poller_peers_attach(program);
        return;
    }
    poller_deferred *entry = &program->deferred[program->deferred_count++];
    *entry = (poller_deferred){program, *step};
    FUZZ_CHECK(fer_sim_after((fer_duration){delay - 1}, run_deferred, entry).kind == FER_OK);
}

static void trace_line(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "        %s\n", line);
}

static void start(struct poller_program *program, fer_sim_dialect dialect, const uint8_t *switches,
                  size_t len)
{
    fer_sim_config config = fuzz_config(dialect, switches, len, POLLER_BUFFER);
    config.max_sockets = 72;
    config.trace = program->is_traced ? trace_line : NULL;
    FUZZ_CHECK(fer_sim_start(&config).kind == FER_OK);
    program->dialect = dialect;
    program->hangup_is_writable =
        dialect == FER_SIM_DIALECT_WINSOCK && config.windows.hangup_ends_write_waits;
    program->no_buffers_until = config.windows.no_buffers_until;
    program->closed = FER_RAW_SOCKET_NONE;
    poller_model_begin(&config);
    poller_peers_begin(program);
    open_poller(program, &(poller_step){0});
}

static void finish(struct poller_program *program)
{
    poller_network_end(program);
    for (uint8_t i = 0; i < POLLER_POLLERS; i++) {
        close_poller(program, &(poller_step){.one = i});
    }
    (void)fuzz_stop();
}

void poller_program_run(struct poller_program *program, fer_sim_dialect dialect,
                        const uint8_t *data, size_t size)
{
    choices from = choices_of(data, size);
    size_t len = 0;
    const uint8_t *switches = choose_bytes(&from, size % STEP_BYTES, &len);
    memset(program, 0, sizeof *program);
    program->is_traced = getenv("FERRULE_FUZZ_TRACE") != NULL;
    start(program, dialect, switches, len);
    for (int i = 0; i < POLLER_STEPS && from.left > 0; i++) {
        poller_step step;
        step.op = choose_byte(&from);
        step.one = choose_byte(&from);
        step.other = choose_byte(&from);
        step.third = choose_byte(&from);
        run_or_defer(program, &step);
    }
    finish(program);
}
