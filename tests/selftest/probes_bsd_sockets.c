/* probes_bsd_sockets.c: the probes of probes_bsd.h of listeners, datagrams and Unix sockets, whose
 * answers on macOS are those of XNU 11417 and 7195 in a process on Linux. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/platform.h"
#include "selftest/probe.h"
#include "selftest/probes_bsd.h"
#include "selftest/raw.h"
#include "selftest/system.h"

/* ---- Listeners */

/* XNU, sogetoptlock. */
PROBE(query_of_a_listener, "rule R1; ferp_posix_listening")
{
    uint16_t port = 0;
    int listens = -1;
    raw_socket listener = raw_listen(4, &port);
    int result = raw_int_option(listener, SOL_SOCKET, SO_ACCEPTCONN, &listens);
    answer("getsockopt(SO_ACCEPTCONN) of a listener",
           EXPECTED("OK, set", "ENOPROTOOPT", "OK, set", "OK, set"),
           result < 0     ? name_of(result)
           : listens != 0 ? "OK, set"
                          : "OK, not set");
#ifdef TCP_CONNECTION_INFO
    unsigned char state = 0;
    raw_len len = sizeof state;
    result = getsockopt(listener, IPPROTO_TCP, TCP_CONNECTION_INFO, &state, &len);
    answer("its state by TCP_CONNECTION_INFO", EXPECTED(NULL, "1"),
           result == 0 ? raw_text(state) : name_of(result));
#endif
}

static const char *connect_without_a_path(raw_socket socket)
{
    struct sockaddr none;
    memset(&none, 0, sizeof none);
#ifdef SO_NOSIGPIPE
    none.sa_len = 2;
#endif
    none.sa_family = AF_UNIX;
    return name_of(connect(socket, &none, 2));
}

/* XNU, soconnectlock. */
PROBE(connect_of_a_unix_stream_without_a_path, "ferp_posix_listening")
{
    struct sockaddr_un address;
    raw_socket two[2];
    raw_socket listener = socket(AF_UNIX, SOCK_STREAM, 0);
    const char *folder = getenv("TMPDIR");
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/ferrule-probe-%d",
                   folder != NULL && strlen(folder) < 60 ? folder : "/tmp", (int)getpid());
    need(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
             listen(listener, 4) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0,
         "no Unix listener: %s", raw_text(-1));
    answer("of a listener", EXPECTED(NULL, "EOPNOTSUPP"), connect_without_a_path(listener));
    answer("of a connected one", EXPECTED(NULL, "EISCONN"), connect_without_a_path(two[0]));
    answer("a send of that one then", EVERYWHERE("OK"), name_of(raw_send(two[0], "x", 1)));
    (void)unlink(address.sun_path);
}

PROBE(hop_limit_of_an_accepted_stream, "rule O1; pass_on_hop_limit")
{
    struct sockaddr_in6 address;
    raw_len len = sizeof address;
    int hops = 0;
    raw_socket listener = socket(AF_INET6, SOCK_STREAM, 0);
    raw_socket client = socket(AF_INET6, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin6_family = AF_INET6;
    address.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
    (void)raw_set_int_option(listener, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 7);
    need(bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 4) == 0 &&
             getsockname(listener, (struct sockaddr *)&address, &len) == 0 &&
             connect(client, (struct sockaddr *)&address, len) == 0,
         "no connection over ::1: %s", raw_text(-1));
    raw_socket accepted = accept(listener, NULL, NULL);
    (void)raw_int_option(accepted, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops);
    answer("IPV6_UNICAST_HOPS of 7",
           EXPECTED("inherited", "not inherited", "inherited", "not inherited"),
           hops == 7 ? "inherited" : "not inherited");
}

/* ---- Datagrams */

static const char *bind_to(int type, uint32_t address)
{
    struct sockaddr_in to = raw_address(0);
    raw_socket made = raw_new(type);
    to.sin_addr.s_addr = htonl(address);
    const char *name = name_of(bind(made, (struct sockaddr *)&to, sizeof to));
    raw_close(made);
    return name;
}

/* XNU and FreeBSD, in_pcbbind, tcp_usr_bind; NetBSD, in_pcbbind_addr; OpenBSD, in_pcbbind. */
PROBE(bind_to_a_group, "rule L5; platform/sim/address_space.c")
{
    const uint32_t group = UINT32_C(0xef010203); /* 239.1.2.3 */
    answer("of a datagram socket", EVERYWHERE("OK"), bind_to(SOCK_DGRAM, group));
    answer("of a stream", EXPECTED("OK", "EAFNOSUPPORT", "EAFNOSUPPORT", "OK"),
           bind_to(SOCK_STREAM, group));
    answer("of a datagram socket, to 255.255.255.255",
           EXPECTED("OK", "EADDRNOTAVAIL", "EADDRNOTAVAIL", "EADDRNOTAVAIL", "OK"),
           bind_to(SOCK_DGRAM, INADDR_BROADCAST));
}

/* A receive binds no socket. */
PROBE(receive_of_an_unbound_socket, "rule U8")
{
    char byte = 0;
    raw_socket socket = raw_new(SOCK_DGRAM);
    raw_set_nonblocking(socket, true);
    answer("a receive", EVERYWHERE("EAGAIN"), name_of(raw_recv(socket, &byte, 1)));
    answer("a bind after it", EVERYWHERE("OK"), name_of(raw_bind(socket, 0)));
}

