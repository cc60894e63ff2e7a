/* try.c: the calls that never wait. The socket is in nonblocking mode during such a call. */
#include "platform/sim/network.h"

/* Returns the previous mode. A callback of the user may close the socket during the call. */
static bool exchange_mode(fer_raw_socket raw, bool nonblocking)
{
    ferp_sim_network *network = ferp_sim_current();
    ferp_sim_socket *socket = network == NULL ? NULL : ferp_sim_socket_of(network, raw);
    if (socket == NULL) {
        return nonblocking;
    }
    bool previous = socket->settings.nonblocking;
    socket->settings.nonblocking = nonblocking;
    return previous;
}

#define CALL_NONBLOCKING(call)                \
    bool previous = exchange_mode(raw, true); \
    fer_error error = (call);                 \
    (void)exchange_mode(raw, previous);       \
    return error

fer_error ferp_try_recv(fer_raw_socket raw, void *buf, size_t len, ferp_recv_mode recv_mode,
                        size_t *n)
{
    CALL_NONBLOCKING(recv_mode == FERP_RECV ? ferp_recv(raw, buf, len, n)
                                            : ferp_peek(raw, buf, len, n));
}

fer_error ferp_try_send(fer_raw_socket raw, const void *buf, size_t len, size_t *n)
{
    CALL_NONBLOCKING(ferp_send(raw, buf, len, n));
}

fer_error ferp_try_recv_vectored(fer_raw_socket raw, const fer_io_slice_mut *slices, size_t count,
                                 size_t *n)
{
    CALL_NONBLOCKING(ferp_recv_vectored(raw, slices, count, n));
}

fer_error ferp_try_send_vectored(fer_raw_socket raw, const fer_io_slice *slices, size_t count,
                                 size_t *n)
{
    CALL_NONBLOCKING(ferp_send_vectored(raw, slices, count, n));
}

fer_error ferp_try_recv_from(fer_raw_socket raw, void *buf, size_t len, ferp_protocol protocol,
                             struct ferp_datagram *out)
{
    CALL_NONBLOCKING(ferp_recv_from(raw, buf, len, protocol, out));
}

fer_error ferp_try_peek_from(fer_raw_socket raw, void *buf, size_t len, struct ferp_datagram *out)
{
    CALL_NONBLOCKING(ferp_peek_from(raw, buf, len, out));
}

fer_error ferp_try_send_to(fer_raw_socket raw, const void *buf, size_t len,
                           const fer_socket_addr *addr, size_t *n)
{
    CALL_NONBLOCKING(ferp_send_to(raw, buf, len, addr, n));
}

fer_error ferp_try_unix_recv_from(fer_raw_socket raw, void *buf, size_t len,
                                  struct ferp_unix_datagram *out)
{
    CALL_NONBLOCKING(ferp_unix_recv_from(raw, buf, len, out));
}

fer_error ferp_try_unix_send_to(fer_raw_socket raw, const void *buf, size_t len,
                                const fer_unix_addr *addr, size_t *n)
{
    CALL_NONBLOCKING(ferp_unix_send_to(raw, buf, len, addr, n));
}
