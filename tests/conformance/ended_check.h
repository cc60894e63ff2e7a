/* ended_check.h: the handles of a call that waits, and the events; checks each pair of a call and
 * an event against a table of answers (ended_waits.c, poller_ended_waits.c). */
#ifndef CONFORMANCE_ENDED_CHECK_H
#define CONFORMANCE_ENDED_CHECK_H

#include "ferrule/time.h"
#include "ferrule/udp_batch.h"
#include "support/file.h"
#include "support/limits_fixture.h"
#include "support/overlap.h"
#include "support/poller_fixture.h"

/* SHORT_MS: a call that nothing ends waits so long, for longer than a slice of the library.
 * LONG_MS: a call that an event must end. */
enum { CELLS_MAX = 24, SHORT_MS = 150, LONG_MS = 20000, SOON_MS = 8000 };

/* ---- The kinds of sockets, the events and the answers: bits */

typedef enum ended_kind {
    TCP_V4 = 1,
    TCP_V6 = 2,
    UNIX_STREAM = 4,
    UDP = 8,
    UNIX_DATAGRAM = 16,
    TCP_LISTENER = 32,
    UNIX_LISTENER = 64,
    UNIX_PAIR = 128, /* two datagram sockets that are connected to each other */
    TCP = TCP_V4 | TCP_V6,
    STREAMS = TCP | UNIX_STREAM,
    UNIX_DATAGRAMS = UNIX_DATAGRAM | UNIX_PAIR,
    DATAGRAMS = UDP | UNIX_DATAGRAMS,
    LISTENERS = TCP_LISTENER | UNIX_LISTENER,
    UNIX_SOCKETS = UNIX_STREAM | UNIX_DATAGRAMS | UNIX_LISTENER,
    ANY_SOCKET = STREAMS | DATAGRAMS | LISTENERS
} ended_kind;

typedef enum ended_direction { RECEIVES = 1, SENDS = 2, EITHER = RECEIVES | SENDS } ended_direction;

typedef enum ended_event {
    OWN_READ = 1,
    OWN_WRITE = 2,
    OWN_BOTH = 4,
    CLONE_READ = 8,
    CLONE_WRITE = 16,
    CLONE_BOTH = 32,
    PEER_READ = 64,
    PEER_WRITE = 128,
    PEER_BOTH = 256,
    PEER_CLOSE = 512,
    PEER_RESETS = 1024,
    CANCEL = 2048,
    DEADLINE = 4096,
    TIMEOUT = 8192,
    NOTIFY = 16384,
    EVENTS = 15,
    OWN = OWN_READ | OWN_WRITE | OWN_BOTH,
    SHUT_READ = OWN_READ | OWN_BOTH | CLONE_READ | CLONE_BOTH,
    SHUT_WRITE = OWN_WRITE | OWN_BOTH | CLONE_WRITE | CLONE_BOTH,
    PEER = PEER_READ | PEER_WRITE | PEER_BOTH | PEER_CLOSE | PEER_RESETS,
    ANY_EVENT = 32767
} ended_event;

/* END: OK without a byte. WAITS: not ended by the event, TIMED_OUT by its limit. */
typedef enum ended_answer {
    END = 1,
    BROKEN = 2,
    RESET = 4,
    REFUSED = 8,
    CANCELLED = 16,
    WAITS = 32,
    NOTIFIED = 64,
    FAILS = BROKEN | RESET
} ended_answer;

/* ---- One call, its event, and their handles */

typedef union ended_handle {
    fer_tcp_stream tcp;
    fer_unix_stream local;
    fer_udp_socket udp;
    fer_unix_datagram datagram;
    fer_tcp_listener listener;
    fer_unix_listener unix_listener;
} ended_handle;

struct ended_cell;
typedef struct ended_call {
    const char *name;
    unsigned kinds;
    ended_direction direction;
    fer_error (*run)(struct ended_cell *cell);
} ended_call;

typedef struct ended_cell {
    const ended_call *call;
    ended_kind kind;
    ended_event event;
    bool by_limits;
    bool is_short; /* nothing but its limit may end the call */
    ended_handle own;
    fer_socket clone;
    fer_socket peer;
    const char *path;     /* of a Unix listener, or of the peer */
    fer_tcp_stream other; /* of a copy */
    fer_tcp_stream other_peer;
    fer_poller poller;
    fer_cancel_token token;
    fer_duration timeout; /* of a call that has one */
    fer_error error;
    fer_error event_error;
    uint64_t event_us;
    uint64_t ended_us;
} ended_cell;

