/* reconnect.h: a policy for reconnecting to a host: when to retry, and at which address.
 *
 * Address: each attempt looks the name up again. A program that keeps the address of its first
 * lookup keeps trying a host that may have moved, until it is restarted.
 *
 * Time: pauses double, up to a limit, so that returning clients do not overload a host that is in
 * trouble. Each pause is random between half and all of its value, so that clients that lost the
 * host together do not return together ("Exponential Backoff And Jitter", AWS Architecture Blog:
 * equal jitter).
 *
 * This header neither reads a clock nor pauses. The caller does, by its own clock, which may be the
 * simulated network's. */
#ifndef RECONNECT_H
#define RECONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"

/* The policy and its state. Set the members before failures, and random; failures begins as 0. */
typedef struct reconnect {
    fer_resolver *resolver; /* caller-owned, open */
    const char *host_port;
    fer_duration first_pause;   /* the maximum after the first failure */
    fer_duration longest_pause; /* the maximum after any failure */
    fer_duration limit;         /* of one attempt, from the lookup to the connection */
    unsigned attempts;          /* failures in a row until the retries end; 0: no limit */
    unsigned failures;          /* failures in a row that a pause has followed */
    uint64_t random;            /* the jitter's state; seed each process differently */
} reconnect;

/* SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). Its
 * numbers are predictable, which is acceptable here. */
static inline uint64_t reconnect_draw(reconnect *self)
{
    self->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = self->random;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* One attempt: looks the name up and connects to the first of its addresses that answers. An
 * address that is silent does not delay the others for long (RFC 8305). */
static inline fer_error reconnect_attempt(const reconnect *self, fer_tcp_stream *stream)
{
    fer_connect_options options = {0};
    options.limits.deadline = fer_instant_after(self->limit);
    options.resolver = self->resolver;
    return fer_tcp_stream_connect_with(stream, self->host_port, &options);
}

/* Counts a failure and returns the pause before the next attempt. */
static inline fer_duration reconnect_pause(reconnect *self)
{
    uint64_t limit = self->longest_pause.nanos;
    uint64_t whole = self->first_pause.nanos < limit ? self->first_pause.nanos : limit;
    for (unsigned i = 0; i < self->failures && whole < limit; i++) {
        whole = whole < limit / 2 ? whole * 2 : limit;
    }
    self->failures++;
    return fer_duration_from_nanos(whole - reconnect_draw(self) % (whole / 2 + 1));
}

/* Whether to end the retries after this failure: it is the last attempt, or host_port is no
 * address. Call it before reconnect_pause. */
static inline bool reconnect_gives_up(const reconnect *self, fer_error error)
{
    return error.kind == FER_INVALID_INPUT || error.kind == FER_MISUSE ||
           (self->attempts > 0 && self->failures + 1 >= self->attempts);
}

/* Call it when the host has done something useful, not when it has only accepted: a host that
 * accepts and then closes is in trouble too. */
static inline void reconnect_succeeded(reconnect *self)
{
    self->failures = 0;
}

#endif
