/* search.c: the depth-first search over all schedules, and the reductions that leave out those
 * with the same results. docs/INTERLEAVING.md names their sources. */
#include "tests/interleave/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 2 * INTER_STEPS_MAX };

/* A choice of this schedule, of a thread or of a value. */
typedef struct node {
    bool is_value;
    unsigned chosen;
    unsigned count; /* a value's choices */
    unsigned current;
    unsigned preemptions; /* before this choice */
    inter_threads enabled;
    inter_threads sleeping; /* covered by schedules that were run before */
    inter_threads wanted;   /* to be run from here */
} node;

static node nodes[NODES_MAX];
static size_t node_count; /* the nodes that the search has kept */
static size_t depth;      /* the nodes of the schedule that runs */
static unsigned preemption_limit;
static bool is_full; /* without any reduction: every enabled thread is wanted everywhere */
static bool is_following;
static uint64_t runs;

static inter_executed steps[INTER_STEPS_MAX];
static size_t step_count;
static inter_clock known[INTER_THREADS_MAX]; /* as inter_executed.before, up to now */

void inter_search_begin(unsigned preemptions, bool in_full)
{
    is_full = in_full;
    node_count = 0;
    preemption_limit = preemptions;
    is_following = false;
    runs = 0;
}

void inter_search_follow(const char *schedule)
{
    inter_search_begin(0, false);
    is_following = true;
    for (const char *at = schedule; *at != '\0' && node_count < NODES_MAX;) {
        bool is_value = *at == 'v';
        char *end;
        unsigned long chosen = strtoul(at + is_value, &end, 10);
        if (end == at + is_value) {
            break;
        }
        nodes[node_count++] = (node){.is_value = is_value, .chosen = (unsigned)chosen};
        at = *end == '.' ? end + 1 : end;
    }
}

static bool is_preemption(const node *choice, unsigned chosen)
{
    return chosen != choice->current && (choice->enabled & 1u << choice->current) != 0;
}

static bool choose_next_thread(node *last)
{
    last->sleeping |= 1u << last->chosen;
    inter_threads left = last->wanted & ~last->sleeping;
    if (preemption_limit != 0 && last->preemptions >= preemption_limit &&
        (last->enabled & 1u << last->current) != 0) {
        left &= 1u << last->current;
    }
    if (left == 0) {
        return false;
    }
    last->chosen = (unsigned)__builtin_ctz(left);
    return true;
}

bool inter_search_next(void)
{
    depth = 0;
    step_count = 0;
    memset(known, 0, sizeof known);
    runs++;
    if (runs == 1 || is_following) {
        return runs == 1;
    }
    while (node_count > 0) {
        node *last = &nodes[node_count - 1];
        if (last->is_value ? ++last->chosen < last->count : choose_next_thread(last)) {
            return true;
        }
        node_count--;
    }
    return false;
}

uint64_t inter_search_runs(void)
{
    return runs;
}

/* ---- Dependence */

static bool depends(const inter_operation *one, const inter_operation *other)
{
    for (size_t i = 0; i < one->touch_count; i++) {
        for (size_t j = 0; j < other->touch_count; j++) {
            if (one->touches[i].object == other->touches[j].object &&
                (one->touches[i].writes || other->touches[j].writes)) {
                return true;
            }
        }
    }
    return false;
}

static void join(inter_clock *into, const inter_clock *from)
{
    for (unsigned i = 0; i < INTER_THREADS_MAX; i++) {
        into->at[i] = into->at[i] > from->at[i] ? into->at[i] : from->at[i];
    }
}

static unsigned first_of(inter_threads threads, unsigned current)
{
    return (threads & 1u << current) != 0 ? current : (unsigned)__builtin_ctz(threads);
}

/* Whether a step is in the part of the schedule that could come before step `first`: it follows it,
 * but does not depend on it. */
static bool is_movable(size_t step, size_t first)
{
    return step > first && steps[step].before.at[steps[first].thread] <= first;
}

/* Whether a movable step precedes this one. */
static bool has_movable_before(const inter_clock *before, size_t step, size_t first)
{
    for (size_t i = first + 1; i < step; i++) {
        if (is_movable(i, first) && before->at[steps[i].thread] > i) {
            return true;
        }
    }
    return false;
}

/* The threads that can begin a schedule in which the new step comes before step `first`: those
 * whose first step in the movable part, or the new step itself, is preceded by none of that
 * part. */
