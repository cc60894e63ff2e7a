/* test_fuzz_steps.c: the mutators of the fuzzers (fuzz/driver/steps.c) insert, remove and change
 * whole steps only, within the size that they are given. */
#include "support/group.h"

/* Two bytes before the steps, three of each, and one after them; decoded from the end. */
#define FUZZ_SHAPE 2, 3, 1, true
#include "fuzz/driver/steps.c"

enum { FRONT = 2, STEP = 3, BACK = 1, LONGEST = 40, TRIES = 20000 };

/* The mutations of bytes, which the engine has. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
    assert_true(size <= max);
    (void)data;
    return 0;
}

/* As AFL++ calls it. */
static size_t mutate_once(void *state, const uint8_t *data, size_t size, uint8_t **out)
{
    size_t got = afl_custom_havoc_mutation(state, data, size, out, LONGEST);
    assert_non_null(*out);
    assert_true(got <= LONGEST);
    return got;
}

/* What is no step stays, at both ends; one byte too many is before the steps. */
static void check_ends(const uint8_t *before, size_t size, const uint8_t *after, size_t got)
{
    assert_true(got >= FRONT + BACK);
    assert_int_equal((got - FRONT - BACK) % STEP, (size - FRONT - BACK) % STEP);
    assert_memory_equal(after, before, FRONT + (size - FRONT - BACK) % STEP);
    assert_memory_equal(after + got - BACK, before + size - BACK, BACK);
}

TEST(whole_steps_are_inserted_and_removed)
{
    uint8_t data[LONGEST];
    size_t size = FRONT + 1 + 2 * STEP + BACK;
    size_t longer = 0, shorter = 0, changed = 0, least = size, most = size;
    void *state = afl_custom_init(NULL, 7);
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i + 1);
    }
    for (int i = 0; i < TRIES; i++) {
        uint8_t *out = NULL;
        size_t got = mutate_once(state, data, size, &out);
        check_ends(data, size, out, got);
        longer += got > size;
        shorter += got < size;
        changed += got == size && memcmp(out, data, size) != 0;
        memcpy(data, out, got);
        size = got;
        least = size < least ? size : least;
        most = size > most ? size : most;
    }
    assert_true(longer > TRIES / 20 && shorter > TRIES / 20 && changed > TRIES / 20);
    assert_int_equal(least, FRONT + 1 + BACK);
    assert_int_equal(most, LONGEST);
    afl_custom_deinit(state);
}

TEST(short_input_is_filled_with_zeros)
{
    uint8_t *out = NULL;
    void *state = afl_custom_init(NULL, 7);
    size_t got = mutate_once(state, (const uint8_t *)"a", 1, &out);
    assert_int_equal(got, FRONT + STEP + BACK);
    assert_int_equal(out[0], 'a');
    assert_int_equal(out[1], 0);
    assert_int_equal(out[got - 1], 0);
    afl_custom_deinit(state);
}

TEST(no_mutation_without_space)
{
    uint8_t data[LONGEST + 1] = {0};
    uint8_t *out = NULL;
    void *state = afl_custom_init(NULL, 7);
    assert_int_equal(mutate_once(state, data, LONGEST + 1, &out), 0);
    assert_int_equal(afl_custom_havoc_mutation(state, data, 1, &out, FRONT + BACK - 1), 0);
    assert_int_equal(LLVMFuzzerCustomMutator(data, 1, FRONT + BACK - 1, 7), 0);
    afl_custom_deinit(state);
}

TEST(mutator_keeps_whole_steps)
{
    uint8_t data[LONGEST];
    size_t mutated = 0;
    for (unsigned seed = 0; seed < TRIES; seed++) {
        uint8_t before[FRONT + 2 * STEP + BACK] = "abcdefghi";
        memcpy(data, before, sizeof(before));
        size_t got = LLVMFuzzerCustomMutator(data, sizeof(before), LONGEST, seed);
        assert_true(got <= LONGEST);
        if (got > 0) {
            check_ends(before, sizeof(before), data, got);
            mutated++;
        }
    }
    assert_true(mutated > TRIES / 4 && mutated < TRIES);
}

TEST(crossover_inserts_whole_steps)
{
    static const uint8_t one[] = "AAaaaaaaaaaA";
    static const uint8_t other[] = "BBbbbbbbbbbbbbbbB";
    size_t spliced = 0;
    for (unsigned seed = 0; seed < TRIES; seed++) {
        uint8_t out[LONGEST];
        size_t got = LLVMFuzzerCustomCrossOver(one, sizeof(one) - 1, other, sizeof(other) - 1, out,
                                               LONGEST, seed);
        if (got == 0) {
            continue;
        }
        spliced++;
        check_ends(one, sizeof(one) - 1, out, got);
        size_t first = FRONT;
        while (out[first] == 'a') {
            first++;
        }
        size_t end = first;
        while (out[end] == 'b') {
            end++;
        }
        assert_true(end > first);
        assert_int_equal((first - FRONT) % STEP, 0);
        assert_int_equal((end - first) % STEP, 0);
        while (out[end] == 'a') {
            end++;
        }
        assert_int_equal(end, got - BACK);
    }
    assert_true(spliced > TRIES / 8);
}

TEST_MAIN("fuzz_steps")
