/* modes.c: modes, limits and tokens that one thread changes while another one uses them, and clones
 * that are made and closed meanwhile (rules T2, T6, S6, K1, K4). */
#include <string.h>

#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "ferrule/tcp.h"
#include "tests/interleave/memory.h"
#include "tests/interleave/programs.h"
#include "tests/interleave/seam.h"

static fer_tcp_stream stream;
static fer_tcp_stream clones[2];
static fer_cancel_token tokens[2];
static fer_raw_socket raw;

static void begin(void)
{
    memset(clones, 0, sizeof clones);
    memset(tokens, 0, sizeof tokens);
    inter_open_stream(&stream, 0);
    raw = fer_tcp_stream_as_raw(&stream);
}

static void clone_to(fer_tcp_stream *out)
{
    INTER_CHECK(fer_tcp_stream_try_clone(&stream, out).kind == FER_OK);
}

static void begin_cloned(void)
{
    begin();
    clone_to(&clones[0]);
}

static void finish(void)
{
    fer_tcp_stream_close(&clones[0]);
    fer_tcp_stream_close(&clones[1]);
    fer_tcp_stream_close(&stream);
    fer_cancel_token_close(&tokens[0]);
    fer_cancel_token_close(&tokens[1]);
}

static fer_error_kind read_one(size_t *n)
{
    char byte;
    return fer_tcp_stream_read(&stream, &byte, 1, n).kind;
}

static void send_byte(void)
{
    inter_peer_sends(raw, 1);
}

/* ---- The nonblocking mode */

static void set_nonblocking(fer_tcp_stream *changed, bool nonblocking)
{
    INTER_CHECK(fer_tcp_stream_set_nonblocking(changed, nonblocking).kind == FER_OK);
}

static void begin_nonblocking(void)
{
    begin();
    set_nonblocking(&stream, true);
}

static void begin_cloned_nonblocking(void)
{
    begin_cloned();
    set_nonblocking(&stream, true);
}

static void make_blocking(void)
{
    set_nonblocking(&stream, false);
}

static void make_nonblocking(void)
{
    set_nonblocking(&stream, true);
}

static void make_blocking_by_clone(void)
{
    set_nonblocking(&clones[0], false);
}

static void make_nonblocking_by_clone(void)
{
    set_nonblocking(&clones[0], true);
}

/* No timeout is set, so none can expire. */
static void read_byte_or_nothing(void)
{
    size_t n = 7;
    fer_error_kind kind = read_one(&n);
    INTER_CHECK((kind == FER_OK && n == 1) || (kind == FER_WOULD_BLOCK && n == 0));
}

/* ---- Timeouts and clones */

static void set_timeout(void)
{
    fer_duration timeout = fer_duration_from_millis(5);
    INTER_CHECK(fer_tcp_stream_set_read_timeout(&stream, timeout).kind == FER_OK);
}

static void clone_0(void)
{
    clone_to(&clones[0]);
}

static void clone_1(void)
{
    clone_to(&clones[1]);
}

static void clone_twice(void)
{
    clone_0();
    clone_1();
}

static void check_timeout(fer_tcp_stream *handle)
{
    fer_duration timeout = {0};
    INTER_CHECK(fer_tcp_stream_read_timeout(handle, &timeout).kind == FER_OK);
    INTER_CHECK(timeout.nanos == fer_duration_from_millis(5).nanos);
}

static void one_clone_has_the_timeout(void)
{
    check_timeout(&stream);
    check_timeout(&clones[0]);
    finish();
}

static void both_clones_have_the_timeout(void)
{
    check_timeout(&clones[1]);
    one_clone_has_the_timeout();
}

/* A change after the clones were made reaches all. */
static void all_share_their_modes(void)
{
    INTER_CHECK(fer_tcp_stream_set_read_timeout(&clones[1], fer_duration_from_millis(5)).kind ==
                FER_OK);
    both_clones_have_the_timeout();
}

static void close_stream(void)
{
    fer_tcp_stream_close(&stream);
}

static void close_clone(void)
{
    fer_tcp_stream_close(&clones[0]);
}

static void clone_and_shut(void)
{
    clone_0();
    INTER_CHECK(fer_tcp_stream_shutdown(&clones[0], FER_SHUTDOWN_READ).kind == FER_OK);
}

