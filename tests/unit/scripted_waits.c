/* scripted_waits.c: the scripted seam's cancel tokens, its poller, which reports as many events as
 * the test sets, and its waits for tokens, several sockets, two streams and readiness. */
#include <inttypes.h>

#include "platform/copying.h"
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

/* The value has a bit for each ready entry. */
fer_error ferp_poll(fer_poll_entry *entries, size_t count, uint64_t deadline,
                    const fer_cancel_token *token, size_t *found)
{
    char text[24];
    script_format_time(text, sizeof text, deadline);
    assert_in_range(count, 1, FERP_POLL_FEW);
    const script_result *result =
        script_take(SCRIPT_POLL, entries[0].raw, "%d,%" PRIu64 ",%s%s", (int)entries[0].raw,
                    (uint64_t)count, text, token == NULL ? "" : ",token");
    *found = 0;
    for (size_t i = 0; i < count; i++) {
        entries[i].ready = ((uint64_t)result->value >> i & 1) != 0 ? entries[i].interest : 0;
        *found += entries[i].ready != 0;
    }
    return finish_wait(result, deadline);
}

fer_error ferp_token_open(fer_cancel_token *token)
{
    token->p_.system_[0] = 1;
    return script_take(SCRIPT_TOKEN_OPEN, FER_RAW_SOCKET_NONE, "")->error;
}

/* The descriptor is 8. */
fer_error ferp_token_open_pollable(fer_cancel_token *token, fer_raw_socket *raw)
{
    *raw = 8;
    return ferp_token_open(token);
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

/* The value has the ready interests of the first, and four times those of the second. */
fer_error ferp_wait_for_pair(ferp_ready_pair *pair, uint64_t until, uint64_t deadline)
{
    static const char *const names[] = {"-", "r", "w", "rw"};
    char texts[2][24];
    script_format_time(texts[0], sizeof texts[0], until);
    script_format_time(texts[1], sizeof texts[1], deadline);
    const script_result *result =
        script_take(SCRIPT_WAIT_FOR_PAIR, pair->raws[0], "%d%s,%d%s,%s,%s%s%s", (int)pair->raws[0],
                    names[pair->interests[0]], (int)pair->raws[1], names[pair->interests[1]],
                    texts[0], texts[1], pair->tokens[0] == NULL ? "" : ",token",
                    pair->tokens[1] == NULL ? "" : ",other token");
    for (int i = 0; i < 2; i++) {
        pair->ready[i] = (fer_interest)(result->value >> 2 * i) & pair->interests[i];
    }
    return finish_wait(result, until);
}

/* ---- The poller, and readiness */

SCRIPTED(fer_error, ferp_poller_open, (fer_poller * poller), (void)poller,
         script_take(SCRIPT_POLLER_OPEN, FER_RAW_SOCKET_NONE, "")->error);
SCRIPTED_VOID(ferp_poller_close, (fer_poller * poller), (void)poller,
              (void)script_take(SCRIPT_POLLER_CLOSE, FER_RAW_SOCKET_NONE, ""));

static const script_result *take_registration(script_call call, fer_raw_socket raw,
                                              fer_event interest, fer_poll_mode mode)
{
    static const char *const modes[] = {[FER_POLL_ONESHOT] = "oneshot",
                                        [FER_POLL_LEVEL] = "level",
                                        [FER_POLL_EDGE] = "edge",
                                        [FER_POLL_EDGE_ONESHOT] = "edge oneshot"};
    script.last_key = interest.key;
    return script_take(call, raw, "%d,%" PRIu64 "%s%s,%s", (int)raw, interest.key,
                       (interest.interest & FER_READABLE) != 0 ? ",r" : "",
                       (interest.interest & FER_WRITABLE) != 0 ? ",w" : "", modes[mode]);
}

SCRIPTED(fer_error, ferp_poller_add,
         (fer_poller * poller, fer_raw_socket raw, fer_event interest, fer_poll_mode mode),
         (void)poller, take_registration(SCRIPT_POLLER_ADD, raw, interest, mode)->error);
SCRIPTED(fer_error, ferp_poller_modify,
         (fer_poller * poller, fer_raw_socket raw, fer_event interest, fer_poll_mode mode),
         (void)poller, take_registration(SCRIPT_POLLER_MODIFY, raw, interest, mode)->error);
SCRIPTED(fer_error, ferp_poller_delete, (fer_poller * poller, fer_raw_socket raw), (void)poller,
         TAKE(POLLER_DELETE, raw)->error);

/* The keys of the events are 0, 1, 2, ... from the script's first on. All events are readable. */
fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified)
{
    const script_result *result =
        timeout.nanos == FER_DURATION_NONE_NANOS
            ? script_take(SCRIPT_POLLER_WAIT, FER_RAW_SOCKET_NONE, "none")
            : script_take(SCRIPT_POLLER_WAIT, FER_RAW_SOCKET_NONE, "%" PRIu64, timeout.nanos);
    script.now += result->elapsed;
    fer_error error = script_store_count(result, count);
    assert_true(*count <= cap);
    *notified = result->on;
    for (size_t i = 0; i < *count; i++) {
        events[i] = (fer_event){.key = script.first_key + i, .interest = FER_READABLE};
    }
    return error;
}

SCRIPTED(fer_error, ferp_poller_notify, (fer_poller * poller), (void)poller,
         script_take(SCRIPT_POLLER_NOTIFY, FER_RAW_SOCKET_NONE, "")->error);
SCRIPTED(fer_raw_socket, ferp_poller_raw, (const fer_poller *poller), (void)poller, 9);

fer_error ferp_ready(fer_raw_socket raw, fer_interest interest, uint64_t until, uint64_t deadline,
                     const fer_cancel_token *token, fer_interest *ready)
{
    static const char *const names[] = {"", "r", "w", "rw"};
    char texts[2][24];
    script_format_time(texts[0], sizeof texts[0], until);
    script_format_time(texts[1], sizeof texts[1], deadline);
    const char *comma = until == deadline ? "" : ",";
    const script_result *result =
        script_take(SCRIPT_READY, raw, "%d,%s,%s%s%s%s", (int)raw, names[interest], texts[0], comma,
                    until == deadline ? "" : texts[1], token == NULL ? "" : ",token");
    *ready = result->error.kind == FER_OK ? (fer_interest)result->value : *ready;
    return finish_wait(result, until);
}
