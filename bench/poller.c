/* poller.c: fer_poller beside raw epoll and the peers in the same run: waking a wait, adding and
 * deleting a socket, a wait that finds nothing or an event. All run on one thread, which resolves
 * one or two percent. With --count CASE CONTENDER N it does only N
 * operations, for count_calls.sh. Linux only. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define BENCH_CLOCK CLOCK_PROCESS_CPUTIME_ID
#include "bench/bench.h"
#include "bench/floor.h"
#include "bench/machine.h"
#include "bench/peers.h"
#include "ferrule.h"

enum { OPERATIONS = 2000, EVENTS = 64, SOCKETS_MAX = 8000 };

/* The input of a body: both pollers, a descriptor that is registered with neither, and one that is
 * registered with both. */
typedef struct bench_state {
    int epoll;
    int waker; /* eventfd, edge-triggered, never read */
    fer_poller poller;
    int free_socket;
    int registered_socket;
    int *others;
    size_t other_count;
} bench_state;

static bench_state *state_of(const void *input)
{
    return (bench_state *)(uintptr_t)input;
}

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    bench_must(fd >= 0, "socket");
    return fd;
}

static void raw_control(int epoll, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)fd};
    bench_must(epoll_ctl(epoll, operation, fd, &event) == 0, "epoll_ctl");
}

static void ferrule_add(fer_poller *poller, int fd)
{
    MUST(fer_poller_add(poller, fd, (fer_event){.key = (uint64_t)fd, .interest = FER_READABLE},
                        FER_POLL_LEVEL));
}

static size_t raw_wait(int epoll, int timeout)
{
    struct epoll_event events[EVENTS];
    int found = epoll_wait(epoll, events, EVENTS, timeout);
    bench_must(found >= 0, "epoll_wait");
    return (size_t)found;
}

static size_t ferrule_wait(fer_poller *poller, fer_duration timeout)
{
    fer_event events[EVENTS];
    size_t found = 0;
    MUST(fer_poller_wait(poller, timeout, events, EVENTS, &found, NULL));
    return found;
}

static void raw_wake(int waker)
{
    uint64_t one = 1;
    bench_must(write(waker, &one, sizeof one) == sizeof one, "write");
}

/* ---- wake_same_thread: one notify, and the wait that it ends */

static uint64_t raw_wakes(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        raw_wake(state->waker);
        sum += raw_wait(state->epoll, -1);
    }
    return sum;
}

static uint64_t ferrule_wakes(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        MUST(fer_poller_notify(&state->poller));
        sum += ferrule_wait(&state->poller, FER_DURATION_NONE);
    }
    return sum;
}

/* ---- wait_nothing */

/* Not inlined, as raw_wait and ferrule_wait are not, because they have several callers. */
__attribute__((noinline)) static size_t floor_wait(int epoll)
{
    struct epoll_event events[EVENTS];
    size_t found;
    bench_must(floor_poll(epoll, events, EVENTS, &found), "floor_poll");
    return found;
}

static uint64_t floor_empty_waits(const void *input, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += floor_wait(state_of(input)->epoll);
    }
    return sum;
}

static uint64_t raw_empty_waits(const void *input, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += raw_wait(state_of(input)->epoll, 0);
    }
    return sum;
}

static uint64_t ferrule_empty_waits(const void *input, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += ferrule_wait(&state_of(input)->poller, (fer_duration){0});
    }
    return sum;
}

/* ---- wait_event: an operation is one event, of a socket that stays ready */

static uint64_t raw_events(const void *input, size_t count)
{
    uint64_t found = 0;
    while (found < count) {
        found += raw_wait(state_of(input)->epoll, 0);
    }
    return found;
}

static uint64_t ferrule_events(const void *input, size_t count)
{
    uint64_t found = 0;
    while (found < count) {
        found += ferrule_wait(&state_of(input)->poller, (fer_duration){0});
    }
    return found;
}

