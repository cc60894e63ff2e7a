/* fuzz_api_misuse.c: any call on a handle in any state, with any pointer NULL, any number for an
 * enum and any length, in every dialect. Only documented errors are returned, equal in all, and no
 * sanitizer reports anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/driver/windows.h"
#include "fuzz/models/misuse_not_reconciled.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 64, STEP_BYTES = 4 };

static fer_error_kind kinds[FER_SIM_DIALECT_BSD + 1][STEPS];

static bool is_kind(fer_error_kind kind)
{
    return strcmp(fer_error_kind_name(kind), "Unknown") != 0;
}

static void fail(const char *why, const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    fprintf(stderr, "misuse: %s: %s arguments %02x %02x %02x: %s, %s\n", why,
            misuse_call_name(step[0], step[1]), step[1], step[2], step[3],
            fer_error_kind_name(posix), fer_error_kind_name(other));
    abort();
}

static size_t run_in(fer_sim_dialect dialect, const uint8_t *data, size_t size)
{
    struct misuse_state state;
    fer_sim_report report;
    size_t steps = size / STEP_BYTES < STEPS ? size / STEP_BYTES : STEPS;
    size_t len = 0;
    const uint8_t *switches = fuzz_after_steps(data, size, 0, STEP_BYTES, STEPS, &len);
    misuse_begin(&state, dialect, fuzz_windows(switches, len), fuzz_bsd(switches, len));
    for (size_t i = 0; i < steps; i++) {
        const uint8_t *step = data + i * STEP_BYTES;
        kinds[dialect][i] = misuse_call(&state, step[0], step[1], step[2], step[3]).kind;
        if (!is_kind(kinds[dialect][i])) {
            fail("not an error kind", step, kinds[dialect][i], FER_OK);
        }
    }
    misuse_end(&state);
    if (fer_sim_stop(&report).kind != FER_OK || report.leaked_handles != 0 ||
        report.leaked_waits != 0 || report.leaked_lookups != 0 || report.leaked_tokens != 0) {
        fprintf(stderr, "misuse: dialect %d leaks %zu handles, %zu tokens\n", (int)dialect,
                report.leaked_handles, report.leaked_tokens);
        abort();
    }
    return steps;
}

/* The row whose case the call is, or NULL. */
static const char *row_of(const char *name, unsigned system, fer_error_kind posix,
                          fer_error_kind other, bool *goes_on)
{
#define CASE(tag, systems, continues, calls, on_linux, on_other)                                   \
    if ((system & (systems)) != 0 && is_kind_of(posix, on_linux) && is_kind_of(other, on_other) && \
        is_call_of(name, calls)) {                                                                 \
        *goes_on = continues;                                                                      \
        return #tag;                                                                               \
    }
    MISUSE_NOT_RECONCILED(CASE)
#undef CASE
    return NULL;
}

static void compare(const fer_error_kind *others, unsigned system, bool lacks_buffers,
                    const uint8_t *data, size_t steps)
{
    bool sent_less = false; /* a datagram was sent, and is received, in one dialect only */
    for (size_t i = 0; i < steps; i++) {
        const uint8_t *step = data + i * STEP_BYTES;
        const char *name = misuse_call_name(step[0], step[1]);
        fer_error_kind posix = kinds[FER_SIM_DIALECT_POSIX][i];
        fer_error_kind other = others[i];
        bool goes_on = true;
        /* `no_buffer_space`, until a time: the call may move no bytes in one dialect. */
        if (lacks_buffers && is_call_of(name, MOVING)) {
            return;
        }
        if (posix != other) {
            bool receives_less = sent_less && posix == FER_OK && is_kind_of(other, NOTHING) &&
                                 is_call_of(name, UDP_RECEIVING);
            const char *tag =
                receives_less ? "refusals_together" : row_of(name, system, posix, other, &goes_on);
            if (tag == NULL) {
                fail(system == ON_WINDOWS ? "Windows differs" : "the BSD differs", step, posix,
                     other);
            }
            print_hit(tag);
            sent_less = sent_less || is_call_of(name, UDP_SENDING);
        }
        /* `clone_reads_on`: a copy in both directions passes the end of discarded input on. It may
         * end with the same error as on Linux, and with one more half ended. */
        bool ends_a_half = system != ON_WINDOWS && is_call_of(name, "copy_both") &&
                           !is_kind_of(posix, K(OK) | K(MISUSE) | K(INVALID_INPUT));
        if (!goes_on || ends_a_half) {
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fer_sim_windows windows = fuzz_windows_after_steps(data, size, 0, STEP_BYTES, STEPS);
    size_t steps = run_in(FER_SIM_DIALECT_POSIX, data, size);
    size_t len = 0;
    const uint8_t *switches = fuzz_after_steps(data, size, 0, STEP_BYTES, STEPS, &len);
    (void)run_in(FER_SIM_DIALECT_WINSOCK, data, size);
    (void)run_in(FER_SIM_DIALECT_BSD, data, size);
    compare(kinds[FER_SIM_DIALECT_WINSOCK], ON_WINDOWS, windows.no_buffers_until.nanos > 0, data,
            steps);
    compare(kinds[FER_SIM_DIALECT_BSD], (unsigned)ON_MACOS << fuzz_bsd(switches, len), false, data,
            steps);
    return 0;
}
