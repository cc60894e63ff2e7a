/* windows.h: draws the switches of the simulated Windows (fer_sim_windows), and whether the program
 * has limits, from bytes of an input, one bit for each, and two for the system of the BSD dialect.
 * An input without these bytes leaves them false, and the system macOS. Which addresses a system of
 * the BSD dialect refuses. No harness here. */
#ifndef FUZZ_WINDOWS_H
#define FUZZ_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ferrule/ip.h"
#include "ferrule/sim.h"
#include "fuzz/driver/fuzz.h"

/* X(member, its value if the bit is set), from the lowest bit of the first byte on. A new member is
 * added at the end, so that every input keeps its meaning. */
#define FUZZ_WINDOWS_SWITCHES(X)                                       \
    X(keeps_early_closed_input, true)                                  \
    X(shared_options, true)                                            \
    X(partial_sends, true)                                             \
    X(no_buffers_above, 4096)                                          \
    X(no_buffers_until, ((fer_duration){FUZZ_NO_BUFFERS_UNTIL_NANOS})) \
    X(pending_has_no_peer, true)                                       \
    X(hangup_ends_write_waits, true)                                   \
    X(loses_events, true)                                              \
    X(loses_cancels, true)                                             \
    X(shared_addresses, true)

/* Short, so that it is only some of the steps of a program. A program whose steps take longer
 * defines another time. */
#ifndef FUZZ_NO_BUFFERS_UNTIL_NANOS
#define FUZZ_NO_BUFFERS_UNTIL_NANOS UINT64_C(20000000)
#endif

enum { FUZZ_WINDOWS_BYTES = 2 };

static inline unsigned fuzz_switch_bits(const uint8_t *bytes, size_t len)
{
    unsigned bits = 0;
    for (size_t i = 0; i < len && i < FUZZ_WINDOWS_BYTES; i++) {
        bits |= (unsigned)bytes[i] << 8 * i;
    }
    return bits;
}

static inline fer_sim_windows fuzz_windows(const uint8_t *bytes, size_t len)
{
    fer_sim_windows windows;
    unsigned bits = fuzz_switch_bits(bytes, len);
    memset(&windows, 0, sizeof windows);
#define DRAW(member, value)       \
    if ((bits & 1) != 0) {        \
        windows.member = (value); \
    }                             \
    bits >>= 1;
    FUZZ_WINDOWS_SWITCHES(DRAW)
#undef DRAW
    return windows;
}

/* The end of a simulation in which everything was closed. */
static inline fer_sim_report fuzz_stop(void)
{
    fer_sim_report report;
    FUZZ_CHECK(fer_sim_stop(&report).kind == FER_OK);
    FUZZ_CHECK(report.leaked_handles == 0 && report.leaked_lookups == 0 &&
               report.leaked_waits == 0 && report.leaked_pollers == 0 && report.leaked_tokens == 0);
    return report;
}

/* Whether a program has limits: the bit below the highest, which means nothing. */
static inline bool fuzz_has_limits(const uint8_t *bytes, size_t len)
{
    return (fuzz_switch_bits(bytes, len) >> (8 * FUZZ_WINDOWS_BYTES - 2) & 1) != 0;
}

/* The system of the BSD dialect: the two bits above those of Windows. */
static inline fer_sim_bsd fuzz_bsd(const uint8_t *bytes, size_t len)
{
    return (fer_sim_bsd)(fuzz_switch_bits(bytes, len) >> 9 & 3);
}

/* Whether a program has the events of paths between hosts: the bit below that. */
static inline bool fuzz_has_paths(const uint8_t *bytes, size_t len)
{
    return (fuzz_switch_bits(bytes, len) >> (8 * FUZZ_WINDOWS_BYTES - 3) & 1) != 0;
}

static inline fer_sim_config fuzz_config(fer_sim_dialect dialect, const uint8_t *switches,
                                         size_t len, size_t buffer)
{
    return (fer_sim_config){.dialect = dialect,
                            .windows = fuzz_windows(switches, len),
                            .bsd = fuzz_bsd(switches, len),
                            .send_buffer = buffer,
                            .receive_buffer = buffer};
}

/* Row `no_dual_stack`: OpenBSD refuses the IPv6 wildcard address and IPv4-mapped addresses. */
static inline bool fuzz_needs_dual_stack(const fer_ip_addr *ip)
{
    fer_ipv4_addr ignored;
    return ip->family == FER_IP_V6 &&
           (fer_ip_addr_is_unspecified(*ip) || fer_ipv6_addr_to_ipv4_mapped(ip->u.v6, &ignored));
}

/* The bytes that follow the last whole step of a program: `first` bytes, then at most `most` steps
 * of step_bytes each. *len is their number. */
static inline const uint8_t *fuzz_after_steps(const uint8_t *data, size_t size, size_t first,
                                              size_t step_bytes, size_t most, size_t *len)
{
    size_t left = size > first ? size - first : 0;
    size_t steps = left / step_bytes < most ? left / step_bytes : most;
    size_t used = first + steps * step_bytes;
    *len = used < size ? size - used : 0;
    return *len > 0 ? data + used : NULL;
}

#endif
