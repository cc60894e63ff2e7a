/* sweep.c: each public function that reaches the OS (calls.c), while the system fails. posix.c
 * makes system calls fail, sim.c the simulated network. This part has the table, the checks after
 * a run and the reports. Prints the kinds that came back, for check.py.
 *
 * usage: sweep [--every N] [FUNCTION...]: one run in N, of functions whose names begin so */
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sweep/world.h"

#define WATCHDOG_SECONDS 60
#define KINDS 128

static const char *const mode_names[] = {"plain", "timeouts", "limits", "nonblocking", "cloned"};

/* ---- Reports */

static size_t runs;
static size_t problems;
static bool kinds[SCENARIOS_MAX][KINDS];
static size_t every = 1;
static size_t turn;

/* The run in progress, for a report and for the watchdog. */
static size_t row_now;
static enum mode mode_now;

static void describe(char *text, size_t cap)
{
    char faults[128];
    const struct scenario *s = &scenarios[row_now];
    describe_faults(faults, sizeof faults);
    snprintf(text, cap, "%s (row %d, %s, %s)", s->name, (int)row_now, mode_names[mode_now], faults);
}

void report(const char *format, ...)
{
    char text[300];
    va_list list;
    describe(text, sizeof text);
    if (problems++ < 300) {
        printf("problem: %s: ", text);
        va_start(list, format);
        vprintf(format, list);
        va_end(list);
        printf("\n");
    }
}

void end_hanging_run(void)
{
    char text[300] = "problem: does not return: ";
    describe(text + 26, sizeof text - 27);
    size_t len = strlen(text);
    text[len] = '\n';
    if (write(STDOUT_FILENO, text, (unsigned)len + 1) < 0) {
        _exit(3);
    }
    _exit(2);
}

#ifndef _WIN32
static void on_alarm(int number)
{
    end_hanging_run();
}

void watch(unsigned seconds)
{
    signal(SIGALRM, on_alarm);
    alarm(seconds);
}
#endif

void require(bool is_so, const char *text)
{
    if (!is_so) {
        report("the test itself failed: %s", text);
        fflush(stdout);
        abort();
    }
}

bool is_in_my_share(void)
{
    return turn++ % every == 0;
}

void run_begin(size_t row, enum mode mode)
{
    runs++;
    row_now = row;
    mode_now = mode;
    watch(WATCHDOG_SECONDS);
}

void count_kind(fer_error error)
{
    kinds[row_now][error.kind] = true;
}

/* ---- Memory */

static atomic_long blocks;

long allocated_blocks(void)
{
    return atomic_load(&blocks);
}

void count_blocks(long change)
{
    atomic_fetch_add(&blocks, change);
}

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    void *block = allocate(size);
    count_blocks(block != NULL);
    return block;
}

void __wrap_free(void *block);
void __wrap_free(void *block)
{
    count_blocks(block != NULL ? -1 : 0);
    release(block);
}

/* ---- Checks */

/* The bytes that a stream's call says it moved, and those that it did move. */
static void check_bytes(struct world *w, const struct scenario *s, fer_error error)
{
    char got[128];
    bool is_ok = error.kind == FER_OK;
    size_t moved = (s->flags & (IN | PEEK | COPY)) == 0 ? 0 : BYTES - queued_bytes(world_socket());
    if ((s->flags & PEEK) != 0) {
        /* of urgent data the system counts only the bytes before the mark, which a peek returns */
        if ((is_ok ? w->n != BYTES - moved : moved != 0) || memcmp(w->buf, pattern, w->n) != 0) {
            report("peeked %u, took %u", (unsigned)w->n, (unsigned)moved);
        }
    } else if ((s->flags & IN) != 0) {
        if (moved != w->n || memcmp(w->buf, pattern, w->n) != 0 ||
            (is_ok && w->n < ((s->flags & ALL) != 0 ? BYTES : 1))) {
            report("read %u, took %u", (unsigned)w->n, (unsigned)moved);
        }
    } else if ((s->flags & OUT) != 0) {
        size_t n = drain(s->setup == UNIX ? w->unix_end : w->peer, true, got, sizeof got);
        if (n != w->n || memcmp(got, pattern, n) != 0 ||
            (is_ok && n < ((s->flags & ALL) != 0 ? BYTES : 1))) {
            report("wrote %u, the peer has %u", (unsigned)w->n, (unsigned)n);
        }
    } else {
        size_t n = drain(w->unix_end, true, got, sizeof got);
        if (n != w->copied || n + w->copy.len != moved || memcmp(got, pattern, n) != 0 ||
            (is_ok && n != BYTES)) {
            report("copied %u of %u, the peer has %u", (unsigned)w->copied, (unsigned)moved,
                   (unsigned)n);
        }
    }
}