static unsigned char ended_zeros[1 << 16];
static fer_raw_file ended_file; /* of these zeros; -1: the system makes no files */

static inline fer_socket *own_socket(ended_cell *cell)
{
    switch (cell->kind) {
    case UNIX_STREAM: return fer_unix_stream_as_socket(&cell->own.local);
    case UDP: return fer_udp_socket_as_socket(&cell->own.udp);
    case UNIX_PAIR:
    case UNIX_DATAGRAM: return fer_unix_datagram_as_socket(&cell->own.datagram);
    case TCP_LISTENER: return fer_tcp_listener_as_socket(&cell->own.listener);
    case UNIX_LISTENER: return fer_unix_listener_as_socket(&cell->own.unix_listener);
    default: return fer_tcp_stream_as_socket(&cell->own.tcp);
    }
}

static inline stream_ref own_ref(ended_cell *cell)
{
    return cell->kind == UNIX_STREAM ? unix_ref(&cell->own.local) : tcp_ref(&cell->own.tcp);
}

static inline fer_stream own_stream(ended_cell *cell)
{
    return cell->kind == UNIX_STREAM ? fer_unix_stream_as_stream(&cell->own.local)
                                     : fer_tcp_stream_as_stream(&cell->own.tcp);
}

/* ---- Opening and closing */

/* The listeners of a test, from which the streams of all its cells come. */
static fer_tcp_listener *ended_listeners[2];
static fer_unix_listener *ended_unix_listener;
static const char *ended_path;
static const char *ended_paths[CELLS_MAX];

static inline void open_tcp(peer_family family, fer_tcp_stream *stream, fer_socket *peer)
{
    uint16_t port = 0;
    fer_socket_addr addr;
    fer_tcp_listener **listener = &ended_listeners[family];
    if (*listener == NULL) {
        *listener = test_listening(family, &port);
    }
    assert_ok(fer_tcp_listener_local_addr(*listener, &addr));
    assert_ok(fer_socket_new(peer, domain_of(family), FER_TYPE_STREAM, 0));
    assert_ok(fer_socket_connect(peer, &addr));
    assert_ok(fer_tcp_listener_accept(*listener, stream, NULL));
}

static inline void open_unix(ended_cell *cell)
{
    fer_unix_addr addr;
    if (ended_unix_listener == NULL) {
        ended_path = unix_peer_path("streams");
        ended_unix_listener = test_unix_listening(ended_path);
    }
    assert_ok(fer_unix_addr_from_pathname(&addr, ended_path));
    assert_ok(fer_socket_new(&cell->peer, FER_DOMAIN_UNIX, FER_TYPE_STREAM, 0));
    assert_ok(fer_socket_connect_unix(&cell->peer, &addr));
    assert_ok(fer_unix_listener_accept(ended_unix_listener, &cell->own.local, NULL));
}

static inline void open_udp(ended_cell *cell)
{
    fer_socket_addr addr = loopback(PEER_V4, 0);
    assert_ok(fer_udp_socket_bind_addr(&cell->own.udp, &addr));
    assert_ok(fer_socket_new(&cell->peer, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0));
    assert_ok(fer_socket_bind(&cell->peer, &addr));
    assert_ok(fer_socket_local_addr(&cell->peer, &addr));
    assert_ok(fer_udp_socket_connect_addr(&cell->own.udp, &addr));
    assert_ok(fer_udp_socket_local_addr(&cell->own.udp, &addr));
    assert_ok(fer_socket_connect(&cell->peer, &addr));
}

/* The peer is not connected to the socket, and has the queue that fills. */
static inline void open_unix_datagrams(ended_cell *cell)
{
    fer_unix_addr addr;
    assert_ok(fer_unix_addr_from_pathname(&addr, cell->path));
    assert_ok(fer_socket_new(&cell->peer, FER_DOMAIN_UNIX, FER_TYPE_DGRAM, 0));
    assert_ok(fer_socket_bind_unix(&cell->peer, &addr));
    assert_ok(fer_unix_datagram_unbound(&cell->own.datagram));
    assert_ok(fer_unix_datagram_connect_addr(&cell->own.datagram, &addr));
}

