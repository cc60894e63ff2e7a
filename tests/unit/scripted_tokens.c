/* scripted_tokens.c: the scripted seam's cancel tokens, and its waits for tokens and for several
 * connects. */
#include <inttypes.h>

#include "unit/scripted_take.h"

void script_format_time(char *buf, size_t cap, uint64_t time)
{
    if (time == FERP_NO_DEADLINE) {
        snprintf(buf, cap, "ever");
    } else {
        snprintf(buf, cap, "%" PRIu64, time);
    }
}

/* Passes the time of a wait. */
static fer_error finish_wait(const script_result *result, uint64_t deadline)
{
    script.now += result->elapsed;
    if (result->error.kind == FER_TIMED_OUT && script.now < deadline) {
        script.now = deadline;
    }
    return result->error;
}

fer_error ferp_wait_for_connects(const fer_raw_socket *raws, size_t count, uint64_t deadline,
                                 const fer_cancel_token *token, uint32_t *ended)
{
    char text[24];
    script_format_time(text, sizeof text, deadline);
    assert_in_range(count, 1, FERP_CONNECTS_MAX);
    const script_result *result =
        script_take(SCRIPT_WAIT_FOR_CONNECTS, raws[0], "%d,%" PRIu64 ",%s%s", (int)raws[0],
                    (uint64_t)count, text, token == NULL ? "" : ",token");
    *ended = result->error.kind == FER_OK ? (uint32_t)result->value : *ended;
    return finish_wait(result, deadline);
}

fer_error ferp_token_open(fer_cancel_token *token)
{
    token->p_.system_[0] = 1;
    return script_take(SCRIPT_TOKEN_OPEN, FER_RAW_SOCKET_NONE, "")->error;
}

void ferp_token_close(fer_cancel_token *token)
{
    token->p_.system_[0] = 0;
    (void)script_take(SCRIPT_TOKEN_CLOSE, FER_RAW_SOCKET_NONE, "");
}

SCRIPTED_VOID(ferp_token_signal, (fer_cancel_token * token), (void)token,
              (void)script_take(SCRIPT_TOKEN_SIGNAL, FER_RAW_SOCKET_NONE, ""));
SCRIPTED_VOID(ferp_token_clear, (fer_cancel_token * token), (void)token,
              (void)script_take(SCRIPT_TOKEN_CLEAR, FER_RAW_SOCKET_NONE, ""));

fer_error ferp_pause_within(const fer_cancel_token *token, uint64_t until, uint64_t deadline)
{
    fer_error error = ferp_token_wait(token, NULL, until);
    return error.kind == FER_INTERRUPTED ? error : (fer_error){FER_OK, 0};
}

/* Without tokens it is a pause, which ends at its time unless the script has an error. */
fer_error ferp_token_wait(const fer_cancel_token *token, const fer_cancel_token *other,
                          uint64_t deadline)
{
    static const script_result expired = {.error = {FER_TIMED_OUT, 0}};
    char text[24];
    script_format_time(text, sizeof text, deadline);
    if (token == NULL && other == NULL) {
        const script_result *pause = script_take(SCRIPT_PAUSE, FER_RAW_SOCKET_NONE, "%s", text);
        const script_result *result = pause->error.kind == FER_OK ? &expired : pause;
        return finish_wait(result, deadline);
    }
    return finish_wait(script_take(SCRIPT_TOKEN_WAIT, FER_RAW_SOCKET_NONE, "%s%s", text,
                                   other == NULL ? "" : ",other"),
                       deadline);
}
