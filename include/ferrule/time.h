/* time.h: a point in time of the monotonic clock, for deadlines and elapsed times. No calendar, and
 * no clock that can be set.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: none.
 * Rust: std::time::TYPE::NAME.
 * Threads: any number of concurrent calls. */
#ifndef FERRULE_TIME_H
#define FERRULE_TIME_H

#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/version.h"

FER_BEGIN_DECLS

/* A point in time of a clock that never goes back, in nanoseconds from an unspecified origin. Its
 * member is private. All zero bytes are FER_INSTANT_NONE, which is never reached. Initialize a
 * static object with {0}, because in C FER_INSTANT_NONE is no constant expression. An instant has
 * no meaning in another process. With ferrule::sim the clock is the virtual one. */
typedef struct fer_instant {
    uint64_t nanos_;
} fer_instant;

#ifdef __cplusplus
#define FER_INSTANT_NONE (fer_instant{0})
#else
#define FER_INSTANT_NONE ((fer_instant){0})
#endif

/** Returns the current time of the monotonic clock. Whether the clock counts while the machine
 * sleeps depends on the OS: Linux does not (CLOCK_MONOTONIC, clock_gettime(2)), nor does macOS
 * (CLOCK_UPTIME_RAW, clock_gettime(3)), Windows does (QueryPerformanceCounter, MSDN). */
FER_API fer_instant fer_instant_now(void);

/** Returns the time that is `duration` from now: FER_INSTANT_NONE for FER_DURATION_NONE or if the
 * sum overflows. For a duration of 0 it is the current time, which is already reached.
 * Rust: Instant::now() + duration. Differs: an overflow is FER_INSTANT_NONE instead of a panic. */
FER_API fer_instant fer_instant_after(fer_duration duration);

/** Returns the time from `earlier` to `later`, 0 if `earlier` is the later one. FER_DURATION_NONE
 * if `later` is FER_INSTANT_NONE; otherwise 0 if `earlier` is FER_INSTANT_NONE, because no instant
 * is after it.
 * Rust: std::time::Instant::duration_since, which saturates since Rust 1.60, and
 * saturating_duration_since. Differs: FER_INSTANT_NONE. */
FER_API fer_duration fer_instant_duration_since(fer_instant later, fer_instant earlier);

/** Returns the time from `instant` to now: 0 if it is not reached, and for FER_INSTANT_NONE. With
 * `instant` from fer_instant_now before a call it is the time that the call took. */
FER_API fer_duration fer_instant_elapsed(fer_instant instant);

/** Returns the time from now to `instant`: 0 if it is reached, FER_DURATION_NONE for
 * FER_INSTANT_NONE.
 * Rust: instant.saturating_duration_since(Instant::now()). */
FER_API fer_duration fer_instant_remaining(fer_instant instant);

FER_END_DECLS

#endif