static inline void open_unix_pair(ended_cell *cell)
{
    fer_unix_datagram peer = {0};
    assert_ok(fer_unix_datagram_pair(&cell->own.datagram, &peer));
    assert_ok(fer_socket_from_raw(&cell->peer, fer_unix_datagram_into_raw(&peer)));
}

static inline void open_handles(ended_cell *cell)
{
    fer_socket_addr addr = loopback(PEER_V4, 0);
    switch (cell->kind) {
    case UNIX_STREAM: open_unix(cell); break;
    case UDP: open_udp(cell); break;
    case UNIX_DATAGRAM: open_unix_datagrams(cell); break;
    case UNIX_PAIR: open_unix_pair(cell); break;
    case TCP_LISTENER: assert_ok(fer_tcp_listener_bind_addr(&cell->own.listener, &addr)); break;
    case UNIX_LISTENER:
        assert_ok(fer_unix_listener_bind(&cell->own.unix_listener, cell->path));
        break;
    default: open_tcp(cell->kind == TCP_V6 ? PEER_V6 : PEER_V4, &cell->own.tcp, &cell->peer); break;
    }
    assert_ok(fer_socket_try_clone(own_socket(cell), &cell->clone));
    if ((cell->kind & (STREAMS | UNIX_DATAGRAMS)) != 0) {
        fer_socket connected = {0};
        open_tcp(PEER_V4, &cell->other, &connected);
        assert_ok(fer_socket_into_tcp_stream(&connected, &cell->other_peer));
    }
}

static inline void close_cell(ended_cell *cell)
{
    fer_socket_close(&cell->clone);
    fer_socket_close(own_socket(cell));
    fer_socket_close(&cell->peer);
    fer_tcp_stream_close(&cell->other);
    fer_tcp_stream_close(&cell->other_peer);
    fer_poller_close(&cell->poller);
    fer_cancel_token_close(&cell->token);
    if (cell->path != NULL) {
        (void)unix_peer_remove(cell->path);
    }
}

/* ---- Full queues */

static inline fer_error try_to_send(ended_cell *cell)
{
    return (cell->kind & UNIX_DATAGRAMS) != 0
               ? fer_unix_datagram_try_send(&cell->own.datagram, ended_zeros, 1000, NULL)
               : stream_try_write(own_ref(cell), ended_zeros, sizeof ended_zeros, NULL);
}

static inline bool fills(ended_cell *cell)
{
    bool progressed = false;
    fer_error error = try_to_send(cell);
    for (; error.kind == FER_OK; error = try_to_send(cell)) {
        progressed = true;
    }
    assert_kind(error, FER_WOULD_BLOCK);
    return progressed;
}

/* Until nothing is accepted after a pause either, because bytes in flight leave space behind. */
static inline void fill_cells(ended_cell *cells, size_t count)
{
    int quiet = 0;
    while (quiet < 2) {
        bool progressed = false;
        for (size_t i = 0; i < count; i++) {
            progressed = (cells[i].call->direction == SENDS && fills(&cells[i])) || progressed;
        }
        quiet = progressed ? 0 : quiet + 1;
        peer_pause(progressed || quiet == 1 ? 2 : 0);
    }
}

/* ---- Limits and timeouts */

static inline fer_error set_timeout(ended_cell *cell, ended_direction direction, unsigned ms)
{
    return direction == RECEIVES ? fer_socket_set_read_timeout(own_socket(cell), millis(ms))
                                 : fer_socket_set_write_timeout(own_socket(cell), millis(ms));
}

/* A call of by_limits waits within limits, in the library. Another one waits as the system does,
 * until the timeouts of the socket. Any thread. */
static inline fer_error set_limits(ended_cell *cell)
{
    bool expires = cell->is_short && cell->event == TIMEOUT;
    bool is_soon = expires || (cell->is_short && !cell->by_limits);
    fer_limits limits = {.token = &cell->token};
    cell->timeout = millis(cell->is_short && cell->event != DEADLINE ? SHORT_MS : LONG_MS);
    if (cell->by_limits) {
        limits.deadline =
            fer_instant_after(millis(cell->is_short && !expires ? SHORT_MS : LONG_MS));
        FER_TRY(fer_socket_set_limits(own_socket(cell), &limits));
    } else if ((cell->kind & LISTENERS) == 0) {
        ended_direction other = cell->call->direction == SENDS ? RECEIVES : SENDS;
        FER_TRY(set_timeout(cell, other, LONG_MS));
    }
    return cell->by_limits && !expires
               ? (fer_error){FER_OK, 0}
               : set_timeout(cell, cell->call->direction, is_soon ? SHORT_MS : LONG_MS);
}

