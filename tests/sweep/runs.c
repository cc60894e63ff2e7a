/* runs.c: the sweep over the real system. Each call of each kind fails once and from then on, with
 * each error (faults.h); then a second call fails besides. After a run no descriptor and no block
 * of memory is left, the counts are those of the peer, the handles are as their pages say, and the
 * same call succeeds. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "conformance/peer.h"
#include "sweep/faults.h"
#include "sweep/world.h"

/* The time limit of calls that meet a failure without end, of those that meet one failure, and of
 * those that meet none, which must not reach it. The watchdog ends the program long after. */
#define BRIEF_MILLIS 40
#define MODERATE_MILLIS 250
#define LONG_MILLIS 20000
#define LATE_NANOS (UINT64_C(10) * 1000000000)

/* More interruptions in a row than any system causes. An endless row of them would make a call
 * without a time limit endless. */
#define STORM 64

static struct sweep_fault now[2];

static void describe_fault(const struct sweep_fault *fault, char *text, size_t cap)
{
    snprintf(text, cap, "%s %d, call %d%s", fault->call < 0 ? "no error" : sweep_name(fault->call),
             fault->code, fault->nth, fault->failures == 1 ? "" : " and later");
}

void describe_faults(char *text, size_t cap)
{
    describe_fault(&now[0], text, cap);
    size_t len = strlen(text);
    if (now[1].call >= 0 && len + 3 < cap) {
        memcpy(text + len, "; ", 3);
        describe_fault(&now[1], text + len + 2, cap - len - 2);
    }
}

/* A thread of the resolver may still end. */
static void check_leaks(int descriptors, long blocks)
{
    uint64_t millis = 0;
    while ((count_open() != descriptors || allocated_blocks() != blocks) && millis++ < 5000) {
        peer_pause(1);
    }
    if (count_open() != descriptors || allocated_blocks() != blocks) {
        report("leaks %d descriptors, %ld blocks", count_open() - descriptors,
               allocated_blocks() - blocks);
    }
}

/* Only these calls say that a connection has ended. */
static bool transfers_bytes(int call)
{
    return call >= SWEEP_FIRST_TRANSFER && call <= SWEEP_LAST_TRANSFER;
}

/* False: this system lacks the function. */
static bool run_call(struct world *w, size_t row, enum mode mode)
{
    const struct scenario *s = &scenarios[row];
    fer_raw_socket before[HANDLES];
    int open = world_begin_call(w, s->setup, mode, before);
    fer_instant start = fer_instant_now();
    sweep_arm(now);
    fer_error error = call_row(row, w);
    sweep_disarm();
    fer_duration took = fer_instant_duration_since(fer_instant_now(), start);
    count_kind(error);
    if (took.nanos > LATE_NANOS) {
        report("took %u ms", (unsigned)(took.nanos / 1000000));
    }
    if (SWEEP_CAN_LACK && now[0].call < 0 && error.kind == FER_UNSUPPORTED) {
        return false;
    }
    if (now[0].call < 0 && error.kind != FER_OK &&
        !((s->flags & STARTS) != 0 && error.kind == FER_WOULD_BLOCK)) {
        report("%s/%d without a fault", fer_error_kind_name(error.kind), (int)error.os_code);
    }
    check_outputs(w, error);
    check_handles(before, open, error);
    check_counts(w, error);
    bool may_end = transfers_bytes(now[0].call) || transfers_bytes(now[1].call);
    check_repetition(w, error, may_end, may_end && SWEEP_SHOWS_END(now[1]));
    return true;
}

