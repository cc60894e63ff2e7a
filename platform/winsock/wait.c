/* wait.c: waiting until a socket is ready, and waking a wait. A wait to receive is a request
 * (wait_request.c) if the socket supports that. Every other wait is a select (wait_select.c). */
#include "platform/winsock/wait.h"

#include <limits.h>

int ferp_winsock_millis_until(uint64_t deadline, int slice)
{
    uint64_t now = ferp_now();
    if (deadline <= now) {
        return 0;
    }
    uint64_t millis = ferp_winsock_millis(deadline - now);
    return millis > (uint64_t)slice ? slice : (int)millis;
}

static ferp_winsock_wait_kind kind_of(const ferp_wait *wait)
{
    return (ferp_winsock_wait_kind)wait->words[FERP_WINSOCK_AT_KIND];
}

static bool is_receive(ferp_readiness readiness)
{
    return readiness == FERP_READABLE || readiness == FERP_RECEIVABLE;
}

fer_error ferp_wait_arm(ferp_wait *wait, fer_raw_socket raw, ferp_readiness readiness)
{
    wait->words[FERP_WINSOCK_AT_SOCKET] = (uintptr_t)ferp_winsock_socket(raw);
    wait->words[FERP_WINSOCK_AT_READINESS] = (uintptr_t)readiness;
    wait->words[FERP_WINSOCK_AT_KIND] = FERP_WINSOCK_SELECTS;
    wait->call_deadline = 0;
    wait->token = NULL;
    wait->failure = FERP_WINSOCK_OK;
    if (is_receive(readiness)) {
        ferp_winsock_request_begin(wait);
    }
    return FERP_WINSOCK_OK;
}

/* One wait of the system. A request that ends before its time always means ready: data, the end, a
 * failure, or a ferp_wake. */
static fer_error poll_once(ferp_wait *wait, int millis)
{
    switch (kind_of(wait)) {
    case FERP_WINSOCK_REQUEST_PENDING: return ferp_winsock_request_wait(wait, millis);
    case FERP_WINSOCK_REQUEST_ENDED: return FERP_WINSOCK_OK;
    case FERP_WINSOCK_SELECTS: break;
    }
    fer_error err = ferp_winsock_select(ferp_winsock_wait_socket(wait),
                                        ferp_winsock_wait_readiness(wait), millis);
    return ferp_winsock_or_signalled(err, wait->token);
}

/* Loops because a system wait may end a little early by this clock, and to select again after each
 * slice. The last call does not wait, so that an event that the one before has lost is found. */
static fer_error wait_until(ferp_wait *wait, uint64_t end, int slice)
{
    fer_error err;
    int millis;
    do {
        millis = ferp_winsock_millis_until(end, slice);
        err = poll_once(wait, millis);
    } while (err.kind == FER_TIMED_OUT && millis > 0);
    return err;
}

/* Ends a request that is still pending: its time has expired, or the token is signalled. If it has
 * ended without the cancel, the socket is ready. Otherwise a check that does not depend on its
 * completion decides. */
static fer_error end_pending_request(ferp_wait *wait)
{
    return ferp_winsock_request_cancel(wait) ? FERP_WINSOCK_OK : ferp_winsock_check_readable(wait);
}

/* A wait to receive ends after `longest`, so that the caller receives and checks for changes again:
 * a completion may be lost, and a ferp_wake may not reach the wait. Every other wait lasts until
 * the deadline. One wait of the system lasts at most `slice`, which is shorter than `longest` only
 * for a select with a token. */
fer_error ferp_wait_for(ferp_wait *wait, uint64_t deadline)
{
    bool is_request = kind_of(wait) == FERP_WINSOCK_REQUEST_PENDING;
    uint64_t longest = is_request ? FERP_WINSOCK_REQUEST_SLICE : FERP_WINSOCK_SELECT_SLICE;
    int slice = is_request ? FERP_WINSOCK_REQUEST_SLICE : ferp_winsock_select_slice(wait->token);
    uint64_t end = ferp_now() + longest * FERP_NANOS_PER_MILLI;
    bool ends_early = is_receive(ferp_winsock_wait_readiness(wait)) && end < deadline;
    fer_error err = wait_until(wait, ends_early ? end : deadline, slice);
    if (kind_of(wait) == FERP_WINSOCK_REQUEST_PENDING) {
        fer_error ended = end_pending_request(wait);
        err = err.kind == FER_TIMED_OUT ? ended : err;
    }
    return wait->failure.kind != FER_OK ? FERP_WINSOCK_OK : err;
}

void ferp_wait_disarm(ferp_wait *wait)
{
    if (kind_of(wait) == FERP_WINSOCK_REQUEST_PENDING) {
        (void)ferp_winsock_request_cancel(wait);
    }
}

void ferp_wake(fer_raw_socket raw)
{
    CancelIoEx((HANDLE)ferp_winsock_socket(raw), NULL);
}
