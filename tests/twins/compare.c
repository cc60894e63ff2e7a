/* compare.c: how the results of the twins are compared: errors, times, processor time and waits. */
#define _GNU_SOURCE
#include "twins.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double clock_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

double now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

/* The step of a loop that waits for a condition. */
void pause_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

void differ(struct world *world, const char *format, ...)
{
    va_list arguments;
    if (world->difference[0] == '\0') {
        int n = snprintf(world->difference, sizeof world->difference, "step %zu: ", world->now + 1);
        va_start(arguments, format);
        (void)vsnprintf(world->difference + n, sizeof world->difference - (size_t)n, format,
                        arguments);
        va_end(arguments);
    }
}

bool differs(const struct world *world)
{
    return world->difference[0] != '\0';
}

/* The kinds of errno values of a network, written from error.h and independent of the library's
 * own table. A second kind is that of an operation: connect and bind (DIFFERENCES.md). */
static const struct {
    int code;
    fer_error_kind kind, other;
} KINDS[] = {
    {EAGAIN, FER_WOULD_BLOCK, FER_TIMED_OUT},
    {EINPROGRESS, FER_WOULD_BLOCK, FER_TIMED_OUT},
    {EPERM, FER_PERMISSION_DENIED, FER_PERMISSION_DENIED},
    {EACCES, FER_PERMISSION_DENIED, FER_PERMISSION_DENIED},
    {ECONNREFUSED, FER_CONNECTION_REFUSED, FER_CONNECTION_REFUSED},
    {ECONNRESET, FER_CONNECTION_RESET, FER_CONNECTION_RESET},
    {ECONNABORTED, FER_CONNECTION_ABORTED, FER_CONNECTION_ABORTED},
    {EPIPE, FER_BROKEN_PIPE, FER_CONNECTION_RESET},
    {ETIMEDOUT, FER_CONNECTION_TIMED_OUT, FER_CONNECTION_TIMED_OUT},
    {EHOSTUNREACH, FER_HOST_UNREACHABLE, FER_HOST_UNREACHABLE},
    {EHOSTDOWN, FER_HOST_UNREACHABLE, FER_HOST_UNREACHABLE},
    {ENETUNREACH, FER_NETWORK_UNREACHABLE, FER_NETWORK_UNREACHABLE},
    {ENETDOWN, FER_NETWORK_DOWN, FER_NETWORK_DOWN},
    {ENONET, FER_UNCATEGORIZED, FER_HOST_UNREACHABLE},
    {EADDRNOTAVAIL, FER_ADDR_NOT_AVAILABLE, FER_NETWORK_UNREACHABLE},
    {EADDRINUSE, FER_ADDR_IN_USE, FER_ADDR_IN_USE},
    {EINVAL, FER_INVALID_INPUT, FER_NETWORK_UNREACHABLE},
    {EMSGSIZE, FER_MESSAGE_TOO_LONG, FER_MESSAGE_TOO_LONG},
    {ENOBUFS, FER_NO_BUFFER_SPACE, FER_NO_BUFFER_SPACE},
    {ENOPROTOOPT, FER_UNSUPPORTED, FER_UNSUPPORTED},
    {EOPNOTSUPP, FER_UNSUPPORTED, FER_UNSUPPORTED},
    {EPROTO, FER_UNCATEGORIZED, FER_UNCATEGORIZED},
    {ENOTCONN, FER_NOT_CONNECTED, FER_NOT_CONNECTED},
    {EDESTADDRREQ, FER_NOT_CONNECTED, FER_NOT_CONNECTED},
    {ENODEV, FER_NOT_FOUND, FER_ADDR_NOT_AVAILABLE},
    {ENXIO, FER_NOT_FOUND, FER_UNCATEGORIZED},
};

bool is_kind_of(int code, fer_error_kind kind)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (KINDS[i].code == code) {
            return kind == KINDS[i].kind || kind == KINDS[i].other;
        }
    }
    return kind == FER_UNCATEGORIZED;
}