/* False: this machine lacks what the setup needs. */
static bool run(size_t row, enum mode mode, struct sweep_fault fault, struct sweep_fault second)
{
    struct world *w = &world;
    now[0] = fault;
    now[1] = second;
    run_begin(row, mode);
    int descriptors = count_open();
    long blocks = allocated_blocks();
    bool is_endless = fault.failures > 1 || second.failures > 1;
    world_begin(w, fault.call < 0 ? LONG_MILLIS : is_endless ? BRIEF_MILLIS : MODERATE_MILLIS);
    bool is_possible =
        world_open(w, scenarios[row].setup, scenarios[row].flags) && run_call(w, row, mode);
    world_end(w);
    if (SWEEP_KEEPS_MEMORY(fault.call) || SWEEP_KEEPS_MEMORY(second.call)) {
        blocks = allocated_blocks();
    }
    check_leaks(descriptors, blocks);
    return is_possible;
}

static const struct sweep_fault none = {-1, 0, 0, 0};

/* The calls of the run that has ended: all, or those after its first failure. At most cap count. */
static void store_calls(int calls[SWEEP_CALL_COUNT], int (*of)(int), int cap)
{
    for (int i = 0; i < SWEEP_CALL_COUNT; i++) {
        calls[i] = of(i) < cap ? of(i) : cap;
    }
}

static int without_end(int code)
{
    static const int passing[] = {SWEEP_PASSING};
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        if (passing[i] == code) {
            return STORM;
        }
    }
    return INT_MAX;
}

/* The errors of a call that stand for the others where two calls fail: the first that its page
 * lists, and SWEEP_FEW. */
static int few_errors(int call, int codes[4])
{
    static const int any[] = {SWEEP_FEW};
    int count = 0;
    codes[count++] = sweep_errors(call)[0];
    for (int i = 0; i < 3 && sweep_is_system_call(call); i++) {
        codes[count++] = any[i];
    }
    return count;
}

/* Each other call that follows a failure, for example to clean up, fails too, from then on. */
static void run_seconds(size_t row, enum mode mode, struct sweep_fault fault)
{
    int later[SWEEP_CALL_COUNT];
    store_calls(later, sweep_later_calls_of, 1);
    for (int call = 0; call < SWEEP_CALL_COUNT; call++) {
        int codes[4];
        int count = later[call] > 0 && call != fault.call ? few_errors(call, codes) : 0;
        for (int i = 0; i < count; i++) {
            if (is_in_my_share()) {
                run(row, mode, fault,
                    (struct sweep_fault){call, codes[i], 1, without_end(codes[i])});
            }
        }
    }
}

static bool is_one_of_few(int call, int code)
{
    int codes[4];
    int count = few_errors(call, codes);
    for (int i = 0; i < count; i++) {
        if (codes[i] == code) {
            return true;
        }
    }
    return false;
}

/* An accept may wait for another client after two endless failures: it skips every connection that
 * seems to have ended, until none is left for the calls after it either. */
static bool may_skip_all(size_t row, struct sweep_fault fault)
{
    return fault.failures > 1 && (scenarios[row].flags & WAITS) != 0;
}

static void run_fault(size_t row, enum mode mode, struct sweep_fault fault)
{
    if (is_in_my_share()) {
        run(row, mode, fault, none);
        if (is_one_of_few(fault.call, fault.code) && !may_skip_all(row, fault)) {
            run_seconds(row, mode, fault);
        }
    }
}

static void run_errors(size_t row, enum mode mode, int call, int count)
{
    static const int any[] = {SWEEP_ANY, 0};
    const int *lists[] = {sweep_errors(call), sweep_is_system_call(call) ? any : NULL};
    for (int list = 0; list < 2; list++) {
        for (const int *code = lists[list]; code != NULL && *code != 0; code++) {
            for (int nth = 1; nth <= count; nth++) {
                struct sweep_fault once = {call, *code, nth, 1};
                struct sweep_fault always = {call, *code, nth, without_end(*code)};
                run_fault(row, mode, once);
                run_fault(row, mode, always);
            }
        }
    }
}

void sweep_row(size_t row, enum mode mode)
{
    int calls[SWEEP_CALL_COUNT];
    if (!run(row, mode, none, none)) {
        return;
    }
    store_calls(calls, sweep_calls_of, 6);
    for (int call = 0; call < SWEEP_CALL_COUNT; call++) {
        run_errors(row, mode, call, calls[call]);
    }
}