static void read_the_end(void)
{
    size_t n = 7;
    INTER_CHECK(read_one(&n) == FER_OK && n == 0);
}

/* ---- Limits. Both halves of a deadline have the number of its token. */

static fer_limits limits_number(uint64_t number)
{
    return (fer_limits){.deadline = {(number + 1) << 32 | (number + 1)}, .token = &tokens[number]};
}

static void set_limits(uint64_t number)
{
    fer_limits limits = limits_number(number);
    INTER_CHECK(fer_tcp_stream_set_limits(&stream, &limits).kind == FER_OK);
}

static void begin_limited(void)
{
    begin();
    INTER_CHECK(fer_cancel_token_new(&tokens[0]).kind == FER_OK);
    INTER_CHECK(fer_cancel_token_new(&tokens[1]).kind == FER_OK);
    set_limits(0);
}

static void set_other_limits(void)
{
    set_limits(1);
}

static void set_same_limits(void)
{
    set_limits(0);
}

static void clear_limits(void)
{
    INTER_CHECK(fer_tcp_stream_set_limits(&stream, NULL).kind == FER_OK);
}

static void check_limits(void)
{
    feri_limits found = feri_limits_of(&stream.handle_);
    if (found.token != NULL) {
        size_t number = (size_t)(found.token - tokens);
        fer_limits whole = limits_number(number);
        feri_limits expected = feri_limits_from(&whole);
        INTER_CHECK(number < 2 && found.deadline == expected.deadline);
    } else {
        INTER_CHECK(found.deadline == FERP_NO_DEADLINE);
    }
}

static void set_limits_twice(void)
{
    set_other_limits();
    set_same_limits();
}

static void clear_and_set_limits(void)
{
    clear_limits();
    set_other_limits();
}

static void set_and_check_limits(void)
{
    set_other_limits();
    check_limits();
}

static void the_limits_are_whole(void)
{
    check_limits();
    finish();
}

/* Both changes lock the handle. */
static void the_timeout_and_the_limits_are_set(void)
{
    check_timeout(&stream);
    INTER_CHECK(feri_limits_of(&stream.handle_).token == &tokens[1]);
    finish();
}

/* The mark makes calls look at the limits. */
static void the_mark_has_limits(void)
{
    INTER_CHECK(feri_handle_is_limited(&stream.handle_) == (stream.handle_.p_.token_ != NULL));
    finish();
}

static void begin_limited_by_token(void)
{
    begin_limited();
    const fer_limits limits = {.token = &tokens[0]};
    INTER_CHECK(fer_tcp_stream_set_limits(&stream, &limits).kind == FER_OK);
}

/* A read that has begun keeps its limits; one that begins later has none. */
static void read_byte_or_cancelled(void)
{
    size_t n = 7;
    fer_error_kind kind = read_one(&n);
    INTER_CHECK((kind == FER_OK && n == 1) || (kind == FER_CANCELLED && n == 0));
}

/* ---- Tokens */

static void cancel(void)
{
    INTER_CHECK(fer_cancel_token_cancel(&tokens[0]).kind == FER_OK);
}

static void reset(void)
{
    INTER_CHECK(fer_cancel_token_reset(&tokens[0]).kind == FER_OK);
}

static void cancel_and_send(void)
{
    cancel();
    send_byte();
}

static void the_event_has_the_state(void)
{
    bool is_cancelled = fer_cancel_token_is_cancelled(&tokens[0]);
    INTER_CHECK(is_cancelled == inter_token_is_signalled(&tokens[0]));
    finish();
}

#define ON_BOTH(program_name, ...)                                                      \
    {.name = "modes_" program_name "_linux", .traits = &inter_linux, __VA_ARGS__},      \
    {                                                                                   \
        .name = "modes_" program_name "_windows", .traits = &inter_windows, __VA_ARGS__ \
    }

