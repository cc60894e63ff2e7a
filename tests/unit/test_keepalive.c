/* test_keepalive.c: keepalive, which is set completely or not at all (rule O3). */
#include "unit/scripted_platform.h"

#include "core/handle/options.h"

#define SECOND UINT64_C(1000000000)

static fer_handle open_stream(const struct ferp_traits *traits)
{
    script_begin(traits);
    return script_stream(0);
}

#define WINDOWS_OPEN_TEST(function) \
    SCRIPT_TEST_WITH(fer_handle handle, open_stream(&script_windows), function)

#define OPEN_TEST(function) \
    SCRIPT_TEST_WITH(fer_handle handle, open_stream(&script_posix), function)

static fer_error set(fer_handle *handle, bool enabled, uint64_t time_nanos, uint64_t interval_nanos,
                     uint32_t retries)
{
    fer_tcp_keepalive keepalive = {enabled, {time_nanos}, {interval_nanos}, retries};
    return feri_set_keepalive(handle, &keepalive);
}

OPEN_TEST(the_fields_are_set_and_it_is_on_last)
{
    assert_ok_log(set(&handle, true, 60 * SECOND, 5 * SECOND, 3),
                  "option_value(1,KEEPALIVE_TIME) set_option(1,KEEPALIVE_TIME,60) "
                  "option_value(1,KEEPALIVE_INTERVAL) "
                  "set_option(1,KEEPALIVE_INTERVAL,5) "
                  "option_value(1,KEEPALIVE_RETRIES) set_option(1,KEEPALIVE_RETRIES,3) "
                  "set_option(1,KEEPALIVE,1)");
}

OPEN_TEST(a_field_of_zero_is_left_alone)
{
    assert_ok_log(set(&handle, false, 0, 0, 0), "set_option(1,KEEPALIVE,0)");
    assert_ok(set(&handle, true, 0, SECOND, 0));
    assert_log("option_value(1,KEEPALIVE_INTERVAL) set_option(1,KEEPALIVE_INTERVAL,1) "
               "set_option(1,KEEPALIVE,1)");
}

/* The previous values are 71, 72 and 73. */
static void script_previous_values(void)
{
    script_queue("option_value 71 72 73");
}

static void succeed_first(script_call call, int times)
{
    for (int i = 0; i < times; i++) {
        (void)script_then(call);
    }
}

/* ---- Systems without the fields */

static void script_unsupported_fields(void)
{
    script_default(SCRIPT_OPTION_VALUE)->error = (fer_error){FER_UNSUPPORTED, 10042};
}

WINDOWS_OPEN_TEST(a_time_or_an_interval_that_is_lacking_is_refused_and_retries_are_not)
{
    script_unsupported_fields();
    assert_error(set(&handle, true, 0, 5 * SECOND, 0), FER_UNSUPPORTED, 10042);
    assert_log("option_value(1,KEEPALIVE_INTERVAL)");
    assert_error(set(&handle, false, 60 * SECOND, 0, 0), FER_UNSUPPORTED, 10042);
    assert_log("option_value(1,KEEPALIVE_TIME)");
    assert_ok(set(&handle, true, 0, 0, 3));
    assert_log("option_value(1,KEEPALIVE_RETRIES) set_option(1,KEEPALIVE,1)");
}

OPEN_TEST(retries_that_alone_are_lacking_are_ignored_and_not_put_back)
{
    script_previous_values();
    succeed_first(SCRIPT_SET_OPTION, 2);
    script_queue("set_option UNSUPPORTED:92 BAD_HANDLE:9");
    assert_error(set(&handle, true, SECOND, 2 * SECOND, 3), FER_BAD_HANDLE, 9);
    assert_log("option_value(1,KEEPALIVE_TIME) set_option(1,KEEPALIVE_TIME,1) "
               "option_value(1,KEEPALIVE_INTERVAL) "
               "set_option(1,KEEPALIVE_INTERVAL,2) option_value(1,KEEPALIVE_RETRIES) "
               "set_option(1,KEEPALIVE_RETRIES,3) "
               "set_option(1,KEEPALIVE,1) set_option(1,KEEPALIVE_TIME,71) "
               "set_option(1,KEEPALIVE_INTERVAL,72)");
}

/* ---- The getter */

OPEN_TEST(the_setting_is_reported)
{
    fer_tcp_keepalive got = {0};
    script_queue("option_value 1 60 5 3");
    assert_ok(feri_keepalive(&handle, &got));
    assert_true(got.enabled);
    assert_int_equal(got.time.nanos, 60 * SECOND);
    assert_int_equal(got.interval.nanos, 5 * SECOND);
    assert_int_equal(got.retries, 3);
    assert_log("option_value(1,KEEPALIVE) option_value(1,KEEPALIVE_TIME) "
               "option_value(1,KEEPALIVE_INTERVAL) "
               "option_value(1,KEEPALIVE_RETRIES)");
}

WINDOWS_OPEN_TEST(a_field_that_the_os_does_not_report_is_zero)
{
    fer_tcp_keepalive got = {false, {7}, {7}, 7};
    script_then(SCRIPT_OPTION_VALUE)->value = 8;
    script_unsupported_fields();
    assert_ok(feri_keepalive(&handle, &got));
    assert_true(got.enabled);
    assert_int_equal(got.time.nanos, 0);
    assert_int_equal(got.interval.nanos, 0);
    assert_int_equal(got.retries, 0);
}

/* ---- Misuse */

OPEN_TEST(misuse_is_refused_before_any_call)
{
    fer_handle empty = {0};
    fer_tcp_keepalive keepalive = {true, {SECOND}, {SECOND}, 1};
    assert_error(set(&handle, true, UINT64_MAX, SECOND, 1), FER_INVALID_INPUT, 0);
    assert_error(set(&handle, true, SECOND, UINT64_MAX, 1), FER_INVALID_INPUT, 0);
    assert_error(feri_set_keepalive(&handle, NULL), FER_MISUSE, 0);
    assert_error(feri_set_keepalive(NULL, &keepalive), FER_MISUSE, 0);
    assert_error(feri_set_keepalive(&empty, &keepalive), FER_MISUSE, 0);
    assert_error(feri_keepalive(&handle, NULL), FER_MISUSE, 0);
    assert_error(feri_keepalive(NULL, &keepalive), FER_MISUSE, 0);
    assert_error_log(feri_keepalive(&empty, &keepalive), FER_MISUSE, 0, "");
}

TEST_MAIN("keepalive")