static inter_threads initials(unsigned thread, size_t first)
{
    inter_threads found = 0, passed = 0;
    for (size_t i = first + 1; i < step_count; i++) {
        inter_threads bit = 1u << steps[i].thread;
        if (!is_movable(i, first) || (passed & bit) != 0) {
            continue;
        }
        passed |= bit;
        inter_clock before = steps[i].before;
        before.at[steps[i].thread] = 0;
        found |= has_movable_before(&before, i, first) ? 0 : bit;
    }
    if ((passed & 1u << thread) == 0 && !has_movable_before(&known[thread], step_count, first)) {
        found |= 1u << thread;
    }
    return found;
}

/* Returns false if the two steps cannot be exchanged, because the earlier one enables the other. */
static bool reverse(unsigned thread, size_t earlier)
{
    node *choice = &nodes[steps[earlier].node];
    inter_threads candidates = initials(thread, earlier) & choice->enabled;
    if (candidates == 0) {
        return false;
    }
    if ((candidates & (choice->wanted | choice->sleeping)) == 0) {
        choice->wanted |= 1u << first_of(candidates, thread);
    }
    return true;
}

/* Source sets (Abdulla, Aronis, Jonsson, Sagonas 2014): each step that the new one depends on
 * could come after it, unless a third one is between them. If the new one can wait, the third one
 * may only have enabled it, as the end of a lock enables the next lock: the first lock is then
 * the one to come after it. */
static void want_reversals(unsigned thread, const inter_operation *operation)
{
    inter_clock between = known[thread];
    for (size_t i = step_count; i-- > 0;) {
        const inter_executed *earlier = &steps[i];
        if (earlier->thread != thread && between.at[earlier->thread] <= i &&
            depends(&earlier->operation, operation) && reverse(thread, i) &&
            operation->is_ready == NULL) {
            join(&between, &earlier->before);
        }
    }
}

void inter_search_execute(unsigned thread, const inter_operation *operation, bool is_ready)
{
    INTER_CHECK(step_count < INTER_STEPS_MAX);
    if (preemption_limit == 0 && !is_following && !is_full) {
        want_reversals(thread, operation);
    }
    for (size_t i = 0; i < step_count; i++) {
        if (steps[i].thread != thread && depends(&steps[i].operation, operation)) {
            join(&known[thread], &steps[i].before);
        }
    }
    known[thread].at[thread] = (uint16_t)(step_count + 1);
    steps[step_count] =
        (inter_executed){thread, is_ready, false, depth - 1, 0, *operation, known[thread], ""};
    step_count++;
}

void inter_search_create(unsigned created, unsigned creator)
{
    known[created] = known[creator];
}

