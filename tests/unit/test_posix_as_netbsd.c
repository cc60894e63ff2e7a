/* test_posix_as_netbsd.c: platform/posix/modes.c and token.c, compiled as for NetBSD, over a kernel
 * that counts timeouts in ticks and refuses too many, and over a pipe. Linux only. Rules K2, T3. */
#define FERP_HAS_EVENTFD 0
#include "platform/posix/posix.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/seam.h"

#undef __linux__
#define __NetBSD__ 1

/* ---- SO_RCVTIMEO of a kernel that counts ticks in an int, at a rate of the test's choice */

static uint64_t ticks_per_second;
static struct timeval stored;

static int netbsd_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
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

/* ---- A token's pipe. The errors of the next writes, then 0. */

static const int *write_errors;

static ssize_t netbsd_write(int fd, const void *bytes, size_t len)
{
    if (write_errors == NULL || *write_errors == 0) {
        return write(fd, bytes, len);
    }
    errno = *write_errors++;
    return -1;
}

#define write(fd, bytes, len) netbsd_write(fd, bytes, len)
#define ferp_token_open netbsd_token_open
#define ferp_token_open_pollable netbsd_token_open_pollable
#define ferp_token_close netbsd_token_close
#define ferp_token_signal netbsd_token_signal
#define ferp_token_clear netbsd_token_clear
fer_error netbsd_token_open(fer_cancel_token *token);
fer_error netbsd_token_open_pollable(fer_cancel_token *token, fer_raw_socket *raw);
void netbsd_token_close(fer_cancel_token *token);
void netbsd_token_signal(fer_cancel_token *token);
void netbsd_token_clear(fer_cancel_token *token);
#include "platform/posix/token.c"
#undef write

static bool is_signalled(const fer_cancel_token *token)
{
    struct pollfd entry = {.fd = (int)token->p_.system_[FERP_POSIX_AT_READ_END], .events = POLLIN};
    return poll(&entry, 1, 0) == 1;
}

/* ---- Tests */

static uint64_t micros_for(uint64_t nanos)
{
    assert_ok(netbsd_set_timeout(3, FERP_READING, (fer_duration){nanos}));
    return (uint64_t)stored.tv_sec * 1000000 + (uint64_t)stored.tv_usec;
}

/* T3: never early. The kernel rounds down to 10 ms, and a wait ends within its last tick. */
TEST(a_timeout_is_the_next_tick_and_one_more)
{
    static const uint64_t rows[][2] = {{1, 20000},        {1000, 20000},     {10000000, 20000},
                                       {10000001, 30000}, {15000000, 30000}, {999000000, 1010000}};
    ticks_per_second = 100;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(micros_for(rows[i][0]), rows[i][1]);
    }
    assert_int_equal(micros_for(FER_DURATION_NONE_NANOS), 0);
}

/* 24 days are the longest timeout that fits every rate up to 1000 ticks a second, and 327 s if the
 * kernel counts ticks in a short. */
TEST(a_timeout_that_is_too_long_is_the_longest_that_fits)
{
    ticks_per_second = 100;
    assert_int_equal(micros_for(UINT64_MAX - 1) / 1000000, INT_MAX / 1000);
    ticks_per_second = 1000;
    assert_int_equal(micros_for(UINT64_MAX - 1) / 1000000, INT_MAX / 1000);
    ticks_per_second = INT_MAX / 327;
    assert_int_equal(micros_for(UINT64_MAX - 1) / 1000000, 327);
}

/* K2: a signal of the process does not lose the wakeup, and a full pipe has it already. */
TEST(a_write_that_fails_leaves_the_token_signalled)
{
    static const int signals[] = {EINTR, EINTR, 0};
    static const int shortage[] = {ENOMEM, 0};
    fer_cancel_token token = {0};
    assert_ok(netbsd_token_open(&token));
    assert_false(is_signalled(&token));
    write_errors = signals;
    netbsd_token_signal(&token);
    assert_true(is_signalled(&token) && *write_errors == 0);
    for (int i = 0; i < 100000; i++) {
        netbsd_token_signal(&token); /* 64 KiB are a full pipe (pipe(7)) */
    }
    write_errors = shortage;
    errno = 77;
    netbsd_token_signal(&token);
    assert_int_equal(errno, 77);
    assert_true(is_signalled(&token));
    netbsd_token_clear(&token);
    assert_false(is_signalled(&token));
    netbsd_token_signal(&token);
    assert_true(is_signalled(&token));
    netbsd_token_close(&token);
}

TEST_MAIN("posix_as_netbsd")
