/* wait.h: the two kinds of wait of this backend, a cancellable request and select, and the events
 * of cancel tokens, which end both. Private to wait*.c, request_support.c and token.c. */
#ifndef FERP_WINSOCK_WAIT_H
#define FERP_WINSOCK_WAIT_H

#include "platform/winsock/winsock.h"

/* The longest single wait, in milliseconds. After it the wait checks the socket again, so that an
 * event that the system has lost delays a call by one slice. select is a poll of the AFD driver
 * inside, and AFD confuses two polls of one socket (piscisaureus/wepoll#35, python-trio/trio#52). A
 * zero-byte receive is no such poll. Its longer slice bounds only a lost cancel. */
enum { FERP_WINSOCK_SELECT_SLICE = 100, FERP_WINSOCK_REQUEST_SLICE = 1000 };

/* The longest select with a token, in milliseconds: no select can include the token's event. The
 * clock's ticks are at most 16 ms apart ("GetTickCount function", MSDN). A wait of 15 ms therefore
 * ends within 20 ms, but one of 20 ms may last two ticks ("Sleep function", MSDN). */
enum { FERP_WINSOCK_TOKEN_SLICE = 15 };

static inline int ferp_winsock_select_slice(const fer_cancel_token *token)
{
    return token == NULL ? FERP_WINSOCK_SELECT_SLICE : FERP_WINSOCK_TOKEN_SLICE;
}

#define FERP_WINSOCK_EXPIRED ((fer_error){FER_TIMED_OUT, 0})

/* What an armed wait does. */
typedef enum ferp_winsock_wait_kind {
    FERP_WINSOCK_SELECTS,
    FERP_WINSOCK_REQUEST_PENDING,
    FERP_WINSOCK_REQUEST_ENDED /* while it was made: the socket is ready */
} ferp_winsock_wait_kind;

/* Indexes into a ferp_wait's words. */
enum {
    FERP_WINSOCK_AT_SOCKET,
    FERP_WINSOCK_AT_READINESS,
    FERP_WINSOCK_AT_KIND,
    FERP_WINSOCK_AT_REQUEST /* a pending request */
};

/* Rounded up to the millisecond. At most slice, which is in milliseconds. */
int ferp_winsock_millis_until(uint64_t deadline, int slice);

/* ---- request_support.c */

bool ferp_winsock_supports_requests(SOCKET socket);

/* ---- wait_request.c */

/* Makes a request for an armed wait that selects, if the socket supports one that can be cancelled,
 * and sets the kind. */
void ferp_winsock_request_begin(ferp_wait *wait);

/* OK: the pending request has ended, and the kind is no longer pending; or the token is signalled,
 * and the request is still pending. */
fer_error ferp_winsock_request_wait(ferp_wait *wait, int millis);

/* Ends a pending request, or abandons one that does not end after a second. Returns whether it had
 * ended without the cancel. */
bool ferp_winsock_request_cancel(ferp_wait *wait);

/* Checks once whether a receive returns something, without waiting. OK: it does, or a failure of
 * the check is stored. */
fer_error ferp_winsock_check_readable(ferp_wait *wait);

/* ---- token.c */

/* Set while the token is signalled. */
HANDLE ferp_winsock_token_event(const fer_cancel_token *token);

/* OK: *first is the index of the first event that is set. */
fer_error ferp_winsock_wait_for_events(const HANDLE *events, DWORD count, int millis, DWORD *first);

/* The result of a wait that ended with err: OK if it has expired and the token is signalled. token
 * may be NULL. */
fer_error ferp_winsock_or_signalled(fer_error err, const fer_cancel_token *token);

/* ---- wait_select.c */

/* OK: ready, or woken. FERP_CONNECTED: CONNECTION_REFUSED with os_code 0 is a failed connect. */
fer_error ferp_winsock_select(SOCKET socket, ferp_readiness readiness, int millis);

#endif
