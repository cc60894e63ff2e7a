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
    INTER_OK(fer_tcp_stream_try_clone(&stream, out));
}

STEP(begin_cloned, begin(); clone_to(&clones[0]))

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

STEP(send_byte, inter_peer_sends(raw, 1))

/* ---- The nonblocking mode */

static void set_nonblocking(fer_tcp_stream *changed, bool nonblocking)
{
    INTER_OK(fer_tcp_stream_set_nonblocking(changed, nonblocking));
}

STEP(begin_nonblocking, begin(); set_nonblocking(&stream, true))
STEP(begin_cloned_nonblocking, begin_cloned(); set_nonblocking(&stream, true))
STEP(make_blocking, set_nonblocking(&stream, false))
STEP(make_nonblocking, set_nonblocking(&stream, true))
STEP(make_blocking_by_clone, set_nonblocking(&clones[0], false))
STEP(make_nonblocking_by_clone, set_nonblocking(&clones[0], true))

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
    INTER_OK(fer_tcp_stream_set_read_timeout(&stream, timeout));
}

STEP(clone_0, clone_to(&clones[0]))
STEP(clone_1, clone_to(&clones[1]))
STEP(clone_twice, clone_0(); clone_1())

static void check_timeout(fer_tcp_stream *handle)
{
    fer_duration timeout = {0};
    INTER_OK(fer_tcp_stream_read_timeout(handle, &timeout));
    INTER_CHECK(timeout.nanos == fer_duration_from_millis(5).nanos);
}

STEP(one_clone_has_the_timeout, check_timeout(&stream); check_timeout(&clones[0]); finish())
STEP(both_clones_have_the_timeout, check_timeout(&clones[1]); one_clone_has_the_timeout())

/* A change after the clones were made reaches all. */
static void all_share_their_modes(void)
{
    INTER_OK(fer_tcp_stream_set_read_timeout(&clones[1], fer_duration_from_millis(5)));
    both_clones_have_the_timeout();
}

STEP(close_stream, fer_tcp_stream_close(&stream))
STEP(close_clone, fer_tcp_stream_close(&clones[0]))
STEP(clone_and_shut, clone_0(); INTER_OK(fer_tcp_stream_shutdown(&clones[0], FER_SHUTDOWN_READ)))

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
    INTER_OK(fer_tcp_stream_set_limits(&stream, &limits));
}

static void begin_limited(void)
{
    begin();
    INTER_OK(fer_cancel_token_new(&tokens[0]));
    INTER_OK(fer_cancel_token_new(&tokens[1]));
    set_limits(0);
}

STEP(set_other_limits, set_limits(1))
STEP(set_same_limits, set_limits(0))
STEP(clear_limits, INTER_OK(fer_tcp_stream_set_limits(&stream, NULL)))

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

STEP(set_limits_twice, set_other_limits(); set_same_limits())
STEP(clear_and_set_limits, clear_limits(); set_other_limits())
STEP(set_and_check_limits, set_other_limits(); check_limits())
STEP(the_limits_are_whole, check_limits(); finish())

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
    INTER_OK(fer_tcp_stream_set_limits(&stream, &limits));
}

/* A read that has begun keeps its limits; one that begins later has none. */
static void read_byte_or_cancelled(void)
{
    size_t n = 7;
    fer_error_kind kind = read_one(&n);
    INTER_CHECK((kind == FER_OK && n == 1) || (kind == FER_CANCELLED && n == 0));
}

/* ---- Tokens */

STEP(cancel, INTER_OK(fer_cancel_token_cancel(&tokens[0])))
STEP(reset, INTER_OK(fer_cancel_token_reset(&tokens[0])))
STEP(cancel_and_send, cancel(); send_byte())

static void the_event_has_the_state(void)
{
    bool is_cancelled = fer_cancel_token_is_cancelled(&tokens[0]);
    INTER_CHECK(is_cancelled == inter_token_is_signalled(&tokens[0]));
    finish();
}

const inter_program inter_mode_programs[] = {
    ON_BOTH("modes_nonblocking",
            "T2: a read while its socket becomes nonblocking is never TIMED_OUT", begin,
            (read_byte_or_nothing, make_nonblocking, send_byte), finish),
    ON_BOTH("modes_blocking", "T2: a read while its socket becomes blocking is never TIMED_OUT",
            begin_nonblocking, (read_byte_or_nothing, make_blocking, send_byte), finish),
    ON_BOTH("modes_nonblocking_by_clone",
            "T2, T6: a read while a clone makes the socket nonblocking", begin_cloned,
            (read_byte_or_nothing, make_nonblocking_by_clone, send_byte), finish),
    ON_BOTH("modes_blocking_by_clone", "T2, T6: a read while a clone makes the socket blocking",
            begin_cloned_nonblocking, (read_byte_or_nothing, make_blocking_by_clone, send_byte),
            finish),
    ON_BOTH("modes_timeout_and_clone",
            "T6: a timeout that is set while a clone is made is that of both", begin,
            (set_timeout, clone_0), one_clone_has_the_timeout),
    BOUNDED_ON_BOTH("modes_timeout_and_clones",
                    "T6: a timeout that is set while two clones are made is that of all", begin,
                    (set_timeout, clone_twice), both_clones_have_the_timeout),
    BOUNDED_ON_BOTH("modes_two_clones", "T6: two clones share the modes", begin, (clone_0, clone_1),
                    all_share_their_modes),
    ON_BOTH("modes_close_two", "the shared modes are freed once", begin_cloned,
            (close_stream, close_clone), NULL),
    ON_BOTH("modes_clone_and_close", "a clone is made while another one is closed", begin_cloned,
            (clone_1, close_clone), finish),
    BOUNDED_ON_BOTH("modes_clone_and_shut",
                    "S6: the shutdown of a clone that is made during a read ends the read", begin,
                    (read_the_end, clone_and_shut), finish),
    BOUNDED("limits_whole", "K1: a call never has parts of two limits", begin_limited,
            (check_limits, set_other_limits), finish),
    BOUNDED("limits_set_twice", "K1: the same while limits are set twice", begin_limited,
            (check_limits, set_limits_twice), finish),
    BOUNDED("limits_two_setters", "K1: the same while two threads set limits", begin_limited,
            (set_and_check_limits, set_same_limits), the_limits_are_whole),
    PROGRAM("limits_and_timeout_windows",
            "K1, T6: limits and a timeout that are set at the same time", begin_limited,
            (set_other_limits, set_timeout), the_timeout_and_the_limits_are_set,
            .traits = &inter_windows),
    PROGRAM("limits_mark", "K1: the handle is marked if it has limits, and only then",
            begin_limited, (set_other_limits, clear_limits), the_mark_has_limits),
    BOUNDED("limits_cleared", "K1: the same while the limits are removed and set again",
            begin_limited, (check_limits, clear_and_set_limits), finish),
    BOUNDED_ON_BOTH(
        "modes_limits_and_cancel", "K1, K2: limits that are removed while a cancel ends the read",
        begin_limited_by_token, (read_byte_or_cancelled, clear_limits, cancel_and_send), finish),
    PROGRAM("token_reset", "K4: after a cancel and a reset the token's event has the token's state",
            begin_limited, (cancel, reset), the_event_has_the_state),
    PROGRAM("token_two_cancels", "K4: the same with two cancels", begin_limited,
            (cancel, reset, cancel), the_event_has_the_state),
    {0},
};
