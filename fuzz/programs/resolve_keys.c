/* resolve_keys.c: a program of lookups in the background, whose keys are taken. The model knows
 * when each lookup was seen to be done, and when it was last seen not to be. */
#include "fuzz/programs/resolve_keys.h"

#include <stdbool.h>

#include "ferrule/poller.h"
#include "ferrule/resolve.h"
#include "ferrule/sim.h"
#include "fuzz/driver/fuzz.h"

enum { SLOTS = 8, POLLERS = 2, UNSEEN = 0 };

/* Times are counts of observations, from 1. */
typedef struct slot {
    fer_lookup lookup;
    bool is_open;
    bool is_listed; /* its key was not returned */
    uint64_t key;
    const fer_poller *poller;
    size_t reported_done;     /* the first time, or UNSEEN */
    size_t reported_not_done; /* the last time, or UNSEEN */
} slot;

static struct {
    fer_resolver resolver;
    fer_poller pollers[POLLERS];
    slot slots[SLOTS];
    uint64_t next_key;
    size_t now;
} run;

/* Index 2 is no poller. */
static fer_poller *poller_at(size_t index)
{
    return index < POLLERS ? &run.pollers[index] : NULL;
}

static void observe(slot *seen)
{
    size_t count = 12345;
    fer_error error = fer_lookup_wait(&seen->lookup, (fer_duration){0}, NULL, 0, &count);
    bool is_done = error.kind != FER_WOULD_BLOCK;
    run.now++;
    FUZZ_CHECK(error.kind != FER_MISUSE && error.kind != FER_TIMED_OUT);
    FUZZ_CHECK((error.kind == FER_OK) == (count != 12345));
    FUZZ_CHECK(is_done || seen->reported_done == UNSEEN);
    if (!is_done) {
        seen->reported_not_done = run.now;
    } else if (seen->reported_done == UNSEEN) {
        seen->reported_done = run.now;
    }
}

static void observe_all(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (run.slots[i].is_open) {
            observe(&run.slots[i]);
        }
    }
}

/* The resolver may be closed. An address text is done when the call returns. */
static void start(const resolve_query *query, slot *started, size_t choice)
{
    const char *const texts[] = {query->text, "127.0.0.1:80", "a.test:80", "localhost:80"};
    const char *text = texts[choice % 4];
    bool has_host = choice / 4 % 4 == 0;
    const fer_lookup_options only_v6 = {.family = FER_IP_V6};
    const fer_lookup_options *options = choice < 16 ? NULL : &only_v6;
    fer_poller *poller = poller_at(choice / 4 % 3);
    run.next_key++;
    fer_error error = has_host ? fer_resolver_start_host(&run.resolver, "a.test", 80, options,
                                                         poller, run.next_key, &started->lookup)
                               : fer_resolver_start(&run.resolver, text, options, poller,
                                                    run.next_key, &started->lookup);
    bool is_misuse = started->is_open || run.resolver.p_.pool_ == NULL;
    FUZZ_CHECK(error.os_code == 0);
    FUZZ_CHECK(!is_misuse || error.kind == FER_MISUSE || error.kind == FER_INVALID_INPUT);
    FUZZ_CHECK(error.kind == FER_OK || error.kind == FER_WOULD_BLOCK ||
               error.kind == FER_INVALID_INPUT || (is_misuse && error.kind == FER_MISUSE));
    if (error.kind == FER_OK) {
        run.now++;
        started->is_open = true;
        started->is_listed = true;
        started->key = run.next_key;
        started->poller = poller;
        started->reported_done = choice % 4 == 1 && !has_host ? run.now : UNSEEN;
        started->reported_not_done = UNSEEN;
    }
}

static slot *slot_of_key(uint64_t key)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (run.slots[i].is_open && run.slots[i].is_listed && run.slots[i].key == key) {
            return &run.slots[i];
        }
    }
    return NULL;
}

/* Whether a completed before b, as far as it was seen. */
static bool was_earlier(const slot *a, const slot *b)
{
    return a->reported_done != UNSEEN && a->reported_done < b->reported_not_done;
}

/* No listed lookup of this poller is known to be done, unless the array was full and no returned
 * key is newer. */
static void check_rest(const fer_poller *poller, slot *const *returned, size_t count, bool is_full)
{
    for (size_t i = 0; i < SLOTS; i++) {
        const slot *left = &run.slots[i];
        if (left->is_open && left->is_listed && left->poller == poller) {
            FUZZ_CHECK(is_full || left->reported_done == UNSEEN);
            for (size_t k = 0; k < count; k++) {
                FUZZ_CHECK(!was_earlier(left, returned[k]));
            }
        }
    }
}

