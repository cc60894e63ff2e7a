/* connect_attempts.h: connects to the first of several addresses that answers (RFC 8305, 5). The
 * schedule of the attempts is in connect_schedule.h. */
#ifndef FERI_CONNECT_ATTEMPTS_H
#define FERI_CONNECT_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/handle/limits.h"
#include "core/open/connect_schedule.h"
#include "core/wait/pause.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"
#include "ferrule/tcp.h"

/* The options, or the default ones for NULL. */
const fer_connect_options *feri_connect_options_or_default(const fer_connect_options *options);

/* INVALID_INPUT for a local address or a family that does not exist and for reserved members,
 * MISUSE for failures_cap without failures. Sets *options->failures_count to 0. */
fer_error feri_connect_options_check(const fer_connect_options *options);

/* Ends a claim: fills the handle with the first connection, within the options' limits, or abandons
 * the claim. error is the reason why there are no addresses, which is the result; or FER_OK, then
 * options are checked and addrs valid. Errors as fer_tcp_stream_connect_with. */
fer_error feri_connect_first(fer_handle *handle, fer_error error, const fer_socket_addr *addrs,
                             size_t count, const fer_connect_options *options);

/* ---- The attempts themselves, for calls that wait and for connectors. */

/* An open attempt. raw is FER_RAW_SOCKET_NONE if its socket could not be created. */
typedef struct feri_open_attempt {
    fer_raw_socket raw;
    size_t slot;
    size_t at; /* the index of its address */
    uint64_t began;
    fer_connect_step step;
    bool is_watched; /* set and cleared by watch and unwatch */
} feri_open_attempt;

/* {0}, except options, limits, watch and unwatch, before feri_attempts_begin. */
typedef struct feri_attempts {
    const fer_socket_addr *addrs; /* as many as the schedule has */
    const fer_connect_options *options;
    feri_limits limits;
    /* Called when a connect is pending, and before its socket is closed. NULL: the caller waits by
     * ferp_poll. watch returns IN_PROGRESS, or why the attempt fails. */
    fer_error (*watch)(struct feri_attempts *all, feri_open_attempt *started);
    void (*unwatch)(struct feri_attempts *all, feri_open_attempt *ended);
    size_t next_at[2]; /* for each family, the index from which it is searched */
    bool next_is_ipv4; /* the family of the next address; at first that of addrs[0] */
    feri_connect_schedule schedule;
    feri_false_hints false_hints;
    feri_open_attempt open[FERI_ATTEMPTS_MAX]; /* in the order of their starts */
    size_t open_count;
    size_t failures;
    fer_error last_error; /* that of the last address that has failed so far */
    size_t last_number;   /* its attempt, counted from 1; 0: an address that local does not fit */
    fer_error stop_error; /* if the call is stopped before an attempt connects */
} feri_attempts;

/* Begins the attempts to addrs, which stay valid until the end. CANCELLED, TIMED_OUT or MISUSE if
 * the limits are reached before (rule K1). */
fer_error feri_attempts_begin(feri_attempts *all, const fer_socket_addr *addrs, size_t count);

/* Starts, times out and closes attempts until the next step is a wait until `until`: false. True:
 * *result is the result. FER_OK: open[0] is the connection, and the only open attempt. Otherwise no
 * attempt is open. With watch, the open attempts are queried before a limit ends one. */
bool feri_attempts_advance(feri_attempts *all, uint64_t *until, fer_error *result);

/* Queries the status of the attempts whose bits are set, by their indexes: a hint is no proof. The
 * earliest that has connected wins. Returns whether one has ended, or the call. */
bool feri_attempts_apply_ends(feri_attempts *all, uint32_t ended);

/* Closes all open attempts, with a reset (rule K9). */
void feri_attempts_abort(feri_attempts *all);

#endif