bool is_of_network(fer_error_kind kind)
{
    return kind == FER_CONNECTION_REFUSED || kind == FER_HOST_UNREACHABLE ||
           kind == FER_NETWORK_UNREACHABLE || kind == FER_NETWORK_DOWN ||
           kind == FER_CONNECTION_TIMED_OUT || kind == FER_PERMISSION_DENIED ||
           kind == FER_UNSUPPORTED || kind == FER_UNCATEGORIZED || kind == FER_TIMED_OUT ||
           kind == FER_MESSAGE_TOO_LONG || kind == FER_ADDR_NOT_AVAILABLE ||
           kind == FER_INVALID_INPUT;
}

const char *text_of(fer_error error)
{
    static __thread char texts[4][FER_ERROR_TEXT_CAP];
    static __thread unsigned next;
    char *text = texts[next++ % 4];
    (void)fer_error_format(error, text, FER_ERROR_TEXT_CAP);
    return text;
}

struct outcome plain_outcome(ssize_t result)
{
    struct outcome outcome = {DONE, result > 0 ? (size_t)result : 0, 0, {FER_OK, 0}};
    if (result < 0) {
        outcome.code = errno;
        outcome.class = errno == EAGAIN || errno == EINPROGRESS ? WAITS : FAILED;
    }
    return outcome;
}

struct outcome mine_outcome(fer_error error, size_t n)
{
    struct outcome outcome = {DONE, n, 0, error};
    if (error.kind != FER_OK) {
        outcome.class = error.kind == FER_WOULD_BLOCK || error.kind == FER_TIMED_OUT ||
                                error.kind == FER_CANCELLED
                            ? WAITS
                            : FAILED;
    }
    return outcome;
}

int tcp_state(fer_raw_socket socket)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    return getsockopt((int)socket, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_state
                                                                            : TCP_CLOSE;
}

/* ---- The event during a call */

static bool wait_for_the_end(struct world *world, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&world->lock);
    while (!world->has_ended &&
           pthread_cond_timedwait(&world->ended, &world->lock, &until) != ETIMEDOUT) {
    }
    bool has_ended = world->has_ended;
    pthread_mutex_unlock(&world->lock);
    return has_ended;
}

/* An event that is repeated ends with the call, and after two seconds: a call that it prolongs
 * must end as well. */
static void *run_meanwhile(void *argument)
{
    struct world *world = argument;
    const struct step *step = world->later;
    network_enter(world, HERE);
    for (int i = 0; i < 50 && !wait_for_the_end(world, 40); i++) {
        if (i == 0 || step->row->is_repeated) {
            step->row->run(world, step->row, step->arg);
            world->is_disturbed = true;
            world->later_ran = true;
        }
    }
    return NULL;
}

void call_begins(struct world *world)
{
    if (world->later != NULL) {
        world->has_ended = false;
        if (pthread_create(&world->helper, NULL, run_meanwhile, world) != 0) {
            world->later = NULL;
        }
    }
    world->began = now_ms();
    world->cpu_began = clock_ms(CLOCK_THREAD_CPUTIME_ID);
}

void call_ends(struct world *world, const char *call, int limit_ms)
{
    double took = now_ms() - world->began;
    double cpu = clock_ms(CLOCK_THREAD_CPUTIME_ID) - world->cpu_began;
    if (world->later != NULL) {
        pthread_mutex_lock(&world->lock);
        world->has_ended = true;
        pthread_cond_signal(&world->ended);
        pthread_mutex_unlock(&world->lock);
        pthread_join(world->helper, NULL);
        world->later = NULL;
    }
    if (limit_ms >= 0 && took > limit_ms + SLACK_MS) {
        differ(world, "%s took %.0f ms, its limit is %d ms", call, took, limit_ms);
    }
    /* T8 has 2 %; a call of some milliseconds has other work too. */
    if (took > 25 && cpu > 10 + took / 4) {
        differ(world, "%s took %.0f ms, and a processor for %.0f ms of them", call, took, cpu);
    }
}

/* ---- Waits */

enum { WINDOW_MS = 25, MOST_SPURIOUS = 8 };

