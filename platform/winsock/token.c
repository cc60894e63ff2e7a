/* token.c: the event of a cancel token: a manual-reset event, which is set while the token is
 * signalled. No wait resets it, so it ends every wait. */
#include "platform/winsock/wait.h"

#include <limits.h>

/* Index into a token's words. */
enum { AT_EVENT };

HANDLE ferp_winsock_token_event(const fer_cancel_token *token)
{
    return (HANDLE)token->p_.system_[AT_EVENT];
}

fer_error ferp_token_open(fer_cancel_token *token)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (event == NULL) {
        return ferp_winsock_last_error();
    }
    token->p_.system_[AT_EVENT] = (intptr_t)event;
    return FERP_WINSOCK_OK;
}

fer_error ferp_token_open_pollable(fer_cancel_token *token, fer_raw_socket *raw)
{
    (void)token;
    (void)raw;
    return (fer_error){FER_UNSUPPORTED, 0};
}

void ferp_token_close(fer_cancel_token *token)
{
    CloseHandle(ferp_winsock_token_event(token));
}

void ferp_token_signal(fer_cancel_token *token)
{
    SetEvent(ferp_winsock_token_event(token));
}

void ferp_token_clear(fer_cancel_token *token)
{
    ResetEvent(ferp_winsock_token_event(token));
}

fer_error ferp_winsock_wait_for_events(const HANDLE *events, DWORD count, int millis, DWORD *first)
{
    DWORD answer = WaitForMultipleObjects(count, events, FALSE, (DWORD)millis);
    if (answer == WAIT_TIMEOUT) {
        return FERP_WINSOCK_EXPIRED;
    }
    if (answer >= WAIT_OBJECT_0 + count) {
        return ferp_winsock_last_error();
    }
    *first = answer - WAIT_OBJECT_0;
    return FERP_WINSOCK_OK;
}

fer_error ferp_winsock_or_signalled(fer_error err, const fer_cancel_token *token)
{
    bool is_signalled = err.kind == FER_TIMED_OUT && token != NULL &&
                        WaitForSingleObject(ferp_winsock_token_event(token), 0) == WAIT_OBJECT_0;
    return is_signalled ? FERP_WINSOCK_OK : err;
}

fer_error ferp_pause_within(const fer_cancel_token *token, uint64_t until, uint64_t deadline)
{
    (void)deadline;
    (void)ferp_token_wait(token, NULL, until);
    return FERP_WINSOCK_OK;
}

/* Loops because a wait may end a little early by this clock, and because its milliseconds have 32
 * bits: 49 days. */
fer_error ferp_token_wait(const fer_cancel_token *token, const fer_cancel_token *other,
                          uint64_t deadline)
{
    const fer_cancel_token *const tokens[] = {token, other};
    HANDLE events[2];
    DWORD count = 0;
    DWORD first = 0;
    fer_error err;
    int millis;
    for (int i = 0; i < 2; i++) {
        if (tokens[i] != NULL) {
            events[count++] = ferp_winsock_token_event(tokens[i]);
        }
    }
    if (count == 0) {
        Sleep((DWORD)ferp_winsock_millis_until(deadline, INT_MAX));
        return FERP_WINSOCK_EXPIRED;
    }
    do {
        millis = ferp_winsock_millis_until(deadline, INT_MAX);
        err = ferp_winsock_wait_for_events(events, count, millis, &first);
    } while (err.kind == FER_TIMED_OUT && millis > 0);
    return err;
}
