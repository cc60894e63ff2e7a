/* describing.c: the properties and the state of a socket, as far as the system reports them. */
#include "platform/posix/posix.h"

#include <netinet/tcp.h>
#include <netinet/udp.h>

/* IANA's numbers, which an old libc may lack. MPTCP's is Linux' own, because MPTCP is TCP on the
 * wire. */
#define FERP_POSIX_MPTCP 262
#define FERP_POSIX_UDPLITE 136

/* The option whose first byte is the state of a TCP connection: tcpi_state. SYN_SENT is 2 on Linux
 * (TCP_SYN_SENT), macOS and the BSDs (TCPS_SYN_SENT). The BSDs order the states: those from
 * FIN_WAIT_1 on follow the connection's own FIN (netinet/tcp_fsm.h). */
#if FERP_HAS_TCP_STATE && defined(TCP_INFO)
#define FERP_POSIX_TCP_STATE TCP_INFO
#elif FERP_HAS_TCP_STATE
#define FERP_POSIX_TCP_STATE TCP_CONNECTION_INFO
#endif
#ifdef FERP_POSIX_TCP_STATE
#define FERP_POSIX_HAS_STATE true
#else
#define FERP_POSIX_HAS_STATE false
#endif
#define FERP_POSIX_LISTEN 1 /* on macOS and the BSDs */
#define FERP_POSIX_SYN_SENT 2
#define FERP_POSIX_SYN_RECEIVED 3
#define FERP_POSIX_FIN_WAIT_1 6

/* The state of a TCP connection; negative if the socket has none, or if the OS cannot report it. If
 * a sandbox refuses the query, a stream that is not writable and has not ended is connecting.
 * Without a query it may also be new: outside of Linux a new stream is not writable. */
static int tcp_state(int fd)
{
    int code = ENOSYS;
#ifdef FERP_POSIX_TCP_STATE
    unsigned char state = 0;
    socklen_t len = sizeof state;
    if (getsockopt(fd, IPPROTO_TCP, FERP_POSIX_TCP_STATE, &state, &len) == 0) {
        return state;
    }
    code = errno;
#endif
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    int ready = ferp_posix_is_refusal(code) ? poll(&entry, 1, 0) : -1;
    bool is_connecting =
        FERP_POSIX_HAS_STATE && ready == 0 && ferp_check_connected(fd).kind == FER_NOT_CONNECTED;
    errno = ready == 1 ? ENOTCONN : code; /* a connect that is pending is not writable */
    return is_connecting ? FERP_POSIX_SYN_SENT : -1;
}

/* Whether a TCP connection has sent its FIN. FreeBSD, NetBSD and OpenBSD disconnect a socket whose
 * write half is shut down again once the peer has acknowledged the FIN: further input is discarded
 * (tcp_usrclosed). XNU rejects the second call (soshutdownlock_final). */
bool ferp_posix_has_sent_end(int fd)
{
#if defined(FERP_POSIX_BSD) && !defined(__APPLE__)
    return tcp_state(fd) >= FERP_POSIX_FIN_WAIT_1;
#else
    (void)fd;
    return false;
#endif
}

static fer_error int_option(int fd, int option, int *out)
{
    socklen_t len = sizeof *out;
    *out = 0;
    return ferp_posix_result(getsockopt(fd, SOL_SOCKET, option, out, &len));
}

/* A connect of a Unix stream to an address without a path has no effect. Only of a socket that
 * listens it is EOPNOTSUPP (XNU, soconnectlock; run). */
static bool unix_stream_listens(int fd)
{
#ifdef FERP_POSIX_BSD
    const struct sockaddr none = {.sa_len = 2, .sa_family = AF_UNIX};
    fer_unix_addr name;
    return ferp_unix_local_addr(fd, &name).kind == FER_OK && connect(fd, &none, none.sa_len) < 0 &&
           errno == EOPNOTSUPP;
#else
    (void)fd;
    return false;
#endif
}

/* XNU's getsockopt has no SO_ACCEPTCONN: ENOPROTOOPT (uipc_socket.c, sogetoptlock; run). */
fer_error ferp_posix_listening(int fd, int *out)
{
    int type = 0;
    fer_error error = int_option(fd, SO_ACCEPTCONN, out);
    if (error.os_code != ENOPROTOOPT) {
        return error;
    }
    FER_TRY(int_option(fd, SO_TYPE, &type));
    *out = type == SOCK_STREAM && (tcp_state(fd) == FERP_POSIX_LISTEN || unix_stream_listens(fd));
    return (fer_error){FER_OK, 0};
}

fer_error ferp_take_error(fer_raw_socket raw, fer_error *pending)
{
    int code = 0;
    fer_error error = int_option((int)raw, SO_ERROR, &code);
    if (error.kind == FER_OK) {
        *pending = ferp_posix_error_of(code);
    }
    return error;
}

/* Whether an IP socket is TCP or UDP, or a protocol with the same calls. The type alone cannot
 * exclude ping sockets (icmp(7)) and SCTP (sctp(7)). If the system does not report the protocol,
 * the type decides. */
