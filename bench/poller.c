/* poller.c: fer_poller beside raw epoll in the same run: waking a wait, watching and no longer
 * watching, a wait that finds nothing. All on one thread, which resolves a percent or two, but for
 * wake_cross_thread. With --count CASE CONTENDER N it does N operations and nothing else, for
 * count_calls.sh. Linux only. */
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

/* What a body works on: both pollers, a descriptor that neither watches, and one that both do. */
typedef struct bench_world {
    int epoll;
    int waker; /* eventfd, edge-triggered, never read */
    fer_poller poller;
    int free_socket;
    int watched_socket;
    int *others;
    size_t other_count;
    /* The other side of wake_cross_thread. */
    int back_epoll;
    int back_waker;
    fer_poller back;
} bench_world;

static bench_world *world_of(const void *input)
{
    return (bench_world *)(uintptr_t)input;
}

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    must(fd >= 0, "socket");
    return fd;
}

static void raw_watch(int epoll, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)fd};
    must(epoll_ctl(epoll, operation, fd, &event) == 0, "epoll_ctl");
}

static void ferrule_watch(fer_poller *poller, int fd)
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

/* ---- wake_same_thread, wake_folded: a notify, or ten, and the wait that it ends */

static uint64_t raw_wakes(const void *input, size_t count)
{
    bench_world *w = world_of(input);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        raw_wake(w->waker);
        sum += raw_wait(w->epoll, -1);
    }
    return sum;
}

static uint64_t ferrule_wakes(const void *input, size_t count)
{
    bench_world *w = world_of(input);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        MUST(fer_poller_notify(&w->poller));
        sum += ferrule_wait(&w->poller, FER_DURATION_NONE);
    }
    return sum;
}

static uint64_t raw_folded_wakes(const void *input, size_t count)
{
    bench_world *w = world_of(input);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        for (int n = 0; n < 10; n++) {
            raw_wake(w->waker);
        }
        sum += raw_wait(w->epoll, -1);
    }
    return sum;
}

static uint64_t ferrule_folded_wakes(const void *input, size_t count)
{
    bench_world *w = world_of(input);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        for (int n = 0; n < 10; n++) {
            MUST(fer_poller_notify(&w->poller));
        }
        sum += ferrule_wait(&w->poller, FER_DURATION_NONE);
    }
    return sum;
}

/* ---- wake_cross_thread: there and back, on one processor */

typedef struct answering {
    bench_world *world;
    size_t count;
} answering;

static void *raw_answer(void *argument)
{
    const answering *a = argument;
    for (size_t i = 0; i < a->count; i++) {
        (void)raw_wait(a->world->back_epoll, -1);
        raw_wake(a->world->waker);
    }
    return NULL;
}

static void *ferrule_answer(void *argument)
{
    const answering *a = argument;
    for (size_t i = 0; i < a->count; i++) {
        (void)ferrule_wait(&a->world->back, FER_DURATION_NONE);
        MUST(fer_poller_notify(&a->world->poller));
    }
    return NULL;
}

static uint64_t raw_round_trips(const void *input, size_t count)
{
    bench_world *w = world_of(input);
    answering a = {w, count};
    pthread_t thread;
    must(pthread_create(&thread, NULL, raw_answer, &a) == 0, "pthread_create");
    for (size_t i = 0; i < count; i++) {
        raw_wake(w->back_waker);
        (void)raw_wait(w->epoll, -1);
    }
    pthread_join(thread, NULL);
    return count;
}

static uint64_t ferrule_round_trips(const void *input, size_t count)
{
    bench_world *w = world_of(input);
    answering a = {w, count};
    pthread_t thread;
    must(pthread_create(&thread, NULL, ferrule_answer, &a) == 0, "pthread_create");
    for (size_t i = 0; i < count; i++) {
        MUST(fer_poller_notify(&w->back));
        (void)ferrule_wait(&w->poller, FER_DURATION_NONE);
    }
    pthread_join(thread, NULL);
    return count;
}

/* ---- wait_nothing */

static uint64_t raw_looks(const void *input, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += raw_wait(world_of(input)->epoll, 0);
    }
    return sum;
}

static uint64_t ferrule_looks(const void *input, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += ferrule_wait(&world_of(input)->poller, (fer_duration){0});
    }
    return sum;
}

/* ---- add_delete, modify */

static uint64_t raw_adds(const void *input, size_t count)
{
    bench_world *w = world_of(input);
    for (size_t i = 0; i < count; i++) {
        raw_watch(w->epoll, EPOLL_CTL_ADD, w->free_socket, EPOLLIN);
        raw_watch(w->epoll, EPOLL_CTL_DEL, w->free_socket, 0);
    }
    return count;
}

