/* control_types.h: the control messages and the options for datagrams that each POSIX system has.
 * Private to messages.c, message_control.c and message_options.c. */
#ifndef FERP_POSIX_CONTROL_TYPES_H
#define FERP_POSIX_CONTROL_TYPES_H

#include "platform/posix/posix.h"

#include <netinet/ip.h>
#include <sys/uio.h>
#include <unistd.h>

#include "platform/common/control.h"
#include "platform/messages.h"

/* The local address of a sent struct in_pktinfo. NetBSD's has one address, and its UDP refuses
 * control messages before 8 (EINVAL, run on 7.99.34). */
#ifdef __NetBSD__
#include <sys/param.h>
#define FERP_POSIX_PKTINFO_SOURCE ipi_addr
#define FERP_POSIX_PKTINFO_SENDS (__NetBSD_Version__ >= 800000000)
#else
#define FERP_POSIX_PKTINFO_SOURCE ipi_spec_dst
#define FERP_POSIX_PKTINFO_SENDS 1
#endif
#if !(FERP_HAS_PKTINFO && FERP_POSIX_PKTINFO_SENDS) && !FERP_HAS_SENDSRCADDR
#define FERP_POSIX_NO_SOURCE_V4 1
#endif

/* The address and the interface of a received datagram of IPv4 are two messages. So on NetBSD too,
 * whose IP_RECVPKTINFO has the address of the sender (7.99.34; ip_input.c, ip_savecontrol). */
#if FERP_HAS_SENDSRCADDR || (FERP_HAS_PKTINFO && defined(__NetBSD__))
#define FERP_POSIX_DESTINATION_BY_ADDRESS 1
#include <net/if_dl.h>
#endif

/* The numbers of Linux since 4.18 and 5.0 (include/uapi/linux/udp.h). A C library may lack them. */
#if FERP_HAS_SEGMENTS
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#endif

/* The types of IPv4's TOS and time to live; 0: there is none. NetBSD refuses those of a send
 * (sys/netinet/ip_output.c, ip_setpktopts), the others ignore them (FreeBSD, OpenBSD,
 * sys/netinet/udp_usrreq.c, udp_output; XNU, bsd/netinet/udp_usrreq.c, udp_output). The data of a
 * sent one are an int, of TOS on FreeBSD a byte (udp(4)). */
#if FERP_FOUND_ON_LINUX
#define FERP_POSIX_SENT_TOS IP_TOS
#define FERP_POSIX_SENT_TTL IP_TTL
#define FERP_POSIX_RECEIVED_TOS IP_TOS
#define FERP_POSIX_RECEIVED_TTL IP_TTL
#else
#define FERP_POSIX_SENT_TTL 0
#if FERP_HAS_RECVTTL
#define FERP_POSIX_RECEIVED_TTL IP_RECVTTL
#else
#define FERP_POSIX_RECEIVED_TTL 0
#endif
#if FERP_FOUND && (defined(__APPLE__) || defined(__FreeBSD__))
#define FERP_POSIX_SENT_TOS IP_TOS
#define FERP_POSIX_RECEIVED_TOS IP_RECVTOS
#else
#define FERP_POSIX_SENT_TOS 0
#define FERP_POSIX_RECEIVED_TOS 0
#endif
#endif
#ifdef __FreeBSD__
#define FERP_POSIX_TOS_IS_BYTE 1
#else
#define FERP_POSIX_TOS_IS_BYTE 0
#endif

/* Enough for the local address, TOS, the time to live and the size of segments. */
#define FERP_POSIX_SEND_CONTROL                                                             \
    (FERP_CONTROL_SPACE(sizeof(struct in6_pktinfo)) + 2 * FERP_CONTROL_SPACE(sizeof(int)) + \
     FERP_CONTROL_SPACE(sizeof(uint16_t)))

typedef struct ferp_posix_sent_control {
    size_t len;
    uint64_t words[FERP_POSIX_SEND_CONTROL / sizeof(uint64_t)];
} ferp_posix_sent_control;

/* Writes the control messages of a message to send. False: the system cannot send from the address
 * or the interface, or with the traffic class or the hop limit. message_control.c */
bool ferp_posix_write_control(const struct ferp_send_message *message,
                              ferp_posix_sent_control *out);

/* Stores what a control message says of a received message, whose length and from are stored
 * already. message_control.c */
void ferp_posix_read_control(const ferp_control_message *item, fer_datagram_recv *message);

/* Whether one call can move several messages: OK, or UNSUPPORTED. messages.c */
fer_error ferp_posix_batching(void);

#endif
