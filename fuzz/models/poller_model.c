/* poller_model.c: the registrations of the model of pollers; see poller_model.h. */
#include <string.h>

#include "fuzz/driver/fuzz.h"
#include "fuzz/models/poller_model_state.h"

struct registration poller_registrations[POLLER_REGISTRATIONS_MAX];
struct poller_state poller_states[POLLER_POLLERS];

static int socket_of[POLLER_NUMBERS_MAX];
static bool has_edges;
static bool is_epoll;
static bool is_bsd;

void poller_model_begin(const fer_sim_config *config)
{
    poller_sockets_begin();
    memset(poller_registrations, 0, sizeof poller_registrations);
    memset(poller_states, 0, sizeof poller_states);
    for (size_t i = 0; i < POLLER_NUMBERS_MAX; i++) {
        socket_of[i] = POLLER_NO_SOCKET;
    }
    is_epoll = config->dialect == FER_SIM_DIALECT_POSIX;
    is_bsd = config->dialect == FER_SIM_DIALECT_BSD;
    has_edges = is_epoll || (is_bsd && config->bsd <= FER_SIM_BSD_FREEBSD);
}

/* ---- Expected events */

static bool concerns(const struct registration *registration, poller_readiness ready)
{
    return ((registration->interest.interest & FER_READABLE) != 0 && ready.readable) ||
           ((registration->interest.interest & FER_WRITABLE) != 0 && ready.writable) ||
           ((registration->interest.interest & FER_READ_CLOSED) != 0 && ready.ended) || ready.over;
}

static bool is_expected(const struct registration *registration)
{
    bool is_active = registration->is_armed && !registration->is_stale &&
                     !has_no_interest(registration) &&
                     (registration->mode != FER_POLL_EDGE || registration->has_risen);
    return is_active && concerns(registration, poller_socket_must(registration->socket));
}

void poller_registration_update(struct registration *registration, uint64_t time)
{
    poller_readiness must = poller_socket_must(registration->socket);
    poller_readiness may = poller_socket_may(registration->socket);
    bool rises = (must.readable && !registration->before.readable &&
                  (registration->interest.interest & FER_READABLE) != 0) ||
                 (must.writable && !registration->before.writable &&
                  (registration->interest.interest & FER_WRITABLE) != 0) ||
                 (must.ended && !registration->before.ended &&
                  (registration->interest.interest & FER_READ_CLOSED) != 0) ||
                 (must.over && !registration->before.over);
    registration->has_risen = registration->has_risen || rises;
    registration->before = may;
    if (!is_expected(registration)) {
        registration->expected_since = POLLER_NEVER;
    } else if (registration->expected_since == POLLER_NEVER) {
        registration->expected_since = time;
        registration->expected_wait = poller_states[registration->poller].waits + 1;
    }
}

void poller_registrations_update(int socket, uint64_t time)
{
    for (int i = 0; i < POLLER_REGISTRATIONS_MAX; i++) {
        if (poller_registrations[i].used && poller_registrations[i].socket == socket) {
            poller_registration_update(&poller_registrations[i], time);
        }
    }
}

/* ---- Raw sockets */

/* epoll identifies a registration by number and socket: a new clone with the number of a closed one
 * has its registration (epoll(7), "Will closing a file descriptor cause it to be removed"). */
static void restore_registration(fer_raw_socket raw, int socket)
{
    for (int i = 0; i < POLLER_REGISTRATIONS_MAX; i++) {
        struct registration *registration = &poller_registrations[i];
        if (registration->used && registration->is_stale && registration->socket == socket &&
            registration->raw == raw) {
            registration->is_stale = false;
            poller_registration_update(registration, poller_now());
        }
    }
}

void poller_model_assign_raw(fer_raw_socket raw, int socket)
{
    FUZZ_CHECK(raw >= 0 && raw < POLLER_NUMBERS_MAX && socket_of[raw] == POLLER_NO_SOCKET);
    socket_of[raw] = socket;
    poller_socket_ref(socket);
    restore_registration(raw, socket);
}

/* epoll's registration ends with the socket, so that a clone keeps it. kqueue's and AFD's end with
 * the raw socket (knote_fdclose; AFD_POLL_LOCAL_CLOSE), and with poll ferrule counts its closes. */
void poller_model_close(fer_raw_socket raw)
{
    int socket = socket_of[raw];
    socket_of[raw] = POLLER_NO_SOCKET;
    bool is_gone = poller_socket_unref(socket);
    for (int i = 0; i < POLLER_REGISTRATIONS_MAX; i++) {
        struct registration *registration = &poller_registrations[i];
        if (registration->used && registration->socket == socket &&
            (is_gone || registration->raw == raw)) {
            registration->used = !is_gone && is_epoll;
            registration->is_stale = true;
            registration->expected_since = POLLER_NEVER;
        }
    }
}

/* ---- Registrations */

static int socket_of_raw(fer_raw_socket raw)
{
    return raw >= 0 && raw < POLLER_NUMBERS_MAX ? socket_of[raw] : POLLER_NO_SOCKET;
}

static struct registration *find_registration(int poller, fer_raw_socket raw)
{
    for (int i = 0; i < POLLER_REGISTRATIONS_MAX; i++) {
        if (poller_registrations[i].used && !poller_registrations[i].is_stale &&
            poller_registrations[i].poller == poller && poller_registrations[i].raw == raw) {
            return &poller_registrations[i];
        }
    }
    return NULL;
}

