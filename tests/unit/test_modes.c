/* test_modes.c: what clones share, on systems where core keeps it (rules T6, S6, O2), and the
 * record that they point to. */
#include "unit/scripted_background.h"
#include "unit/scripted_platform.h"

#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/open/socket_building.h"
#include "core/transfer/datagram.h"
#include "core/wait/blocking.h"
#include "core/wait/waiting.h"

#define MILLI UINT64_C(1000000)
#define DAY (UINT64_C(86400000) * MILLI)

static fer_handle begin(void)
{
    script_begin(&script_windows);
    script_background_begin();
    return script_stream(0);
}

#define MODES_TEST(function) SCRIPT_TEST_WITH(fer_handle handle, begin(), function)

static fer_handle clone_of(fer_handle *handle)
{
    fer_handle clone = {0};
    assert_ok(feri_try_clone(handle, &clone));
    return clone;
}

static void assert_timeout(const fer_handle *handle, ferp_direction direction, uint64_t nanos)
{
    fer_duration got = {7};
    assert_ok(feri_timeout(handle, direction, &got));
    assert_true(got.nanos == nanos);
}

static bool is_nonblocking(const fer_handle *handle)
{
    bool nonblocking = false;
    assert_ok(feri_is_nonblocking(handle, &nonblocking));
    return nonblocking;
}

/* ---- One handle */

MODES_TEST(the_version_of_a_lock_is_odd_while_it_is_held)
{
    uint32_t version = feri_handle_lock(&handle);
    assert_int_equal(handle.p_.lock_, version + 1);
    assert_int_equal(version % 2, 0);
    feri_handle_unlock(&handle, version);
}

SCRIPT_TEST(timeouts_are_rounded_up_to_milliseconds)
{
    static const struct {
        uint64_t set, got;
    } rows[] = {{1, MILLI},
                {MILLI, MILLI},
                {MILLI + 1, 2 * MILLI},
                {12 * DAY, 12 * DAY},
                {14 * DAY, 0x3FFFFFFF * MILLI},
                {FER_DURATION_NONE_NANOS - 1, 0x3FFFFFFF * MILLI},
                {FER_DURATION_NONE_NANOS, FER_DURATION_NONE_NANOS}};
    fer_handle handle = begin();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int direction = FERP_READING; direction <= FERP_WRITING; direction++) {
            assert_ok(
                feri_set_timeout(&handle, (ferp_direction)direction, (fer_duration){rows[i].set}));
            assert_timeout(&handle, (ferp_direction)direction, rows[i].got);
        }
    }
    assert_log("");
}

MODES_TEST(the_modes_do_not_touch_each_other)
{
    struct ferp_linger linger = {false, 0};
    assert_timeout(&handle, FERP_READING, FER_DURATION_NONE_NANOS);
    assert_timeout(&handle, FERP_WRITING, FER_DURATION_NONE_NANOS);
    assert_false(is_nonblocking(&handle));
    assert_ok(feri_set_timeout(&handle, FERP_READING, (fer_duration){FER_DURATION_NONE_NANOS - 1}));
    assert_ok(feri_set_nonblocking(&handle, true));
    assert_ok(feri_set_linger(&handle, fer_duration_from_secs(65535)));
    feri_modes_end_reading(&handle);
    assert_ok(feri_set_timeout(&handle, FERP_WRITING, (fer_duration){3 * MILLI}));
    fer_handle clone = clone_of(&handle);
    const fer_handle *both[] = {&handle, &clone};
    for (size_t i = 0; i < 2; i++) {
        assert_timeout(both[i], FERP_READING, 0x3FFFFFFF * MILLI);
        assert_timeout(both[i], FERP_WRITING, 3 * MILLI);
        assert_true(is_nonblocking(both[i]));
        assert_true(feri_modes_has_ended_reading(both[i]));
        assert_true(feri_modes_shared_linger(both[i], &linger));
        assert_true(linger.on && linger.seconds == 65535);
    }
    assert_ok(feri_set_nonblocking(&clone, false));
    assert_ok(feri_set_linger(&clone, FER_DURATION_NONE));
    for (size_t i = 0; i < 2; i++) {
        assert_false(is_nonblocking(both[i]));
        assert_true(feri_modes_has_ended_reading(both[i]));
        assert_true(feri_modes_shared_linger(both[i], &linger));
        assert_false(linger.on);
        assert_timeout(both[i], FERP_READING, 0x3FFFFFFF * MILLI);
    }
    feri_handle_close(&handle);
    feri_handle_close(&clone);
}

/* ---- Clones. T6: "clones share them, whenever they are set". */

