/* test_driven.c: the tree of a poller's connectors (core/wait/driven.c), against a list of all. */
#include <string.h>

#include "core/wait/poller.h"
#include "support/group.h"

enum { MANY = 100000, CHANGES = 400000, DEPTH_MAX = 64, MEAN_DEPTH_MAX = 24 };

typedef struct connector_like {
    uint64_t state;
    feri_poller_driven driven;
    bool is_added;
    char rest[24];
} connector_like;

static connector_like all[MANY];
static fer_poller poller;
static uint64_t seed;
static size_t seen;
static size_t depths;

static uint64_t next_number(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 33;
}

static void begin(void)
{
    memset(all, 0, sizeof all);
    memset(&poller, 0, sizeof poller);
    seed = 1;
}

/* No child is earlier than its parent, and each node is found by its key. */
static void check_below(const feri_poller_driven *node, size_t depth)
{
    assert_in_range(depth, 0, DEPTH_MAX);
    seen++;
    depths += depth;
    for (size_t i = 0; i < 2; i++) {
        const feri_poller_driven *below = node->below[i];
        if (below != NULL) {
            assert_false(below->until < node->until);
            check_below(below, depth + 1);
        }
    }
}

static void check_tree(size_t count)
{
    seen = 0;
    depths = 0;
    const feri_poller_driven *root = feri_poller_first_driven(&poller);
    if (root != NULL) {
        check_below(root, 0);
    }
    assert_int_equal(seen, count);
    assert_true(depths <= count * MEAN_DEPTH_MAX);
    for (size_t i = 0; i < MANY; i++) {
        uint64_t first = feri_driven_key(&all[i].driven);
        feri_poller_driven *expected = all[i].is_added ? &all[i].driven : NULL;
        assert_ptr_equal(feri_driven_find(&poller, first), expected);
        assert_ptr_equal(feri_driven_find(&poller, first + FERI_DRIVEN_KEYS - 1), expected);
    }
}

/* Half of the times are few, so that many are equal; now and then all later ones are earlier than
 * all before, and at last the other way round. */
static uint64_t some_time(size_t change)
{
    switch (change / (CHANGES / 4)) {
    case 0: return next_number();
    case 1: return next_number() % 5;
    case 2: return CHANGES - change;
    default: return change;
    }
}

TEST(the_earliest_is_the_root_and_a_key_finds_its_node)
{
    begin();
    size_t count = 0;
    for (size_t change = 0; change < CHANGES; change++) {
        connector_like *at = &all[next_number() % MANY];
        if (at->is_added) {
            assert_true(feri_driven_remove(&poller, &at->driven));
            count--;
        } else {
            feri_driven_add(&poller, &at->driven, some_time(change));
            count++;
        }
        at->is_added = !at->is_added;
        if ((change + 1) % (CHANGES / 4) == 0) {
            check_tree(count);
        }
    }
    assert_true(count > MANY / 4);
    uint64_t last = 0;
    for (; count > 0; count--) {
        feri_poller_driven *first = feri_poller_first_driven(&poller);
        assert_non_null(first);
        assert_false(first->until < last);
        last = first->until;
        assert_true(feri_driven_remove(&poller, first));
    }
    assert_null(feri_poller_first_driven(&poller));
}

/* Keys that are beside those of a node, of a node that was removed, and of no node at all. */
TEST(a_key_beside_those_of_a_node_finds_none)
{
    begin();
    feri_driven_add(&poller, &all[1].driven, 3);
    feri_driven_add(&poller, &all[2].driven, 2);
    uint64_t first = feri_driven_key(&all[1].driven);
    assert_null(feri_driven_find(&poller, first - 1));
    assert_null(feri_driven_find(&poller, first + FERI_DRIVEN_KEYS));
    assert_null(feri_driven_find(&poller, 0));
    assert_null(feri_driven_find(&poller, UINT64_MAX));
    assert_false(feri_driven_remove(&poller, &all[3].driven));
    assert_true(feri_driven_remove(&poller, &all[1].driven));
    assert_false(feri_driven_remove(&poller, &all[1].driven));
    assert_ptr_equal(feri_poller_first_driven(&poller), &all[2].driven);
}

TEST_MAIN("driven")