static struct registration *free_registration(void)
{
    int at = 0;
    while (at < POLLER_REGISTRATIONS_MAX && poller_registrations[at].used) {
        at++;
    }
    FUZZ_CHECK(at < POLLER_REGISTRATIONS_MAX);
    return &poller_registrations[at];
}

static void arm(struct registration *registration, fer_event interest, fer_poll_mode mode)
{
    registration->interest = interest;
    registration->mode = mode;
    registration->is_armed = true;
    registration->has_risen = true;
    registration->expected_since = POLLER_NEVER;
    registration->before = (poller_readiness){0};
    poller_registration_update(registration, poller_now());
}

/* The error of a call by its arguments alone; FER_OK if the registration decides. */
static fer_error_kind check_arguments(int poller, fer_raw_socket raw, fer_event interest,
                                      fer_poll_mode mode)
{
    if (!poller_states[poller].is_open || raw == FER_RAW_SOCKET_NONE) {
        return FER_MISUSE;
    }
    bool is_lone_end = (interest.interest & (FER_READABLE | FER_READ_CLOSED)) == FER_READ_CLOSED;
    if (((mode == FER_POLL_EDGE || mode == FER_POLL_EDGE_ONESHOT) && !has_edges) ||
        (is_lone_end && is_bsd)) {
        return FER_UNSUPPORTED;
    }
    return socket_of_raw(raw) == POLLER_NO_SOCKET ? FER_BAD_HANDLE : FER_OK;
}

bool poller_model_added(int poller, fer_raw_socket raw, fer_event interest, fer_poll_mode mode,
                        fer_error_kind kind, bool lacks_memory)
{
    fer_error_kind expected = check_arguments(poller, raw, interest, mode);
    if (expected == FER_OK && find_registration(poller, raw) != NULL) {
        expected = FER_ALREADY_EXISTS;
    }
    if (expected != FER_OK) {
        return kind == expected;
    }
    if (lacks_memory) {
        return kind == FER_OUT_OF_MEMORY;
    }
    struct registration *registration = free_registration();
    *registration = (struct registration){
        .used = true, .poller = poller, .socket = socket_of_raw(raw), .raw = raw};
    arm(registration, interest, mode);
    return kind == FER_OK;
}

/* The registration of a closed raw socket may be gone already, or not. */
static bool is_unknown_raw(fer_error_kind expected, fer_error_kind kind)
{
    return expected == FER_BAD_HANDLE && (kind == FER_BAD_HANDLE || kind == FER_NOT_FOUND);
}

bool poller_model_modified(int poller, fer_raw_socket raw, fer_event interest, fer_poll_mode mode,
                           fer_error_kind kind)
{
    fer_error_kind expected = check_arguments(poller, raw, interest, mode);
    struct registration *registration = find_registration(poller, raw);
    if (expected != FER_OK) {
        return kind == expected || is_unknown_raw(expected, kind);
    }
    if (registration == NULL) {
        return kind == FER_NOT_FOUND;
    }
    arm(registration, interest, mode);
    return kind == FER_OK;
}

static bool delete_stale(int poller, fer_raw_socket raw)
{
    bool found = false;
    for (int i = 0; i < POLLER_REGISTRATIONS_MAX; i++) {
        if (poller_registrations[i].used && poller_registrations[i].is_stale &&
            poller_registrations[i].poller == poller && poller_registrations[i].raw == raw) {
            poller_registrations[i].used = false;
            found = true;
        }
    }
    return found;
}

bool poller_model_deleted(int poller, fer_raw_socket raw, fer_error_kind kind)
{
    fer_error_kind expected = check_arguments(poller, raw, (fer_event){0}, FER_POLL_LEVEL);
    struct registration *registration = find_registration(poller, raw);
    if (expected == FER_BAD_HANDLE && kind == FER_OK) {
        return delete_stale(poller, raw);
    }
    if (expected != FER_OK) {
        return kind == expected || is_unknown_raw(expected, kind);
    }
    if (registration == NULL) {
        return kind == FER_NOT_FOUND;
    }
    registration->used = false;
    return kind == FER_OK;
}

/* ---- Pollers */

bool poller_model_opened(int poller, fer_error_kind kind)
{
    bool was_open = poller_states[poller].is_open;
    if (kind == FER_OK && !was_open) {
        poller_states[poller] = (struct poller_state){.is_open = true};
    }
    return kind == (was_open ? FER_MISUSE : FER_OK);
}

void poller_model_closed(int poller)
{
    for (int i = 0; i < POLLER_REGISTRATIONS_MAX; i++) {
        poller_registrations[i].used =
            poller_registrations[i].used && poller_registrations[i].poller != poller;
    }
    poller_states[poller].is_open = false;
}

void poller_model_notified(int poller)
{
    struct poller_state *notified = &poller_states[poller];
    bool was_notified = notified->is_notified || notified->may_be_notified;
    notified->notified_during = notified->is_waiting && (was_notified || notified->never_waits);
    if (!notified->is_notified) {
        notified->notified = poller_now();
    }
    notified->is_notified = true;
}
