/* wait.c: waiting with poll. On POSIX shutdown wakes a poll, so ferp_wait_arm and ferp_wake make no
 * system call. */
#include "platform/posix/posix.h"

#include <poll.h>

/* Indexes into ferp_wait's words. */
#define WORD_FD 0
#define WORD_READINESS 1

fer_error ferp_wait_arm(ferp_wait *wait, fer_raw_socket raw, ferp_readiness readiness)
{
    wait->words[WORD_FD] = (uintptr_t)raw;
    wait->words[WORD_READINESS] = (uintptr_t)readiness;
    return (fer_error){FER_OK, 0};
}

void ferp_wait_disarm(ferp_wait *wait)
{
    (void)wait;
}

void ferp_wake(fer_raw_socket raw)
{
    (void)raw;
}

/* The time from now to deadline; 0 if it has passed. */
static int millis_until(uint64_t deadline)
{
    if (deadline == FERP_NO_DEADLINE) {
        return -1;
    }
    uint64_t now = ferp_now();
    return ferp_posix_millis((fer_duration){deadline > now ? deadline - now : 0});
}

/* Loops only if the time does not fit poll's int. */
static fer_error poll_until(struct pollfd *entry, uint64_t deadline)
{
    for (;;) {
        int millis = millis_until(deadline);
        int ready = poll(entry, 1, millis);
        if (ready < 0) {
            return ferp_posix_error_of(errno);
        }
        if (ready > 0) {
            bool is_none = (entry->revents & POLLNVAL) != 0;
            return is_none ? ferp_posix_error_of(EBADF) : (fer_error){FER_OK, 0};
        }
        if (millis != INT_MAX) {
            return (fer_error){FER_TIMED_OUT, 0};
        }
    }
}

fer_error ferp_wait_for(ferp_wait *wait, uint64_t deadline)
{
    ferp_readiness readiness = (ferp_readiness)wait->words[WORD_READINESS];
    bool writing = readiness == FERP_WRITABLE || readiness == FERP_CONNECTED;
    struct pollfd entry = {(int)wait->words[WORD_FD], writing ? POLLOUT : POLLIN, 0};
    FER_TRY(poll_until(&entry, deadline));
    bool has_failed = readiness == FERP_CONNECTED && (entry.revents & (POLLERR | POLLHUP)) != 0;
    return (fer_error){has_failed ? FER_CONNECTION_REFUSED : FER_OK, 0};
}

/* Loops because a signal ends poll. */
void ferp_pause(uint64_t until)
{
    while (ferp_now() < until) {
        (void)poll(NULL, 0, millis_until(until));
    }
}

static fer_interest ready_of(short revents)
{
    if ((revents & (POLLERR | POLLHUP)) != 0) {
        return FER_READABLE | FER_WRITABLE;
    }
    return ((revents & POLLIN) != 0 ? FER_READABLE : 0) |
           ((revents & POLLOUT) != 0 ? FER_WRITABLE : 0);
}

fer_error ferp_ready(fer_raw_socket raw, fer_interest interest, uint64_t until, uint64_t deadline,
                     fer_interest *ready)
{
    int events = ((interest & FER_READABLE) != 0 ? POLLIN : 0) |
                 ((interest & FER_WRITABLE) != 0 ? POLLOUT : 0);
    struct pollfd entry = {(int)raw, (short)events, 0};
    (void)deadline;
    FER_TRY(poll_until(&entry, until));
    *ready = ready_of(entry.revents) & interest;
    return (fer_error){FER_OK, 0};
}
