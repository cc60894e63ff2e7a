/* litmus.c: small programs with known results, which show that the checker finds what it should and
 * no more. */
#include "tests/interleave/memory.h"
#include "tests/interleave/programs.h"

static uint32_t x;
static uint32_t y;
static uint32_t z;
static uint32_t data;
static uint32_t results[2];
static bool seen[2][2];
static uint64_t schedules;

STEP(begin, x = 0; y = 0; z = 0; data = 0; schedules++)

/* ---- A message is passed. */

STEP(send_message, data = 1; __atomic_store_n(&x, 1, __ATOMIC_RELEASE))
STEP(send_message_relaxed, data = 1; __atomic_store_n(&x, 1, __ATOMIC_RELAXED))
STEP(send_message_early, __atomic_store_n(&x, 1, __ATOMIC_RELEASE); data = 1)

static void receive_message(void)
{
    if (__atomic_load_n(&x, __ATOMIC_ACQUIRE) == 1) {
        INTER_CHECK(data == 1);
    }
}

static void receive_message_relaxed(void)
{
    if (__atomic_load_n(&x, __ATOMIC_RELAXED) == 1) {
        INTER_CHECK(data == 1);
    }
}

/* A read-modify-write continues the release sequence of the store. */
static void change_relaxed(void)
{
    uint32_t old = 1;
    (void)__atomic_compare_exchange_n(&x, &old, 2, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void receive_second_message(void)
{
    if (__atomic_load_n(&x, __ATOMIC_ACQUIRE) == 2) {
        INTER_CHECK(data == 1);
    }
}

/* ---- Two threads store and then load the other word: C11 allows both loads to return 0. */

static void store_x_load_y(void)
{
    __atomic_store_n(&x, 1, __ATOMIC_RELEASE);
    results[0] = __atomic_load_n(&y, __ATOMIC_ACQUIRE);
}

static void store_y_load_x(void)
{
    __atomic_store_n(&y, 1, __ATOMIC_RELEASE);
    results[1] = __atomic_load_n(&x, __ATOMIC_ACQUIRE);
}

STEP(collect, seen[results[0]][results[1]] = true)
STEP(all_results_are_reported, INTER_CHECK(seen[0][0] && seen[0][1] && seen[1][0] && seen[1][1]))

/* ---- A load never returns an older store than the load before it. */

static void store_twice(void)
{
    __atomic_store_n(&x, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&x, 2, __ATOMIC_RELAXED);
}

static void load_twice(void)
{
    uint32_t first = __atomic_load_n(&x, __ATOMIC_RELAXED);
    INTER_CHECK(__atomic_load_n(&x, __ATOMIC_RELAXED) >= first);
}

/* ---- Independent operations: one schedule is enough. */

STEP(begin_counted, begin(); schedules = 0)
STEP(store_y, __atomic_store_n(&y, 1, __ATOMIC_RELAXED); __atomic_store_n(&y, 2, __ATOMIC_RELAXED))
STEP(store_z, __atomic_store_n(&z, 1, __ATOMIC_RELAXED); __atomic_store_n(&z, 2, __ATOMIC_RELAXED))
STEP(one_schedule_ran, INTER_CHECK(schedules == 1))
STEP(count_schedule, schedules++)

/* ---- Three threads store once each: 3! orders. */

STEP(store_x_1, __atomic_store_n(&x, 1, __ATOMIC_RELAXED))
STEP(six_schedules_ran, INTER_CHECK(schedules == 6))

static void begin_count_once(void)
{
    static bool has_begun;
    schedules = has_begun ? schedules : 0;
    has_begun = true;
}

/* ---- Loops */

static void wait_for_x(void)
{
    while (__atomic_load_n(&x, __ATOMIC_ACQUIRE) == 0) {
    }
    INTER_CHECK(data == 1);
}

static void increment_x(void)
{
    uint32_t old = __atomic_load_n(&x, __ATOMIC_ACQUIRE);
    while (!__atomic_compare_exchange_n(&x, &old, old + 1, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE)) {
    }
}

STEP(increment_x_wrongly,
     __atomic_store_n(&x, __atomic_load_n(&x, __ATOMIC_ACQUIRE) + 1, __ATOMIC_RELEASE))
STEP(x_is_2, INTER_CHECK(__atomic_load_n(&x, __ATOMIC_ACQUIRE) == 2))

/* ---- Blocks */

static uint32_t *block;

STEP(begin_with_block, begin(); block = inter_block_new(sizeof *block); *block = 0)
STEP(free_block, inter_block_free(block); __atomic_store_n(&x, 1, __ATOMIC_RELEASE))

static void use_block_afterwards(void)
{
    if (__atomic_load_n(&x, __ATOMIC_ACQUIRE) == 1) {
        *block = 1;
    }
}

const inter_program inter_litmus_programs[] = {
    PROGRAM("litmus_message", "a released message is visible to the thread that acquires it", begin,
            (send_message, receive_message), NULL),
    PROGRAM("litmus_relaxed_store", "a relaxed store publishes nothing", begin,
            (send_message_relaxed, receive_message), NULL, .expected_failure = "a race"),
    PROGRAM("litmus_relaxed_load", "a relaxed load acquires nothing", begin,
            (send_message, receive_message_relaxed), NULL, .expected_failure = "a race"),
    PROGRAM("litmus_early_store", "a release publishes only what is before it", begin,
            (send_message_early, receive_message), NULL, .expected_failure = "a race"),
    PROGRAM("litmus_release_sequence", "a read-modify-write passes on what was released", begin,
            (send_message, change_relaxed, receive_second_message), NULL),
    PROGRAM("litmus_store_buffers", "both loads may return 0", begin,
            (store_x_load_y, store_y_load_x), collect, .end = all_results_are_reported),
    PROGRAM("litmus_coherence", "a load never returns an older store than before", begin,
            (store_twice, load_twice), NULL),
    PROGRAM("litmus_independent", "independent operations need one schedule", begin_counted,
            (store_y, store_z), count_schedule, .end = one_schedule_ran),
    PROGRAM("litmus_three_stores", "three stores of one word have six orders", begin_count_once,
            (store_x_1, store_x_1, store_x_1), count_schedule, .end = six_schedules_ran),
    PROGRAM("litmus_spin", "a loop that waits for a store ends", begin, (wait_for_x, send_message),
            NULL),
    PROGRAM("litmus_endless_spin", "a loop that no store ends is found", begin,
            (wait_for_x, store_y), NULL, .expected_failure = "no thread can run"),
    PROGRAM("litmus_increments", "no increment is lost", begin, (increment_x, increment_x), x_is_2),
    PROGRAM("litmus_lost_increment", "a lost increment is found", begin,
            (increment_x_wrongly, increment_x_wrongly), x_is_2, .expected_failure = "not true"),
    PROGRAM("litmus_freed", "an access of freed memory is found", begin_with_block,
            (free_block, use_block_afterwards), NULL,
            .expected_failure = "freed memory is accessed"),
    {0},
};