/* ---- The events */

static inline fer_error reset_by_peer(ended_cell *cell)
{
    fer_error error = {FER_OK, 0};
    if ((cell->kind & TCP) != 0) {
        error = fer_socket_set_linger(&cell->peer, (fer_duration){0});
    }
    fer_socket_close(&cell->peer);
    return error;
}

/* The shutdowns are the first nine events: by the handle, its clone and the peer. */
static inline fer_error cause(ended_cell *cell)
{
    fer_socket *const of[] = {own_socket(cell), &cell->clone, &cell->peer};
    for (int i = 0; i < 9; i++) {
        if ((int)cell->event == 1 << i) {
            return fer_socket_shutdown(of[i / 3], (fer_shutdown)(i % 3));
        }
    }
    switch (cell->event) {
    case PEER_CLOSE: fer_socket_close(&cell->peer); break;
    case PEER_RESETS: return reset_by_peer(cell);
    case CANCEL: return fer_cancel_token_cancel(&cell->token);
    case NOTIFY: return fer_poller_notify(&cell->poller);
    default: break;
    }
    return (fer_error){FER_OK, 0};
}

/* A copy in both directions whose other stream has ended shuts WRITE down itself. An event that
 * does so comes after it. */
static inline void cause_event(void *argument)
{
    static const char copy[] = "fer_copy_bidirectional from";
    ended_cell *caused = argument;
    if ((caused->event & SHUT_WRITE) != 0 &&
        strncmp(caused->call->name, copy, sizeof copy - 1) == 0) {
        (void)peer_raw_wait_readable(fer_socket_as_raw(&caused->peer));
    }
    caused->event_us = peer_now_us();
    caused->event_error = cause(caused);
}

static inline void run_call(void *argument)
{
    ended_cell *running = argument;
    running->error = set_limits(running);
    if (running->error.kind == FER_OK) {
        running->error = running->call->run(running);
    }
    running->ended_us = peer_now_us();
}

/* ---- Calls that both tests use */

/* Whether a receive or a send finds what a wait has reported: WOULD_BLOCK if not. */
static inline fer_error try_again(ended_cell *cell)
{
    char buf[8];
    fer_udp_received got;
    fer_unix_received unix_got;
    if (cell->call->direction == SENDS) {
        return try_to_send(cell);
    }
    switch (cell->kind) {
    case UDP: return fer_udp_socket_try_recv_from(&cell->own.udp, buf, sizeof buf, &got);
    case UNIX_PAIR:
    case UNIX_DATAGRAM:
        return fer_unix_datagram_try_recv_from(&cell->own.datagram, buf, sizeof buf, &unix_got);
    case TCP_LISTENER: return fer_tcp_listener_try_accept(&cell->own.listener, &cell->other, NULL);
    case UNIX_LISTENER: return (fer_error){FER_OTHER, 0};
    default: return stream_try_read(own_ref(cell), buf, sizeof buf, NULL);
    }
}

static inline fer_interest interest_of(const ended_cell *cell)
{
    return cell->call->direction == SENDS ? FER_WRITABLE : FER_READABLE;
}

/* Waits by wait, which stores whether something is ready, and tries. A queue that has space again
 * is filled, and waited for. */
static inline fer_error wait_and_try(ended_cell *cell, fer_error (*wait)(struct ended_cell *cell,
                                                                         fer_duration, bool *ready))
{
    fer_instant end = fer_instant_after(cell->timeout);
    bool sends = cell->call->direction == SENDS;
    bool ready = false;
    do {
        fer_error error = wait(cell, fer_instant_remaining(end), &ready);
        if (error.kind == FER_OK && ready) {
            error = try_again(cell);
            bool is_end = error.kind == FER_OK && !sends;
            if (is_end || (error.kind != FER_OK && error.kind != FER_WOULD_BLOCK)) {
                return error;
            }
            peer_pause(1);
        } else if (error.kind != FER_OK) {
            return error;
        }
    } while (ready && fer_instant_remaining(end).nanos > 0);
    return (fer_error){FER_TIMED_OUT, 0};
}

