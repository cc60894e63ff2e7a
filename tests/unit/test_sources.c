/* test_sources.c: platform/common/sources.h, the table of a poller's sockets, against a plain list,
 * and without memory. */
#include <stdbool.h>

#include "platform/common/sources.c" /* not every system's library contains it */
#include "support/group.h"
#include "unit/limited_memory.h"

/* ---- The model */

enum { KEYS = 97, STEPS = 200000 };

static char records[2 * KEYS];

struct model {
    fer_raw_socket raws[KEYS];
    void *records[KEYS];
};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void assert_same(const ferp_sources *sources, const struct model *model)
{
    size_t count = 0;
    for (size_t i = 0; i < KEYS; i++) {
        assert_ptr_equal(ferp_sources_find(sources, model->raws[i]), model->records[i]);
        count += model->records[i] != NULL;
    }
    assert_int_equal(sources->count, count);
    assert_true(sources->capacity == 0 || sources->count < sources->capacity);
}

/* The raw sockets of one kind: numbers that count up like descriptors, multiples of four like
 * SOCKETs, numbers with equal low bits, and unrelated numbers. */
static fer_raw_socket raw_of(size_t kind, size_t i)
{
    switch (kind) {
    case 0: return (fer_raw_socket)i;
    case 1: return (fer_raw_socket)(i * 4 + 0x40);
    case 2: return (fer_raw_socket)(i << 16);
    default: return (fer_raw_socket)((i + 1) * (SIZE_MAX / 101));
    }
}

MEMORY_TEST(after_any_inserts_and_removals_the_table_equals_a_list)
{
    for (size_t kind = 0; kind < 4; kind++) {
        ferp_sources sources = {NULL, 0, 0};
        struct model model = {{0}, {NULL}};
        uint32_t seed = (uint32_t)kind + 1;
        for (size_t i = 0; i < KEYS; i++) {
            model.raws[i] = raw_of(kind, i);
        }
        for (size_t step = 0; step < STEPS; step++) {
            size_t at = next_random(&seed) % KEYS;
            /* The table fills and empties in turns. */
            bool inserts = next_random(&seed) % 8 < (step / 1000 % 2 == 0 ? 6u : 2u);
            if (inserts && model.records[at] == NULL) {
                model.records[at] = &records[at + next_random(&seed) % 2 * KEYS];
                assert_true(ferp_sources_insert(&sources, model.raws[at], model.records[at]));
            } else if (!inserts) {
                ferp_sources_remove(&sources, model.raws[at]);
                model.records[at] = NULL;
            }
            assert_ptr_equal(ferp_sources_find(&sources, model.raws[at]), model.records[at]);
            if (step % 100 == 0) {
                assert_same(&sources, &model);
            }
        }
        assert_same(&sources, &model);
        ferp_sources_end(&sources);
    }
}

MEMORY_TEST(an_empty_table_holds_nothing)
{
    ferp_sources sources = {NULL, 0, 0};
    assert_null(ferp_sources_find(&sources, 5));
    ferp_sources_remove(&sources, 5);
    ferp_sources_end(&sources);
    assert_true(ferp_sources_insert(&sources, 0, &records[0]));
    assert_ptr_equal(ferp_sources_find(&sources, 0), &records[0]);
    ferp_sources_end(&sources);
    assert_null(ferp_sources_find(&sources, 0));
    assert_int_equal(sources.count, 0);
}

/* Without memory an insert returns false and changes nothing. With memory it works again. */
MEMORY_TEST(without_memory_nothing_changes)
{
    ferp_sources sources = {NULL, 0, 0};
    size_t inserted = 0;
    allowed = 0;
    assert_false(ferp_sources_insert(&sources, 1, &records[1]));
    assert_null(ferp_sources_find(&sources, 1));
    allowed = 1;
    while (ferp_sources_insert(&sources, (fer_raw_socket)inserted, &records[inserted % KEYS])) {
        inserted++;
        assert_true(inserted < 1000);
    }
    for (int again = 0; again < 3; again++) {
        assert_false(ferp_sources_insert(&sources, (fer_raw_socket)inserted, &records[0]));
        assert_null(ferp_sources_find(&sources, (fer_raw_socket)inserted));
        assert_int_equal(sources.count, inserted);
        for (size_t i = 0; i < inserted; i++) {
            assert_ptr_equal(ferp_sources_find(&sources, (fer_raw_socket)i), &records[i % KEYS]);
        }
    }
    /* A removed socket frees its slot. */
    ferp_sources_remove(&sources, 0);
    assert_true(ferp_sources_insert(&sources, (fer_raw_socket)inserted, &records[2]));
    assert_ptr_equal(ferp_sources_find(&sources, (fer_raw_socket)inserted), &records[2]);
    allowed = 1;
    assert_true(ferp_sources_insert(&sources, 0, &records[3]));
    assert_int_equal(sources.count, inserted + 1);
    ferp_sources_end(&sources);
}

MEMORY_TEST(thousands_are_found)
{
    enum { MANY = 20000 };
    ferp_sources sources = {NULL, 0, 0};
    for (size_t i = 0; i < MANY; i++) {
        assert_true(ferp_sources_insert(&sources, (fer_raw_socket)(i * 4), &records[i % KEYS]));
    }
    for (size_t i = 0; i < MANY; i += 2) {
        ferp_sources_remove(&sources, (fer_raw_socket)(i * 4));
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_ptr_equal(ferp_sources_find(&sources, (fer_raw_socket)(i * 4)),
                         i % 2 == 0 ? NULL : &records[i % KEYS]);
        assert_null(ferp_sources_find(&sources, (fer_raw_socket)(i * 4 + 1)));
    }
    assert_int_equal(sources.count, MANY / 2);
    ferp_sources_end(&sources);
}

TEST_MAIN("sources")
