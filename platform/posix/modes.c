/* modes.c: blocking mode and timeouts, which all descriptors of a socket share. */
#include "platform/posix/posix.h"

#include <fcntl.h>
#include <sys/time.h>

/* Whether the kernel counts a timeout in nanoseconds, in 64 bits. XNU's msleep multiplies without a
 * check, so a timeout that rounds up to more wraps around and expires immediately (kern_synch.c).
 * OpenBSD fails with EDOM (uipc_socket.c, sosetopt). */
#ifndef FERP_POSIX_COUNTS_NANOS
#if defined(__APPLE__) || defined(__OpenBSD__)
#define FERP_POSIX_COUNTS_NANOS true
#else
#define FERP_POSIX_COUNTS_NANOS false
#endif
#endif

#ifndef FERP_POSIX_LONG_BYTES
#define FERP_POSIX_LONG_BYTES sizeof(long)
#endif

/* The longest timeout that is read back as finite. Linux stores it in ticks, in a long, and it is
 * finite below MAX_SCHEDULE_TIMEOUT / HZ - 1 seconds (net/core/sock.c, sock_set_timeout). With 32
 * bits, 1000 ticks a second leave 24 days. With 64 bits every fer_duration fits, unless the kernel
 * counts nanoseconds: then 292 years. */
#define FERP_POSIX_TIMEOUT_SECS_MAX \
    (FERP_POSIX_LONG_BYTES <= 4     \
         ? UINT64_C(2147483) - 2    \
         : (uint64_t)INT64_MAX / (FERP_POSIX_COUNTS_NANOS ? 1000000000 : 1000000))

/* The longest timeouts that are tried after EDOM, which means a longer one than the system can
 * store. NetBSD stores ticks in an int; this one fits at 1000 ticks a second (uipc_socket.c,
 * sosetopt1). Older BSDs store them in a short; this one fits at 100 ticks a second. */
static const struct timeval long_timeouts[] = {{INT_MAX / 1000, 0}, {SHRT_MAX / 100, 0}};

static int timeout_option(ferp_direction direction)
{
    return direction == FERP_READING ? SO_RCVTIMEO : SO_SNDTIMEO;
}

/* NetBSD rounds down to ticks, usually of 10 ms (uipc_socket.c, sosetopt1), and a wait of n ticks
 * ends within the n-th one (kern_condvar.c, cv_timedwait_sig). So a timeout becomes the next tick
 * and one more. Where ticks are shorter, it is longer than necessary by up to 20 ms. */
#ifdef __NetBSD__
#define FERP_POSIX_TICK_MICROS UINT64_C(10000)
#define FERP_POSIX_EXTRA_TICKS 1
#else
#define FERP_POSIX_TICK_MICROS UINT64_C(1)
#define FERP_POSIX_EXTRA_TICKS 0
#endif

static uint64_t whole_ticks(uint64_t micros)
{
    uint64_t ticks = micros / FERP_POSIX_TICK_MICROS + (micros % FERP_POSIX_TICK_MICROS != 0);
    return (ticks + FERP_POSIX_EXTRA_TICKS) * FERP_POSIX_TICK_MICROS;
}

/* Rounds up to microseconds; the kernel rounds up further, to its tick. NONE becomes 0, a finite
 * timeout never does. */
static struct timeval timeval_of(fer_duration timeout)
{
    struct timeval value = {0, 0};
    if (timeout.nanos == FER_DURATION_NONE_NANOS) {
        return value;
    }
    uint64_t micros = whole_ticks(timeout.nanos / 1000 + (timeout.nanos % 1000 != 0));
    uint64_t secs = micros / 1000000;
    if (secs >= FERP_POSIX_TIMEOUT_SECS_MAX) {
        secs = FERP_POSIX_TIMEOUT_SECS_MAX;
        micros = 0;
    }
    value.tv_sec = (__typeof__(value.tv_sec))secs;
    value.tv_usec = (__typeof__(value.tv_usec))(micros % 1000000);
    return value;
}

fer_error ferp_set_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration timeout)
{
    struct timeval value = timeval_of(timeout);
    int option = timeout_option(direction);
    int returned = setsockopt((int)raw, SOL_SOCKET, option, &value, sizeof value);
    for (int i = 0; i < 2 && returned < 0 && errno == EDOM; i++) {
        returned =
            setsockopt((int)raw, SOL_SOCKET, option, &long_timeouts[i], sizeof long_timeouts[i]);
    }
    return ferp_posix_result(returned);
}

fer_error ferp_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration *out)
{
    struct timeval value = {0, 0};
    socklen_t len = sizeof value;
    fer_error error = ferp_posix_result(
        getsockopt((int)raw, SOL_SOCKET, timeout_option(direction), &value, &len));
    bool has_failed = error.kind != FER_OK;
    if (has_failed && (error.os_code == ENOPROTOOPT || ferp_posix_is_refusal(error.os_code))) {
        /* A sandbox without the option has no timeouts (gvisor, issue 6603). */
        error = (fer_error){FER_OK, 0};
    }
    if (error.kind == FER_OK) {
        bool is_none = value.tv_sec == 0 && value.tv_usec == 0;
        uint64_t micros = (uint64_t)value.tv_sec * 1000000 + (uint64_t)value.tv_usec;
        *out = is_none ? FER_DURATION_NONE : fer_duration_from_micros(micros);
    }
    return error;
}

fer_error ferp_set_nonblocking(fer_raw_socket raw, bool nonblocking)
{
#if FERP_HAS_FIONBIO
    int on = nonblocking ? 1 : 0;
    return ferp_posix_ioctl(raw, (unsigned long)FIONBIO, &on);
#else
    int flags = fcntl((int)raw, F_GETFL);
    int wanted = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return ferp_posix_result(flags < 0 ? flags : fcntl((int)raw, F_SETFL, wanted));
#endif
}

fer_error ferp_is_nonblocking(fer_raw_socket raw, bool *out)
{
    int flags = fcntl((int)raw, F_GETFL);
    if (flags >= 0) {
        *out = (flags & O_NONBLOCK) != 0;
    }
    return ferp_posix_result(flags);
}