/* ---- The table of answers */

/* How a call waits: in the library, within limits, or as the system does. */
typedef enum ended_mode { BY_LIMITS = 1, BY_SYSTEM = 2, BOTH_MODES = 3 } ended_mode;

/* The first row that matches has the answers; none: the pair does not exist. modes 0: both, but
 * only by limits if the event does not end the call. call NULL: every call. is_system NULL: every
 * system, otherwise those on which it returns true. */
typedef struct ended_rule {
    const char *rule;
    unsigned kinds;
    unsigned directions;
    unsigned events;
    unsigned answers;
    unsigned modes;
    const char *call;
    bool (*is_system)(void);
} ended_rule;

static inline unsigned mode_of(const ended_cell *cell)
{
    return cell->by_limits ? BY_LIMITS : BY_SYSTEM;
}

static inline bool matches(const ended_rule *rule, const ended_cell *cell)
{
    return (rule->kinds & cell->kind) != 0 && (rule->directions & cell->call->direction) != 0 &&
           (rule->events & cell->event) != 0 &&
           (rule->modes == 0 || (rule->modes & mode_of(cell)) != 0) &&
           (rule->call == NULL || strcmp(rule->call, cell->call->name) == 0) &&
           (rule->is_system == NULL || rule->is_system());
}

static inline const ended_rule *rule_of(const ended_rule *rules, const ended_cell *cell)
{
    const ended_rule *rule = rules;
    while (!matches(rule, cell)) {
        rule++;
    }
    return rule;
}

/* Whether the cell is run: the call has this kind, and the pair exists. */
static inline bool is_run(const ended_rule *rule, const ended_cell *cell)
{
    bool may_wait_on = (rule->answers & WAITS) != 0 && cell->event != TIMEOUT;
    return (cell->call->kinds & cell->kind) != 0 && rule->answers != 0 &&
           (cell->by_limits || rule->modes != 0 || !may_wait_on);
}

static inline bool is_linux(void)
{
    return !peer_is_windows() && !peer_is_bsd() && !unix_peer_has_bsd_datagrams();
}

static inline bool is_not_linux(void)
{
    return !is_linux();
}

static inline bool is_bsd(void)
{
    return peer_is_bsd() || unix_peer_has_bsd_datagrams();
}

static inline unsigned answer_of(fer_error error)
{
    switch (error.kind) {
    case FER_OK: return END;
    case FER_BROKEN_PIPE: return BROKEN;
    case FER_CONNECTION_RESET: return RESET;
    case FER_CONNECTION_REFUSED:
    case FER_NOT_CONNECTED: return REFUSED;
    case FER_CANCELLED: return CANCELLED;
    case FER_TIMED_OUT: return WAITS;
    case FER_INTERRUPTED: return NOTIFIED; /* only if run_call says so */
    default: return 0;
    }
}

static inline const char *event_name(ended_event event)
{
    static const char *const names[EVENTS] = {"own shutdown of READ",
                                              "own shutdown of WRITE",
                                              "own shutdown of BOTH",
                                              "a clone's of READ",
                                              "a clone's of WRITE",
                                              "a clone's of BOTH",
                                              "the peer's of READ",
                                              "the peer's of WRITE",
                                              "the peer's of BOTH",
                                              "the peer's close",
                                              "a reset",
                                              "a cancel",
                                              "the deadline",
                                              "the timeout",
                                              "a notify"};
    int index = 0;
    while (index + 1 < EVENTS && (1 << index) != (int)event) {
        index++;
    }
    return names[index];
}

/* ---- The check: all calls of a kind and a direction in both modes, with one event at once */

/* Prints and returns false if the cell is none of the rule's answers, or late. */
static inline bool is_as_ruled(const ended_cell *cell, const ended_rule *rule)
{
    bool is_soon = (rule->answers & WAITS) == 0 || cell->event == TIMEOUT;
    bool is_late = is_soon && cell->ended_us > cell->event_us + UINT64_C(1000) * SOON_MS;
    /* the peer of one that is not connected to it: row unix_datagram_shut */
    bool has_no_peer = cell->kind == UNIX_DATAGRAM && cell->event_error.kind == FER_NOT_CONNECTED;
    if ((answer_of(cell->error) & rule->answers) != 0 && !is_late &&
        (cell->event_error.kind == FER_OK || has_no_peer)) {
        return true;
    }
    print_error("%s, %s, %s: %s (%ld) %s, the event %s (rule %s)\n", cell->call->name,
                event_name(cell->event), cell->by_limits ? "limits" : "the system's wait",
                fer_error_kind_name(cell->error.kind), (long)cell->error.os_code,
                is_late ? "late" : "", fer_error_kind_name(cell->event_error.kind), rule->rule);
    return false;
}

