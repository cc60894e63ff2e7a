/* scripted_bytes.c: the scripted seam's receives and sends, except those of Unix datagrams; its
 * batches of datagrams; and its pipes, which have the number 7, and files. */
#include <inttypes.h>

#include "platform/copying.h"
#include "platform/handles.h"
#include "platform/messages.h"
#include "unit/scripted_take.h"

fer_error script_receive(const script_result *result, void *buf, size_t len, size_t *n)
{
    fer_error error = script_store_count(result, n);
    assert_true(*n <= len);
    for (size_t i = 0; i < *n; i++) {
        ((char *)buf)[i] = (char)('a' + i % 26);
    }
    return error;
}

/* The index of a receive among its four forms. */
static unsigned form_of(unsigned flags)
{
    return ((flags & FERP_PEEK) != 0 ? 1 : 0) + ((flags & FERP_DONTWAIT) != 0 ? 2 : 0);
}

fer_error ferp_recv(fer_raw_socket raw, void *buf, size_t len, unsigned flags, size_t *n)
{
    static const script_call forms[] = {SCRIPT_RECV, SCRIPT_PEEK, SCRIPT_TRY_RECV, SCRIPT_TRY_PEEK};
    flags &= ~(unsigned)FERP_UNIX;
    assert_int_equal(flags & ~(unsigned)(FERP_PEEK | FERP_DONTWAIT), 0);
    return script_receive(
        script_take(forms[form_of(flags)], raw, "%d,%" PRIu64, (int)raw, (uint64_t)len), buf, len,
        n);
}

fer_error ferp_recv_vectored(fer_raw_socket raw, const fer_io_slice_mut *slices, size_t count,
                             unsigned flags, size_t *n)
{
    flags &= ~(unsigned)FERP_UNIX;
    assert_int_equal(flags & ~(unsigned)FERP_DONTWAIT, 0);
    return script_store_count(
        script_take(flags == 0 ? SCRIPT_RECV_VECTORED : SCRIPT_TRY_RECV_VECTORED, raw,
                    "%d,%" PRIu64 "x%" PRIu64, (int)raw, (uint64_t)count, (uint64_t)slices[0].len),
        n);
}

/* Keeps the bytes. Those of a send that never waits are kept if they fit. */
fer_error ferp_send(fer_raw_socket raw, const void *buf, size_t len, unsigned flags, size_t *n)
{
    flags &= ~(unsigned)FERP_UNIX;
    assert_int_equal(flags & ~(unsigned)FERP_DONTWAIT, 0);
    fer_error error = script_store_count(script_take(flags == 0 ? SCRIPT_SEND : SCRIPT_TRY_SEND,
                                                     raw, "%d,%" PRIu64, (int)raw, (uint64_t)len),
                                         n);
    assert_true(*n <= len);
    bool fits = script.sent_len + *n < sizeof script.sent;
    assert_true(*n == 0 || fits || flags != 0);
    if (*n > 0 && fits) {
        memcpy(script.sent + script.sent_len, buf, *n);
        script.sent_len += *n;
    }
    return error;
}

fer_error ferp_send_vectored(fer_raw_socket raw, const fer_io_slice *slices, size_t count,
                             unsigned flags, size_t *n)
{
    assert_int_equal(flags & ~(unsigned)FERP_DONTWAIT, 0);
    fer_error error = script_store_count(
        script_take(flags == 0 ? SCRIPT_SEND_VECTORED : SCRIPT_TRY_SEND_VECTORED, raw,
                    "%d,%" PRIu64 "x%" PRIu64, (int)raw, (uint64_t)count, (uint64_t)slices[0].len),
        n);
    size_t left = *n;
    for (size_t i = 0; i < count && left > 0; i++) {
        size_t part = slices[i].len < left ? slices[i].len : left;
        assert_true(script.sent_len + part < sizeof script.sent);
        memcpy(script.sent + script.sent_len, slices[i].base, part);
        script.sent_len += part;
        left -= part;
    }
    assert_int_equal(left, 0);
    return error;
}

