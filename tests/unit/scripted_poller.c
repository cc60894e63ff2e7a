/* scripted_poller.c: the scripted seam's poller. It reports as many events as the test sets. */
#include "unit/scripted_take.h"

#include <inttypes.h>

fer_error ferp_poller_open(fer_poller *poller)
{
    (void)poller;
    return script_take(SCRIPT_POLLER_OPEN, FER_RAW_SOCKET_NONE, "")->error;
}

void ferp_poller_close(fer_poller *poller)
{
    (void)poller;
    (void)script_take(SCRIPT_POLLER_CLOSE, FER_RAW_SOCKET_NONE, "");
}

static const script_result *take_registration(script_call call, fer_raw_socket raw,
                                              fer_event interest, fer_poll_mode mode)
{
    static const char *const modes[] = {[FER_POLL_ONESHOT] = "oneshot",
                                        [FER_POLL_LEVEL] = "level",
                                        [FER_POLL_EDGE] = "edge",
                                        [FER_POLL_EDGE_ONESHOT] = "edge oneshot"};
    return script_take(call, raw, "%d,%" PRIu64 "%s%s,%s", (int)raw, interest.key,
                       (interest.interest & FER_READABLE) != 0 ? ",r" : "",
                       (interest.interest & FER_WRITABLE) != 0 ? ",w" : "", modes[mode]);
}

fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode)
{
    (void)poller;
    return take_registration(SCRIPT_POLLER_ADD, raw, interest, mode)->error;
}

fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode)
{
    (void)poller;
    return take_registration(SCRIPT_POLLER_MODIFY, raw, interest, mode)->error;
}

fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw)
{
    (void)poller;
    return TAKE(POLLER_DELETE, raw)->error;
}

/* The keys of the events are 0, 1, 2, …. All events are readable. */
fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified)
{
    const script_result *result =
        timeout.nanos == FER_DURATION_NONE_NANOS
            ? script_take(SCRIPT_POLLER_WAIT, FER_RAW_SOCKET_NONE, "none")
            : script_take(SCRIPT_POLLER_WAIT, FER_RAW_SOCKET_NONE, "%" PRIu64, timeout.nanos);
    (void)poller;
    script.now += result->elapsed;
    fer_error error = script_store_count(result, count);
    assert_true(*count <= cap);
    *notified = result->on;
    for (size_t i = 0; i < *count; i++) {
        events[i] = (fer_event){.key = i, .interest = FER_READABLE};
    }
    return error;
}

fer_error ferp_poller_notify(fer_poller *poller)
{
    (void)poller;
    return script_take(SCRIPT_POLLER_NOTIFY, FER_RAW_SOCKET_NONE, "")->error;
}