static void check_datagrams(struct world *w, const struct scenario *s, fer_error error)
{
    char got[64];
    size_t taken = error.kind == FER_OK ? 1 : 0;
    if ((s->flags & GRAM_OUT) != 0) {
        size_t n = drain(s->setup == UNIX_GRAM ? stage.gram : stage.udp, false, got, sizeof got);
        if (n != taken || w->n != taken * BYTES || memcmp(got, pattern, w->n) != 0) {
            report("sent %u bytes, the peer has %u datagrams", (unsigned)w->n, (unsigned)n);
        }
        return;
    }
    size_t left = drain(world_socket(), false, got, sizeof got);
    if (left != ((s->flags & GRAM_IN) != 0 ? 2 - taken : 2) ||
        (taken != 0 && memcmp(w->buf, pattern, BYTES) != 0)) {
        report("received %u, %u are left", (unsigned)taken, (unsigned)left);
    }
    send_two(s->setup == UNIX_GRAM ? stage.gram : stage.udp, world_socket());
}

void check_counts(struct world *w, fer_error error)
{
    const struct scenario *s = &scenarios[row_now];
    if ((s->flags & STARTED) != 0) {
        return;
    }
    if ((s->flags & TRANSFERS) != 0) {
        check_bytes(w, s, error);
    } else if ((s->flags & GRAMS) != 0) {
        check_datagrams(w, s, error);
    }
}

/* Whether the connection is as before (error.h). Any other error ends it for the handle. */
static bool leaves_the_stream(fer_error error)
{
    switch ((int)error.kind) {
    case FER_OK:
    case FER_INTERRUPTED:
    case FER_WOULD_BLOCK:
    case FER_CANCELLED:
    case FER_TOO_MANY_OPEN_FILES:
    case FER_OUT_OF_MEMORY:
    case FER_NO_BUFFER_SPACE:
    case FER_INVALID_INPUT:
    case FER_PERMISSION_DENIED:
    case FER_MESSAGE_TOO_LONG:
    case FER_BAD_HANDLE:
    case FER_UNSUPPORTED: return true;
    case FER_TIMED_OUT:
    default: return false;
    }
}

void check_repetition(struct world *w, fer_error first, bool may_end, bool has_shown_end)
{
    const struct scenario *s = &scenarios[row_now];
    bool is_pending = (s->flags & STARTS) != 0 && first.kind == FER_WOULD_BLOCK;
    bool has_ended =
        may_end && (s->flags & TRANSFERS) != 0 && (has_shown_end || !leaves_the_stream(first));
    if (first.kind == FER_OK || (s->flags & (ONCE | CLOSES | STARTED)) != 0 || is_pending) {
        return;
    }
    free_the_path();
    w->n = 0;
    world_set_mode(w, s->setup, MODES);
    fer_error again = call_row(row_now, w);
    count_kind(again);
    is_pending = (s->flags & STARTS) != 0 && again.kind == FER_WOULD_BLOCK;
    if (again.kind != FER_OK && !is_pending && !(has_ended && again.kind == first.kind)) {
        report("%s/%d, and then %s/%d", fer_error_kind_name(first.kind), (int)first.os_code,
               fer_error_kind_name(again.kind), (int)again.os_code);
    }
}

