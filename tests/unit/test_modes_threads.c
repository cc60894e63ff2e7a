/* test_modes_threads.c: the modes that clones share, changed by threads at the same time. The facts
 * and the heap are the test's own, so that core keeps the modes on every system. Clones that are
 * made meanwhile: tests/interleave/modes.c. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A unit test is a single source file, so it includes the helper. It comes first, because it
 * includes the system's headers. */
#include "support/thread.c"

#include "core/handle/modes.h"
#include "support/group.h"

#define ROUNDS 30
#define MILLI UINT64_C(1000000)

static atomic_int live;

const struct ferp_traits *ferp_traits(void)
{
    static const struct ferp_traits traits = {.io_waits_in_kernel = false};
    return &traits;
}

void *ferp_alloc(size_t size)
{
    void *memory = malloc(size);
    assert_non_null(memory);
    memset(memory, 0xA5, size);
    atomic_fetch_add(&live, 1);
    return memory;
}

void ferp_free(void *memory)
{
    atomic_fetch_sub(&live, memory != NULL);
    free(memory);
}

void ferp_close(fer_raw_socket raw)
{
    (void)raw;
}

static void leave(fer_handle *handle)
{
    if (!feri_modes_leave(handle, handle->p_.raw_)) {
        ferp_close(handle->p_.raw_);
    }
}

/* No test calls the functions for adoption and release. */
fer_error ferp_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration *out)
{
    (void)raw, (void)direction, (void)out;
    abort();
}

fer_error ferp_set_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration timeout)
{
    (void)raw, (void)direction, (void)timeout;
    abort();
}

fer_error ferp_set_nonblocking(fer_raw_socket raw, bool nonblocking)
{
    (void)raw, (void)nonblocking;
    abort();
}

fer_error ferp_linger(fer_raw_socket raw, struct ferp_linger *out)
{
    (void)raw, (void)out;
    abort();
}

fer_error ferp_set_linger(fer_raw_socket raw, struct ferp_linger linger)
{
    (void)raw, (void)linger;
    abort();
}

static fer_handle clone_of(fer_handle *handle)
{
    feri_shared_modes *record = NULL;
    fer_handle clone;
    memset(&clone, 0, sizeof clone);
    (void)feri_modes_new_record(handle, &record);
    feri_modes_share(handle, record);
    feri_modes_join(&clone, handle);
    clone.p_.raw_ = 100;
    return clone;
}

/* All threads begin at about the same time. */
static atomic_int waiting;

static void begin_together(void)
{
    atomic_fetch_sub(&waiting, 1);
    while (atomic_load(&waiting) > 0) {
        test_thread_yield();
    }
}

static void set_write_timeouts(void *argument)
{
    fer_handle *clone = argument;
    begin_together();
    for (uint64_t i = 1; i <= 50; i++) {
        feri_modes_set_timeout(clone, FERP_WRITING, (fer_duration){i * MILLI});
        feri_modes_record_linger(clone, (struct ferp_linger){true, (uint32_t)i});
    }
    leave(clone);
}

/* Changes of different modes through different handles are all kept, and the last handle frees the
 * record, in whatever order they are closed. */
TEST(changes_through_all_handles_are_kept)
{
    for (int round = 0; round < ROUNDS; round++) {
        fer_handle handle;
        fer_handle clones[2];
        test_thread threads[2];
        struct ferp_linger linger = {false, 0};
        memset(&handle, 0, sizeof handle);
        atomic_store(&waiting, 3);
        for (size_t i = 0; i < 2; i++) {
            clones[i] = clone_of(&handle);
            test_thread_start(&threads[i], set_write_timeouts, &clones[i]);
        }
        begin_together();
        for (uint64_t i = 1; i <= 50; i++) {
            feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){i * MILLI});
            feri_modes_set_nonblocking(&handle, i % 2 == 0);
            assert_int_equal(feri_modes_is_nonblocking(&handle), i % 2 == 0);
        }
        fer_handle last = clone_of(&handle);
        leave(&handle);
        test_thread_join(&threads[0]);
        test_thread_join(&threads[1]);
        assert_true(feri_modes_timeout(&last, FERP_READING).nanos == 50 * MILLI);
        assert_true(feri_modes_timeout(&last, FERP_WRITING).nanos == 50 * MILLI);
        assert_true(feri_modes_is_nonblocking(&last));
        assert_true(feri_modes_shared_linger(&last, &linger) && linger.seconds == 50);
        assert_int_equal(atomic_load(&live), 1);
        leave(&last);
        assert_int_equal(atomic_load(&live), 0);
    }
}

TEST_MAIN("modes_threads")
