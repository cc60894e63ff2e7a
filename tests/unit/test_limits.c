/* test_limits.c: the limits of a handle: which handles have them, and what takes them away. How a
 * call waits within them: test_waiting_limits.c. */
#include "unit/scripted_platform.h"

#include "core/base/time.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"

static fer_cancel_token token;
static fer_cancel_token other_token;

static void begin(void)
{
    script_begin(&script_posix);
    memset(&token, 0, sizeof token);
    memset(&other_token, 0, sizeof other_token);
    assert_ok(fer_cancel_token_new(&token));
    assert_ok(fer_cancel_token_new(&other_token));
    script.log[0] = '\0';
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(), function)

static fer_limits limits_at(uint64_t deadline)
{
    return (fer_limits){.deadline = feri_instant_at(deadline), .token = &token};
}

static void assert_limits(const fer_handle *handle, uint64_t deadline,
                          const fer_cancel_token *wanted)
{
    feri_limits found = feri_limits_of(handle);
    assert_true(found.deadline == deadline);
    assert_ptr_equal(found.token, wanted);
}

static void assert_no_limits(const fer_handle *handle)
{
    assert_false(feri_handle_is_limited(handle));
    assert_limits(handle, FERP_NO_DEADLINE, NULL);
}

BEGUN_TEST(limits_are_those_that_were_set_last_and_make_no_call)
{
    fer_handle handle = script_stream(0);
    const uint64_t deadlines[] = {
        0, 1, UINT32_MAX - 1, UINT32_MAX, UINT64_C(1) << 32, FERP_NO_DEADLINE - 1};
    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        fer_limits limits = limits_at(deadlines[i]);
        assert_ok(feri_set_limits(&handle, &limits));
        assert_true(feri_handle_is_limited(&handle));
        assert_false(feri_handle_is_fast_path(&handle));
        assert_limits(&handle, deadlines[i], &token);
    }
    const fer_limits only_token = {.token = &other_token};
    assert_ok(feri_set_limits(&handle, &only_token));
    assert_limits(&handle, FERP_NO_DEADLINE, &other_token);
    const fer_limits only_deadline = {.deadline = feri_instant_at(5)};
    assert_ok(feri_set_limits(&handle, &only_deadline));
    assert_limits(&handle, 5, NULL);
    assert_log("");
}

BEGUN_TEST(a_token_that_is_not_open_is_refused_and_changes_nothing)
{
    fer_handle handle = script_stream(0);
    fer_cancel_token never_made = {0};
    const fer_limits kept = limits_at(9);
    fer_limits bad = {.deadline = feri_instant_at(5), .token = &never_made};
    assert_error(feri_set_limits(&handle, &bad), FER_MISUSE, 0);
    assert_no_limits(&handle);
    assert_ok(feri_set_limits(&handle, &kept));
    assert_error(feri_set_limits(&handle, &bad), FER_MISUSE, 0);
    bad.token = &other_token;
    fer_cancel_token_close(&other_token);
    assert_error(feri_set_limits(&handle, &bad), FER_MISUSE, 0);
    assert_limits(&handle, 9, &token);
}

BEGUN_TEST(null_new_and_closed_handles_have_no_limits_to_set)
{
    fer_handle handle = {0};
    const fer_limits limits = limits_at(9);
    assert_error(feri_set_limits(NULL, &limits), FER_MISUSE, 0);
    assert_error(feri_set_limits(&handle, &limits), FER_MISUSE, 0);
    assert_error(feri_set_limits(&handle, NULL), FER_MISUSE, 0);
    assert_no_limits(&handle);
    handle = script_stream(0);
    feri_handle_close(&handle);
    assert_error(feri_set_limits(&handle, &limits), FER_MISUSE, 0);
    assert_no_limits(&handle);
    assert_ok(feri_handle_claim(&handle));
    assert_error(feri_set_limits(&handle, &limits), FER_MISUSE, 0);
    feri_handle_abandon(&handle);
}

BEGUN_TEST(close_ends_them_and_the_next_use_begins_without)
{
    fer_handle handle = script_stream(0);
    const fer_limits limits = limits_at(9);
    assert_ok(feri_set_limits(&handle, &limits));
    feri_handle_close(&handle);
    assert_no_limits(&handle);
    assert_ok(feri_handle_claim(&handle));
    assert_ok(feri_handle_fill(&handle, script_open_socket(), 0));
    assert_no_limits(&handle);
    assert_null(handle.p_.token_);
}

BEGUN_TEST(a_handle_without_a_socket_is_never_flagged)
{
    fer_handle handle = {0};
    assert_false(feri_handle_mark_limited(&handle, true));
    assert_ok(feri_handle_claim(&handle));
    assert_false(feri_handle_mark_limited(&handle, true));
    assert_ok(feri_handle_fill(&handle, script_open_socket(), 0));
    assert_true(feri_handle_mark_limited(&handle, true));
    feri_handle_close(&handle);
    assert_false(feri_handle_mark_limited(&handle, true));
    assert_no_limits(&handle);
}

/* ---- A thread that is preempted while it changes them: the version stays odd */

static fer_handle changing;

/* In place of that thread. */
static void end_the_change(script_call call)
{
    if (call == SCRIPT_PAUSE && script.times[SCRIPT_PAUSE] == 2) {
        changing.p_.lock_++;
    }
}

static void begin_change_of_another(void)
{
    const fer_limits limits = limits_at(2001);
    begin();
    changing = script_stream(0);
    assert_ok(feri_set_limits(&changing, &limits));
    changing.p_.lock_++;
    script.log[0] = '\0';
    script.on_call = end_the_change;
}

/* K4: a real-time thread on the processor of the other one lets it run. */
SCRIPT_TEST(a_reader_pauses_until_the_change_has_ended)
{
    begin_change_of_another();
    assert_limits(&changing, 2001, &token);
    assert_log("pause(1001000) pause(2001000)");
}

SCRIPT_TEST(a_writer_pauses_until_the_change_has_ended)
{
    begin_change_of_another();
    assert_ok(feri_set_limits(&changing, NULL));
    assert_no_limits(&changing);
    assert_int_equal(script.times[SCRIPT_PAUSE], 2);
}

TEST_MAIN("limits")