static bool is_soiled(const void *output, size_t len)
{
    const unsigned char *bytes = output;
    size_t at = 0;
    while (at < len && bytes[at] == DIRT) {
        at++;
    }
    return at == len;
}

/* "After a failure the out-parameters are unchanged" (tcp.h). A wait has not been notified then
 * (poller.h). The buffers of messages are the caller's (udp_batch.h). */
void check_outputs(const struct world *w, fer_error error)
{
    const char *kind = fer_error_kind_name(error.kind);
    if (error.kind == FER_OK) {
        return;
    }
    const struct function *function = scenarios[row_now].function;
    for (size_t i = 0; i < function->count; i++) {
        if (call_writes(function, i) && !is_soiled(w->outputs[i], sizeof w->outputs[i])) {
            report("%s changed its output %s", kind, function->parameters[i].name);
        }
    }
    if (!is_soiled(&w->flag, sizeof w->flag) && w->flag) {
        report("%s changed its output flag", kind);
    }
    if (w->message_in.buf != w->buf || w->message_in.cap != BYTES) {
        report("%s changed the buffer of a message", kind);
    }
}

void check_handles(const fer_raw_socket before[HANDLES], int open, fer_error error)
{
    const struct scenario *s = &scenarios[row_now];
    if (error.kind == FER_OK || (s->flags & CLOSES) != 0 ||
        ((s->flags & STARTS) != 0 && error.kind == FER_WOULD_BLOCK)) {
        return;
    }
    for (int i = 0; i < HANDLES; i++) {
        if (raw_of(i) != before[i]) {
            report("%s changed handle %d from %d to %d", fer_error_kind_name(error.kind), i,
                   (int)before[i], (int)raw_of(i));
        }
    }
    bool has_threads = s->setup == RESOLVER || s->setup == CONNECTOR;
    if (!has_threads && s->setup != NONE && count_open() != open) {
        report("%s left %d descriptors of %d", fer_error_kind_name(error.kind), count_open(), open);
    }
}

/* ---- The program */

/* Whether a mode makes a difference. */
static bool has_mode(const struct scenario *s, enum mode mode)
{
    bool connects = (s->flags & (ONCE | STARTED)) != 0;
    bool waits = (s->flags & (WAITS | TRANSFERS | GRAMS)) != 0;
    bool is_converted = s->setup >= OF_TCP && s->setup < RAW_TCP;
    if (mode == CLONED &&
        (s->setup == BUILT_TCP || s->setup == BUILT_UNIX || is_converted || connects)) {
        return false;
    }
    return mode == PLAIN || waits || connects;
}

static bool is_wanted(const char *name, int count, char **prefixes)
{
    for (int i = 0; i < count; i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return count == 0;
}

static void print_kinds(void)
{
    for (size_t row = 0; row < scenario_count; row++) {
        for (int kind = 0; kind < KINDS; kind++) {
            if (kinds[row][kind]) {
                printf("kind %s %d\n", scenarios[row].name, kind);
            }
        }
    }
}

int main(int argc, char **argv)
{
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "--every") == 0) {
        every = (size_t)atoi(argv[2]);
        first = 3;
    }
    if (every == 0) {
        return 2;
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    list_calls();
    stage_set();
    for (size_t row = 0; row < scenario_count; row++) {
        for (int mode = PLAIN;
             mode < MODES && is_wanted(scenarios[row].name, argc - first, argv + first); mode++) {
            if (has_mode(&scenarios[row], (enum mode)mode)) {
                sweep_row(row, (enum mode)mode);
            }
        }
    }
    watch(0);
    stage_clear();
    print_kinds();
    printf("%u runs, %u problems\n", (unsigned)runs, (unsigned)problems);
    return problems == 0 ? 0 : 1;
}
