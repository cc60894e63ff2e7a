/* misuse_poller_calls.c: one line for each function of poller.h, and the arguments that only they
 * have. No edge-triggered mode, which only one dialect has. No wait without an end: the events that
 * would end it differ by dialect. */
#include "fuzz/programs/misuse_calls.h"

static fer_raw_socket raw_of(const struct misuse_arguments *a)
{
    const struct misuse_state *state = a->state;
    size_t other = a->which >> 2;
    switch (a->arg % 5) {
    case 0: return FER_RAW_SOCKET_NONE;
    case 1: return misuse_raw_of_none(a->arg);
    case 2: return fer_tcp_listener_as_raw(&state->listeners[other % MISUSE_LISTENERS]);
    case 3: return fer_udp_socket_as_raw(&state->sockets[other % MISUSE_SOCKETS]);
    default: return fer_tcp_stream_as_raw(&state->streams[other % MISUSE_STREAMS]);
    }
}

static fer_poll_mode mode_of(const struct misuse_arguments *a)
{
    static const int modes[] = {FER_POLL_ONESHOT, FER_POLL_LEVEL, FER_POLL_LEVEL, 4, 77, INT16_MAX};
    return (fer_poll_mode)modes[a->arg % 6];
}

static fer_event interest_of(const struct misuse_arguments *a)
{
    return (fer_event){.key = a->arg * UINT64_C(0x0101010101010101),
                       .interest = (fer_interest)(a->which >> 5 & 3)};
}

static fer_error do_close(fer_poller *poller)
{
    fer_poller_close(poller);
    return misuse_ok();
}

/* Bits of nulls: poller, events, count, whether it asks for notified, notified. A count after a
 * failure, or above the capacity, is wrong; and so is a notification after a failure. */
static fer_error do_wait(const struct misuse_arguments *a)
{
    static const size_t caps[] = {1, 2, 4, 0};
    static const uint64_t nanos[] = {0, 1, 1000000};
    fer_event events[4];
    size_t cap = caps[a->arg % 4];
    size_t count = MISUSE_UNTOUCHED;
    fer_event *room = a->nulls & 2 ? NULL : events;
    size_t *count_out = a->nulls & 4 ? NULL : &count;
    fer_duration timeout = {nanos[a->arg % 3]};
    bool notified = false;
    fer_error error = a->nulls & 8
                          ? fer_poller_wait(a->poller, timeout, room, cap, count_out,
                                            a->nulls & 16 ? NULL : &notified)
                          : fer_poller_wait(a->poller, timeout, room, cap, count_out, NULL);
    size_t most = error.kind == FER_OK ? cap : 0;
    bool is_right = (count_out == NULL || count <= most) && (!notified || error.kind == FER_OK);
    return misuse_checked(is_right, error);
}

/* Nothing interrupts a wait here. */
static fer_error do_notify(const struct misuse_arguments *a)
{
    return a->nulls & 64 ? fer_poller_set_interruptible(a->poller, a->arg & 1)
                         : fer_poller_notify(a->poller);
}

/* X(name, the call) */
#define CALLS(X)                                                                          \
    X(poller_new, fer_poller_new(a->poller))                                              \
    X(poller_add, fer_poller_add(a->poller, raw_of(a), interest_of(a), mode_of(a)))       \
    X(poller_modify, fer_poller_modify(a->poller, raw_of(a), interest_of(a), mode_of(a))) \
    X(poller_delete, fer_poller_delete(a->poller, raw_of(a)))                             \
    X(poller_wait, do_wait(a))                                                            \
    X(poller_notify, do_notify(a))                                                        \
    X(poller_close, do_close(a->poller))

#include "fuzz/programs/misuse_table.h"

const struct misuse_family misuse_poller_family = {calls, CALL_COUNT, false, NULL};

void misuse_poller_begin(struct misuse_state *state)
{
    FER_IGNORE(fer_poller_new(&state->pollers[0]));
    FER_IGNORE(fer_poller_new(&state->pollers[2]));
    fer_poller_close(&state->pollers[2]);
}

void misuse_poller_end(struct misuse_state *state)
{
    for (int i = 0; i < MISUSE_POLLERS; i++) {
        fer_poller_close(&state->pollers[i]);
    }
}
