/* misuse_limits_calls.c: limits of handles, cancel tokens in any state, timeouts of listeners, and
 * lingering closes. A deadline is reached at once or never: the calls take a different time in each
 * dialect. */
#include "fuzz/programs/misuse_calls.h"

/* Bits of nulls: handle, token, limits. */
static fer_cancel_token *token_of(const struct misuse_arguments *a)
{
    return a->nulls & 2 ? NULL : &a->state->tokens[(a->which >> 2) % MISUSE_TOKENS];
}

/* *limits is valid during the call. */
static const fer_limits *limits_of(const struct misuse_arguments *a, fer_limits *limits)
{
    static const uint64_t nanos[] = {UINT64_MAX, 0, UINT64_MAX - 1};
    *limits = (fer_limits){.deadline = fer_instant_after((fer_duration){nanos[a->arg % 3]}),
                           .token = token_of(a),
                           .interruptible = (a->nulls & 64) != 0};
    return a->nulls & 4 ? NULL : limits;
}

static fer_tcp_listener *listener_of(const struct misuse_arguments *a)
{
    return a->nulls & 1 ? NULL : &a->state->listeners[a->which % MISUSE_LISTENERS];
}

#define SET_LIMITS(name, type, handle)                            \
    static fer_error set_##name(const struct misuse_arguments *a) \
    {                                                             \
        fer_limits limits;                                        \
        return type##_set_limits(handle, limits_of(a, &limits));  \
    }
SET_LIMITS(tcp_listener, fer_tcp_listener, listener_of(a))
SET_LIMITS(udp_socket, fer_udp_socket, a->udp)
SET_LIMITS(socket, fer_socket, a->socket)
SET_LIMITS(unix_listener, fer_unix_listener, a->unix_listener)
SET_LIMITS(unix_datagram, fer_unix_datagram, a->unix_datagram)

#define SET_STREAM_LIMITS(type, handle)                                             \
    static fer_error set_##type##_stream(const struct misuse_arguments *a)          \
    {                                                                               \
        fer_limits limits;                                                          \
        return misuse_is_by_stream(a)                                               \
                   ? fer_stream_set_limits(fer_##type##_stream_as_stream(handle),   \
                                           limits_of(a, &limits))                   \
                   : fer_##type##_stream_set_limits(handle, limits_of(a, &limits)); \
    }
SET_STREAM_LIMITS(tcp, a->stream)
SET_STREAM_LIMITS(unix, a->unix_stream)

/* A token that a call accepts is open, so that it can be reset. */
static fer_error do_cancel(const struct misuse_arguments *a)
{
    fer_error error = fer_cancel_token_cancel(token_of(a));
    bool is_cancelled = fer_cancel_token_is_cancelled(token_of(a));
    return misuse_checked(is_cancelled == (error.kind == FER_OK), error);
}

static fer_error do_reset(const struct misuse_arguments *a)
{
    fer_error error = fer_cancel_token_reset(token_of(a));
    return misuse_checked(!fer_cancel_token_is_cancelled(token_of(a)), error);
}

static fer_error do_close(const struct misuse_arguments *a)
{
    fer_cancel_token_close(token_of(a));
    return misuse_checked(!fer_cancel_token_is_cancelled(token_of(a)), misuse_ok());
}

/* It ends in virtual time. */
static fer_duration short_time(const struct misuse_arguments *a)
{
    return (fer_duration){a->duration.nanos % 1000000000};
}

/* X(name, the call) */
#define CALLS(X)                                                                              \
    X(limits_tcp_stream, set_tcp_stream(a))                                                   \
    X(limits_tcp_listener, set_tcp_listener(a))                                               \
    X(limits_udp_socket, set_udp_socket(a))                                                   \
    X(limits_socket, set_socket(a))                                                           \
    X(limits_unix_stream, set_unix_stream(a))                                                 \
    X(limits_unix_listener, set_unix_listener(a))                                             \
    X(unix_datagram_limits, set_unix_datagram(a))                                             \
    X(cancel_token_cancel, do_cancel(a))                                                      \
    X(cancel_token_new, fer_cancel_token_new(token_of(a)))                                    \
    X(cancel_token_reset, do_reset(a))                                                        \
    X(cancel_token_close, do_close(a))                                                        \
    X(listener_set_timeout,                                                                   \
      fer_socket_set_read_timeout(fer_tcp_listener_as_socket(listener_of(a)), short_time(a))) \
    X(listener_timeout,                                                                       \
      fer_socket_read_timeout(fer_tcp_listener_as_socket(listener_of(a)), a->duration_out))   \
    X(stream_close_gracefully, fer_tcp_stream_close_gracefully(a->stream, short_time(a)))     \
    X(unix_close_gracefully, fer_unix_stream_close_gracefully(a->unix_stream, short_time(a)))

#include "fuzz/programs/misuse_table.h"

const struct misuse_family misuse_limits_family = {calls, CALL_COUNT, false, NULL};

void misuse_limits_begin(struct misuse_state *state)
{
    for (size_t i = 0; i < MISUSE_TOKENS; i += 2) {
        FER_IGNORE(fer_cancel_token_new(&state->tokens[i]));
    }
    fer_cancel_token_close(&state->tokens[2]);
}

void misuse_limits_end(struct misuse_state *state)
{
    for (size_t i = 0; i < MISUSE_TOKENS; i++) {
        fer_cancel_token_close(&state->tokens[i]);
    }
}