MODES_TEST(a_duplicate_that_fails_frees_the_record)
{
    fer_handle clone = {0};
    assert_forwards(SCRIPT_DUPLICATE, FER_TOO_MANY_OPEN_FILES, 10024,
                    feri_try_clone(&handle, &clone));
    assert_int_equal(background.memory_live, 0);
    assert_null(handle.p_.shared_);
    fer_handle first = clone_of(&handle);
    assert_forwards(SCRIPT_DUPLICATE, FER_TOO_MANY_OPEN_FILES, 10024,
                    feri_try_clone(&handle, &clone));
    assert_int_equal(background.memory_live, 1);
    feri_handle_close(&handle);
    feri_handle_close(&first);
    assert_int_equal(background.memory_live, 0);
}

/* The source, or the clone, is closed by another thread before the clone is filled. */
static fer_handle *handle_to_close;

static void close_while_duplicating(script_call call)
{
    if (call == SCRIPT_WAKE && handle_to_close != NULL) {
        fer_handle *handle = handle_to_close;
        handle_to_close = NULL;
        feri_handle_close(handle);
    }
}

MODES_TEST(an_abandoned_clone_leaks_no_record)
{
    fer_handle clone = {0};
    script.on_call = close_while_duplicating;
    handle_to_close = &clone;
    assert_error(feri_try_clone(&handle, &clone), FER_MISUSE, 0);
    feri_handle_close(&handle);
    assert_int_equal(background.memory_live, 0);
    handle = begin();
    fer_handle other = {0};
    script.on_call = close_while_duplicating;
    handle_to_close = &handle;
    assert_error(feri_try_clone(&handle, &other), FER_MISUSE, 0);
    assert_int_equal(background.memory_live, 0);
    assert_int_equal(script.sockets_open, 0);
}

MODES_TEST(into_raw_of_the_last_handle_leaks_no_record)
{
    fer_handle clone = clone_of(&handle);
    assert_int_equal(feri_into_raw(&clone), 2);
    assert_int_equal(background.memory_live, 1);
    assert_int_equal(feri_into_raw(&handle), 1);
    assert_int_equal(background.memory_live, 0);
}

/* Another thread makes a clone of the same handle at the same time, and is first. */
static fer_handle *handle_to_clone;
static fer_handle early_clone;

static void clone_while_duplicating(script_call call)
{
    if (call == SCRIPT_DUPLICATE && handle_to_clone != NULL) {
        fer_handle *handle = handle_to_clone;
        handle_to_clone = NULL;
        early_clone = clone_of(handle);
        assert_ok(feri_set_timeout(&early_clone, FERP_READING, (fer_duration){9 * MILLI}));
    }
}

MODES_TEST(two_threads_that_clone_a_handle_share_one_record)
{
    assert_ok(feri_set_timeout(&handle, FERP_READING, (fer_duration){MILLI}));
    handle_to_clone = &handle;
    script.on_call = clone_while_duplicating;
    fer_handle clone = clone_of(&handle);
    assert_int_equal(background.memory_live, 1);
    assert_true(clone.p_.shared_ == early_clone.p_.shared_ &&
                clone.p_.shared_ == handle.p_.shared_);
    assert_timeout(&clone, FERP_READING, 9 * MILLI);
    assert_timeout(&handle, FERP_READING, 9 * MILLI);
    feri_handle_close(&handle);
    feri_handle_close(&early_clone);
    assert_timeout(&clone, FERP_READING, 9 * MILLI);
    feri_handle_close(&clone);
    assert_int_equal(background.memory_live, 0);
}

/* ---- The raw socket of the record. R2, U5: "a bind or a connect through one is one of all". */

static fer_error send_to(fer_handle *handle)
{
    fer_socket_addr to = {.ip = {.family = FER_IP_V4}, .port = 9};
    return feri_datagram_send_to(handle, "x", 1, &to, 0, NULL);
}

MODES_TEST(all_handles_of_a_datagram_socket_call_the_first_one_s_raw_socket)
{
    handle.p_.flags_ |= FERI_FLAG_DATAGRAM;
    fer_handle clone = clone_of(&handle);
    assert_log("duplicate(1) wake(1)");
    assert_ok(send_to(&handle));
    assert_ok(send_to(&clone));
    assert_ok(feri_set_bool_option(&clone, FERP_BROADCAST, true));
    assert_log("send_to(1,1,0.0.0.0:9) send_to(1,1,0.0.0.0:9) set_option(1,BROADCAST,1)");
    fer_handle second = clone_of(&clone);
    assert_log("duplicate(1) wake(2)");
    feri_handle_close(&handle);
    feri_handle_close(&clone);
    assert_ok(send_to(&second));
    feri_handle_close(&second);
    assert_log("close(2) send_to(1,1,0.0.0.0:9) close(1) close(3)");
    assert_int_equal(background.memory_live, 0);
}