/* Counts the reports that lead to nothing: no call of the interest goes on, and no call has an
 * error. */
struct reports {
    struct world *world;
    blocks_function *blocks;
    const char *wait;
    fer_interest interest;
    unsigned spurious;
};

static bool is_turning(struct reports *reports, fer_interest ready)
{
    if (ready == 0 || differs(reports->world)) {
        return ready == 0;
    }
    fer_interest call = reports->interest != 0 ? reports->interest : FER_READABLE;
    if (!reports->blocks(reports->world, call)) {
        return true;
    }
    if (++reports->spurious <= MOST_SPURIOUS) {
        return false;
    }
    differ(reports->world, "%s with interest %u reports 0x%x without end, and each call blocks",
           reports->wait, (unsigned)reports->interest, (unsigned)ready);
    return true;
}

static void wait_by_poller(struct reports *reports, fer_raw_socket mine, fer_poll_mode mode)
{
    fer_poller poller = {0};
    fer_event event = {.key = 1, .interest = reports->interest};
    if (fer_poller_new(&poller).kind != FER_OK) {
        return;
    }
    fer_error error = fer_poller_add(&poller, mine, event, mode);
    double end = now_ms() + (double)WINDOW_MS;
    while (error.kind == FER_OK && now_ms() < end) {
        fer_event got = {0};
        size_t count = 0;
        error =
            fer_poller_wait(&poller, fer_duration_from_millis(WINDOW_MS), &got, 1, &count, NULL);
        if (error.kind != FER_OK || count == 0 || is_turning(reports, got.interest)) {
            break;
        }
        if (mode == FER_POLL_ONESHOT || mode == FER_POLL_EDGE_ONESHOT) {
            error = fer_poller_modify(&poller, mine, event, mode);
        }
    }
    if (error.kind != FER_OK) {
        differ(reports->world, "a poller reports %s", text_of(error));
    }
    fer_poller_close(&poller);
}

static void wait_by_poll(struct reports *reports, fer_raw_socket mine)
{
    double end = now_ms() + (double)WINDOW_MS;
    while (now_ms() < end) {
        fer_poll_entry entry = {.raw = mine, .interest = reports->interest};
        size_t count = 0;
        fer_error error = fer_poll(&entry, 1, fer_duration_from_millis(WINDOW_MS), NULL, &count);
        if (error.kind != FER_OK) {
            differ(reports->world, "fer_poll reports %s", text_of(error));
        }
        if (error.kind != FER_OK || count == 0 || is_turning(reports, entry.ready)) {
            return;
        }
    }
}

static const char *const WAITS_BY[] = {"a poller (ONESHOT)", "a poller (LEVEL)", "a poller (EDGE)",
                                       "a poller (EDGE_ONESHOT)", "fer_poll"};

void compare_waits(struct world *world, fer_raw_socket mine, int plain, unsigned arg,
                   blocks_function *blocks)
{
    static const fer_interest INTERESTS[] = {FER_READABLE, FER_READABLE, FER_WRITABLE, 0};
    unsigned wait = arg % 8 < 5 ? arg % 8 : FER_POLL_LEVEL;
    struct reports reports = {world, blocks, WAITS_BY[wait], INTERESTS[arg / 8 % 4], 0};
    char byte;
    bool plain_reads = recv(plain, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    call_begins(world);
    if (wait < 4) {
        wait_by_poller(&reports, mine, (fer_poll_mode)wait);
    } else {
        wait_by_poll(&reports, mine);
    }
    call_ends(world, WAITS_BY[wait], 8 * WINDOW_MS);
    /* What the plain twin can read must also be reported, within a time that does not depend on
     * the order of the twins' packets. */
    fer_poll_entry entry = {.raw = mine, .interest = FER_READABLE};
    size_t count = 0;
    if (plain_reads &&
        (fer_poll(&entry, 1, fer_duration_from_millis(PATIENCE_MS), NULL, &count).kind != FER_OK ||
         count != 1)) {
        differ(world, "the plain twin is readable, and fer_poll reports nothing");
    }
}
