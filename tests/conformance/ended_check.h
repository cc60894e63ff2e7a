/* ended_check.h: checks each pair of a call that waits and an event against a table of answers
 * (ended_waits.c, poller_ended_waits.c). */
#ifndef CONFORMANCE_ENDED_CHECK_H
#define CONFORMANCE_ENDED_CHECK_H

#include "conformance/ended_handles.h"

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

#define ENDED_TEST_OF(calls, rules, rule, function, kind, direction)                               \
    TEST_OF(                                                                                       \
        function, (void), (),                                                                      \
        TEST_ROW(rule " " #function, function, poller_test_begin, poller_test_end, &test_no_pair)) \
    {                                                                                              \
        check_all(calls, sizeof(calls) / sizeof(calls)[0], rules, kind, direction);                \
    }

#endif
