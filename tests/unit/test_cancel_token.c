/* test_cancel_token.c: the states of a cancel token, and what each call asks of the seam. */
#include "unit/scripted_platform.h"

#include "core/handle/limits.h"

static fer_cancel_token token;

static void begin(void)
{
    script_begin(&script_posix);
    memset(&token, 0, sizeof token);
}

static void begin_open(void)
{
    begin();
    assert_ok_log(fer_cancel_token_new(&token), "token_open()");
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin_open(), function)

/* A token without a resource: every call is refused and asks nothing. */
static void assert_unusable(fer_cancel_token *unusable)
{
    assert_error(fer_cancel_token_cancel(unusable), FER_MISUSE, 0);
    assert_error(fer_cancel_token_reset(unusable), FER_MISUSE, 0);
    assert_false(fer_cancel_token_is_cancelled(unusable));
    assert_false(feri_token_is_open(unusable));
    fer_cancel_token_close(unusable);
    assert_log("");
}

SCRIPT_TEST(null_new_and_closed_tokens_are_refused)
{
    begin();
    assert_unusable(NULL);
    assert_error(fer_cancel_token_new(NULL), FER_MISUSE, 0);
    assert_unusable(&token);
    assert_error(feri_token_check(&token), FER_MISUSE, 0);
    assert_ok(fer_cancel_token_new(&token));
    fer_cancel_token_close(&token);
    assert_log("token_open() token_close()");
    assert_unusable(&token);
    assert_error(feri_token_check(&token), FER_MISUSE, 0);
    token.p_.state_ = 0xBEBEBEBE; /* never initialized: no state that a token can have */
    assert_unusable(&token);
    assert_error(feri_token_check(&token), FER_MISUSE, 0);
}

BEGUN_TEST(a_token_that_is_open_cannot_be_made_again)
{
    assert_error(fer_cancel_token_new(&token), FER_MISUSE, 0);
    assert_ok(fer_cancel_token_cancel(&token));
    assert_error(fer_cancel_token_new(&token), FER_MISUSE, 0);
    assert_true(fer_cancel_token_is_cancelled(&token));
    assert_log("token_signal()");
}

static int looks;

/* A call that looks at the state before it waits must not miss the cancel that then wakes it. */
static void check_during_signal(script_call call)
{
    if (call == SCRIPT_TOKEN_SIGNAL) {
        looks++;
        assert_true(fer_cancel_token_is_cancelled(&token));
        assert_error(feri_token_check(&token), FER_CANCELLED, 0);
        assert_ok(fer_cancel_token_cancel(&token));
    }
}

BEGUN_TEST(the_state_changes_before_the_waits_are_woken)
{
    looks = 0;
    script.on_call = check_during_signal;
    assert_ok(fer_cancel_token_cancel(&token));
    assert_int_equal(looks, 1);
    assert_log("token_signal()");
}

/* In place of the thread whose cancel is in progress. */
static void end_the_cancel(script_call call)
{
    if (call == SCRIPT_PAUSE && ++looks == 2) {
        token.p_.state_ = FERI_TOKEN_CANCELLED;
    }
}

BEGUN_TEST(a_reset_waits_for_the_end_of_a_cancel)
{
    token.p_.state_ = FERI_TOKEN_CANCELLING;
    looks = 0;
    script.on_call = end_the_cancel;
    assert_ok_log(fer_cancel_token_reset(&token), "pause(1001000) pause(2001000) token_clear()");
    assert_ok(feri_token_check(&token));
}

TEST_MAIN("cancel_token")
