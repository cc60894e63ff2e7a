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

static void begin(void)
{
    x = 0;
    y = 0;
    z = 0;
    data = 0;
    schedules++;
}

/* ---- A message is passed. */

static void send_message(void)
{
    data = 1;
    __atomic_store_n(&x, 1, __ATOMIC_RELEASE);
}

static void send_message_relaxed(void)
{
    data = 1;
    __atomic_store_n(&x, 1, __ATOMIC_RELAXED);
}

static void send_message_early(void)
{
    __atomic_store_n(&x, 1, __ATOMIC_RELEASE);
    data = 1;
}

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

static void collect(void)
{
    seen[results[0]][results[1]] = true;
}

static void all_results_are_reported(void)
{
    INTER_CHECK(seen[0][0] && seen[0][1] && seen[1][0] && seen[1][1]);
}

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

static void begin_counted(void)
{
    begin();
    schedules = 0;
}

static void store_y(void)
{
    __atomic_store_n(&y, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&y, 2, __ATOMIC_RELAXED);
}

static void store_z(void)
{
    __atomic_store_n(&z, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&z, 2, __ATOMIC_RELAXED);
}

static void one_schedule_ran(void)
{
    INTER_CHECK(schedules == 1);
}

static void count_schedule(void)
{
    schedules++;
}

/* ---- Three threads store once each: 3! orders. */

static void store_x_1(void)
{
    __atomic_store_n(&x, 1, __ATOMIC_RELAXED);
}

static void six_schedules_ran(void)
{
    INTER_CHECK(schedules == 6);
}

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

static void increment_x_wrongly(void)
{
    __atomic_store_n(&x, __atomic_load_n(&x, __ATOMIC_ACQUIRE) + 1, __ATOMIC_RELEASE);
}

static void x_is_2(void)
{
    INTER_CHECK(__atomic_load_n(&x, __ATOMIC_ACQUIRE) == 2);
}

/* ---- Blocks */

static uint32_t *block;

static void begin_with_block(void)
{
    begin();
    block = inter_block_new(sizeof *block);
    *block = 0;
}

static void free_block(void)
{
    inter_block_free(block);
    __atomic_store_n(&x, 1, __ATOMIC_RELEASE);
}

static void use_block_afterwards(void)
{
    if (__atomic_load_n(&x, __ATOMIC_ACQUIRE) == 1) {
        *block = 1;
    }
}

const inter_program inter_litmus_programs[] = {
    {.begin = begin,
     .name = "litmus_message",
     .states = "a released message is visible to the thread that acquires it",
     .threads = {send_message, receive_message}},
    {.begin = begin,
     .name = "litmus_relaxed_store",
     .states = "a relaxed store publishes nothing",
     .threads = {send_message_relaxed, receive_message},
     .expected_failure = "a race"},
    {.begin = begin,
     .name = "litmus_relaxed_load",
     .states = "a relaxed load acquires nothing",
     .threads = {send_message, receive_message_relaxed},
     .expected_failure = "a race"},
    {.begin = begin,
     .name = "litmus_early_store",
     .states = "a release publishes only what is before it",
     .threads = {send_message_early, receive_message},
     .expected_failure = "a race"},
    {.begin = begin,
     .name = "litmus_release_sequence",
     .states = "a read-modify-write passes on what was released",
     .threads = {send_message, change_relaxed, receive_second_message}},
    {.begin = begin,
     .name = "litmus_store_buffers",
     .states = "both loads may return 0",
     .threads = {store_x_load_y, store_y_load_x},
     .finish = collect,
     .end = all_results_are_reported},
    {.begin = begin,
     .name = "litmus_coherence",
     .states = "a load never returns an older store than before",
     .threads = {store_twice, load_twice}},
    {.name = "litmus_independent",
     .states = "independent operations need one schedule",
     .begin = begin_counted,
     .threads = {store_y, store_z},
     .finish = count_schedule,
     .end = one_schedule_ran},
    {.name = "litmus_three_stores",
     .states = "three stores of one word have six orders",
     .begin = begin_count_once,
     .threads = {store_x_1, store_x_1, store_x_1},
     .finish = count_schedule,
     .end = six_schedules_ran},
    {.begin = begin,
     .name = "litmus_spin",
     .states = "a loop that waits for a store ends",
     .threads = {wait_for_x, send_message}},
    {.begin = begin,
     .name = "litmus_endless_spin",
     .states = "a loop that no store ends is found",
     .threads = {wait_for_x, store_y},
     .expected_failure = "no thread can run"},
    {.begin = begin,
     .name = "litmus_increments",
     .states = "no increment is lost",
     .threads = {increment_x, increment_x},
     .finish = x_is_2},
    {.begin = begin,
     .name = "litmus_lost_increment",
     .states = "a lost increment is found",
     .threads = {increment_x_wrongly, increment_x_wrongly},
     .finish = x_is_2,
     .expected_failure = "not true"},
    {.name = "litmus_freed",
     .states = "an access of freed memory is found",
     .begin = begin_with_block,
     .threads = {free_block, use_block_afterwards},
     .expected_failure = "freed memory is accessed"},
    {0},
};
