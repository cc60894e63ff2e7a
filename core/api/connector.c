/* connector.c: connections to names in an event loop (rules K12 to K15). The wait of a poller with
 * connectors is here: it drives the lookups and the schedules of their attempts. A program without
 * connectors does not link it. */
#include <string.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/names/resolver.h"
#include "core/open/connect_attempts.h"
#include "core/open/connecting.h"
#include "core/open/opening.h"
#include "core/wait/pause.h"
#include "core/wait/poller.h"
#include "ferrule/connector.h"
#include "platform/platform.h"

/* The first is that of an all-zero race. */
typedef enum connector_stage { LOOKING_UP, CONNECTING, DONE, REPORTED } connector_stage;

/* The memory of an OPEN connector, behind its state. */
typedef struct connection_race {
    feri_poller_driven driven;               /* in the tree of its poller, unless REPORTED */
    struct connection_race *next, *previous; /* in the list of its poller */
    bool is_listed;
    uint32_t seen; /* the ends at the last check of the list: the same in all of it */
    fer_poller *poller;
    uint64_t process; /* that started it */
    uint64_t key;
    connector_stage stage;
    fer_error result;  /* from DONE on */
    uint32_t flags;    /* those of the connection */
    uint32_t hinted;   /* the slots whose sockets the poller has reported, as bits */
    uint64_t query_at; /* if any is hinted: when their status is queried (again) */
    fer_lookup lookup; /* LOOKING_UP */
    feri_address_list found;
    fer_socket_addr literal;
    fer_socket_addr local;
    fer_connect_options options;
    feri_attempts attempts;
} connection_race;

/* The values of state_. */
enum { CONNECTOR_CLOSED, CONNECTOR_OPEN };

_Static_assert(sizeof(fer_connector) == 2048, "the size does not change");
_Static_assert(sizeof(connection_race) <= sizeof(fer_connector) - sizeof(uint64_t), "it fits");

static connection_race *race_of(fer_connector *connector)
{
    return (void *)&connector->words_[1];
}

static bool is_open(const fer_connector *connector)
{
    return connector != NULL && connector->p_.state_ == CONNECTOR_OPEN;
}

/* ---- A poller's connectors: all in its tree (driven.c), and in a list those that end before their
 * time without an event of the poller, because they look up a name or have a token. */

static connection_race *first_listed(const fer_poller *poller)
{
    connection_race *first;
    memcpy(&first, &poller->words_[FERI_POLLER_LIST_WORD], sizeof first);
    return first;
}

static void set_first_listed(fer_poller *poller, connection_race *first)
{
    memcpy(&poller->words_[FERI_POLLER_LIST_WORD], &first, sizeof first);
}

/* After each step. */
static void update_list(connection_race *race)
{
    bool is_listed = race->stage == LOOKING_UP ||
                     (race->stage == CONNECTING && race->attempts.limits.token != NULL);
    if (race->is_listed == is_listed) {
        return;
    }
    race->is_listed = is_listed;
    if (is_listed) {
        race->previous = NULL;
        race->next = first_listed(race->poller);
        race->seen = race->next != NULL ? race->next->seen : race->seen;
    }
    connection_race *at = is_listed ? race : race->next;
    if (race->previous != NULL) {
        race->previous->next = at;
    } else {
        set_first_listed(race->poller, at);
    }
    if (race->next != NULL) {
        race->next->previous = is_listed ? race : race->previous;
    }
}

/* Its next step is due. */
static void hurry(connection_race *race)
{
    if (race->driven.until != 0) {
        (void)feri_driven_remove(race->poller, &race->driven);
        feri_driven_add(race->poller, &race->driven, 0);
    }
}

/* ---- The sockets of attempts in the poller */

_Static_assert(FERI_ATTEMPTS_MAX == FERI_DRIVEN_KEYS, "each slot has a key");

static connection_race *race_of_attempts(feri_attempts *attempts)
{
    return (void *)((char *)attempts - offsetof(connection_race, attempts));
}