/* ---- add_delete, modify */

static uint64_t raw_adds(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    for (size_t i = 0; i < count; i++) {
        raw_control(state->epoll, EPOLL_CTL_ADD, state->free_socket, EPOLLIN);
        raw_control(state->epoll, EPOLL_CTL_DEL, state->free_socket, 0);
    }
    return count;
}

static uint64_t floor_adds(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    for (size_t i = 0; i < count; i++) {
        bench_must(floor_control(state->epoll, EPOLL_CTL_ADD, state->free_socket, EPOLLIN) &&
                       floor_control(state->epoll, EPOLL_CTL_DEL, state->free_socket, 0),
                   "floor_control");
    }
    return count;
}

static uint64_t ferrule_adds(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    for (size_t i = 0; i < count; i++) {
        ferrule_add(&state->poller, state->free_socket);
        MUST(fer_poller_delete(&state->poller, state->free_socket));
    }
    return count;
}

static uint64_t raw_modifies(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    for (size_t i = 0; i < count; i++) {
        raw_control(state->epoll, EPOLL_CTL_MOD, state->registered_socket, EPOLLIN);
    }
    return count;
}

static uint64_t floor_modifies(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    for (size_t i = 0; i < count; i++) {
        bench_must(floor_control(state->epoll, EPOLL_CTL_MOD, state->registered_socket, EPOLLIN),
                   "floor_control");
    }
    return count;
}

static uint64_t ferrule_modifies(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    for (size_t i = 0; i < count; i++) {
        MUST(fer_poller_modify(&state->poller, state->registered_socket,
                               (fer_event){.key = 1, .interest = FER_READABLE}, FER_POLL_LEVEL));
    }
    return count;
}

/* ---- The cases */

enum { NO_PEERS = -1 };
#define LOOP(body) (ptrdiff_t) offsetof(bench_loop, body)

static const struct {
    const char *name;
    bench_body raw;
    bench_body ferrule;
    size_t others; /* further sockets that are registered with each poller */
    size_t ready;  /* how many of these always have an event */
    ptrdiff_t peers;
    bench_body floor; /* may be NULL */
} cases[] = {
    {"wake_same_thread", raw_wakes, ferrule_wakes, 0, 0, LOOP(wake), NULL},
    {"wait_nothing", raw_empty_waits, ferrule_empty_waits, 1, 0, LOOP(wait_nothing),
     floor_empty_waits},
    {"modify", raw_modifies, ferrule_modifies, 0, 0, LOOP(modify), floor_modifies},
    {"add_delete_1", raw_adds, ferrule_adds, 0, 0, LOOP(add_delete), floor_adds},
    {"add_delete_100", raw_adds, ferrule_adds, 100, 0, NO_PEERS, NULL},
    {"add_delete_1000", raw_adds, ferrule_adds, 1000, 0, NO_PEERS, NULL},
    {"add_delete_8000", raw_adds, ferrule_adds, SOCKETS_MAX, 0, NO_PEERS, NULL},
    {"wait_event_1", raw_events, ferrule_events, 1, 1, NO_PEERS, NULL},
    {"wait_event_100", raw_events, ferrule_events, 100, 1, NO_PEERS, NULL},
    {"wait_event_1000", raw_events, ferrule_events, 1000, 1, NO_PEERS, NULL},
    {"wait_event_8000", raw_events, ferrule_events, SOCKETS_MAX, 1, NO_PEERS, NULL},
};
enum { CASES = sizeof cases / sizeof *cases };

