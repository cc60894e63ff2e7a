/* test_limits_threads.c: the limits of a handle, set by threads while others read them: nobody gets
 * the halves of two deadlines, or the token of another deadline. */
#include <stdatomic.h>
#include <string.h>

/* A unit test is a single source file, so it includes the helper. It comes first, because it
 * includes the system's headers. */
#include "support/thread.c"

#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "support/group.h"

/* A reader has seen enough when the limits have changed so often between two of its reads, and
 * after so many reads. */
enum { CHANGES = 300, READS = 1000000, WRITERS = 2, READERS = 2, TOKENS = 4 };

static fer_handle handle;
static fer_cancel_token tokens[TOKENS];
static atomic_int readers_left;

/* Both halves of the deadline and the token follow from one number. 0: no limits. */
static fer_limits limits_of_number(uint32_t number)
{
    fer_limits limits = {.deadline = {(uint64_t)number << 32 | number}};
    limits.token = number == 0 ? NULL : &tokens[number % TOKENS];
    return limits;
}

struct setter {
    uint32_t first;
    unsigned failures;
};

static void set_many(void *argument)
{
    struct setter *setter = argument;
    for (uint32_t i = 0; atomic_load(&readers_left) > 0; i++) {
        const fer_limits limits = limits_of_number(i % 3 == 0 ? 0 : setter->first + i % 1000);
        fer_error error = feri_set_limits(&handle, i % 6 == 0 ? NULL : &limits);
        setter->failures += error.kind != FER_OK;
    }
}

struct reader {
    unsigned torn;
};

static void read_many(void *argument)
{
    struct reader *reader = argument;
    uint64_t last = 0;
    unsigned changes = 0;
    for (unsigned reads = 0; reads < READS || changes < CHANGES; reads++) {
        feri_limits found = feri_limits_of(&handle);
        uint64_t nanos = found.deadline + 1;
        fer_limits expected = limits_of_number((uint32_t)nanos);
        reader->torn += nanos != expected.deadline.nanos_ || found.token != expected.token;
        changes += nanos != last;
        last = nanos;
    }
    atomic_fetch_sub(&readers_left, 1);
}

TEST(no_thread_reads_torn_limits)
{
    test_thread threads[WRITERS + READERS];
    struct setter setters[WRITERS] = {{1, 0}, {1000000, 0}};
    struct reader readers[READERS] = {{0}, {0}};
    for (size_t i = 0; i < TOKENS; i++) {
        assert_int_equal(fer_cancel_token_new(&tokens[i]).kind, FER_OK);
    }
    /* Nothing here uses the raw socket. */
    assert_int_equal(feri_handle_claim(&handle).kind, FER_OK);
    assert_int_equal(feri_handle_fill(&handle, 1, 0).kind, FER_OK);
    atomic_init(&readers_left, READERS);
    for (size_t i = 0; i < READERS; i++) {
        test_thread_start(&threads[WRITERS + i], read_many, &readers[i]);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        test_thread_start(&threads[i], set_many, &setters[i]);
    }
    for (size_t i = 0; i < WRITERS + READERS; i++) {
        test_thread_join(&threads[i]);
    }
    for (size_t i = 0; i < TOKENS; i++) {
        fer_cancel_token_close(&tokens[i]);
    }
    assert_int_equal(setters[0].failures + setters[1].failures, 0);
    assert_int_equal(readers[0].torn + readers[1].torn, 0);
}

TEST_MAIN("limits_threads")
