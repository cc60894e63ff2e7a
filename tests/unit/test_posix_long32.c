/* test_posix_long32.c: platform/posix/modes.c on a Linux whose long has 32 bits, with its kernel's
 * arithmetic (net/core/sock.c, sock_set_timeout and sock_get_timeout). Linux only. Rules T3, T5. */
#include "platform/posix/posix.h"

#include <sys/time.h>

#include "support/seam.h"

#define FERP_POSIX_LONG_BYTES 4

/* MAX_SCHEDULE_TIMEOUT, LONG_MAX: no timeout. */
static const int32_t forever = INT32_MAX;

static int32_t hz;
static int32_t stored;

static int long32_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    const struct timeval *given = value;
    assert_true(fd >= 0 && level == SOL_SOCKET && name != 0 && len == sizeof *given);
    if (given->tv_sec != 0 || given->tv_usec != 0) {
        int64_t tick = 1000000 / hz;
        stored = given->tv_sec < forever / hz - 1
                     ? (int32_t)(given->tv_sec * hz + (given->tv_usec + tick - 1) / tick)
                     : forever;
    } else {
        stored = forever;
    }
    return 0;
}

static int long32_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    struct timeval *out = value;
    assert_true(fd >= 0 && level == SOL_SOCKET && name != 0 && *len == sizeof *out);
    *out = (struct timeval){0, 0};
    if (stored != forever) {
        out->tv_sec = stored / hz;
        out->tv_usec = (stored % hz) * (1000000 / hz);
    }
    return 0;
}

#define setsockopt(fd, level, name, value, len) long32_setsockopt(fd, level, name, value, len)
#define getsockopt(fd, level, name, value, len) long32_getsockopt(fd, level, name, value, len)
#define ferp_set_timeout long32_set_timeout
#define ferp_timeout long32_timeout
#define ferp_set_nonblocking long32_set_nonblocking
#define ferp_is_nonblocking long32_is_nonblocking
#include "platform/posix/modes.c"
#undef setsockopt
#undef getsockopt
#undef ferp_set_timeout
#undef ferp_timeout
#undef ferp_set_nonblocking
#undef ferp_is_nonblocking

/* "A longer timeout is the longest one": it is read back as finite, and expires. */
TEST(a_long_timeout_stays_finite)
{
    static const int32_t rates[] = {100, 250, 300, 1000};
    static const uint64_t days[] = {24, 25, 30, 365, 36500};
    const uint64_t day = UINT64_C(86400) * 1000000000;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        hz = rates[i];
        for (size_t k = 0; k < sizeof days / sizeof days[0]; k++) {
            fer_duration got = FER_DURATION_NONE;
            assert_ok(long32_set_timeout(3, FERP_READING, (fer_duration){days[k] * day}));
            assert_ok(long32_timeout(3, FERP_READING, &got));
            assert_false(got.nanos == FER_DURATION_NONE_NANOS);
            assert_true(got.nanos >= 24 * day);
        }
        assert_ok(long32_set_timeout(3, FERP_READING, FER_DURATION_NONE));
        assert_int_equal(stored, forever);
    }
}

TEST_MAIN("posix_long32")