/* The first clone is made by another thread during a send, which binds the socket. */
static void clone_while_sending(script_call call)
{
    if (call == SCRIPT_SEND_TO && handle_to_clone != NULL) {
        fer_handle *handle = handle_to_clone;
        handle_to_clone = NULL;
        early_clone = clone_of(handle);
    }
}

/* Another thread changes the socket while the first clone is made. */
static fer_handle *handle_to_change;

static void change_while_cloning(script_call call)
{
    if ((call == SCRIPT_DUPLICATE || call == SCRIPT_WAKE) && handle_to_change != NULL) {
        assert_ok(send_to(handle_to_change));
        assert_ok(feri_set_bool_option(handle_to_change, FERP_BROADCAST, true));
    }
}

MODES_TEST(a_call_beside_the_first_clone_is_made_by_the_raw_socket_of_all)
{
    handle.p_.flags_ |= FERI_FLAG_DATAGRAM;
    handle_to_clone = &handle;
    script.on_call = clone_while_sending;
    assert_ok(send_to(&handle));
    assert_ok(send_to(&early_clone));
    assert_log("send_to(1,1,0.0.0.0:9) duplicate(1) wake(1) send_to(1,1,0.0.0.0:9)");
    feri_handle_close(&handle);
    feri_handle_close(&early_clone);
    handle = begin();
    handle.p_.flags_ |= FERI_FLAG_DATAGRAM;
    handle_to_change = &handle;
    script.on_call = change_while_cloning;
    fer_handle clone = clone_of(&handle);
    handle_to_change = NULL;
    assert_ok(send_to(&clone));
    assert_log("duplicate(1) send_to(1,1,0.0.0.0:9) set_option(1,BROADCAST,1) wake(1) "
               "send_to(1,1,0.0.0.0:9) set_option(1,BROADCAST,1) send_to(1,1,0.0.0.0:9)");
    feri_handle_close(&clone);
    feri_handle_close(&handle);
    assert_int_equal(script.sockets_open, 0);
    assert_int_equal(background.memory_live, 0);
}

/* Row raw_mode: "into_raw … returns a new duplicate, which knows them, and closes the SOCKET". */
MODES_TEST(into_raw_of_a_datagram_socket_with_clones_is_a_duplicate)
{
    handle.p_.flags_ |= FERI_FLAG_DATAGRAM;
    fer_handle clone = clone_of(&handle);
    script.log[0] = '\0';
    script_then_fail(SCRIPT_DUPLICATE, FER_TOO_MANY_OPEN_FILES, 10024);
    assert_int_equal(feri_into_raw(&handle), FER_RAW_SOCKET_NONE);
    assert_ok(send_to(&handle));
    assert_log("duplicate(1) send_to(1,1,0.0.0.0:9)");
    assert_int_equal(feri_into_raw(&handle), 3);
    assert_int_equal(feri_into_raw(&handle), FER_RAW_SOCKET_NONE);
    assert_ok(send_to(&clone));
    script.log[0] = '\0';
    assert_int_equal(feri_into_raw(&clone), 4);
    assert_non_null(strstr(script.log, "duplicate(1)"));
    assert_non_null(strstr(script.log, "close(1) close(2)"));
    assert_int_equal(script.sockets_open, 2);
    ferp_close(3);
    ferp_close(4);
    assert_int_equal(background.memory_live, 0);
}

MODES_TEST(a_handle_that_is_moved_still_shares_with_the_clones)
{
    fer_handle clone = clone_of(&handle);
    fer_handle moved = {0};
    assert_ok(feri_socket_into(&handle, &moved, 0));
    assert_int_equal(background.memory_live, 1);
    assert_ok(feri_set_timeout(&moved, FERP_READING, (fer_duration){2 * MILLI}));
    assert_timeout(&clone, FERP_READING, 2 * MILLI);
    assert_ok(feri_set_nonblocking(&clone, true));
    assert_true(is_nonblocking(&moved));
    feri_handle_close(&clone);
    assert_int_equal(background.memory_live, 1);
    feri_handle_close(&moved);
    assert_int_equal(background.memory_live, 0);
}

