/* seam.h: the simulated system under core: the functions of the seam that the programs need, and
 * what a program does in place of the peer. Each call is one operation of the search. */
#ifndef INTERLEAVE_SEAM_H
#define INTERLEAVE_SEAM_H

#include "ferrule/tcp.h"
#include "platform/platform.h"
#include "tests/interleave/checker.h"

/* The facts of the kinds of systems that differ. */
extern const struct ferp_traits inter_linux;
extern const struct ferp_traits inter_windows;

/* What can happen besides. A program sets it in its begin. */
typedef struct inter_weather {
    unsigned interrupts[INTER_THREADS_MAX]; /* signals during a thread's waits */
    unsigned poller_failures;               /* failed waits of a poller */
    unsigned notify_failures;               /* refused notifications of a poller */
    unsigned lookup_failures;
    bool cond_wakes_spuriously;
    unsigned threads_started; /* by ferp_thread_start, and which have ended or were released */
    uint64_t threads_ended, threads_released;
} inter_weather;
extern inter_weather inter_sky;

void inter_seam_begin(const struct ferp_traits *traits);

/* Fails if a raw socket, a block or an armed wait is left. */
void inter_seam_end(void);

/* ---- The peer */

void inter_peer_sends(fer_raw_socket raw, size_t count);
void inter_peer_reads(fer_raw_socket raw, size_t count); /* makes room */
void inter_peer_resets(fer_raw_socket raw); /* the next send reports it; queued bytes stay */
void inter_peer_connects(fer_raw_socket listener);
/* FER_OK, or the error with which it fails. */
void inter_connect_ends(fer_raw_socket raw, fer_error_kind result);

/* Bytes that were sent on the socket. */
size_t inter_bytes_sent(fer_raw_socket raw);

/* A TCP stream that is connected, with that much room for what it sends. Only in a program's
 * begin. */
void inter_open_stream(fer_tcp_stream *stream, size_t room);

/* The wait of another loop for the raw socket of the poller (fer_poller_as_raw). */
void inter_wait_for_poller_raw(void);

/* Whether a poll of platform/posix/poller_list.c in progress has the raw socket. */
bool inter_is_polled(fer_raw_socket raw);

/* The next call of this thread may wait that long, from its first ferp_now on. It fails if the
 * library asks the system for a longer wait. FER_DURATION_NONE: no limit. */
void inter_limit_call(fer_duration timeout);

/* ---- For the files of the seam */

/* Fail if the wait is longer than inter_limit_call allows. */
void inter_check_wait(fer_duration timeout);
void inter_check_deadline(uint64_t deadline);

/* A wait of the system until a time by ferp_now: OK if it is ready, TIMED_OUT or INTERRUPTED. */
fer_error inter_wait(inter_operation *operation, uint64_t deadline);

uint64_t inter_clock_after(uint64_t nanos);

/* A poller waits for changes of any socket. */
extern const char inter_readiness;

typedef struct inter_ready {
    bool readable, writable;
} inter_ready;
inter_ready inter_readiness_of(fer_raw_socket raw);
bool inter_is_open(fer_raw_socket raw);

void inter_time_begin(const struct ferp_traits *traits);
void inter_poller_begin(void);
void inter_poller_end(void);
bool inter_poller_is_open(void);

bool inter_token_is_signalled(const fer_cancel_token *token);

#endif
