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

SCRIPT_TEST(the_fields_are_set_and_it_is_on_last)
{
    static const struct {
        const char *name;
        const struct ferp_traits *traits;
        bool enabled;
        uint64_t time, interval;
        uint32_t retries;
        const char *results;
        fer_error_kind kind;
        int32_t code;
        const char *log;
    } rows[] = {
        {"all", &script_posix, true, 60, 5, 3, "", FER_OK, 0,
         "option_value(1,KEEPALIVE_TIME) set_option(1,KEEPALIVE_TIME,60) "
         "option_value(1,KEEPALIVE_INTERVAL) set_option(1,KEEPALIVE_INTERVAL,5) "
         "option_value(1,KEEPALIVE_RETRIES) set_option(1,KEEPALIVE_RETRIES,3) "
         "set_option(1,KEEPALIVE,1)"},
        {"a field of zero is left alone", &script_posix, false, 0, 0, 0, "", FER_OK, 0,
         "set_option(1,KEEPALIVE,0)"},
        {"an interval alone", &script_posix, true, 0, 1, 0, "", FER_OK, 0,
         "option_value(1,KEEPALIVE_INTERVAL) set_option(1,KEEPALIVE_INTERVAL,1) "
         "set_option(1,KEEPALIVE,1)"},
        /* Systems without the fields: a time or an interval that is lacking is refused, and retries
         * are not. Those that alone are lacking are ignored and not put back. */
        {"no interval", &script_windows, true, 0, 5, 0, "option_value* UNSUPPORTED:10042",
         FER_UNSUPPORTED, 10042, "option_value(1,KEEPALIVE_INTERVAL)"},
        {"no time", &script_windows, false, 60, 0, 0, "option_value* UNSUPPORTED:10042",
         FER_UNSUPPORTED, 10042, "option_value(1,KEEPALIVE_TIME)"},
        {"no retries", &script_windows, true, 0, 0, 3, "option_value* UNSUPPORTED:10042", FER_OK, 0,
         "option_value(1,KEEPALIVE_RETRIES) set_option(1,KEEPALIVE,1)"},
        {"no retries, and a failure", &script_posix, true, 1, 2, 3,
         "option_value 71 72 73, set_option OK OK UNSUPPORTED:92 BAD_HANDLE:9", FER_BAD_HANDLE, 9,
         "option_value(1,KEEPALIVE_TIME) set_option(1,KEEPALIVE_TIME,1) "
         "option_value(1,KEEPALIVE_INTERVAL) set_option(1,KEEPALIVE_INTERVAL,2) "
         "option_value(1,KEEPALIVE_RETRIES) set_option(1,KEEPALIVE_RETRIES,3) "
         "set_option(1,KEEPALIVE,1) set_option(1,KEEPALIVE_TIME,71) "
         "set_option(1,KEEPALIVE_INTERVAL,72)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_handle handle = open_stream(rows[i].traits);
        script.row = rows[i].name;
        script_queue(rows[i].results);
        assert_error(set(&handle, rows[i].enabled, rows[i].time * SECOND, rows[i].interval * SECOND,
                         rows[i].retries),
                     rows[i].kind, rows[i].code);
        assert_log(rows[i].log);
        script_end_row();
    }
}

OPEN_TEST(the_setting_is_reported)
{
    fer_tcp_keepalive got = {0};
    script_queue("option_value 1 60 5 3");
    assert_ok(feri_keepalive(&handle, &got));
    assert_true(got.enabled);
    assert_int_equal(got.time.nanos, 60 * SECOND);
    assert_int_equal(got.interval.nanos, 5 * SECOND);
    assert_int_equal(got.retries, 3);
}

WINDOWS_OPEN_TEST(a_field_that_the_os_does_not_report_is_zero)
{
    fer_tcp_keepalive got = {false, {7}, {7}, 7};
    script_then(SCRIPT_OPTION_VALUE)->value = 8;
    script_queue("option_value* UNSUPPORTED:10042");
    assert_ok(feri_keepalive(&handle, &got));
    assert_true(got.enabled);
    assert_int_equal(got.time.nanos, 0);
    assert_int_equal(got.interval.nanos, 0);
    assert_int_equal(got.retries, 0);
}

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
