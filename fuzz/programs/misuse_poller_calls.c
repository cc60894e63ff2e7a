/* misuse_poller_calls.c: one line for each function of poller.h, and the arguments that it may be
 * given. No edges, which one dialect alone has, and no wait without end, which nothing may end:
 * what it would be told of is not the same in both. */
#include "fuzz/programs/misuse_calls.h"

/* What a call is given; each pointer may be NULL. */
struct arguments {
    fer_poller *poller;
    fer_raw_socket raw;
    fer_event interest;
    fer_poll_mode mode;
    fer_event *events;
    size_t cap;
    fer_duration timeout;
    size_t *count;
};

static fer_error do_close(fer_poller *poller)
{
    fer_poller_close(poller);
    return (fer_error){FER_OK, 0};
}

/* A failure that leaves a count, or more events than there is room for, is no kind. */
static fer_error do_wait(const struct arguments *a)
{
    fer_error error = fer_poller_wait(a->poller, a->events, a->cap, a->timeout, a->count);
    size_t most = error.kind == FER_OK ? a->cap : 0;
    return a->count == NULL || *a->count <= most ? error : (fer_error){(fer_error_kind)0x7FFF, 0};
}

/* X(name, the call) */
#define CALLS(X)                                                                 \
    X(poller_new, fer_poller_new(a->poller))                                     \
    X(poller_add, fer_poller_add(a->poller, a->raw, a->interest, a->mode))       \
    X(poller_modify, fer_poller_modify(a->poller, a->raw, a->interest, a->mode)) \
    X(poller_delete, fer_poller_delete(a->poller, a->raw))                       \
    X(poller_wait, do_wait(a))                                                   \
    X(poller_notify, fer_poller_notify(a->poller))                               \
    X(poller_close, do_close(a->poller))

#include "fuzz/programs/misuse_table.h"

const char *misuse_poller_call_name(uint8_t call)
{
    return calls[call % CALL_COUNT].name;
}

static fer_raw_socket raw_of(const struct misuse_world *world, uint8_t who, uint8_t arg)
{
    switch (arg % 5) {
    case 0: return FER_RAW_SOCKET_NONE;
    case 1: return arg * 99991 + 4099;
    case 2: return fer_tcp_listener_as_raw(&world->listeners[(who >> 2) % MISUSE_LISTENERS]);
    case 3: return fer_udp_socket_as_raw(&world->sockets[(who >> 2) % MISUSE_SOCKETS]);
    default: return fer_tcp_stream_as_raw(&world->streams[(who >> 2) % MISUSE_STREAMS]);
    }
}

/* Bits of nulls: poller, events, count. */
fer_error misuse_poller_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                             uint8_t arg)
{
    static const int modes[] = {FER_POLL_ONESHOT, FER_POLL_LEVEL, FER_POLL_LEVEL, 3, 77, INT16_MAX};
    static const size_t caps[] = {1, 2, 4, 0};
    static const uint64_t nanos[] = {0, 1, 1000000};
    fer_event events[4];
    size_t count = 77;
    struct arguments a = {.raw = raw_of(world, who, arg),
                          .mode = (fer_poll_mode)modes[arg % 6],
                          .cap = caps[arg % 4],
                          .timeout = {nanos[arg % 3]}};
    a.interest = (fer_event){arg * UINT64_C(0x0101010101010101), (who & 32) != 0, (who & 64) != 0};
    a.poller = nulls & 1 ? NULL : &world->pollers[who % MISUSE_POLLERS];
    a.events = nulls & 2 ? NULL : events;
    a.count = nulls & 4 ? NULL : &count;
    return calls[call % CALL_COUNT].function(&a);
}

void misuse_poller_begin(struct misuse_world *world)
{
    FER_IGNORE(fer_poller_new(&world->pollers[0]));
    FER_IGNORE(fer_poller_new(&world->pollers[2]));
    fer_poller_close(&world->pollers[2]);
}

void misuse_poller_end(struct misuse_world *world)
{
    for (int i = 0; i < MISUSE_POLLERS; i++) {
        fer_poller_close(&world->pollers[i]);
    }
}
