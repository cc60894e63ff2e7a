/* winsock_library.c: calls of the library, for the rows of winsock_script.h that play what Windows
 * answers to core too. */
#include "unit/winsock_script.h"

#include <string.h>

#include "ferrule/tcp.h"
#include "ferrule/udp.h"

static struct {
    fer_udp_socket udp;
    fer_tcp_listener listener;
    fer_tcp_stream stream;
} library;

static char bytes[64];

void script_forget_library(void)
{
    memset(&library, 0, sizeof library);
}

static fer_socket_addr loopback_of(int64_t name)
{
    const fer_ipv4_addr v4 = FER_IPV4_ADDR_LOCALHOST;
    const fer_ipv6_addr v6 = FER_IPV6_ADDR_LOCALHOST;
    return name >> 16 == 6 ? fer_socket_addr_v6_new(v6, (uint16_t)name, 0, 0)
                           : fer_socket_addr_v4_new(v4, (uint16_t)name);
}

/* in: the address. The value of a receive: the length, and 10000 for a sender; of an error: its
 * code, and the kind is that of the error. */
static fer_error call_udp(const struct step *step, int64_t *out)
{
    const fer_socket_addr addr = loopback_of(step->in);
    const fer_ipv4_addr group = fer_ipv4_addr_new(239, 0, 0, 5);
    const fer_ipv4_addr source = fer_ipv4_addr_new(10, 0, 0, 9);
    const fer_ipv4_addr local = fer_ipv4_addr_new(10, 0, 0, 7);
    fer_udp_received got = {.len = 0};
    fer_error err = {FER_OK, 0};
    fer_error pending = {FER_OK, 0};
    switch (step->name) {
    case SEAM_fer_bind_udp: return fer_udp_socket_bind_addr(&library.udp, &addr);
    case SEAM_fer_connect_udp: return fer_udp_socket_connect_addr(&library.udp, &addr);
    case SEAM_fer_disconnect_udp: return fer_udp_socket_disconnect(&library.udp);
    case SEAM_fer_send_udp: return fer_udp_socket_send(&library.udp, bytes, 4, NULL);
    case SEAM_fer_recv_udp:
    case SEAM_fer_peek_udp:
        err = step->name == SEAM_fer_recv_udp
                  ? fer_udp_socket_try_recv_from(&library.udp, bytes, sizeof bytes, &got)
                  : fer_udp_socket_try_peek_from(&library.udp, bytes, sizeof bytes, &got);
        *out = err.kind == FER_OK ? (int64_t)got.len + 10000 * (got.from.port != 0) : 0;
        return err;
    case SEAM_fer_udp_error:
        err = fer_udp_socket_take_error(&library.udp, &pending);
        *out = pending.os_code;
        return err.kind == FER_OK ? (fer_error){pending.kind, 0} : err;
    case SEAM_fer_join: return fer_udp_socket_join_multicast_v4(&library.udp, group, local);
    case SEAM_fer_join_source:
        return fer_udp_socket_join_ssm_v4(&library.udp, group, source, local);
    default: fer_udp_socket_close(&library.udp); return err;
    }
}

/* in of a read and a write: the length. Of a read that may wait: .in2 is its timeout in
 * milliseconds. */
static fer_error call_stream(const struct step *step, int64_t *out)
{
    const fer_tcp_keepalive most = {true, {UINT64_MAX - 1}, {UINT64_MAX - 1}, UINT32_MAX};
    size_t n = 77;
    fer_error err = {FER_OK, 0};
    switch (step->name) {
    case SEAM_fer_adopt_stream:
        return fer_tcp_stream_from_raw(&library.stream, (fer_raw_socket)step->on);
    case SEAM_fer_read:
        FER_TRY(fer_tcp_stream_set_read_timeout(&library.stream,
                                                fer_duration_from_millis((uint64_t)step->in2)));
        err = fer_tcp_stream_read(&library.stream, bytes, (size_t)step->in, &n);
        *out = (int64_t)n;
        return err;
    case SEAM_fer_write:
        err = fer_tcp_stream_write(&library.stream, bytes, (size_t)step->in, &n);
        *out = (int64_t)n;
        return err;
    case SEAM_fer_keepalive: return fer_tcp_stream_set_keepalive(&library.stream, &most);
    default: fer_tcp_stream_close(&library.stream); return err;
    }
}

fer_error script_call_library(const struct step *step, int64_t *out)
{
    const fer_socket_addr addr = loopback_of(step->in);
    fer_error err = {FER_OK, 0};
    switch (step->name) {
    case SEAM_fer_bind_listener: return fer_tcp_listener_bind_addr(&library.listener, &addr);
    case SEAM_fer_close_listener: fer_tcp_listener_close(&library.listener); return err;
    default:
        return step->name < SEAM_fer_bind_listener ? call_udp(step, out) : call_stream(step, out);
    }
}
