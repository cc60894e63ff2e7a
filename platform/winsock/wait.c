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

static bool is_receive(uintptr_t readiness)
{
    return readiness == FERP_READABLE || readiness == FERP_RECEIVABLE;
}

fer_error ferp_wait_arm(ferp_wait *wait, fer_raw_socket raw, ferp_readiness readiness)
{
    wait->words[FERP_WINSOCK_AT_SOCKET] = ferp_winsock_socket(raw);
    wait->words[FERP_WINSOCK_AT_READINESS] = (uintptr_t)readiness;
    wait->words[FERP_WINSOCK_AT_KIND] = FERP_WINSOCK_SELECTS;
    wait->call_deadline = 0;
    wait->token = NULL;
    wait->failure = FERP_WINSOCK_OK;
    if (is_receive((uintptr_t)readiness)) {
        ferp_winsock_request_begin(wait);
    }
    return FERP_WINSOCK_OK;
}

static fer_error select_once(const ferp_wait *wait, int millis)
{
    fer_error err =
        ferp_winsock_select(wait->words[FERP_WINSOCK_AT_SOCKET],
                            (ferp_readiness)wait->words[FERP_WINSOCK_AT_READINESS], millis);
    return ferp_winsock_or_signalled(err, wait->token);
}

/* A wait to receive ends after `longest`, so that the caller receives and checks for changes again:
 * a completion may be lost, and a ferp_wake may not reach the wait. Every other wait lasts until
 * the deadline. One wait of the system lasts at most `slice`, which is shorter than `longest` only
 * for a select with a token.
 *
 * Loops because a system wait may end a little early by this clock, and to select again after each
 * slice. The last call does not wait, so that an event that the one before has lost is found. A
 * request that ends before its time always means ready: data, the end, a failure, or a ferp_wake.
 * One that is still pending is cancelled, because its time has expired, or the token is signalled.
 * If it has ended without the cancel, the socket is ready. Otherwise a check that does not depend
 * on its completion decides. */
fer_error ferp_wait_for(ferp_wait *wait, uint64_t deadline)
{
    bool is_request = wait->words[FERP_WINSOCK_AT_KIND] == FERP_WINSOCK_REQUEST_PENDING;
    uint64_t longest = is_request ? FERP_WINSOCK_REQUEST_SLICE : FERP_WINSOCK_SELECT_SLICE;
    int slice = is_request ? FERP_WINSOCK_REQUEST_SLICE : ferp_winsock_select_slice(wait->token);
    uint64_t end = ferp_now() + longest * FERP_NANOS_PER_MILLI;
    fer_error err = FERP_WINSOCK_OK;
    int millis;
    if (end > deadline || !is_receive(wait->words[FERP_WINSOCK_AT_READINESS])) {
        end = deadline;
    }
    if (wait->words[FERP_WINSOCK_AT_KIND] != FERP_WINSOCK_REQUEST_ENDED) {
        do {
            millis = ferp_winsock_millis_until(end, slice);
            err = is_request ? ferp_winsock_request_wait(wait, millis) : select_once(wait, millis);
        } while (err.kind == FER_TIMED_OUT && millis > 0);
    }
    if (wait->words[FERP_WINSOCK_AT_KIND] == FERP_WINSOCK_REQUEST_PENDING) {
        bool has_ended = ferp_winsock_request_cancel(wait);
        fer_error ended = has_ended ? FERP_WINSOCK_OK : ferp_winsock_check_readable(wait);
        err = err.kind == FER_TIMED_OUT ? ended : err;
    }
    return wait->failure.kind != FER_OK ? FERP_WINSOCK_OK : err;
}

void ferp_wait_disarm(ferp_wait *wait)
{
    if (wait->words[FERP_WINSOCK_AT_KIND] == FERP_WINSOCK_REQUEST_PENDING) {
        (void)ferp_winsock_request_cancel(wait);
    }
}

void ferp_wake(fer_raw_socket raw)
{
    CancelIoEx((HANDLE)ferp_winsock_socket(raw), NULL);
}
