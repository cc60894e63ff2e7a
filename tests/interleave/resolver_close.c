/* resolver_close.c: a resolver is closed while other threads begin to use it. A call that begins
 * after the close is misuse, and a lookup that was started is done when the close has returned.
 * Every block is freed once (inter_seam_end, and the checker's blocks). */
#include "ferrule/resolve.h"

#include <string.h>

#include "tests/interleave/programs.h"
#include "tests/interleave/seam.h"

static fer_resolver resolver;
static fer_lookup lookup;
static fer_cancel_token is_closed; /* cancelled after the close */

static void begin(void)
{
    memset(&resolver, 0, sizeof resolver);
    memset(&lookup, 0, sizeof lookup);
    memset(&is_closed, 0, sizeof is_closed);
    INTER_OK(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 4}));
    INTER_OK(fer_cancel_token_new(&is_closed));
}

static void look_up_within(void)
{
    fer_socket_addr addr;
    size_t count = 0;
    fer_limits limits = {.token = NULL};
    fer_error error = fer_to_socket_addrs_with(
        "name:80", &(fer_lookup_options){.limits = limits, .resolver = &resolver}, &addr, 1,
        &count);
    INTER_CHECK(error.kind == FER_CANCELLED || error.kind == FER_MISUSE ||
                (error.kind == FER_OK && count == 1));
}

static fer_error_kind wait_for(fer_duration timeout)
{
    fer_socket_addr addr;
    size_t count = 0;
    return fer_lookup_wait(&lookup, timeout, &addr, 1, &count).kind;
}

static void start(void)
{
    fer_error error = fer_resolver_start(&resolver, "name:80", NULL, NULL, 0, &lookup);
    INTER_CHECK(error.kind == FER_OK || error.kind == FER_MISUSE);
    if (error.kind == FER_OK) {
        bool must_be_done = fer_cancel_token_is_cancelled(&is_closed);
        fer_error_kind kind = wait_for(fer_duration_from_millis(0));
        INTER_CHECK(kind != FER_WOULD_BLOCK || !must_be_done);
        kind = wait_for(FER_DURATION_NONE);
        INTER_CHECK(kind == FER_OK || kind == FER_CANCELLED);
    }
    fer_lookup_close(&lookup);
}

static void take(void)
{
    uint64_t keys[2];
    size_t count = 0;
    fer_error error = fer_resolver_take_completed(&resolver, NULL, keys, 2, &count);
    INTER_CHECK(count == 0 && (error.kind == FER_OK || error.kind == FER_MISUSE));
}

STEP(close_resolver, fer_resolver_close(&resolver); INTER_OK(fer_cancel_token_cancel(&is_closed)))
STEP(finish, fer_cancel_token_close(&is_closed))

const inter_program inter_resolver_close_programs[] = {
    BOUNDED("resolver_close_within",
            "K8, N7: a resolver is closed while a lookup within limits begins", begin,
            (look_up_within, close_resolver), finish),
    BOUNDED("resolver_close_starting",
            "N7: a lookup that is started during the close of its resolver ends", begin,
            (start, close_resolver), finish),
    PROGRAM("resolver_close_taking", "N7: a resolver is closed while a thread takes keys", begin,
            (take, close_resolver), finish),
    {0},
};
