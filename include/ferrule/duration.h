/* duration.h: a span of time for timeouts, linger and keepalive. No clock and no calendar.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: none.
 * Rust: std::time::TYPE::NAME.
 * Threads: any number of concurrent calls. */
#ifndef FERRULE_DURATION_H
#define FERRULE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/version.h"

FER_BEGIN_DECLS

/* A time span in nanoseconds. The largest value, FER_DURATION_NONE, is Rust's None: no timeout.
 * Initialize a static object with {FER_DURATION_NONE_NANOS}, because in C only that is a constant
 * expression. */
typedef struct fer_duration {
    uint64_t nanos;
} fer_duration;

#define FER_DURATION_NONE_NANOS 0xFFFFFFFFFFFFFFFFu
#ifdef __cplusplus
#define FER_DURATION_NONE (fer_duration{FER_DURATION_NONE_NANOS})
#else
#define FER_DURATION_NONE ((fer_duration){FER_DURATION_NONE_NANOS})
#endif

/** Makes a duration of whole seconds. A value that does not fit becomes the longest finite duration
 * (about 584 years).
 * Rust: the default. Differs: saturates, because the longest duration is shorter than Rust's. */
FER_API fer_duration fer_duration_from_secs(uint64_t secs) FER_NOT_NEGATIVE(secs);

/** Makes a duration of milliseconds. A value that does not fit becomes the longest finite duration.
 * Rust: the default. Differs: saturates. */
FER_API fer_duration fer_duration_from_millis(uint64_t millis) FER_NOT_NEGATIVE(millis);

/** Makes a duration of microseconds. A value that does not fit becomes the longest finite duration.
 * Rust: the default. Differs: saturates. */
FER_API fer_duration fer_duration_from_micros(uint64_t micros) FER_NOT_NEGATIVE(micros);

/** Makes a duration of nanoseconds. UINT64_MAX, which would mean FER_DURATION_NONE, becomes the
 * longest finite duration. */
FER_API fer_duration fer_duration_from_nanos(uint64_t nanos) FER_NOT_NEGATIVE(nanos);

FER_END_DECLS

#endif