static inline void open_cell(ended_cell *cell)
{
    open_handles(cell);
    assert_ok(fer_poller_new(&cell->poller));
    assert_ok(fer_cancel_token_new(&cell->token));
    if ((cell->kind & STREAMS) != 0 && cell->call->direction == RECEIVES) {
        assert_ok(fer_tcp_stream_shutdown(&cell->other_peer, FER_SHUTDOWN_WRITE));
        assert_true(peer_raw_wait_readable(fer_tcp_stream_as_raw(&cell->other)));
    }
    if (cell->event == PEER_RESETS && cell->kind == UNIX_STREAM) {
        assert_ok(stream_write(own_ref(cell), "x", 1, NULL));
    }
}

/* The number of cells that are not as ruled. */
static inline int check_event(const ended_call *calls, size_t count, const ended_rule *rules,
                              const ended_cell *model)
{
    static ended_cell cells[CELLS_MAX];
    static test_overlap overlaps[CELLS_MAX];
    const ended_rule *of[CELLS_MAX];
    bool needs_limits = model->event == CANCEL || model->event == DEADLINE;
    size_t used = 0;
    int wrong = 0;
    for (size_t i = 0; i < 2 * count; i++) {
        assert_true(used < CELLS_MAX);
        ended_cell *next = &cells[used];
        *next = *model;
        next->call = &calls[i / 2];
        next->by_limits = needs_limits || i % 2 == 0;
        of[used] = rule_of(rules, next);
        bool has = next->call->direction == model->call->direction && is_run(of[used], next);
        used += has && !(needs_limits && i % 2 != 0) ? 1 : 0;
    }
    for (size_t i = 0; i < used; i++) {
        cells[i].path = ended_paths[i];
        cells[i].is_short = (of[i]->answers & WAITS) != 0;
        open_cell(&cells[i]);
        overlaps[i].call = run_call;
        overlaps[i].event = cause_event;
        overlaps[i].argument = &cells[i];
    }
    fill_cells(cells, used);
    test_overlap_run(overlaps, used);
    for (size_t i = 0; i < used; i++) {
        wrong += !is_as_ruled(&cells[i], of[i]);
        close_cell(&cells[i]);
    }
    return wrong;
}

static inline void skip_without(ended_kind kind)
{
    if (kind == TCP_V6) {
        skip_without_v6();
    } else if ((kind & UNIX_DATAGRAMS) != 0) {
        skip_without_unix_datagrams();
    } else if ((kind & UNIX_SOCKETS) != 0) {
        skip_without_unix_streams();
    }
}

static inline void check_all(const ended_call *calls, size_t count, const ended_rule *rules,
                             ended_kind kind, ended_direction direction)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    const ended_call of_direction = {.direction = direction};
    int wrong = 0;
    skip_without(kind);
    ended_listeners[0] = NULL;
    ended_listeners[1] = NULL;
    ended_unix_listener = NULL;
    for (size_t i = 0; i < 8 && (kind & UNIX_SOCKETS) != 0; i++) {
        ended_paths[i] = unix_peer_path(names[i]);
    }
    ended_file = test_file_new(ended_zeros, sizeof ended_zeros);
    for (int i = 0; i < EVENTS; i++) {
        ended_cell model = {.call = &of_direction, .kind = kind, .event = (ended_event)(1 << i)};
        wrong += check_event(calls, count, rules, &model);
    }
    test_file_close(ended_file);
    assert_int_equal(wrong, 0);
}

/* Of the tables calls and rules of the file. */
#define ENDED_TEST(rule, function, kind, direction)                                                \
    TEST_OF(                                                                                       \
        function, (void), (),                                                                      \
        TEST_ROW(rule " " #function, function, poller_test_begin, poller_test_end, &test_no_pair)) \
    {                                                                                              \
        check_all(calls, sizeof(calls) / sizeof(calls)[0], rules, kind, direction);                \
    }

#endif