MODES_TEST(a_handle_that_was_never_cloned_is_moved_with_its_modes)
{
    fer_handle moved = {0};
    assert_ok(feri_set_timeout(&handle, FERP_WRITING, (fer_duration){2 * MILLI}));
    assert_ok(feri_set_nonblocking(&handle, true));
    assert_ok(feri_socket_into(&handle, &moved, 0));
    assert_timeout(&moved, FERP_WRITING, 2 * MILLI);
    assert_true(is_nonblocking(&moved));
    feri_handle_close(&moved);
    assert_ok(feri_handle_claim(&handle)); /* which is empty again */
    assert_ok(feri_handle_fill(&handle, script_open_socket(), 0));
    assert_timeout(&handle, FERP_WRITING, FER_DURATION_NONE_NANOS);
    assert_false(is_nonblocking(&handle));
    feri_handle_close(&handle);
}

/* ---- Linger. O2: one setting of the socket, even if the OS keeps one for each raw socket. */

MODES_TEST(a_linger_time_reaches_every_raw_socket_before_its_close)
{
    fer_handle clone = clone_of(&handle);
    fer_duration got = {7};
    assert_ok_log(feri_linger(&handle, &got), "duplicate(1) wake(1) linger(1)");
    assert_ok(feri_set_linger(&clone, fer_duration_from_secs(3)));
    assert_ok(feri_linger(&handle, &got));
    assert_true(got.nanos == 3000 * MILLI);
    assert_log("set_linger(2,1,3)");
    feri_handle_close(&clone);
    assert_log("set_linger(2,1,3) close(2)");
    assert_int_equal(feri_into_raw(&handle), 1);
    assert_log("set_linger(1,1,3) set_timeout(1,reading,18446744073709551615) "
               "set_timeout(1,writing,18446744073709551615) set_nonblocking(1,0)");
}

MODES_TEST(a_linger_time_that_was_set_before_the_clone_is_the_clone_s)
{
    fer_duration got = {7};
    assert_ok(feri_set_linger(&handle, fer_duration_from_secs(0)));
    assert_ok(feri_linger(&handle, &got)); /* not shared: the OS answers */
    assert_log("set_linger(1,1,0) linger(1)");
    fer_handle clone = clone_of(&handle);
    assert_ok(feri_linger(&clone, &got));
    assert_true(got.nanos == 0);
    feri_handle_close(&handle);
    feri_handle_close(&clone);
    assert_log("duplicate(1) wake(1) set_linger(1,1,0) close(1) set_linger(2,1,0) close(2)");
}

/* ---- Adoption */

static const ferp_description stream = {
    .is_stream = true, .is_ip = true, .family = FER_IP_V4, .is_connected = true};

SCRIPT_TEST(an_adopted_socket_keeps_its_own_timeouts_and_linger_time)
{
    begin();
    fer_handle handle = {0};
    script.log[0] = '\0';
    script_then(SCRIPT_DESCRIBE)->description = stream;
    script_then(SCRIPT_TIMEOUT)->value = 7 * MILLI;
    script_then(SCRIPT_TIMEOUT)->value = 0xFFFFFFFF * MILLI; /* more than a word holds */
    script_result *linger = script_then(SCRIPT_LINGER);
    linger->on = true;
    linger->value = 5;
    assert_ok(feri_adopt(&handle, script_open_socket(), FERI_DOMAIN_IP, FERI_ADOPTED_STREAM));
    assert_log("describe(2) timeout(2,reading) timeout(2,writing) linger(2) adopt(2)");
    assert_timeout(&handle, FERP_READING, 7 * MILLI);
    assert_timeout(&handle, FERP_WRITING, 0x3FFFFFFF * MILLI);
    assert_false(is_nonblocking(&handle));
    assert_false(feri_modes_has_ended_reading(&handle));
    fer_handle clone = clone_of(&handle);
    fer_duration got = {7};
    assert_ok(feri_linger(&clone, &got));
    assert_true(got.nanos == 5000 * MILLI);
    feri_handle_close(&clone);
    feri_handle_close(&handle);
}

SCRIPT_TEST(a_socket_whose_timeouts_cannot_be_read_is_not_adopted)
{
    for (int nth = 1; nth <= 2; nth++) {
        begin();
        fer_handle handle = {0};
        script_then(SCRIPT_DESCRIBE)->description = stream;
        if (nth == 2) {
            (void)script_then(SCRIPT_TIMEOUT);
        }
        assert_forwards(
            SCRIPT_TIMEOUT, FER_BAD_HANDLE, 10038,
            feri_adopt(&handle, script_open_socket(), FERI_DOMAIN_IP, FERI_ADOPTED_STREAM));
        assert_int_equal(script.times[SCRIPT_ADOPT], 0);
        assert_int_equal(feri_handle_state(&handle), 0);
    }
}

TEST_MAIN("modes")