const inter_program inter_mode_programs[] = {
    ON_BOTH("nonblocking", .begin = begin,
            .states = "T2: a read while its socket becomes nonblocking is never TIMED_OUT",
            .threads = {read_byte_or_nothing, make_nonblocking, send_byte}, .finish = finish),
    ON_BOTH("blocking", .begin = begin_nonblocking,
            .states = "T2: a read while its socket becomes blocking is never TIMED_OUT",
            .threads = {read_byte_or_nothing, make_blocking, send_byte}, .finish = finish),
    ON_BOTH("nonblocking_by_clone", .begin = begin_cloned,
            .states = "T2, T6: a read while a clone makes the socket nonblocking",
            .threads = {read_byte_or_nothing, make_nonblocking_by_clone, send_byte},
            .finish = finish),
    ON_BOTH("blocking_by_clone", .begin = begin_cloned_nonblocking,
            .states = "T2, T6: a read while a clone makes the socket blocking",
            .threads = {read_byte_or_nothing, make_blocking_by_clone, send_byte}, .finish = finish),
    ON_BOTH("timeout_and_clone", .begin = begin,
            .states = "T6: a timeout that is set while a clone is made is that of both",
            .threads = {set_timeout, clone_0}, .finish = one_clone_has_the_timeout),
    ON_BOTH("timeout_and_clones", .begin = begin,
            .states = "T6: a timeout that is set while two clones are made is that of all",
            .threads = {set_timeout, clone_twice}, .finish = both_clones_have_the_timeout,
            .preemptions = 3, .old_values = 1),
    ON_BOTH("two_clones", .begin = begin, .states = "T6: two clones share the modes",
            .threads = {clone_0, clone_1}, .finish = all_share_their_modes, .preemptions = 3,
            .old_values = 1),
    ON_BOTH("close_two", .begin = begin_cloned, .states = "the shared modes are freed once",
            .threads = {close_stream, close_clone}),
    ON_BOTH("clone_and_close", .begin = begin_cloned,
            .states = "a clone is made while another one is closed",
            .threads = {clone_1, close_clone}, .finish = finish),
    ON_BOTH("clone_and_shut", .begin = begin,
            .states = "S6: the shutdown of a clone that is made during a read ends the read",
            .threads = {read_the_end, clone_and_shut}, .finish = finish, .preemptions = 3,
            .old_values = 1),
    {.name = "limits_whole",
     .begin = begin_limited,
     .states = "K1: a call never has parts of two limits",
     .threads = {check_limits, set_other_limits},
     .finish = finish,
     .preemptions = 3,
     .old_values = 1},
    {.name = "limits_set_twice",
     .begin = begin_limited,
     .states = "K1: the same while limits are set twice",
     .threads = {check_limits, set_limits_twice},
     .finish = finish,
     .preemptions = 3,
     .old_values = 1},
    {.name = "limits_two_setters",
     .begin = begin_limited,
     .states = "K1: the same while two threads set limits",
     .threads = {set_and_check_limits, set_same_limits},
     .finish = the_limits_are_whole,
     .preemptions = 3,
     .old_values = 1},
    {.name = "limits_and_timeout_windows",
     .traits = &inter_windows,
     .begin = begin_limited,
     .states = "K1, T6: limits and a timeout that are set at the same time",
     .threads = {set_other_limits, set_timeout},
     .finish = the_timeout_and_the_limits_are_set},
    {.name = "limits_mark",
     .begin = begin_limited,
     .states = "K1: the handle is marked if it has limits, and only then",
     .threads = {set_other_limits, clear_limits},
     .finish = the_mark_has_limits},
    {.name = "limits_cleared",
     .begin = begin_limited,
     .states = "K1: the same while the limits are removed and set again",
     .threads = {check_limits, clear_and_set_limits},
     .finish = finish,
     .preemptions = 3,
     .old_values = 1},
    ON_BOTH("limits_and_cancel", .begin = begin_limited_by_token,
            .states = "K1, K2: limits that are removed while a cancel ends the read",
            .threads = {read_byte_or_cancelled, clear_limits, cancel_and_send}, .finish = finish,
            .preemptions = 3, .old_values = 1),
    {.name = "token_reset",
     .begin = begin_limited,
     .states = "K4: after a cancel and a reset the token's event has the token's state",
     .threads = {cancel, reset},
     .finish = the_event_has_the_state},
    {.name = "token_two_cancels",
     .begin = begin_limited,
     .states = "K4: the same with two cancels",
     .threads = {cancel, reset, cancel},
     .finish = the_event_has_the_state},
    {0},
};