fer_error ferp_recv_from(fer_raw_socket raw, void *buf, size_t len, unsigned flags,
                         fer_udp_received *out)
{
    static const script_call forms[] = {SCRIPT_RECV_FROM, SCRIPT_PEEK_FROM, SCRIPT_TRY_RECV_FROM,
                                        SCRIPT_TRY_PEEK_FROM};
    size_t n = 0;
    assert_int_equal(flags & ~(unsigned)(FERP_PEEK | FERP_DONTWAIT | FERP_NOT_UDP), 0);
    const script_result *result =
        script_take(forms[form_of(flags)], raw, "%d,%" PRIu64 "%s", (int)raw, (uint64_t)len,
                    (flags & FERP_NOT_UDP) != 0 ? ",not_udp" : "");
    fer_error error = script_receive(result, buf, len, &n);
    return error.kind != FER_OK
               ? error
               : STORE(result, out, ((fer_udp_received){n, result->on, result->addr}));
}

fer_error ferp_send_to(fer_raw_socket raw, const void *buf, size_t len, unsigned flags,
                       const fer_socket_addr *addr, size_t *n)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_socket_addr_format(addr, text, sizeof text);
    return script_store_count(script_take(flags == 0 ? SCRIPT_SEND_TO : SCRIPT_TRY_SEND_TO, raw,
                                          "%d,%" PRIu64 ",%s", (int)raw, (uint64_t)len, text),
                              n);
}

fer_error ferp_unix_send_handles(fer_raw_socket raw, const struct ferp_sent_handles *message,
                                 unsigned flags, size_t *n)
{
    script_call call = flags == 0 ? SCRIPT_UNIX_SEND_HANDLES : SCRIPT_TRY_UNIX_SEND_HANDLES;
    const char *path = message->to == NULL ? NULL : fer_unix_addr_as_pathname(message->to);
    return script_store_count(script_take(call, raw, "%d,%" PRIu64 "+%" PRIu64 "%s%s", (int)raw,
                                          (uint64_t)message->len, (uint64_t)message->count,
                                          path == NULL ? "" : ",", path == NULL ? "" : path),
                              n);
}

/* The result's flag says whether handles were closed. */
fer_error ferp_unix_recv_handles(fer_raw_socket raw, struct ferp_received_handles *message,
                                 unsigned flags)
{
    script_call call = flags == 0 ? SCRIPT_UNIX_RECV_HANDLES : SCRIPT_TRY_UNIX_RECV_HANDLES;
    const script_result *result =
        script_take(call, raw, "%d,%" PRIu64 "+%" PRIu64 "%s", (int)raw, (uint64_t)message->len,
                    (uint64_t)message->cap, message->is_datagram ? ",datagram" : "");
    fer_error error = script_receive(result, message->buf, message->len, &message->moved);
    if (error.kind == FER_OK && message->moved > 0) {
        message->truncated = result->on;
        message->handles_truncated = result->on;
        message->count = message->cap;
        message->from = result->name;
        for (size_t i = 0; i < message->cap; i++) {
            message->handles[i] = (fer_raw_socket)(100 + i);
        }
    }
    return error;
}

/* ---- Batches of datagrams */

/* A call moves several messages if the system's calls wait in the kernel. */
size_t ferp_messages_per_call(void)
{
    return script.traits.io_waits_in_kernel ? FERP_MESSAGES_MAX : 1;
}

/* Logs the count, and the length, the size of segments and the TOS of the first message. The value
 * is the number of messages that were sent. */
fer_error ferp_send_messages(fer_raw_socket raw, const struct ferp_send_message *messages,
                             size_t count, unsigned flags, size_t *sent)
{
    assert_in_range(count, 1, FERP_MESSAGES_MAX);
    return script_store_count(
        script_take(flags == 0 ? SCRIPT_SEND_MESSAGES : SCRIPT_TRY_SEND_MESSAGES, raw,
                    "%d,%u,%u/%u/%x", (int)raw, (unsigned)count, (unsigned)messages[0].len,
                    (unsigned)messages[0].segment_size, messages[0].has_tos ? messages[0].tos : 0u),
        sent);
}

/* The value is the number of messages of one byte, which are all from one sender. */
fer_error ferp_recv_messages(fer_raw_socket raw, fer_datagram_recv *messages, size_t count,
                             unsigned flags, size_t *received)
{
    assert_in_range(count, 1, FERP_MESSAGES_MAX);
    const script_result *result =
        script_take(flags == 0 ? SCRIPT_RECV_MESSAGES : SCRIPT_TRY_RECV_MESSAGES, raw, "%d,%u",
                    (int)raw, (unsigned)count);
    fer_error error = script_store_count(result, received);
    assert_true(*received <= count);
    for (size_t i = 0; i < *received; i++) {
        messages[i] = (fer_datagram_recv){.buf = messages[i].buf,
                                          .cap = messages[i].cap,
                                          .len = 1,
                                          .segment_size = 1,
                                          .from = result->addr};
    }
    return error;
}