static fer_error watch(feri_attempts *attempts, feri_open_attempt *started)
{
    const connection_race *race = race_of_attempts(attempts);
    const fer_event event = {.key = feri_driven_key(&race->driven) + started->slot,
                             .interest = FER_WRITABLE};
    FER_TRY(fer_poller_add(race->poller, started->raw, event, FER_POLL_ONESHOT));
    started->is_watched = true;
    return feri_own_error(FER_IN_PROGRESS);
}

static void unwatch(feri_attempts *attempts, feri_open_attempt *ended)
{
    connection_race *race = race_of_attempts(attempts);
    FER_IGNORE(fer_poller_delete(race->poller, ended->raw));
    ended->is_watched = false;
    race->hinted &= ~(UINT32_C(1) << ended->slot);
}

/* Removes the events of attempts, which are then hinted. Returns the number of the others. */
static size_t take_hints(const fer_poller *poller, fer_event *events, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        connection_race *race = (void *)feri_driven_find(poller, events[i].key);
        if (race == NULL) {
            events[kept] = events[i];
            kept++;
            continue;
        }
        race->hinted |= UINT32_C(1) << (events[i].key - feri_driven_key(&race->driven));
        race->query_at = 0;
        hurry(race);
    }
    return kept;
}

/* ---- Driving a connector */

static void end_race(connection_race *race, fer_error result)
{
    if (result.kind == FER_OK) {
        feri_open_attempt *winner = &race->attempts.open[0];
        if (winner->is_watched) {
            unwatch(&race->attempts, winner);
        }
        race->flags = feri_family_flag(&race->attempts.addrs[winner->at]) | FERI_STARTED_FLAGS;
    }
    feri_store_count(race->options.failures_count, race->attempts.failures);
    race->result = result;
    race->stage = DONE;
}

/* error: the reason why there are no addresses, or FER_OK. */
static void begin_attempts(connection_race *race, fer_error error, const fer_socket_addr *addrs,
                           size_t count)
{
    if (error.kind == FER_OK) {
        error = feri_attempts_begin(&race->attempts, addrs, count);
    }
    if (error.kind == FER_OK) {
        race->stage = CONNECTING;
    } else {
        end_race(race, error);
    }
}

/* A result that is available precedes the limits. */
static void advance_lookup(connection_race *race)
{
    bool is_done = feri_lookup_is_done(&race->lookup);
    fer_error error = is_done ? feri_lookup_take(&race->lookup, &race->found)
                              : feri_limits_check(&race->attempts.limits);
    if (!is_done && error.kind == FER_OK) {
        return;
    }
    fer_lookup_close(&race->lookup);
    if (error.kind == FER_OK && race->found.count == 0) {
        error = feri_own_error(FER_INVALID_INPUT); /* as fer_tcp_stream_connect_with */
    }
    begin_attempts(race, error, race->found.addrs, race->found.count);
}

/* Returns the time of the next step. A false hint is queried again after a pause, the first one
 * too. Its socket stays disabled in the poller, because it could be reported in each wait. */
static uint64_t advance_race(connection_race *race)
{
    feri_attempts *attempts = &race->attempts;
    uint64_t until = 0;
    fer_error result = feri_ok();
    if (race->stage == LOOKING_UP) {
        advance_lookup(race);
    }
    if (race->stage != CONNECTING) {
        return race->stage == LOOKING_UP ? attempts->limits.deadline : 0;
    }
    if (race->hinted != 0 && ferp_now() >= race->query_at) {
        uint32_t ended = 0;
        for (size_t i = 0; i < attempts->open_count; i++) {
            ended |= (race->hinted >> attempts->open[i].slot & 1) << i;
        }
        if (!feri_attempts_apply_ends(attempts, ended)) {
            uint64_t length = feri_pause_length(attempts->false_hints.in_a_row + 2);
            race->query_at = feri_deadline_after((fer_duration){length});
            attempts->false_hints.in_a_row++;
            attempts->false_hints.count++;
        }
    }
    if (feri_attempts_advance(attempts, &until, &result)) {
        end_race(race, result);
        return 0;
    }
    return race->hinted != 0 ? feri_earlier(until, race->query_at) : until;
}

