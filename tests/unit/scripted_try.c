/* scripted_try.c: the scripted seam's calls that never wait, vectored sends, and the wait for
 * readiness in either direction. */
#include <inttypes.h>

#include "unit/scripted_take.h"

fer_error ferp_try_recv(fer_raw_socket raw, void *buf, size_t len, ferp_recv_mode recv_mode,
                        size_t *n)
{
    script_call call = recv_mode == FERP_RECV ? SCRIPT_TRY_RECV : SCRIPT_TRY_PEEK;
    return script_receive(script_take(call, raw, "%d,%" PRIu64, (int)raw, (uint64_t)len), buf, len,
                          n);
}

fer_error ferp_try_send(fer_raw_socket raw, const void *buf, size_t len, size_t *n)
{
    (void)buf;
    return script_store_count(
        script_take(SCRIPT_TRY_SEND, raw, "%d,%" PRIu64, (int)raw, (uint64_t)len), n);
}

static fer_error try_receive_from(const script_result *result, void *buf, size_t len,
                                  struct ferp_datagram *out)
{
    size_t n = 0;
    FER_TRY(script_receive(result, buf, len, &n));
    *out = (struct ferp_datagram){n, result->on, result->addr};
    return result->error;
}

fer_error ferp_try_recv_from(fer_raw_socket raw, void *buf, size_t len, ferp_protocol protocol,
                             struct ferp_datagram *out)
{
    return try_receive_from(TAKE_WITH(TRY_RECV_FROM, raw, "%" PRIu64 "%s", (uint64_t)len,
                                      protocol == FERP_UDP ? "" : ",other_protocol"),
                            buf, len, out);
}

fer_error ferp_try_peek_from(fer_raw_socket raw, void *buf, size_t len, struct ferp_datagram *out)
{
    return try_receive_from(TAKE_WITH(TRY_PEEK_FROM, raw, "%" PRIu64, (uint64_t)len), buf, len,
                            out);
}

fer_error ferp_try_send_to(fer_raw_socket raw, const void *buf, size_t len,
                           const fer_socket_addr *addr, size_t *n)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_socket_addr_format(addr, text, sizeof text);
    (void)buf;
    return script_store_count(
        script_take(SCRIPT_TRY_SEND_TO, raw, "%d,%" PRIu64 ",%s", (int)raw, (uint64_t)len, text),
        n);
}

fer_error ferp_try_unix_recv_from(fer_raw_socket raw, void *buf, size_t len,
                                  struct ferp_unix_datagram *out)
{
    size_t n = 0;
    const script_result *result =
        script_take(SCRIPT_TRY_UNIX_RECV_FROM, raw, "%d,%" PRIu64, (int)raw, (uint64_t)len);
    FER_TRY(script_receive(result, buf, len, &n));
    *out = (struct ferp_unix_datagram){n, result->on, result->name};
    return result->error;
}

fer_error ferp_try_unix_send_to(fer_raw_socket raw, const void *buf, size_t len,
                                const fer_unix_addr *addr, size_t *n)
{
    (void)buf;
    (void)len;
    return script_store_count(script_take(SCRIPT_TRY_UNIX_SEND_TO, raw, "%d,%.*s", (int)raw,
                                          (int)addr->len_, addr->name_),
                              n);
}

fer_error ferp_try_recv_vectored(fer_raw_socket raw, const fer_io_slice_mut *slices, size_t count,
                                 size_t *n)
{
    return script_store_count(TAKE_WITH(TRY_RECV_VECTORED, raw, "%" PRIu64 "x%" PRIu64,
                                        (uint64_t)count, (uint64_t)slices[0].len),
                              n);
}

fer_error ferp_try_send_vectored(fer_raw_socket raw, const fer_io_slice *slices, size_t count,
                                 size_t *n)
{
    return script_store_count(TAKE_WITH(TRY_SEND_VECTORED, raw, "%" PRIu64 "x%" PRIu64,
                                        (uint64_t)count, (uint64_t)slices[0].len),
                              n);
}

fer_error ferp_send_vectored(fer_raw_socket raw, const fer_io_slice *slices, size_t count,
                             size_t *n)
{
    fer_error error = script_store_count(TAKE_WITH(SEND_VECTORED, raw, "%" PRIu64 "x%" PRIu64,
                                                   (uint64_t)count, (uint64_t)slices[0].len),
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
