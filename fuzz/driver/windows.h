/* windows.h: draws the switches of the simulated Windows (fer_sim_windows) from bytes of an input,
 * one bit for each. An input without these bytes leaves them false. No harness here. */
#ifndef FUZZ_WINDOWS_H
#define FUZZ_WINDOWS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ferrule/sim.h"

/* X(member, its value if the bit is set), from the lowest bit of the first byte on. A new member is
 * added at the end, so that every input keeps its meaning. */
#define FUZZ_WINDOWS_SWITCHES(X) X(keeps_early_closed_input, true)

enum { FUZZ_WINDOWS_BYTES = 2 };

static inline fer_sim_windows fuzz_windows(const uint8_t *bytes, size_t len)
{
    fer_sim_windows windows;
    unsigned bits = 0;
    for (size_t i = 0; i < len && i < FUZZ_WINDOWS_BYTES; i++) {
        bits |= (unsigned)bytes[i] << 8 * i;
    }
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

/* Draws from the bytes that follow the last whole step of a program: `first` bytes, then at most
 * `most` steps of step_bytes each. */
static inline fer_sim_windows fuzz_windows_after_steps(const uint8_t *data, size_t size,
                                                       size_t first, size_t step_bytes, size_t most)
{
    size_t left = size > first ? size - first : 0;
    size_t steps = left / step_bytes < most ? left / step_bytes : most;
    size_t used = first + steps * step_bytes;
    return used < size ? fuzz_windows(data + used, size - used) : fuzz_windows(NULL, 0);
}

#endif