/* ---- The wait of a poller with connectors */

static void advance_in_tree(connection_race *race)
{
    uint64_t until = advance_race(race);
    (void)feri_driven_remove(race->poller, &race->driven);
    feri_driven_add(race->poller, &race->driven, until);
    update_list(race);
}

/* After the end of a lookup or a cancel, of which one wait knows: the token may be reset. */
static void advance_listed(const fer_poller *poller)
{
    connection_race *race = first_listed(poller);
    uint32_t count = feri_atomic_load(&ferp_counts()->ends);
    if (race == NULL || race->seen == count) {
        return;
    }
    while (race != NULL) {
        connection_race *next = race->next;
        bool is_found = race->stage == LOOKING_UP && feri_lookup_is_done(&race->lookup);
        race->seen = count;
        if (is_found || feri_token_check(race->attempts.limits.token).kind != FER_OK) {
            advance_in_tree(race);
        }
        race = next;
    }
}

/* Advances the connectors that are due, and stores the events of up to cap that are done. Returns
 * the time of the next step. */
static uint64_t drive(fer_poller *poller, fer_event *events, size_t cap, size_t *count)
{
    *count = 0;
    for (;;) {
        connection_race *race = (void *)feri_poller_first_driven(poller);
        uint64_t until = race == NULL ? FERP_NO_DEADLINE : race->driven.until;
        if (*count == cap || until == FERP_NO_DEADLINE || (until != 0 && ferp_now() < until)) {
            return until;
        }
        if (race->stage != DONE) {
            advance_in_tree(race);
        }
        if (race->stage == DONE) {
            events[*count] = (fer_event){.key = race->key, .interest = FER_WRITABLE};
            (*count)++;
            race->stage = REPORTED;
            (void)feri_driven_remove(poller, &race->driven);
        }
    }
}

/* As wait_on of poller.c. A wait that has events to report only polls. */
static fer_error wait_driven(fer_poller *poller, fer_event *events, size_t cap,
                             fer_duration timeout, size_t *count, bool *notified)
{
    uint64_t deadline = feri_poller_deadline(timeout);
    for (;;) {
        advance_listed(poller);
        size_t done = 0;
        uint64_t until = drive(poller, events, cap, &done);
        if (done == cap) {
            *count = done;
            return feri_ok();
        }
        fer_duration left = feri_poller_time_left(done > 0 ? 0 : feri_earlier(deadline, until));
        fer_error error =
            ferp_poller_wait(poller, events + done, cap - done, left, count, notified);
        size_t reported = *count;
        *count = done + take_hints(poller, events + done, reported);
        if (*count > 0 || *notified) {
            return *count > 0 ? feri_ok() : error;
        }
        bool continues = reported > 0 || feri_poller_continues(poller, error);
        if (error.kind != FER_OK && !continues) {
            return error;
        }
        if (!continues && feri_poller_time_left(deadline).nanos == 0) {
            return feri_ok();
        }
    }
}

/* ---- The public functions */

