/* messages.h: what messages.c and udp_features.c share: numbers that an older SDK lacks, and the
 * question for traffic classes. Private to platform/winsock. */
#ifndef FERP_WINSOCK_MESSAGES_H
#define FERP_WINSOCK_MESSAGES_H

#include "platform/winsock/winsock.h"

#include "platform/messages.h"

/* <ws2ipdef.h>: IP_ECN and IPV6_ECN are one number, and so are their options IP_RECVECN and
 * IPV6_RECVECN (Windows 11, Server 2022); IP_RECVTTL, whose message is IP_TTL, and IPV6_HOPLIMIT.
 * <mstcpip.h>: since Windows 10 version 2004; the last is the option UDP_RECV_MAX_COALESCED_SIZE
 * and the message UDP_COALESCED_INFO. */
#define WINSOCK_ECN 50
#define WINSOCK_HOPLIMIT 21
#define WINSOCK_UDP_SEND_MSG_SIZE 2
#define WINSOCK_UDP_COALESCED 3

/* Whether IP_TOS and IPV6_TCLASS are messages with the whole octet. udp_features.c */
bool ferp_winsock_has_classes(void);

#endif
