/* test_modes_threads.c: the modes that clones share, changed and cloned by threads at the same
 * time. The facts and the heap are the test's own, so that core keeps the modes on every system. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A unit test is a single source file, so it includes the helper. It comes first, because it
 * includes the system's headers. */
#include "support/thread.c"

#include "core/handle/modes.h"
#include "support/group.h"

#define ROUNDS 300
#define CLONERS 3
#define MILLI UINT64_C(1000000)

static atomic_int live;
static atomic_int raws_open;

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
    atomic_fetch_sub(&raws_open, 1);
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
    clone.p_.raw_ = 100 + atomic_fetch_add(&raws_open, 1);
    return clone;
}

struct player {
    fer_handle *handle;
    fer_handle clone;
    uint64_t seen; /* the largest timeout that the cloner saw */
    bool went_back;
};

/* All threads begin at about the same time. */
static atomic_int waiting;

static void begin_together(void)
{
    atomic_fetch_sub(&waiting, 1);
    while (atomic_load(&waiting) > 0) {
        test_thread_yield();
    }
}

static void see(struct player *player, const fer_handle *handle)
{
    uint64_t nanos = feri_modes_timeout(handle, FERP_READING).nanos;
    nanos = nanos == FER_DURATION_NONE_NANOS ? 0 : nanos;
    player->went_back |= nanos < player->seen;
    player->seen = nanos;
}

static void make_clone(void *argument)
{
    struct player *player = argument;
    begin_together();
    see(player, player->handle);
    player->clone = clone_of(player->handle);
    see(player, &player->clone);
    see(player, player->handle);
    see(player, &player->clone);
}

/* T6: "clones share them, whenever they are set": a thread sets increasing timeouts, through the
 * handle from which the others make their clones. No thread sees an older one after a newer one,
 * and all see the last one. All call the raw socket of the first handle, which is closed with the
 * last one. */
TEST(a_change_is_not_lost_while_clones_are_made)
{
    for (int round = 0; round < ROUNDS; round++) {
        fer_handle handle;
        struct player players[CLONERS];
        test_thread threads[CLONERS];
        memset(&handle, 0, sizeof handle);
        memset(players, 0, sizeof players);
        handle.p_.flags_ = FERI_FLAG_DATAGRAM;
        handle.p_.raw_ = 7;
        atomic_store(&raws_open, 1);
        atomic_store(&waiting, CLONERS + 1);
        for (size_t i = 0; i < CLONERS; i++) {
            players[i].handle = &handle;
            test_thread_start(&threads[i], make_clone, &players[i]);
        }
        begin_together();
        for (uint64_t i = 1; i <= 5; i++) {
            assert_true(feri_modes_raw(&handle) == 7);
            feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){i * MILLI});
            feri_modes_end_reading(&handle);
        }
        for (size_t i = 0; i < CLONERS; i++) {
            test_thread_join(&threads[i]);
            assert_true(feri_modes_raw(&players[i].clone) == 7);
            assert_false(players[i].went_back);
            assert_true(feri_modes_timeout(&players[i].clone, FERP_READING).nanos == 5 * MILLI);
            assert_true(feri_modes_has_ended_reading(&players[i].clone));
            assert_false(feri_modes_is_nonblocking(&players[i].clone));
        }
        assert_int_equal(atomic_load(&live), 1);
        assert_int_equal(atomic_load(&raws_open), 1 + CLONERS);
        leave(&handle);
        for (size_t i = 0; i < CLONERS; i++) {
            leave(&players[i].clone);
        }
        assert_int_equal(atomic_load(&live), 0);
        assert_int_equal(atomic_load(&raws_open), 0);
    }
}

static void set_write_timeouts(void *argument)
{
    struct player *player = argument;
    begin_together();
    for (uint64_t i = 1; i <= 50; i++) {
        feri_modes_set_timeout(&player->clone, FERP_WRITING, (fer_duration){i * MILLI});
        feri_modes_record_linger(&player->clone, (struct ferp_linger){true, (uint32_t)i});
    }
    leave(&player->clone);
}

/* Changes of different modes through different handles are all kept, and the last handle frees the
 * record, in whatever order they are closed. */
TEST(changes_through_all_handles_are_kept)
{
    for (int round = 0; round < ROUNDS / 10; round++) {
        fer_handle handle;
        struct player players[2];
        test_thread threads[2];
        struct ferp_linger linger = {false, 0};
        memset(&handle, 0, sizeof handle);
        memset(players, 0, sizeof players);
        atomic_store(&waiting, 3);
        for (size_t i = 0; i < 2; i++) {
            players[i].clone = clone_of(&handle);
            test_thread_start(&threads[i], set_write_timeouts, &players[i]);
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