static bool is_tcp_or_udp(int fd, int type)
{
#if FERP_HAS_PROTOCOL
    int protocol = 0;
    if (int_option(fd, SO_PROTOCOL, &protocol).kind != FER_OK) {
        return true;
    }
    return type == SOCK_STREAM ? protocol == IPPROTO_TCP || protocol == FERP_POSIX_MPTCP
                               : protocol == IPPROTO_UDP || protocol == FERP_POSIX_UDPLITE;
#elif FERP_FOUND && defined(UDP_NOCKSUM)
    /* macOS has no SO_PROTOCOL. Its sockets of ICMP refuse UDP's option with EINVAL (XNU,
     * ip_icmp.c, icmp_dgram_ctloutput). */
    int unchecked = 0;
    socklen_t len = sizeof unchecked;
    return type != SOCK_DGRAM || getsockopt(fd, IPPROTO_UDP, UDP_NOCKSUM, &unchecked, &len) == 0 ||
           errno != EINVAL;
#else
    (void)fd;
    (void)type;
    return true;
#endif
}

/* A TCP that has ended has a state before SYN_SENT (Linux, macOS) or none (ECONNRESET, EINVAL: the
 * BSDs, tcp_ctloutput). Any other failure, for example of a sandbox, proves nothing. */
ferp_pending ferp_connect_is_pending(fer_raw_socket raw)
{
    int state = tcp_state((int)raw);
    if (state < 0) {
        bool has_ended = errno == ECONNRESET || errno == EINVAL || errno == ENOTCONN;
        return has_ended ? FERP_NOT_PENDING : FERP_MAY_BE_PENDING;
    }
    return state == FERP_POSIX_SYN_SENT || state == FERP_POSIX_SYN_RECEIVED ? FERP_PENDING
                                                                            : FERP_NOT_PENDING;
}

/* FIONREAD and poll consume nothing, not even a pending error. FIONREAD of MPTCP is 1 without a
 * connection too (Linux, net/mptcp/protocol.c, mptcp_inq_hint), but poll reports no input then. */
static bool has_queued_bytes(fer_raw_socket raw)
{
    struct pollfd entry = {.fd = (int)raw, .events = POLLIN};
    size_t queued = 0;
    return ferp_bytes_queued(raw, &queued).kind == FER_OK && queued > 0 &&
           poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN) != 0;
}

/* The peer of a stream is queried again after its state, because a connect may end in between. */
static void describe_connection(fer_raw_socket raw, ferp_description *out)
{
    out->is_connected = ferp_check_connected(raw).kind == FER_OK;
    if (out->is_stream && !out->is_listening && !out->is_connected) {
        out->is_connecting = tcp_state((int)raw) == FERP_POSIX_SYN_SENT; /* none but TCP's */
        out->is_connected = !out->is_connecting &&
                            (ferp_check_connected(raw).kind == FER_OK || has_queued_bytes(raw));
    }
}

/* Whether each send of a Unix socket is one message, and a receive that is too short cuts it. Since
 * FreeBSD 15 a message ends where the sender has set MSG_EOR, and the next receive returns the rest
 * (sys/kern/uipc_usrreq.c, uipc_sosend_stream_or_seqpacket, uipc_soreceive_stream_or_seqpacket). */
static bool is_packets(int type)
{
#ifdef __FreeBSD__
    (void)type;
    return false;
#else
    return type == SOCK_SEQPACKET;
#endif
}

/* NetBSD and OpenBSD report no address of a TCP connection that has ended, so its version is not
 * known. No other socket is without one. */
fer_error ferp_describe(fer_raw_socket raw, ferp_description *out)
{
    if (raw < 0 || raw > INT_MAX) {
        return ferp_posix_error_of(EBADF);
    }
    int type = 0;
    int listening = 0;
    bool nonblocking = false;
    fer_socket_addr addr;
    fer_unix_addr name;
    FER_TRY(int_option((int)raw, SO_TYPE, &type));
    FER_TRY(ferp_posix_listening((int)raw, &listening));
    FER_TRY(ferp_is_nonblocking(raw, &nonblocking));
    fer_error named = ferp_local_addr(raw, &addr);
    bool is_ip = named.kind == FER_OK || named.kind == FER_NOT_CONNECTED;
    bool is_unix = !is_ip && ferp_unix_local_addr(raw, &name).kind == FER_OK;
    fer_ip_family family = named.kind == FER_OK ? addr.ip.family : FER_IP_V4;
    *out = (ferp_description){
        .is_stream = type == SOCK_STREAM,
        .is_datagram = type == SOCK_DGRAM,
        .is_raw = type == SOCK_RAW,
        .is_packets = is_unix && is_packets(type),
        .is_ip = is_ip,
        .is_of_other_protocol = is_ip && !is_tcp_or_udp((int)raw, type),
        .is_unix = is_unix,
        .family = family,
        .is_listening = listening != 0,
        .is_nonblocking = nonblocking,
    };
    describe_connection(raw, out);
    return (fer_error){FER_OK, 0};
}