inter_executed *inter_search_steps(size_t *count)
{
    *count = step_count;
    return steps;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

/* Each step counts with its thread, its result, its values and its position among the steps that
 * precede it. The sum does not depend on the order of the steps. */
uint64_t inter_search_trace(void)
{
    static uint64_t ordinals[INTER_STEPS_MAX + 1]; /* of the step before, in its thread */
    uint64_t counts[INTER_THREADS_MAX] = {0};
    uint64_t sum = 0;
    for (size_t i = 0; i < step_count; i++) {
        const inter_executed *step = &steps[i];
        ordinals[i + 1] = ++counts[step->thread];
        uint64_t hash = mix(mix(step->thread + 1, step->is_ready), step->values);
        for (unsigned thread = 0; thread < INTER_THREADS_MAX; thread++) {
            hash = mix(hash, ordinals[step->before.at[thread]]);
        }
        for (const char *at = step->note; *at != '\0'; at++) {
            hash = mix(hash, (unsigned char)*at);
        }
        sum += mix(hash, hash >> 32);
    }
    return sum;
}

/* ---- Prefixes. With a bound on the preemptions every enabled thread is wanted everywhere, but a
 * schedule ends where it has become equivalent to one that continues with as many preemptions. */

enum { PREFIXES_MAX = 1 << 22 };

typedef struct prefix {
    uint64_t key; /* 0: none */
    uint64_t preemptions;
} prefix;

static prefix prefixes[PREFIXES_MAX];
static size_t prefix_count;

/* The threads, and all that they can find, follow from the steps in their partial order. What each
 * choice costs follows from the thread that ran last and from the deadlines that passed early. */
static uint64_t key_of_prefix(unsigned current)
{
    uint64_t key = mix(inter_search_trace(), current + 1);
    for (size_t i = 0; i < step_count; i++) {
        key += steps[i].is_early ? mix(steps[i].thread + 1, 1) : 0;
    }
    return key != 0 ? key : 1;
}

/* Returns false if the schedule that runs has nothing new from here. */
static bool add_prefix(unsigned current, unsigned preemptions)
{
    uint64_t key = key_of_prefix(current);
    size_t at = key % PREFIXES_MAX;
    while (prefixes[at].key != 0 && prefixes[at].key != key) {
        at = (at + 1) % PREFIXES_MAX;
    }
    bool is_new = prefixes[at].key == 0;
    if (!is_new && prefixes[at].preemptions <= preemptions) {
        return false;
    }
    if (is_new && prefix_count == PREFIXES_MAX / 2) {
        return true; /* no room: the schedules that it would leave out are run */
    }
    prefix_count += is_new;
    prefixes[at] = (prefix){key, preemptions};
    return true;
}

/* ---- Choices */

/* The threads whose next operation commutes with everything since a schedule that began with it. */
static inter_threads sleeping_now(const inter_operation pending[])
{
    for (size_t i = depth; i-- > 0;) {
        if (nodes[i].is_value) {
            continue;
        }
        inter_threads sleeping = nodes[i].sleeping;
        const inter_operation *last = &steps[step_count - 1].operation;
        for (unsigned thread = 0; thread < INTER_THREADS_MAX; thread++) {
            if ((sleeping & 1u << thread) != 0 &&
                (thread == nodes[i].chosen || depends(last, &pending[thread]))) {
                sleeping &= ~(1u << thread);
            }
        }
        return sleeping;
    }
    return 0;
}

static unsigned preemptions_so_far(void)
{
    for (size_t i = depth; i-- > 0;) {
        const node *before = &nodes[i];
        if (!before->is_value) {
            return before->preemptions + is_preemption(before, before->chosen);
        }
    }
    return 0;
}

static node *append_node(void)
{
    INTER_CHECK(node_count < NODES_MAX);
    return &nodes[node_count++];
}

unsigned inter_search_thread(inter_threads enabled, const inter_operation pending[],
                             unsigned current)
{
    if (depth < node_count) {
        node *kept = &nodes[depth++];
        if (kept->is_value || (enabled & 1u << kept->chosen) == 0) {
            inter_fail("the program is not deterministic, or this is a schedule of another one");
        }
        kept->enabled = enabled;
        return kept->chosen;
    }
    bool is_reduced = !is_following && !is_full;
    unsigned preemptions = preemptions_so_far();
    if (is_reduced && preemption_limit != 0 && !add_prefix(current, preemptions)) {
        return INTER_MAIN;
    }
    bool may_sleep = is_reduced && preemption_limit == 0;
    inter_threads sleeping = may_sleep ? sleeping_now(pending) : 0;
    inter_threads candidates = enabled & ~sleeping;
    if (candidates == 0) {
        return INTER_MAIN;
    }
    node added = {.current = current,
                  .preemptions = preemptions,
                  .enabled = enabled,
                  .sleeping = sleeping,
                  .chosen = first_of(candidates, current)};
    added.wanted = is_full || preemption_limit != 0 ? enabled : 1u << added.chosen;
    *append_node() = added;
    depth++;
    return added.chosen;
}

static unsigned choose_value(unsigned count)
{
    if (depth < node_count) {
        if (!nodes[depth].is_value || nodes[depth].chosen >= count) {
            inter_fail("the program is not deterministic, or this is a schedule of another one");
        }
        return nodes[depth++].chosen;
    }
    *append_node() = (node){.is_value = true, .count = count};
    depth++;
    return 0;
}

unsigned inter_search_value(unsigned count)
{
    if (count < 2) {
        return 0;
    }
    unsigned chosen = choose_value(count);
    steps[step_count - 1].values = mix(steps[step_count - 1].values + 1, chosen);
    return chosen;
}

void inter_search_print(void)
{
    for (size_t i = 0; i < depth; i++) {
        printf("%s%s%u", i == 0 ? "" : ".", nodes[i].is_value ? "v" : "", nodes[i].chosen);
    }
    printf("\n");
}
