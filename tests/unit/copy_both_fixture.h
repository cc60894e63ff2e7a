/* copy_both_fixture.h: two streams and their buffers, for the tests of copies in both
 * directions. */
#ifndef TEST_COPY_BOTH_FIXTURE_H
#define TEST_COPY_BOTH_FIXTURE_H

#include "unit/scripted_platform.h"

#include "core/handle/limits.h"
#include "ferrule/cancel.h"
#include "ferrule/io.h"

static fer_handle a;
static fer_handle b;
static unsigned char memory[2][4];
static fer_copy_buffer buffers[2];
static uint64_t n[2];

/* Socket 1 is a and socket 2 is b. */
static inline void begin(const struct ferp_traits *traits)
{
    script_begin(traits);
    a = script_stream(0);
    b = script_stream(0);
    memset(memory, '#', sizeof memory);
    for (int i = 0; i < 2; i++) {
        buffers[i] = (fer_copy_buffer){memory[i], sizeof memory[i], 0, 0};
        n[i] = 77;
    }
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(&script_posix), function)

static inline fer_error copy(void)
{
    return fer_copy_bidirectional((fer_stream){&a}, (fer_stream){&b}, &buffers[0], &buffers[1],
                                  &n[0], &n[1]);
}

static inline void assert_moved(uint64_t from_a, size_t kept_of_a, uint64_t from_b,
                                size_t kept_of_b)
{
    assert_row(n[0] == from_a && buffers[0].len == kept_of_a);
    assert_row(n[1] == from_b && buffers[1].len == kept_of_b);
}

/* One copy: the results of its calls, the log if it is not NULL, the error, and what was moved and
 * kept. */
struct copy_row {
    const char *name;
    const char *results;
    const char *log;
    fer_error_kind kind;
    int32_t code;
    uint64_t from_a;
    size_t kept_of_a;
    uint64_t from_b;
    size_t kept_of_b;
};

static inline void run_copy(const struct copy_row *row)
{
    script.row = row->name;
    script_queue(row->results);
    assert_error(copy(), row->kind, row->code);
    assert_moved(row->from_a, row->kept_of_a, row->from_b, row->kept_of_b);
    if (row->log != NULL) {
        assert_log(row->log);
    }
}

static inline void limit(fer_handle *handle, fer_limits limits)
{
    assert_ok(feri_set_limits(handle, &limits));
    script.log[0] = '\0';
}

#endif
