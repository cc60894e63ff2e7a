/* seam_time.c: the simulated system's clock, waits, tokens and facts. */
#include <string.h>

#include "tests/interleave/memory.h"
#include "tests/interleave/seam.h"

inter_weather inter_sky;

static const struct ferp_traits *facts;
static uint64_t clock_now;
static struct ferp_counts counts;

/* How long the call of each thread may still wait, as far as the library can know. */
typedef struct call_limit {
    fer_duration left;
    uint64_t deadline; /* 0 until the call's first ferp_now */
} call_limit;

static call_limit call_limits[INTER_THREADS_MAX];

#define SIZES                                                                             \
    .unix_path_max = 107, .io_length_max = 0x7ffff000, .datagram_length_max = 0x7ffff000, \
    .io_slices_max = 1024, .linger_seconds_max = 65535, .keepalive_seconds_max = 32767,   \
    .keepalive_retries_max = 127
const struct ferp_traits inter_linux = {SIZES, .io_waits_in_kernel = true,
                                        .unix_write_wait_misses_end = true,
                                        .reports_soft_errors = true};
const struct ferp_traits inter_windows = {SIZES,
                                          .shutdown_read_resets_on_data = true,
                                          .write_wait_misses_shutdown = true,
                                          .accept_inherits_nonblocking = true,
                                          .reuse_address_steals_ports = true,
                                          .connect_would_block_means_started = true,
                                          .connect_error_comes_late = true,
                                          .no_buffer_space_is_transient = true};

const struct ferp_traits *ferp_traits(void)
{
    return facts;
}

void inter_time_begin(const struct ferp_traits *traits)
{
    facts = traits != NULL ? traits : &inter_linux;
    clock_now = 1000;
    counts = (struct ferp_counts){0, 0};
    for (size_t i = 0; i < INTER_THREADS_MAX; i++) {
        call_limits[i] = (call_limit){FER_DURATION_NONE, 0};
    }
    memset(&inter_sky, 0, sizeof inter_sky);
}

/* ---- The clock moves only when a wait expires. */

void inter_limit_call(fer_duration timeout)
{
    call_limits[inter_self()] = (call_limit){timeout, 0};
}

static void see_time(call_limit *limit)
{
    if (limit->left.nanos == FER_DURATION_NONE_NANOS) {
        return;
    }
    if (limit->deadline == 0) {
        limit->deadline = clock_now + limit->left.nanos;
    }
    limit->left.nanos = limit->deadline > clock_now ? limit->deadline - clock_now : 0;
}

void inter_check_wait(fer_duration timeout)
{
    INTER_CHECK(timeout.nanos <= call_limits[inter_self()].left.nanos);
}

void inter_check_deadline(uint64_t deadline)
{
    const call_limit *limit = &call_limits[inter_self()];
    INTER_CHECK(limit->left.nanos == FER_DURATION_NONE_NANOS || deadline <= limit->deadline);
}

uint64_t ferp_now(void)
{
    inter_system_step_on("now", &clock_now, false);
    see_time(&call_limits[inter_self()]);
    return clock_now;
}

uint64_t inter_clock_after(uint64_t nanos)
{
    return nanos < FERP_NO_DEADLINE - clock_now ? clock_now + nanos : FERP_NO_DEADLINE;
}

typedef struct interruptible {
    bool (*is_ready)(const void *argument);
    const void *argument;
    unsigned thread;
} interruptible;

static bool is_ready_or_interrupted(const void *argument)
{
    const interruptible *waiting = argument;
    return waiting->is_ready(waiting->argument) || inter_sky.interrupts[waiting->thread] > 0;
}

fer_error inter_wait(inter_operation *operation, uint64_t deadline)
{
    interruptible waiting = {operation->is_ready, operation->argument, inter_self()};
    operation->is_ready = is_ready_or_interrupted;
    operation->argument = &waiting;
    operation->expires = deadline != FERP_NO_DEADLINE;
    if (operation->expires) {
        inter_add_touch(operation, &clock_now, true);
    }
    if (!inter_system_step(operation)) {
        clock_now = clock_now > deadline ? clock_now : deadline;
        return (fer_error){FER_TIMED_OUT, 0};
    }
    if (waiting.is_ready(waiting.argument)) {
        return (fer_error){FER_OK, 0};
    }
    inter_sky.interrupts[inter_self()]--;
    inter_note("interrupted");
    return (fer_error){FER_INTERRUPTED, 4};
}

/* ---- Tokens: the first word is 1 while the token is signalled. */

bool inter_token_is_signalled(const fer_cancel_token *token)
{
    return token != NULL && token->p_.system_[0] != 0;
}

static void change_token(const char *name, fer_cancel_token *token, bool is_signalled)
{
    inter_system_step_on(name, token, true);
    inter_plain_read((uintptr_t)token->p_.system_, sizeof token->p_.system_);
    token->p_.system_[0] = is_signalled;
}

fer_error ferp_token_open(fer_cancel_token *token)
{
    change_token("open token", token, false);
    inter_plain_write((uintptr_t)token->p_.system_, sizeof token->p_.system_);
    return (fer_error){FER_OK, 0};
}

fer_error ferp_token_open_pollable(fer_cancel_token *token, fer_raw_socket *raw)
{
    *raw = 1;
    return ferp_token_open(token);
}

void ferp_token_close(fer_cancel_token *token)
{
    change_token("close token", token, false);
    inter_plain_write((uintptr_t)token->p_.system_, sizeof token->p_.system_);
}

void ferp_token_signal(fer_cancel_token *token)
{
    change_token("signal token", token, true);
}

void ferp_token_clear(fer_cancel_token *token)
{
    change_token("clear token", token, false);
}

struct ferp_counts *ferp_counts(void)
{
    return &counts;
}

typedef struct two_tokens {
    const fer_cancel_token *one;
    const fer_cancel_token *other;
} two_tokens;

static bool is_one_signalled(const void *argument)
{
    const two_tokens *tokens = argument;
    return inter_token_is_signalled(tokens->one) || inter_token_is_signalled(tokens->other);
}

fer_error ferp_token_wait(const fer_cancel_token *token, const fer_cancel_token *other,
                          uint64_t deadline)
{
    two_tokens tokens = {token, other};
    inter_operation operation = {.name =
                                     token == NULL && other == NULL ? "pause" : "wait for token"};
    if (token != NULL) {
        inter_add_touch(&operation, token, false);
    }
    if (other != NULL) {
        inter_add_touch(&operation, other, false);
    }
    operation.is_ready = is_one_signalled;
    operation.argument = &tokens;
    return inter_wait(&operation, deadline);
}

fer_error ferp_pause_within(const fer_cancel_token *token, uint64_t until, uint64_t deadline)
{
    fer_error error = ferp_token_wait(token, NULL, until < deadline ? until : deadline);
    return error.kind == FER_INTERRUPTED ? error : (fer_error){FER_OK, 0};
}