/* An address text has one address, and needs no lookup. */
static fer_error start(fer_connector *connector, const char *host, const uint16_t *port,
                       const fer_connect_options *options, fer_resolver *resolver,
                       fer_poller *poller, uint64_t key)
{
    const fer_connect_options *chosen = feri_connect_options_or_default(options);
    feri_address_query query;
    fer_error checked = feri_connect_options_check(chosen);
    FERI_REQUIRE(connector != NULL && !is_open(connector), FER_MISUSE);
    FERI_REQUIRE(feri_poller_is_open(poller), FER_MISUSE);
    FER_TRY(checked);
    FERI_REQUIRE(resolver == NULL || feri_resolver_is_usable(resolver), FER_MISUSE);
    FERI_REQUIRE(key - (uintptr_t)connector - 1 >= sizeof *connector - 1, FER_INVALID_INPUT);
    FER_TRY(feri_address_query_of(&query, host, port, chosen->family));
    connection_race *race = race_of(connector);
    memset(race, 0, sizeof *race);
    race->driven.wait = wait_driven;
    race->poller = poller;
    race->process = ferp_process();
    race->seen = feri_atomic_load(&ferp_counts()->ends);
    race->driven.serial = feri_atomic_add(&ferp_counts()->starts, 1);
    race->key = key;
    race->options = *chosen;
    if (chosen->local != NULL) {
        race->local = *chosen->local;
        race->options.local = &race->local;
    }
    race->attempts.options = &race->options;
    race->attempts.limits = feri_limits_from(&chosen->limits);
    race->attempts.watch = watch;
    race->attempts.unwatch = unwatch;
    FERI_REQUIRE(query.is_literal || resolver != NULL, FER_MISUSE);
    FER_TRY(feri_limits_check(&race->attempts.limits));
    if (query.is_literal) {
        feri_address_source source;
        FER_TRY(feri_address_source_of_query(&source, &query));
        (void)feri_address_source_next(&source, &race->literal);
        begin_attempts(race, feri_ok(), &race->literal, 1);
    } else {
        const feri_lookup_notice notice = {.poller = poller};
        FER_TRY(feri_lookup_start(resolver, &query, &notice, &race->lookup));
    }
    connector->p_.state_ = CONNECTOR_OPEN;
    uint64_t until = advance_race(race);
    feri_driven_add(poller, &race->driven, until);
    update_list(race);
    return feri_ok();
}

fer_error fer_connector_start(fer_connector *connector, const char *host_port,
                              const fer_connect_options *options, fer_resolver *resolver,
                              fer_poller *poller, uint64_t key)
{
    return start(connector, host_port, NULL, options, resolver, poller, key);
}

fer_error fer_connector_start_host(fer_connector *connector, const char *host, uint16_t port,
                                   const fer_connect_options *options, fer_resolver *resolver,
                                   fer_poller *poller, uint64_t key)
{
    return start(connector, host, &port, options, resolver, poller, key);
}

/* Closes a connector without its attempts. */
static void release(fer_connector *connector)
{
    connection_race *race = race_of(connector);
    /* a poller that was closed first, and made again, has other connectors or none */
    bool is_driven = race->stage != REPORTED && feri_driven_remove(race->poller, &race->driven);
    race->stage = REPORTED;
    if (is_driven) {
        update_list(race);
    }
    fer_lookup_close(&race->lookup);
    feri_address_list_free(&race->found);
    connector->p_.state_ = CONNECTOR_CLOSED;
}

fer_error fer_connector_take(fer_connector *connector, fer_tcp_stream *out)
{
    fer_handle *handle = FERI_HANDLE(out);
    FERI_REQUIRE(is_open(connector), FER_MISUSE);
    FER_TRY(feri_handle_claim(handle));
    const connection_race *race = race_of(connector);
    if (race->stage < DONE) {
        feri_handle_abandon(handle);
        return feri_own_error(FER_WOULD_BLOCK);
    }
    release(connector);
    fer_raw_socket raw =
        race->result.kind == FER_OK ? race->attempts.open[0].raw : FER_RAW_SOCKET_NONE;
    return feri_finish_opening(handle, race->result, raw, race->flags);
}

void fer_connector_close(fer_connector *connector)
{
    if (!is_open(connector)) {
        return;
    }
    connection_race *race = race_of(connector);
    if (race->process == ferp_process()) {
        feri_attempts_abort(&race->attempts);
    } else {
        /* the sockets and their registrations are also the parent's, and remain as they are */
        for (size_t i = 0; i < race->attempts.open_count; i++) {
            ferp_close(race->attempts.open[i].raw);
        }
    }
    release(connector);
}
