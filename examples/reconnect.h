/* reconnect.h: how a program finds its way back to a host that went away: when to try again, and
 * where.
 *
 * Where: the name is looked up anew on each attempt. A program that keeps the address of its first
 * lookup tries a machine that is gone until somebody restarts it.
 * When: after pauses that double, up to a longest one, so that a host in trouble is not knocked
 * over by those who want it back. Each pause is drawn between its half and its whole, so that
 * clients that lost the host at one moment do not return at one moment ("Exponential Backoff And
 * Jitter", AWS Architecture Blog, calls it equal jitter).
 *
 * There is no clock and no pause in here: the caller pauses, by a clock of his own, which may be
 * the simulated network's. */
#ifndef RECONNECT_H
#define RECONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"

enum { RECONNECT_ADDRS_CAP = 16 };

/* What is wanted, and how often it has failed. Set what stands before failures, which begins as
 * 0. */
typedef struct reconnect {
    fer_resolver *resolver; /* the caller's, open */
    const char *host_port;
    fer_duration
        /* of one attempt's lookup; the system's own takes as long as it likes (rule N6) */
        lookup_limit;
    fer_duration first_pause;   /* at most this long after the first failure */
    fer_duration longest_pause; /* at most this long after any */
    fer_duration connect_limit; /* of one attempt, all addresses of the name together */
    unsigned attempts;          /* in a row that fail until it is given up; 0: never */
    unsigned failures;          /* in a row that were followed by a pause */
    uint64_t random; /* where the jitter stands. Begin each process with another number. */
} reconnect;

/* SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). Nobody has
 * to guess these numbers, so it is enough. */
static inline uint64_t reconnect_draw(reconnect *self)
{
    self->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = self->random;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static inline fer_error reconnect_look_up(const reconnect *self, fer_socket_addr *addrs,
                                          size_t *count)
{
    fer_lookup lookup = {0};
    FER_TRY(fer_resolver_start(self->resolver, self->host_port, NULL, &lookup));
    fer_error error =
        fer_lookup_wait(&lookup, self->lookup_limit, addrs, RECONNECT_ADDRS_CAP, count);
    fer_lookup_close(&lookup);
    return error;
}

/* One attempt: looks the name up and connects to the first of its addresses that answers. Each has
 * its share of the limit: one that is silent leaves time for the others. */
static inline fer_error reconnect_attempt(const reconnect *self, fer_tcp_stream *stream)
{
    fer_socket_addr addrs[RECONNECT_ADDRS_CAP];
    fer_error error = {FER_HOST_NOT_FOUND, 0};
    size_t count = 0;
    FER_TRY(reconnect_look_up(self, addrs, &count));
    count = count < RECONNECT_ADDRS_CAP ? count : RECONNECT_ADDRS_CAP;
    for (size_t i = 0; i < count; i++) {
        fer_duration share = fer_duration_from_nanos(self->connect_limit.nanos / count);
        error = fer_tcp_stream_connect_timeout(stream, &addrs[i], share);
        if (error.kind == FER_OK) {
            return error;
        }
    }
    return error;
}

/* Counts a failure, and tells how long to pause before the next attempt. */
static inline fer_duration reconnect_pause(reconnect *self)
{
    uint64_t longest = self->longest_pause.nanos;
    uint64_t whole = self->first_pause.nanos < longest ? self->first_pause.nanos : longest;
    for (unsigned i = 0; i < self->failures && whole < longest; i++) {
        whole = whole < longest / 2 ? whole * 2 : longest;
    }
    self->failures++;
    return fer_duration_from_nanos(whole - reconnect_draw(self) % (whole / 2 + 1));
}

/* Whether trying again after this failure is of no use: it was one too many, or what is asked for
 * is no address. To be asked before the pause. */
static inline bool reconnect_gives_up(const reconnect *self, fer_error error)
{
    return error.kind == FER_INVALID_INPUT ||
           (self->attempts > 0 && self->failures + 1 >= self->attempts);
}

/* To be called once the host has been of use, not when it has only let us in: one that accepts and
 * then closes is in trouble too. */
static inline void reconnect_succeeded(reconnect *self)
{
    self->failures = 0;
}

#endif