static void begin(bench_state *state, size_t others, size_t ready)
{
    *state = (bench_state){.epoll = epoll_create1(0),
                           .waker = eventfd(0, EFD_NONBLOCK),
                           .free_socket = new_socket(),
                           .registered_socket = new_socket(),
                           .others = malloc((others + 1) * sizeof(int)),
                           .other_count = others};
    bench_must(state->epoll >= 0 && state->waker >= 0 && state->others != NULL, "begin");
    raw_control(state->epoll, EPOLL_CTL_ADD, state->waker, EPOLLIN | EPOLLET);
    (void)raw_wait(state->epoll, 0);
    MUST(fer_poller_new(&state->poller));
    raw_control(state->epoll, EPOLL_CTL_ADD, state->registered_socket, EPOLLIN);
    ferrule_add(&state->poller, state->registered_socket);
    /* A socket for datagrams can always be written. */
    for (size_t i = 0; i < others; i++) {
        const int fd = new_socket();
        state->others[i] = fd;
        raw_control(state->epoll, EPOLL_CTL_ADD, fd, i < ready ? EPOLLOUT : EPOLLIN);
        MUST(fer_poller_add(
            &state->poller, fd,
            (fer_event){.key = (uint64_t)fd, .interest = i < ready ? FER_WRITABLE : FER_READABLE},
            FER_POLL_LEVEL));
    }
}

static void end(bench_state *state)
{
    fer_poller_close(&state->poller);
    close(state->epoll);
    close(state->waker);
    close(state->free_socket);
    close(state->registered_socket);
    for (size_t i = 0; i < state->other_count; i++) {
        close(state->others[i]);
    }
    free(state->others);
}

static size_t descriptors;

static void run_case(size_t at)
{
    bench_state state;
    bench_contender contenders[BENCH_CONTENDERS_MAX] = {
        {"raw", cases[at].raw}, {"raw-again", cases[at].raw}, {"ferrule", cases[at].ferrule}};
    size_t count = 3;
    if (cases[at].floor != NULL) {
        contenders[count++] = (bench_contender){"floor", cases[at].floor};
    }
    if (!bench_wants(cases[at].name)) {
        return;
    }
    if (cases[at].others + 200 > descriptors) {
        bench_skip(cases[at].name, "the limit of descriptors is too low");
        return;
    }
    begin(&state, cases[at].others, cases[at].ready);
    for (size_t i = 0; bench_peers[i] != NULL && cases[at].peers != NO_PEERS; i++) {
        const bench_loop *loop = bench_peers[i]->loop;
        bench_body body = NULL;
        if (loop != NULL) {
            memcpy(&body, (const char *)loop + cases[at].peers, sizeof body);
        }
        if (body != NULL) {
            loop->begin(state.others, state.other_count, state.free_socket);
            contenders[count++] = (bench_contender){bench_peers[i]->name, body};
        }
    }
    const bench_case c = {cases[at].name, &state, OPERATIONS, contenders, count};
    bench_run(&c);
    for (size_t i = 0; bench_peers[i] != NULL; i++) {
        for (size_t j = 3; j < count; j++) {
            if (strcmp(contenders[j].name, bench_peers[i]->name) == 0) {
                bench_peers[i]->loop->end();
            }
        }
    }
    end(&state);
}

static int count_case(const char *name, const char *contender, size_t operations)
{
    for (size_t i = 0; i < CASES; i++) {
        if (strcmp(cases[i].name, name) == 0) {
            bench_state state;
            begin(&state, cases[i].others, cases[i].ready);
            bench_sink += (strcmp(contender, "raw") == 0 ? cases[i].raw
                                                         : cases[i].ferrule)(&state, operations);
            end(&state);
            return 0;
        }
    }
    fprintf(stderr, "bench_poller: no case is called %s\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    descriptors = bench_raise_descriptors(3 * SOCKETS_MAX);
    bench_use_one_processor();
    if (argc == 5 && strcmp(argv[1], "--count") == 0) {
        return count_case(argv[2], argv[3], (size_t)strtoul(argv[4], NULL, 10));
    }
    bench_options("poller", argc, argv);
    bench_print_absent_peers();
    for (size_t i = 0; i < CASES; i++) {
        run_case(i);
    }
    return 0;
}
