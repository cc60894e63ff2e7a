/* fuzz_api_misuse.c: any call on a handle in any state, with any pointer NULL, any number for an
 * enum and any length, in both dialects. Only documented errors are returned, equal in both, and no
 * sanitizer reports anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/driver/windows.h"
#include "fuzz/programs/misuse_calls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 64, STEP_BYTES = 4 };

static fer_error_kind kinds[2][STEPS];

static bool is_kind(fer_error_kind kind)
{
    return strcmp(fer_error_kind_name(kind), "Unknown") != 0;
}

static bool is_any_of(const char *name, const char *const *prefixes)
{
    for (; *prefixes != NULL; prefixes++) {
        if (strncmp(name, *prefixes, strlen(*prefixes)) == 0) {
            return true;
        }
    }
    return false;
}

/* Rows of "Not reconciled" for Unix sockets: Windows has no datagrams, and the dialects differ in
 * the kind of a missing path and in the kind and number of reported resets. */
static bool is_unix_row(const uint8_t *step, fer_error_kind posix, fer_error_kind winsock)
{
    static const char *const datagrams[] = {"unix_datagram", NULL};
    static const char *const connects[] = {"unix_connect", "socket_connect_unix", NULL};
    static const char *const after_reset[] = {
        "unix_read",     "unix_peek",      "unix_write",     "unix_try_read",
        "unix_try_peek", "unix_try_write", "unix_peer_addr", NULL};
    const char *name = misuse_call_name(step[0]);
    return is_any_of(name, datagrams) ||
           (is_any_of(name, connects) && posix == FER_NOT_FOUND &&
            winsock == FER_CONNECTION_REFUSED) ||
           (is_any_of(name, after_reset) &&
            (winsock == FER_CONNECTION_RESET || winsock == FER_NOT_CONNECTED));
}

/* `refusal_of_another` and `refusals_together`: which socket reports a refused datagram, and how
 * often. */
static bool is_udp_row(const uint8_t *step, fer_error_kind posix, fer_error_kind winsock)
{
    static const char *const receiving[] = {"udp_send",     "udp_recv",     "udp_peek",
                                            "udp_try_send", "udp_try_recv", NULL};
    return is_any_of(misuse_call_name(step[0]), receiving) &&
           (posix == FER_CONNECTION_REFUSED || winsock == FER_CONNECTION_REFUSED);
}

/* For built sockets: options that Windows lacks, and `reuse_after_bind`. */
static bool is_socket_row(const uint8_t *step, fer_error_kind posix, fer_error_kind winsock)
{
    static const char *const rows[] = {"socket_reuse_port", "socket_bind_device", NULL};
    static const char *const reuse[] = {"socket_reuse_address", NULL};
    const char *name = misuse_call_name(step[0]);
    return is_any_of(name, rows) ||
           (is_any_of(name, reuse) && posix == FER_OK && winsock == FER_INVALID_INPUT);
}

/* `grain`: a timeout of centuries never expires on one system; the other cuts it to days. */
static bool is_grain(fer_error_kind posix, fer_error_kind winsock)
{
    return posix == FER_DEADLOCK && winsock == FER_TIMED_OUT;
}

static bool is_unfinished(fer_error_kind kind)
{
    return kind == FER_WOULD_BLOCK || kind == FER_TIMED_OUT || kind == FER_CANCELLED;
}

/* The progress of a lookup in the background, and with it the room for one more, depends on time,
 * and the calls before it take a different time in each dialect. No later step can be compared. */
static bool is_of_time(const uint8_t *step, fer_error_kind posix, fer_error_kind winsock)
{
    static const char *const timed[] = {"resolver_start", "lookup_wait", NULL};
    return is_any_of(misuse_call_name(step[0]), timed) &&
           is_unfinished(posix) != is_unfinished(winsock);
}

/* `no_buffer_space`, until a time, and `clone_reads_on`: the call may move no bytes in one dialect.
 * No later step can be compared. */
static bool may_lack_buffers(const fer_sim_windows *windows, const uint8_t *step)
{
    static const char *const moving[] = {"read", "peek", "write", "try_", "copy", "unix_", NULL};
    return windows->no_buffers_until.nanos > 0 && is_any_of(misuse_call_name(step[0]), moving);
}

static void fail(const char *why, const uint8_t *step, fer_error_kind posix, fer_error_kind winsock)
{
    fprintf(stderr, "misuse: %s: %s arguments %02x %02x %02x: %s, %s\n", why,
            misuse_call_name(step[0]), step[1], step[2], step[3], fer_error_kind_name(posix),
            fer_error_kind_name(winsock));
    abort();
}

static size_t run_in(fer_sim_dialect dialect, const uint8_t *data, size_t size)
{
    struct misuse_state state;
    fer_sim_report report;
    size_t steps = size / STEP_BYTES < STEPS ? size / STEP_BYTES : STEPS;
    misuse_begin(&state, dialect, fuzz_windows_after_steps(data, size, 0, STEP_BYTES, STEPS));
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fer_sim_windows windows = fuzz_windows_after_steps(data, size, 0, STEP_BYTES, STEPS);
    size_t steps = run_in(FER_SIM_POSIX, data, size);
    (void)run_in(FER_SIM_WINSOCK, data, size);
    for (size_t i = 0; i < steps; i++) {
        const uint8_t *step = data + i * STEP_BYTES;
        fer_error_kind posix = kinds[FER_SIM_POSIX][i];
        fer_error_kind winsock = kinds[FER_SIM_WINSOCK][i];
        if (is_of_time(step, posix, winsock) || may_lack_buffers(&windows, step)) {
            break;
        }
        bool is_row = is_unix_row(step, posix, winsock) || is_udp_row(step, posix, winsock) ||
                      is_socket_row(step, posix, winsock);
        if (posix != winsock && !is_grain(posix, winsock) && !is_row) {
            fail("the dialects differ", step, posix, winsock);
        }
    }
    return 0;
}
