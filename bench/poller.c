/* poller.c: fer_poller beside raw epoll in the same run: waking a wait, adding and deleting a
 * socket, a wait that finds nothing. All but wake_cross_thread run on one thread, which resolves
 * one or two percent. With --count CASE CONTENDER N it does only N operations, for count_calls.sh.
 * Linux only. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/machine.h"
#include "ferrule.h"

enum { OPERATIONS = 2000, EVENTS = 64 };

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench_poller: %s failed\n", what);
        exit(1);
    }
}

#define MUST(call) must((call).kind == FER_OK, #call)

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
    /* The peer's side of wake_cross_thread. */
    int back_epoll;
    int back_waker;
    fer_poller back;
} bench_state;

static bench_state *state_of(const void *input)
{
    return (bench_state *)(uintptr_t)input;
}

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    must(fd >= 0, "socket");
    return fd;
}

static void raw_control(int epoll, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)fd};
    must(epoll_ctl(epoll, operation, fd, &event) == 0, "epoll_ctl");
}

static void ferrule_add(fer_poller *poller, int fd)
{
    MUST(fer_poller_add(poller, fd, (fer_event){(uint64_t)fd, true, false}, FER_POLL_LEVEL));
}

static size_t raw_wait(int epoll, int timeout)
{
    struct epoll_event events[EVENTS];
    int found = epoll_wait(epoll, events, EVENTS, timeout);
    must(found >= 0, "epoll_wait");
    return (size_t)found;
}

static size_t ferrule_wait(fer_poller *poller, fer_duration timeout)
{
    fer_event events[EVENTS];
    size_t found = 0;
    MUST(fer_poller_wait(poller, events, EVENTS, timeout, &found));
    return found;
}

static void raw_wake(int waker)
{
    uint64_t one = 1;
    must(write(waker, &one, sizeof one) == sizeof one, "write");
}

/* ---- wake_same_thread, wake_folded: one notify, or ten, and the wait that it ends */

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

static uint64_t raw_folded_wakes(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        for (int n = 0; n < 10; n++) {
            raw_wake(state->waker);
        }
        sum += raw_wait(state->epoll, -1);
    }
    return sum;
}

static uint64_t ferrule_folded_wakes(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        for (int n = 0; n < 10; n++) {
            MUST(fer_poller_notify(&state->poller));
        }
        sum += ferrule_wait(&state->poller, FER_DURATION_NONE);
    }
    return sum;
}

/* ---- wake_cross_thread: a round trip on one processor */

typedef struct answering {
    bench_state *state;
    size_t count;
} answering;

static void *raw_answer(void *argument)
{
    const answering *a = argument;
    for (size_t i = 0; i < a->count; i++) {
        (void)raw_wait(a->state->back_epoll, -1);
        raw_wake(a->state->waker);
    }
    return NULL;
}

static void *ferrule_answer(void *argument)
{
    const answering *a = argument;
    for (size_t i = 0; i < a->count; i++) {
        (void)ferrule_wait(&a->state->back, FER_DURATION_NONE);
        MUST(fer_poller_notify(&a->state->poller));
    }
    return NULL;
}

static uint64_t raw_round_trips(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    answering a = {state, count};
    pthread_t thread;
    must(pthread_create(&thread, NULL, raw_answer, &a) == 0, "pthread_create");
    for (size_t i = 0; i < count; i++) {
        raw_wake(state->back_waker);
        (void)raw_wait(state->epoll, -1);
    }
    pthread_join(thread, NULL);
    return count;
}

static uint64_t ferrule_round_trips(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    answering a = {state, count};
    pthread_t thread;
    must(pthread_create(&thread, NULL, ferrule_answer, &a) == 0, "pthread_create");
    for (size_t i = 0; i < count; i++) {
        MUST(fer_poller_notify(&state->back));
        (void)ferrule_wait(&state->poller, FER_DURATION_NONE);
    }
    pthread_join(thread, NULL);
    return count;
}

/* ---- wait_nothing */

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