/* XNU, udp6_output. The length of the payload fits no header. */
PROBE(long_datagram_of_ipv6, "rule U2; ferp_posix_is_lost_datagram")
{
    static const char bytes[65528];
    struct sockaddr_in6 address;
    raw_len len = sizeof address;
    char text[60];
    raw_socket receiver = socket(AF_INET6, SOCK_DGRAM, 0);
    raw_socket sender = socket(AF_INET6, SOCK_DGRAM, 0);
    memset(&address, 0, sizeof address);
    address.sin6_family = AF_INET6;
    address.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
    need(bind(receiver, (struct sockaddr *)&address, len) == 0 &&
             getsockname(receiver, (struct sockaddr *)&address, &len) == 0,
         "no socket on ::1: %s", raw_text(-1));
    (void)raw_set_int_option(sender, SOL_SOCKET, SO_SNDBUF, 200000);
    (void)raw_set_int_option(receiver, SOL_SOCKET, SO_RCVBUF, 400000);
    long result = (long)sendto(sender, bytes, sizeof bytes, 0, (struct sockaddr *)&address, len);
    bool arrives = result > 0 && raw_poll(receiver, RAW_READ, 500) != 0;
    (void)snprintf(text, sizeof text, "%s%s", name_of(result),
                   result < 0 ? ""
                   : arrives  ? ", arrives"
                              : ", is lost");
    answer("a UDP datagram of 65528 bytes over IPv6",
           EXPECTED("EMSGSIZE", "OK, is lost", "EMSGSIZE", "EMSGSIZE"), text);
}

/* XNU, sosetoptlock and getpeername. */
PROBE(both_halves_of_a_datagram_socket, "rule U7; store_end")
{
    struct sockaddr_in peer;
    raw_len len = sizeof peer;
    struct timeval timeout = {1, 0};
    raw_socket socket = raw_new(SOCK_DGRAM);
    raw_socket other = raw_new(SOCK_DGRAM);
    (void)raw_bind(other, 0);
    (void)raw_connect(socket, raw_port(other));
    (void)shutdown(socket, SHUT_RDWR);
    answer("getpeername once both are shut down", EXPECTED("OK", "EINVAL", "OK", "OK", "OK"),
           name_of(getpeername(socket, (struct sockaddr *)&peer, &len)));
    answer("setsockopt then", EXPECTED("OK", "EINVAL", "OK", "OK", "OK"),
           name_of(setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout)));
}

/* A message of one byte with one control message. */
struct message {
    struct msghdr header;
    struct iovec slice;
    uint64_t control[8];
    char byte;
};

static void make_message(struct message *message, int level, int type, const void *data,
                         size_t size)
{
    memset(message, 0, sizeof *message);
    message->slice.iov_base = &message->byte;
    message->slice.iov_len = 1;
    message->header.msg_iov = &message->slice;
    message->header.msg_iovlen = 1;
    message->header.msg_control = message->control;
    message->header.msg_controllen = (raw_len)CMSG_SPACE(size);
    struct cmsghdr *control = CMSG_FIRSTHDR(&message->header);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = (raw_len)CMSG_LEN(size);
    memcpy(CMSG_DATA(control), data, size);
}

PROBE(source_of_a_first_datagram, "rule B7; prepare_source")
{
#if defined(IP_PKTINFO) && !defined(__NetBSD__)
    char text[60];
    struct in_pktinfo info;
    struct message message;
    raw_socket receiver = raw_new(SOCK_DGRAM);
    raw_socket sender = raw_new(SOCK_DGRAM);
    (void)raw_bind(receiver, 0);
    struct sockaddr_in to = raw_address(raw_port(receiver));
    memset(&info, 0, sizeof info);
    info.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK);
    make_message(&message, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    message.header.msg_name = &to;
    message.header.msg_namelen = sizeof to;
    const char *first = name_of((long)sendmsg(sender, &message.header, 0));
    const char *then = name_of((long)sendto(sender, "y", 1, 0, (struct sockaddr *)&to, sizeof to));
    (void)snprintf(text, sizeof text, "%s, then sendto %s", first, then);
    answer("IP_PKTINFO of a socket without a port",
           EXPECTED("OK, then sendto OK", "EINVAL, then sendto EINVAL", NULL, NULL), text);
#else
    conclude_absent("this system has no IP_PKTINFO");
#endif
}

/* ---- Unix sockets */

/* XNU, sbappendaddr. */
PROBE(unix_datagram_to_a_shut_read_half, "row unix_datagram_shut")
{
    raw_socket two[2];
    need(socketpair(AF_UNIX, SOCK_DGRAM, 0, two) == 0, "no pair: %s", raw_text(-1));
    (void)raw_shutdown_read(two[1]);
    answer("a send", EXPECTED("EPIPE", "EINVAL", "ENOBUFS", "ENOBUFS"),
           name_of(raw_send(two[0], "x", 1)));
}

static bool send_handle(raw_socket from, int handle)
{
    struct message message;
    make_message(&message, SOL_SOCKET, SCM_RIGHTS, &handle, sizeof handle);
    return sendmsg(from, &message.header, 0) == 1;
}

/* The lowest free number: one that is open below it stays open. */
static int next_number(int any)
{
    int next = dup(any);
    (void)close(next);
    return next;
}

/* XNU, soreceive_ctl and unp_externalize. */
PROBE(receive_leaks_handles, "platform/*/traits.c")
{
    raw_socket two[2];
    char byte;
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0, "no pair: %s", raw_text(-1));
    int before = next_number(two[0]);
    need(send_handle(two[0], two[0]), "no handle can be sent: %s", raw_text(-1));
    int n = raw_recv(two[1], &byte, 1);
    int after = next_number(two[0]);
    see("a recv of a byte with a handle: %s", raw_text(n));
    conclude_fact(ferp_traits()->receive_leaks_handles, after != before);
}
