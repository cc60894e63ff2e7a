/* scripted_bytes.c: the scripted seam's receives and sends, except those of Unix datagrams. */
#include <inttypes.h>

#include "platform/handles.h"
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

fer_error ferp_recv(fer_raw_socket raw, void *buf, size_t len, unsigned flags, size_t *n)
{
    static const script_call forms[] = {SCRIPT_RECV, SCRIPT_PEEK, SCRIPT_TRY_RECV, SCRIPT_TRY_PEEK};
    script.last_recv_flags = flags;
    flags &= ~(unsigned)FERP_UNIX;
    assert_true(flags < 4);
    return script_receive(script_take(forms[flags], raw, "%d,%" PRIu64, (int)raw, (uint64_t)len),
                          buf, len, n);
}

fer_error ferp_recv_vectored(fer_raw_socket raw, const fer_io_slice_mut *slices, size_t count,
                             unsigned flags, size_t *n)
{
    script.last_recv_flags = flags;
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
    size_t left = flags == 0 ? *n : 0;
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
                         struct ferp_datagram *out)
{
    static const script_call forms[] = {SCRIPT_RECV_FROM, SCRIPT_PEEK_FROM, SCRIPT_TRY_RECV_FROM,
                                        SCRIPT_TRY_PEEK_FROM};
    size_t n = 0;
    assert_true(flags < 8);
    const script_result *result =
        script_take(forms[flags & 3], raw, "%d,%" PRIu64 "%s", (int)raw, (uint64_t)len,
                    (flags & FERP_NOT_UDP) != 0 ? ",not_udp" : "");
    fer_error error = script_receive(result, buf, len, &n);
    return error.kind != FER_OK
               ? error
               : STORE(result, out, ((struct ferp_datagram){n, result->on, result->addr}));
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
