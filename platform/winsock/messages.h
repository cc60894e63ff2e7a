/* messages.h: what messages.c and udp_features.c share: numbers that an older SDK lacks. Private to
 * platform/winsock. */
#ifndef FERP_WINSOCK_MESSAGES_H
#define FERP_WINSOCK_MESSAGES_H

#include "platform/winsock/winsock.h"

#include "platform/messages.h"

/* <ws2ipdef.h>: IP_ECN and IPV6_ECN are one number, and so are their options IP_RECVECN and
 * IPV6_RECVECN (Windows 11, Server 2022). <mstcpip.h>: since Windows 10 version 2004; the last is
 * the option UDP_RECV_MAX_COALESCED_SIZE and the message UDP_COALESCED_INFO. */
#define WINSOCK_ECN 50
#define WINSOCK_UDP_SEND_MSG_SIZE 2
#define WINSOCK_UDP_COALESCED 3

/* Whether WSASendMsg reads the local address and the interface of its control messages. Wine 8 and
 * 10 ignore all control messages of a send (measured): a datagram "from" another address leaves
 * from the usual one, and no call fails. udp_features.c */
bool ferp_winsock_sends_control(void);

#endif
