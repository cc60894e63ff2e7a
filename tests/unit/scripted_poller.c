/* scripted_poller.c: the scripted seam's poller, which reports as many events as the test sets, and
 * the wait for readiness in either direction. */
#include "unit/scripted_take.h"

#include <inttypes.h>

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

/* The keys of the events are 0, 1, 2, … from the script's first on. All events are readable. */
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
    script.now += result->elapsed;
    if (result->error.kind == FER_TIMED_OUT && script.now < until) {
        script.now = until;
    }
    if (result->error.kind == FER_OK) {
        *ready = (fer_interest)result->value;
    }
    return result->error;
}
