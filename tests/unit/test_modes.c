/* test_modes.c: what clones share, on systems where core keeps it (rules T6, S6, O2), and the
 * record that they point to. */
#include <stdatomic.h>

#include "support/thread.h"
#include "unit/scripted_background.h"
#include "unit/scripted_platform.h"

#include "core/base/compiler.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/transfer/datagram.h"
#include "core/wait/waiting.h"

#define MILLI UINT64_C(1000000)

static fer_handle handle;
static fer_handle clone;
static fer_handle other;

static void begin(void)
{
    script_begin(&script_windows);
    script_background_begin();
    handle = script_stream(0);
    clone = other = (fer_handle){0};
}

static int modes_teardown(void **state)
{
    feri_handle_close(&handle);
    feri_handle_close(&clone);
    feri_handle_close(&other);
    assert_int_equal(background.memory_live, 0);
    assert_int_equal(script.sockets_open, 0);
    return script_teardown(state);
}

#define MODES_TEST(function)                         \
    TEST_BY(function, (void), (begin(), function()), \
            TEST_ROW(#function, function, NULL, modes_teardown, NULL))

static void assert_timeout(const fer_handle *of, ferp_direction direction, uint64_t nanos)
{
    fer_duration got = {7};
    assert_ok(feri_timeout(of, direction, true, &got));
    assert_true(got.nanos == nanos);
}

static bool is_nonblocking(const fer_handle *of)
{
    return !feri_may_wait(of, FERI_SHARED);
}

static void set_read_timeout(fer_handle *of, uint64_t millis)
{
    assert_ok(feri_set_timeout(of, FERP_READING, (fer_duration){millis * MILLI}));
}

/* ---- One handle */

MODES_TEST(the_version_of_a_lock_is_odd_while_it_is_held)
{
    uint32_t version = feri_handle_lock(&handle);
    assert_int_equal(handle.p_.lock_, version + 1);
    assert_int_equal(version % 2, 0);
    feri_handle_unlock(&handle, version);
}

/* ---- Clones. T6: "clones share them, whenever they are set". */

/* What another thread does, in the next such call. */
static script_call acting_call;
static void (*act)(void);

static void run_once(script_call call)
{
    if (call == acting_call) {
        script.on_call = NULL;
        act();
    }
}

static void during(script_call call, void (*action)(void))
{
    acting_call = call;
    act = action;
    script.on_call = run_once;
}

MODES_TEST(a_clone_that_is_closed_meanwhile_leaks_no_record)
{
    script_close_during(SCRIPT_WAKE, &clone);
    assert_error(feri_try_clone(&handle, &clone), FER_MISUSE, 0);
    script_close_during(SCRIPT_WAKE, &handle);
    assert_error(feri_try_clone(&handle, &other), FER_MISUSE, 0);
}

/* Another thread makes a clone of the same handle at the same time, and is first. */
static void clone_early(void)
{
    assert_ok(feri_try_clone(&handle, &other));
    set_read_timeout(&other, 9);
}

/* ---- The raw socket of the record. R2, U5: "a bind or a connect through one is one of all". */

static void send_to(fer_handle *by)
{
    fer_socket_addr to = {.ip = {.family = FER_IP_V4}, .port = 9};
    assert_ok(feri_datagram_send_to(by, "x", 1, &to, 0, NULL));
}

MODES_TEST(a_clone_beside_the_first_send_calls_its_raw_socket)
{
    handle.p_.flags_ |= FERI_FLAG_DATAGRAM;
    during(SCRIPT_SEND_TO, clone_early);
    send_to(&handle);
    send_to(&other);
    assert_log("send_to(1,1,0.0.0.0:9) duplicate(1) wake(1) send_to(1,1,0.0.0.0:9)");
    feri_handle_close(&other); /* whose raw socket is not that of the record */
}

/* ---- Adoption */

static fer_error adopt(void)
{
    script_then(SCRIPT_DESCRIBE)->description = script_description("stream v4 connected");
    return feri_adopt(&other, script_open_socket(), FERI_DOMAIN_IP, FERI_ADOPTED_STREAM);
}

MODES_TEST(an_adopted_socket_keeps_its_own_timeouts_and_linger_time)
{
    fer_duration got = {7};
    script_then(SCRIPT_TIMEOUT)->value = 7 * MILLI;
    script_then(SCRIPT_TIMEOUT)->value = 0xFFFFFFFF * MILLI; /* more than a word holds */
    *script_then(SCRIPT_LINGER) = (script_result){.on = true, .value = 5};
    assert_ok(adopt());
    assert_timeout(&other, FERP_READING, 7 * MILLI);
    assert_timeout(&other, FERP_WRITING, 0x3FFFFFFF * MILLI);
    assert_false(is_nonblocking(&other));
    assert_false(feri_modes_has_mark(&other, FERI_MARK_READ_ENDED));
    assert_ok(feri_try_clone(&other, &clone));
    assert_ok(feri_linger(&clone, &got));
    assert_true(got.nanos == 5000 * MILLI);
}

/* ---- Threads that each change the modes through a handle of their own. Handles that are made or
 * closed meanwhile: tests/interleave/modes.c. */

enum { CHANGES = 500000, LAST = 50000 };
static atomic_int waiting;

static void begin_together(void)
{
    atomic_fetch_sub(&waiting, 1);
    while (atomic_load(&waiting) > 0) {
        test_thread_yield();
    }
}

static void change_many(void *argument)
{
    fer_handle *through = argument;
    begin_together();
    for (uint32_t i = 1; i <= CHANGES; i++) {
        uint32_t value = (i - 1) % LAST + 1;
        feri_modes_set_timeout(through, FERP_WRITING, (fer_duration){value * MILLI});
        feri_modes_record_linger(through, (struct ferp_linger){true, value});
    }
}

MODES_TEST(changes_through_all_handles_are_kept)
{
    test_thread threads[2];
    struct ferp_linger linger = {false, 0};
    assert_ok(feri_try_clone(&handle, &clone));
    assert_ok(feri_try_clone(&handle, &other));
    atomic_store(&waiting, 3);
    test_thread_start(&threads[0], change_many, &clone);
    test_thread_start(&threads[1], change_many, &other);
    begin_together();
    for (uint32_t i = 1; i <= CHANGES; i++) {
        feri_modes_mark(&handle, FERI_MARK_NONBLOCKING, i % 2 == 0);
        feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){i * MILLI});
        assert_int_equal(feri_modes_has_mark(&handle, FERI_MARK_NONBLOCKING), i % 2 == 0);
    }
    test_thread_join(&threads[0]);
    test_thread_join(&threads[1]);
    assert_timeout(&clone, FERP_READING, CHANGES * MILLI);
    assert_timeout(&clone, FERP_WRITING, LAST * MILLI);
    assert_true(is_nonblocking(&other));
    assert_true(feri_modes_shared_linger(&handle, &linger) && linger.seconds == LAST);
}

/* A const handle may be in read-only memory, where each of these is. */
TEST(atomic_loads_write_nothing)
{
    static const uint32_t word = 7;
    static void *const pointer = &handle;
    assert_int_equal(feri_atomic_load(&word), 7);
    assert_ptr_equal(feri_atomic_load_pointer(&pointer), &handle);
}

TEST_MAIN("modes")