/* clang-format off */
SCRIPTED(fer_error, ferp_set_udp_feature,
         (fer_raw_socket raw, fer_ip_family family, fer_udp_features feature, bool on),
         TAKE_WITH(SET_UDP_FEATURE, raw, "v%d,%u,%d", (int)family, (unsigned)feature, on)->error);
/* clang-format on */

SCRIPTED_OUT(ferp_udp_feature,
             (fer_raw_socket raw, fer_ip_family family, fer_udp_features feature, bool *on),
             TAKE_WITH(UDP_FEATURE, raw, "v%d,%u", (int)family, (unsigned)feature), on,
             result->value != 0);

fer_error ferp_set_dont_fragment(fer_raw_socket raw, fer_ip_family family, bool on)
{
    return TAKE_WITH(SET_DONT_FRAGMENT, raw, "v%d,%d", (int)family, on)->error;
}

SCRIPTED_OUT(ferp_dont_fragment, (fer_raw_socket raw, fer_ip_family family, bool *on),
             TAKE_WITH(DONT_FRAGMENT, raw, "v%d", (int)family), on, result->value != 0);
SCRIPTED_OUT(ferp_path_mtu, (fer_raw_socket raw, fer_ip_family family, uint32_t *out),
             TAKE_WITH(PATH_MTU, raw, "v%d", (int)family), out, (uint32_t)result->value);

/* ---- Pipes and files */

enum { PIPE = 7 };

SCRIPTED_OUT(ferp_pipe_open, (size_t cap, bool waits, ferp_pipe *out),
             script_take(SCRIPT_PIPE_OPEN, FER_RAW_SOCKET_NONE, "%" PRIu64 "%s", (uint64_t)cap,
                         waits ? ",waits" : ""),
             out, ((ferp_pipe){.ends = {PIPE, PIPE}}));

void ferp_pipe_close(const ferp_pipe *pipe)
{
    assert_int_equal(pipe->ends[0], PIPE);
    (void)script_take(SCRIPT_PIPE_CLOSE, FER_RAW_SOCKET_NONE, "");
}

fer_error ferp_pipe_fill(const ferp_pipe *pipe, fer_raw_socket from, size_t len, size_t *n)
{
    assert_int_equal(pipe->ends[0], PIPE);
    fer_error error = script_store_count(TAKE_WITH(PIPE_FILL, from, "%" PRIu64, (uint64_t)len), n);
    assert_true(*n <= len);
    return error;
}

fer_error ferp_pipe_drain(ferp_pipe *pipe, fer_raw_socket to, size_t len, size_t *n)
{
    assert_int_equal(pipe->ends[0], PIPE);
    fer_error error = script_store_count(TAKE_WITH(PIPE_DRAIN, to, "%" PRIu64, (uint64_t)len), n);
    assert_true(*n <= len);
    return error;
}

fer_error ferp_pipe_read(const ferp_pipe *pipe, void *buf, size_t len, size_t *n)
{
    assert_int_equal(pipe->ends[0], PIPE);
    return script_receive(
        script_take(SCRIPT_PIPE_READ, FER_RAW_SOCKET_NONE, "%" PRIu64, (uint64_t)len), buf, len, n);
}

fer_error ferp_send_file(fer_raw_socket to, fer_raw_file file, uint64_t offset, size_t len,
                         size_t *n)
{
    const script_result *result =
        TAKE_WITH(SEND_FILE, to, "file %d,%" PRIu64 ",%" PRIu64, (int)file, offset, (uint64_t)len);
    *n = (size_t)result->value; /* beside an error too */
    assert_true(*n <= len);
    return result->error;
}

fer_error ferp_read_file(fer_raw_file file, uint64_t offset, void *buf, size_t len, size_t *n)
{
    return script_receive(script_take(SCRIPT_READ_FILE, FER_RAW_SOCKET_NONE,
                                      "file %d,%" PRIu64 ",%" PRIu64, (int)file, offset,
                                      (uint64_t)len),
                          buf, len, n);
}