static void take(size_t poller_index, size_t cap)
{
    uint64_t keys[SLOTS];
    slot *returned[SLOTS];
    size_t count = 12345;
    const fer_poller *poller = poller_at(poller_index % 3);
    memset(keys, FUZZ_UNTOUCHED, sizeof keys);
    fer_error error = fer_resolver_take_completed(&run.resolver, poller, keys, cap, &count);
    bool is_open = run.resolver.p_.pool_ != NULL;
    if (cap == 0 || !is_open) {
        FUZZ_CHECK(error.kind == (is_open ? FER_INVALID_INPUT : FER_MISUSE) && count == 12345);
        FUZZ_CHECK(fuzz_is_untouched(keys, sizeof keys));
        return;
    }
    FUZZ_CHECK(error.kind == FER_OK && count <= cap);
    FUZZ_CHECK(fuzz_is_untouched(keys + count, sizeof keys - count * sizeof *keys));
    for (size_t i = 0; i < count; i++) {
        returned[i] = slot_of_key(keys[i]);
        FUZZ_CHECK(returned[i] != NULL && returned[i]->poller == poller);
        returned[i]->is_listed = false;
        FUZZ_CHECK(i == 0 || !was_earlier(returned[i], returned[i - 1]));
    }
    check_rest(poller, returned, count, count == cap);
    for (size_t i = 0; i < count; i++) {
        observe(returned[i]);
        FUZZ_CHECK(returned[i]->reported_done != UNSEEN);
    }
}

static void close_slot(slot *closed)
{
    fer_lookup_close(&closed->lookup);
    closed->is_open = false;
}

/* All lookups are done then. */
static void close_resolver(void)
{
    fer_resolver_close(&run.resolver);
    observe_all();
    for (size_t i = 0; i < SLOTS; i++) {
        FUZZ_CHECK(!run.slots[i].is_open || run.slots[i].reported_done != UNSEEN);
    }
}

/* A notification means that the poller's lookups which are done are listed. */
static void wait_on_poller(size_t index)
{
    fer_event event;
    size_t count = 0;
    bool is_notified = false;
    fer_error error = fer_poller_wait(poller_at(index % POLLERS), fer_duration_from_millis(1500),
                                      &event, 1, &count, &is_notified);
    FUZZ_CHECK(error.kind == FER_OK && count == 0);
}

static void do_step(const resolve_query *query, uint8_t step, uint8_t argument)
{
    slot *chosen = &run.slots[argument % SLOTS];
    switch (step % 8) {
    case 0:
    case 1:
    case 2: start(query, chosen, step / 8); break;
    case 3:
    case 4: take(step / 8, argument % (SLOTS + 1)); break;
    case 5: close_slot(chosen); break;
    case 6:
        if (argument == 255) {
            close_resolver();
        } else if (argument % 2 == 0) {
            observe_all();
        } else {
            FUZZ_CHECK(fer_sim_advance(fer_duration_from_millis(argument * 20u)).kind == FER_OK);
        }
        break;
    default: wait_on_poller(argument); break;
    }
}

void resolve_choose_steps(resolve_query *query, choices *from)
{
    query->step_count = choose_below(from, STEPS_MOST + 1);
    for (size_t i = 0; i < query->step_count; i++) {
        query->steps[i][0] = choose_byte(from);
        query->steps[i][1] = choose_byte(from);
    }
}

void resolve_keys(const resolve_query *query)
{
    if (query->step_count == 0) {
        return;
    }
    memset(&run, 0, sizeof run);
    FUZZ_CHECK(
        fer_resolver_new(&run.resolver, &(fer_resolver_options){.threads = 2, .queue_cap = 3})
            .kind == FER_OK);
    for (size_t i = 0; i < POLLERS; i++) {
        FUZZ_CHECK(fer_poller_new(&run.pollers[i]).kind == FER_OK);
    }
    for (size_t i = 0; i < query->step_count; i++) {
        do_step(query, query->steps[i][0], query->steps[i][1]);
    }
    for (size_t i = 0; i < SLOTS; i++) {
        close_slot(&run.slots[i]);
    }
    for (size_t i = 0; i <= POLLERS && run.resolver.p_.pool_ != NULL; i++) {
        take(i, SLOTS);
    }
    fer_resolver_close(&run.resolver);
    for (size_t i = 0; i < POLLERS; i++) {
        fer_poller_close(&run.pollers[i]);
    }
}