static uint64_t ferrule_adds(const void *input, size_t count)
{
    bench_world *w = world_of(input);
    for (size_t i = 0; i < count; i++) {
        ferrule_watch(&w->poller, w->free_socket);
        MUST(fer_poller_delete(&w->poller, w->free_socket));
    }
    return count;
}

static uint64_t raw_modifies(const void *input, size_t count)
{
    bench_world *w = world_of(input);
    for (size_t i = 0; i < count; i++) {
        raw_watch(w->epoll, EPOLL_CTL_MOD, w->watched_socket, EPOLLIN);
    }
    return count;
}

static uint64_t ferrule_modifies(const void *input, size_t count)
{
    bench_world *w = world_of(input);
    for (size_t i = 0; i < count; i++) {
        MUST(fer_poller_modify(&w->poller, w->watched_socket, (fer_event){1, true, false},
                               FER_POLL_LEVEL));
    }
    return count;
}

/* ---- The cases */

static const struct {
    const char *name;
    bench_body raw;
    bench_body ferrule;
    size_t others; /* how many sockets more each of them watches */
} cases[] = {
    {"wake_same_thread", raw_wakes, ferrule_wakes, 0},
    {"wake_folded_10", raw_folded_wakes, ferrule_folded_wakes, 0},
    {"wake_cross_thread", raw_round_trips, ferrule_round_trips, 0},
    {"wait_nothing", raw_looks, ferrule_looks, 0},
    {"modify", raw_modifies, ferrule_modifies, 0},
    {"add_delete_1", raw_adds, ferrule_adds, 0},
    {"add_delete_1000", raw_adds, ferrule_adds, 1000},
    {"add_delete_8000", raw_adds, ferrule_adds, 8000},
};
enum { CASES = sizeof cases / sizeof *cases };

static void begin(bench_world *w, size_t others)
{
    *w = (bench_world){.epoll = epoll_create1(0),
                       .waker = eventfd(0, EFD_NONBLOCK),
                       .back_epoll = epoll_create1(0),
                       .back_waker = eventfd(0, EFD_NONBLOCK),
                       .free_socket = new_socket(),
                       .watched_socket = new_socket(),
                       .others = malloc((others + 1) * sizeof(int)),
                       .other_count = others};
    must(w->epoll >= 0 && w->waker >= 0 && w->back_epoll >= 0 && w->back_waker >= 0 &&
             w->others != NULL,
         "begin");
    raw_watch(w->epoll, EPOLL_CTL_ADD, w->waker, EPOLLIN | EPOLLET);
    raw_watch(w->back_epoll, EPOLL_CTL_ADD, w->back_waker, EPOLLIN | EPOLLET);
    (void)raw_wait(w->epoll, 0);
    MUST(fer_poller_new(&w->poller));
    MUST(fer_poller_new(&w->back));
    raw_watch(w->epoll, EPOLL_CTL_ADD, w->watched_socket, EPOLLIN);
    ferrule_watch(&w->poller, w->watched_socket);
    for (size_t i = 0; i < others; i++) {
        w->others[i] = new_socket();
        raw_watch(w->epoll, EPOLL_CTL_ADD, w->others[i], EPOLLIN);
        ferrule_watch(&w->poller, w->others[i]);
    }
}

static void end(bench_world *w)
{
    fer_poller_close(&w->poller);
    fer_poller_close(&w->back);
    close(w->epoll);
    close(w->waker);
    close(w->back_epoll);
    close(w->back_waker);
    close(w->free_socket);
    close(w->watched_socket);
    for (size_t i = 0; i < w->other_count; i++) {
        close(w->others[i]);
    }
    free(w->others);
}

static void run_case(size_t at)
{
    bench_world w;
    begin(&w, cases[at].others);
    const bench_contender contenders[] = {
        {"raw", cases[at].raw}, {"raw-again", cases[at].raw}, {"ferrule", cases[at].ferrule}};
    const bench_case c = {cases[at].name, &w, OPERATIONS, contenders, 3};
    bench_run(&c);
    end(&w);
}

static int count_case(const char *name, const char *contender, size_t operations)
{
    for (size_t i = 0; i < CASES; i++) {
        if (strcmp(cases[i].name, name) == 0) {
            bench_world w;
            begin(&w, cases[i].others);
            bench_sink +=
                (strcmp(contender, "raw") == 0 ? cases[i].raw : cases[i].ferrule)(&w, operations);
            end(&w);
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
