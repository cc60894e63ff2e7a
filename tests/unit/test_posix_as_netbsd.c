/* test_posix_as_netbsd.c: platform/posix/modes.c, compiled as for NetBSD, over a kernel that counts
 * timeouts in ticks and refuses too many. Linux only. Rule T3. */
#include "platform/posix/posix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/time.h>

#include "support/seam.h"

#undef __linux__
#define __NetBSD__ 1

/* ---- SO_RCVTIMEO of a kernel that counts ticks in an int, at a rate of the test's choice */

static uint64_t ticks_per_second;
static struct timeval stored;

static int netbsd_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    (void)level;
    (void)name;
    assert_true(fd >= 0 && len == sizeof stored);
    struct timeval given = *(const struct timeval *)value;
    if ((uint64_t)given.tv_sec > (uint64_t)INT_MAX / ticks_per_second) {
        errno = EDOM;
        return -1;
    }
    stored = given;
    return 0;
}

#define setsockopt(fd, level, name, value, len) netbsd_setsockopt(fd, level, name, value, len)
#define ferp_set_timeout netbsd_set_timeout
#define ferp_timeout netbsd_timeout
#define ferp_set_nonblocking netbsd_set_nonblocking
#define ferp_is_nonblocking netbsd_is_nonblocking
#include "platform/posix/modes.c"
#undef setsockopt
#undef ferp_set_timeout
#undef ferp_timeout
#undef ferp_set_nonblocking
#undef ferp_is_nonblocking

static uint64_t micros_for(uint64_t nanos)
{
    assert_ok(netbsd_set_timeout(3, FERP_READING, (fer_duration){nanos}));
    return (uint64_t)stored.tv_sec * 1000000 + (uint64_t)stored.tv_usec;
}

/* T3: never early. The kernel rounds down to 10 ms, and a wait ends within its last tick. */
static void a_timeout_is_the_next_tick_and_one_more(void **state)
{
    static const uint64_t rows[][2] = {{1, 20000},        {1000, 20000},     {10000000, 20000},
                                       {10000001, 30000}, {15000000, 30000}, {999000000, 1010000}};
    (void)state;
    ticks_per_second = 100;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(micros_for(rows[i][0]), rows[i][1]);
    }
    assert_int_equal(micros_for(FER_DURATION_NONE_NANOS), 0);
}

/* 24 days are the longest timeout that fits every rate up to 1000 ticks a second, and 327 s if the
 * kernel counts ticks in a short. */
static void a_timeout_that_is_too_long_is_the_longest_that_fits(void **state)
{
    (void)state;
    ticks_per_second = 100;
    assert_int_equal(micros_for(UINT64_MAX - 1) / 1000000, INT_MAX / 1000);
    ticks_per_second = 1000;
    assert_int_equal(micros_for(UINT64_MAX - 1) / 1000000, INT_MAX / 1000);
    ticks_per_second = INT_MAX / 327;
    assert_int_equal(micros_for(UINT64_MAX - 1) / 1000000, 327);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timeout_is_the_next_tick_and_one_more),
        cmocka_unit_test(a_timeout_that_is_too_long_is_the_longest_that_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
