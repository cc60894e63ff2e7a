/* misuse_batch_calls.c: one line for each function of udp_batch.h. */
#include <string.h>

#include "ferrule/udp_batch.h"
#include "fuzz/programs/misuse_calls.h"

enum { MESSAGES = 3 };

/* The number of messages. It is absurd only beside NULL. */
static size_t count_of(const struct misuse_arguments *a)
{
    static const size_t counts[] = {0, 1, 2, MESSAGES, SIZE_MAX, SIZE_MAX / 2};
    return counts[(a->nulls & 2) != 0 ? a->arg % 6 : a->arg % 4];
}

/* The count is that of the complete messages, and no message behind the failed one has changed. */
static bool is_right_send(const struct misuse_arguments *a, fer_error error,
                          const fer_datagram_send *before, const fer_datagram_send *after)
{
    size_t done = a->n == NULL ? 0 : *a->n;
    bool is_right = a->n == NULL || (error.kind == FER_OK ? done == count_of(a) : done < MESSAGES);
    for (size_t i = a->n == NULL ? MESSAGES : done; i < MESSAGES; i++) {
        is_right = is_right && (i == done || after[i].sent == before[i].sent);
    }
    return is_right && (error.kind != FER_MISUSE || a->nulls % 2 == 0 || done == 0);
}

/* Messages from the arguments, or NULL. */
static fer_error do_send_batch(const struct misuse_arguments *a, bool waits)
{
    fer_datagram_send messages[MESSAGES] = {
        {.buf = a->buf, .len = a->len, .to = a->addr},
        {.buf = a->buf, .len = a->len, .segment_size = a->number},
        {.buf = a->state->buf, .len = 64, .to = a->addr, .segment_size = a->number % 65}};
    fer_datagram_send before[MESSAGES];
    fer_datagram_send *chosen = (a->nulls & 2) != 0 ? NULL : messages;
    messages[0].sent = a->arg % 3u;
    messages[1].ecn = (fer_ecn)(a->arg % 6);
    messages[1].from = (fer_ip_addr){.family = (fer_ip_family)(a->arg % 4), .u.v4 = a->local};
    messages[1].interface_index = a->nulls & 64 ? a->number : 0;
    messages[2].ecn = (fer_ecn)(a->arg % 4);
    memcpy(before, messages, sizeof before);
    fer_error error = waits ? fer_udp_socket_send_batch(a->udp, chosen, count_of(a), a->n)
                            : fer_udp_socket_try_send_batch(a->udp, chosen, count_of(a), a->n);
    return misuse_checked(is_right_send(a, error, before, messages), error);
}

/* After a success there is at least one message, and each is within its buffer. */
static bool is_right_receive(const struct misuse_arguments *a, fer_error error,
                             const fer_datagram_recv *messages)
{
    if (a->n == NULL) {
        return true;
    }
    bool is_right = error.kind == FER_OK ? *a->n <= count_of(a) && (*a->n > 0) == (count_of(a) > 0)
                                         : *a->n == 0;
    for (size_t i = 0; i < *a->n && is_right; i++) {
        is_right = messages[i].len <= messages[i].cap;
    }
    return is_right;
}

static fer_error do_recv_batch(const struct misuse_arguments *a, bool waits)
{
    uint8_t bytes[7];
    fer_datagram_recv messages[MESSAGES] = {
        {.buf = a->buf, .cap = a->len}, {.buf = NULL, .cap = 0}, {.buf = bytes, .cap = 7}};
    fer_datagram_recv *chosen = (a->nulls & 2) != 0 ? NULL : messages;
    messages[2].buf = a->nulls & 64 ? NULL : bytes;
    fer_error error = waits ? fer_udp_socket_recv_batch(a->udp, chosen, count_of(a), a->n)
                            : fer_udp_socket_try_recv_batch(a->udp, chosen, count_of(a), a->n);
    return misuse_checked(is_right_receive(a, error, messages), error);
}

static fer_error do_features(const struct misuse_arguments *a)
{
    fer_udp_capabilities found = {.max_batch = MISUSE_UNTOUCHED};
    fer_error error = fer_udp_socket_features(a->udp, (a->nulls & 2) != 0 ? NULL : &found);
    bool is_right = error.kind == FER_OK ? (found.enabled & ~found.available) == 0
                                         : found.max_batch == MISUSE_UNTOUCHED;
    return misuse_checked(is_right, error);
}

/* Not every dialect has these options. */
static fer_error if_supported(fer_error error)
{
    return error.kind == FER_UNSUPPORTED ? misuse_ok() : error;
}

static fer_error do_enable(const struct misuse_arguments *a)
{
    uint32_t wanted = a->nulls & 64 ? a->arg : a->number;
    fer_udp_features enabled = 0;
    fer_error error = fer_udp_socket_enable(a->udp, wanted, (a->nulls & 2) != 0 ? NULL : &enabled);
    /* a clone keeps its coalescing */
    return misuse_checked((enabled & ~(wanted | FER_UDP_COALESCING)) == 0, error);
}

static fer_error do_dont_fragment(const struct misuse_arguments *a)
{
    bool on;
    return if_supported(fer_udp_socket_dont_fragment(a->udp, (a->nulls & 2) != 0 ? NULL : &on));
}

static fer_error do_path_mtu(const struct misuse_arguments *a)
{
    uint32_t mtu;
    return if_supported(fer_udp_socket_path_mtu(a->udp, (a->nulls & 2) != 0 ? NULL : &mtu));
}

/* X(name, the call) */
#define CALLS(X)                                                               \
    X(udp_send_batch, do_send_batch(a, true))                                  \
    X(udp_recv_batch, do_recv_batch(a, true))                                  \
    X(udp_try_send_batch, do_send_batch(a, false))                             \
    X(udp_try_recv_batch, do_recv_batch(a, false))                             \
    X(udp_enable, do_enable(a))                                                \
    X(udp_features, do_features(a))                                            \
    X(udp_set_dont_fragment,                                                   \
      if_supported(fer_udp_socket_set_dont_fragment(a->udp, a->arg % 2 == 1))) \
    X(udp_dont_fragment, do_dont_fragment(a))                                  \
    X(udp_path_mtu, do_path_mtu(a))

#include "fuzz/programs/misuse_table.h"

const struct misuse_family misuse_batch_family = {calls, CALL_COUNT, true, misuse_udp_choose};