static uint64_t ferrule_modifies(const void *input, size_t count)
{
    bench_state *state = state_of(input);
    for (size_t i = 0; i < count; i++) {
        MUST(fer_poller_modify(&state->poller, state->registered_socket,
                               (fer_event){1, true, false}, FER_POLL_LEVEL));
    }
    return count;
}

/* ---- The cases */

static const struct {
    const char *name;
    bench_body raw;
    bench_body ferrule;
    size_t others; /* further sockets that are registered with each poller */
} cases[] = {
    {"wake_same_thread", raw_wakes, ferrule_wakes, 0},
    {"wake_folded_10", raw_folded_wakes, ferrule_folded_wakes, 0},
    {"wake_cross_thread", raw_round_trips, ferrule_round_trips, 0},
    {"wait_nothing", raw_empty_waits, ferrule_empty_waits, 0},
    {"modify", raw_modifies, ferrule_modifies, 0},
    {"add_delete_1", raw_adds, ferrule_adds, 0},
    {"add_delete_1000", raw_adds, ferrule_adds, 1000},
    {"add_delete_8000", raw_adds, ferrule_adds, 8000},
};
enum { CASES = sizeof cases / sizeof *cases };

static void begin(bench_state *state, size_t others)
{
    *state = (bench_state){.epoll = epoll_create1(0),
                           .waker = eventfd(0, EFD_NONBLOCK),
                           .back_epoll = epoll_create1(0),
                           .back_waker = eventfd(0, EFD_NONBLOCK),
                           .free_socket = new_socket(),
                           .registered_socket = new_socket(),
                           .others = malloc((others + 1) * sizeof(int)),
                           .other_count = others};
    must(state->epoll >= 0 && state->waker >= 0 && state->back_epoll >= 0 &&
             state->back_waker >= 0 && state->others != NULL,
         "begin");
    raw_control(state->epoll, EPOLL_CTL_ADD, state->waker, EPOLLIN | EPOLLET);
    raw_control(state->back_epoll, EPOLL_CTL_ADD, state->back_waker, EPOLLIN | EPOLLET);
    (void)raw_wait(state->epoll, 0);
    MUST(fer_poller_new(&state->poller));
    MUST(fer_poller_new(&state->back));
    raw_control(state->epoll, EPOLL_CTL_ADD, state->registered_socket, EPOLLIN);
    ferrule_add(&state->poller, state->registered_socket);
    for (size_t i = 0; i < others; i++) {
        state->others[i] = new_socket();
        raw_control(state->epoll, EPOLL_CTL_ADD, state->others[i], EPOLLIN);
        ferrule_add(&state->poller, state->others[i]);
    }
}

static void end(bench_state *state)
{
    fer_poller_close(&state->poller);
    fer_poller_close(&state->back);
    close(state->epoll);
    close(state->waker);
    close(state->back_epoll);
    close(state->back_waker);
    close(state->free_socket);
    close(state->registered_socket);
    for (size_t i = 0; i < state->other_count; i++) {
        close(state->others[i]);
    }
    free(state->others);
}

static void run_case(size_t at)
{
    bench_state state;
    begin(&state, cases[at].others);
    const bench_contender contenders[] = {
        {"raw", cases[at].raw}, {"raw-again", cases[at].raw}, {"ferrule", cases[at].ferrule}};
    const bench_case c = {cases[at].name, &state, OPERATIONS, contenders, 3};
    bench_run(&c);
    end(&state);
}

static int count_case(const char *name, const char *contender, size_t operations)
{
    for (size_t i = 0; i < CASES; i++) {
        if (strcmp(cases[i].name, name) == 0) {
            bench_state state;
            begin(&state, cases[i].others);
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
    (void)bench_raise_descriptors();
    bench_use_one_processor();
    if (argc == 5 && strcmp(argv[1], "--count") == 0) {
        return count_case(argv[2], argv[3], (size_t)strtoul(argv[4], NULL, 10));
    }
    for (size_t i = 0; i < CASES; i++) {
        run_case(i);
    }
    return 0;
}
