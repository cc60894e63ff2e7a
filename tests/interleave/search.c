/* search.c: the depth-first search over all schedules, with dynamic partial-order reduction
 * (Flanagan, Godefroid 2005) and sleep sets (Godefroid 1996, chapter 5). A bound on the preemptions
 * (Musuvathi, Qadeer 2007) replaces the sleep sets. */
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
static bool is_following;
static bool is_first;

static inter_executed steps[INTER_STEPS_MAX];
static size_t step_count;
static inter_clock known[INTER_THREADS_MAX]; /* as inter_executed.before, up to now */

void inter_search_begin(unsigned preemptions)
{
    node_count = 0;
    preemption_limit = preemptions;
    is_following = false;
    is_first = true;
}

void inter_search_follow(const char *schedule)
{
    inter_search_begin(0);
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
    if (is_first || is_following) {
        bool has_more = is_first;
        is_first = false;
        return has_more;
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

/* With a bound, a thread that is wanted in the middle of another one's run may exceed it. It is
 * therefore wanted at the begin of the run too (Coons, Musuvathi, McKinley 2013). */
static void want(size_t at, inter_threads threads)
{
    nodes[at].wanted |= threads & nodes[at].enabled;
    if (preemption_limit == 0) {
        return;
    }
    size_t first = at;
    for (size_t i = at; i-- > 0 && (nodes[i].is_value || nodes[i].chosen == nodes[at].chosen);) {
        first = nodes[i].is_value ? first : i;
    }
    nodes[first].wanted |= threads & nodes[first].enabled;
}

/* The operation could have come before the last step that it depends on and that does not precede
 * it. If the thread could not run then, another thread must run first. */
void inter_search_regard(unsigned thread, const inter_operation *operation)
{
    if (is_following) {
        return;
    }
    for (size_t i = step_count; i-- > 0;) {
        const inter_executed *earlier = &steps[i];
        if (earlier->thread == thread || known[thread].at[earlier->thread] > i ||
            !depends(&earlier->operation, operation)) {
            continue;
        }
        bool could_run = (nodes[earlier->node].enabled & 1u << thread) != 0;
        want(earlier->node, could_run ? 1u << thread : nodes[earlier->node].enabled);
        if (could_run) {
            return;
        }
    }
}

void inter_search_execute(unsigned thread, const inter_operation *operation, bool is_ready)
{
    if (step_count == INTER_STEPS_MAX) {
        inter_fail("a schedule has more than %d steps", INTER_STEPS_MAX);
    }
    inter_search_regard(thread, operation);
    for (size_t i = 0; i < step_count; i++) {
        if (steps[i].thread != thread && depends(&steps[i].operation, operation)) {
            join(&known[thread], &steps[i].before);
        }
    }
    known[thread].at[thread] = (uint16_t)(step_count + 1);
    steps[step_count] =
        (inter_executed){thread, is_ready, depth - 1, *operation, known[thread], ""};
    step_count++;
}

inter_executed *inter_search_steps(size_t *count)
{
    *count = step_count;
    return steps;
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
    if (node_count == NODES_MAX) {
        inter_fail("a schedule has more than %d choices", NODES_MAX);
    }
    return &nodes[node_count++];
}

static unsigned first_of(inter_threads threads, unsigned current)
{
    return (threads & 1u << current) != 0 ? current : (unsigned)__builtin_ctz(threads);
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
    inter_threads sleeping = preemption_limit == 0 && !is_following ? sleeping_now(pending) : 0;
    inter_threads candidates = enabled & ~sleeping;
    if (candidates == 0) {
        return INTER_MAIN;
    }
    node added = {.current = current,
                  .preemptions = preemptions_so_far(),
                  .enabled = enabled,
                  .sleeping = sleeping,
                  .chosen = first_of(candidates, current)};
    added.wanted = 1u << added.chosen;
    *append_node() = added;
    depth++;
    return added.chosen;
}

unsigned inter_search_value(unsigned count)
{
    if (count < 2) {
        return 0;
    }
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

void inter_search_print(void)
{
    for (size_t i = 0; i < depth; i++) {
        printf("%s%s%u", i == 0 ? "" : ".", nodes[i].is_value ? "v" : "", nodes[i].chosen);
    }
    printf("\n");
}
