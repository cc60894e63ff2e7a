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

static void compare(const fer_error_kind *others, const fer_sim_windows *windows, bool is_openbsd,
                    const uint8_t *data, size_t steps)
{
    bool is_bsd = others == kinds[FER_SIM_DIALECT_BSD];
    bool may_receive_less = false;
    for (size_t i = 0; i < steps; i++) {
        const uint8_t *step = data + i * STEP_BYTES;
        fer_error_kind posix = kinds[FER_SIM_DIALECT_POSIX][i];
        fer_error_kind other = others[i];
        if (is_grain(posix, other) || is_of_time(step, posix, other) ||
            may_lack_buffers(windows, step) || may_have_taken_all(step, posix, other) ||
            is_group_bind(step, posix, other) || (!is_bsd && is_unusual_host(step, posix, other)) ||
            may_coalesce(step, posix, other) || is_unix_reset(step, posix, other) ||
            (is_bsd &&
             (may_have_discarded(step, posix, other) || may_have_read_less(step, posix, other) ||
              may_be_unbound(step, posix, other))) ||
            (is_openbsd && lacks_dual_stack(step, posix, other))) {
            return;
        }
        bool is_row = is_unix_row(step, posix, other) || is_udp_row(step, posix, other) ||
                      is_group_row(step, posix, other) || is_connected_udp_row(step, other) ||
                      is_socket_row(step, posix, other) || is_keepalive_row(step, posix, other) ||
                      is_ended_row(step, posix, other) ||
                      (may_receive_less && receives_less(step, posix, other)) ||
                      (!is_bsd && is_handles_row(step));
        if (posix != other && !is_row) {
            fail(is_bsd ? "the BSD differs" : "Windows differs", step, posix, other);
        }
        may_receive_less = may_receive_less || has_sent_less(step, posix, other);
        if (is_bsd && has_ended_early(step, posix)) {
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fer_sim_windows windows = fuzz_windows_after_steps(data, size, 0, STEP_BYTES, STEPS);
    static const fer_sim_windows none;
    size_t steps = run_in(FER_SIM_DIALECT_POSIX, data, size);
    size_t len = 0;
    const uint8_t *switches = fuzz_after_steps(data, size, 0, STEP_BYTES, STEPS, &len);
    (void)run_in(FER_SIM_DIALECT_WINSOCK, data, size);
    (void)run_in(FER_SIM_DIALECT_BSD, data, size);
    compare(kinds[FER_SIM_DIALECT_WINSOCK], &windows, false, data, steps);
    compare(kinds[FER_SIM_DIALECT_BSD], &none, fuzz_bsd(switches, len) == FER_SIM_BSD_OPENBSD, data,
            steps);
    return 0;
}
