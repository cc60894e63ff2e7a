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
    wait->words[FERP_WINSOCK_AT_FAILURE] = 0;
    return is_receive(readiness) ? ferp_winsock_request_begin(wait) : FERP_WINSOCK_OK;
}

/* One call of the system. A request that ends before its time always means ready: data, the end, a
 * failure, or a ferp_wake. */
static fer_error wait_once(ferp_wait *wait, uint64_t end)
{
    if (kind_of(wait) == FERP_WINSOCK_REQUEST_PENDING) {
        return ferp_winsock_request_wait(
            wait, ferp_winsock_millis_until(end, FERP_WINSOCK_REQUEST_SLICE));
    }
    if (kind_of(wait) == FERP_WINSOCK_REQUEST_ENDED) {
        return FERP_WINSOCK_OK;
    }
    return ferp_winsock_select(ferp_winsock_wait_socket(wait), ferp_winsock_wait_readiness(wait),
                               ferp_winsock_millis_until(end, FERP_WINSOCK_SELECT_SLICE));
}

/* A wait to receive ends after a slice, so that the caller receives and looks for changes again: a
 * completion may be lost, and a ferp_wake may not reach the wait. The others select again, which is
 * such a look itself. */
static uint64_t end_of_slice(const ferp_wait *wait, uint64_t deadline)
{
    bool requests = kind_of(wait) == FERP_WINSOCK_REQUEST_PENDING;
    int millis = requests ? FERP_WINSOCK_REQUEST_SLICE : FERP_WINSOCK_SELECT_SLICE;
    uint64_t end = ferp_now() + (uint64_t)millis * 1000000;
    return is_receive(ferp_winsock_wait_readiness(wait)) && end < deadline ? end : deadline;
}

/* Loops because a system wait may end a little early by this clock. */
fer_error ferp_wait_for(ferp_wait *wait, uint64_t deadline)
{
    uint64_t end = end_of_slice(wait, deadline);
    fer_error err = wait_once(wait, end);
    while (err.kind == FER_TIMED_OUT && err.os_code == 0 && ferp_now() < end) {
        err = wait_once(wait, end);
    }
    if (kind_of(wait) == FERP_WINSOCK_REQUEST_PENDING && ferp_winsock_request_cancel(wait) &&
        err.kind == FER_TIMED_OUT) {
        err = FERP_WINSOCK_OK;
    }
    int failure = (int)wait->words[FERP_WINSOCK_AT_FAILURE];
    return failure != 0 ? ferp_winsock_error(failure) : err;
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

void ferp_pause(uint64_t until)
{
    Sleep((DWORD)ferp_winsock_millis_until(until, INT_MAX));
}
