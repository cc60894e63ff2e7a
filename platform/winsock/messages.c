/* messages.c: messages of datagram sockets with their control messages, one in each system call.
 * Every socket of this backend is nonblocking. */
#include "platform/winsock/messages.h"

#include <mswsock.h>
#include <string.h>

#include "platform/common/control.h"
#include "platform/common/message_source.h"

/* ---- The system's functions. WSARecvMsg has no import: each provider has its own ("WSARecvMsg",
 * MSDN), and WSASendMsg is found in the same way. Those of one UDP provider serve all its sockets
 * (quinn-udp, windows.rs; msquic, datapath_winuser.c). */

typedef struct message_functions {
    LPFN_WSASENDMSG send;
    LPFN_WSARECVMSG receive;
} message_functions;

struct function_search {
    SOCKET socket;
    message_functions *found;
};

static bool find_function(SOCKET socket, GUID id, void *function, DWORD size)
{
    DWORD unused = 0;
    return WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, (DWORD)sizeof id, function,
                    size, &unused, NULL, NULL) == 0;
}

static BOOL CALLBACK find_message_functions(PINIT_ONCE once, PVOID parameter, PVOID *context)
{
    static const GUID send_id = WSAID_WSASENDMSG;
    static const GUID receive_id = WSAID_WSARECVMSG;
    const struct function_search *search = parameter;
    message_functions *found = search->found;
    (void)once;
    (void)context;
    return find_function(search->socket, send_id, &found->send, (DWORD)sizeof found->send) &&
           find_function(search->socket, receive_id, &found->receive, (DWORD)sizeof found->receive);
}

/* NULL: WSAGetLastError has the cause. The next call tries again. */
static const message_functions *functions_of(SOCKET socket)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    static message_functions functions;
    struct function_search search = {socket, &functions};
    return InitOnceExecuteOnce(&once, find_message_functions, &search, NULL) ? &functions : NULL;
}

/* ---- Control messages */

/* Both families' local address, and ECN, and as much again for options that the program has set on
 * its raw socket. A message that is longer is cut ("WSARecvMsg", MSDN, MSG_CTRUNC). */
enum { CONTROL_MAX = 256 };

typedef struct control_block {
    union {
        WSACMSGHDR aligned;
        unsigned char bytes[CONTROL_MAX];
    } u;
    size_t len;
} control_block;

static void add_control(control_block *control, int level, int type, const void *data, size_t size)
{
    (void)ferp_control_append(FERP_CONTROL_LAYOUT_WINSOCK, control->u.bytes, CONTROL_MAX,
                              &control->len, level, type, data, size);
}

/* "IP_PKTINFO", "IPV6_PKTINFO" in "IPPROTO_IP socket options" and "IPPROTO_IPV6 socket options",
 * MSDN. */
static void add_source(control_block *control, const struct ferp_send_message *message, bool is_v6)
{
    if (is_v6) {
        IN6_PKTINFO info;
        memset(&info, 0, sizeof info);
        info.ipi6_ifindex = message->interface_index;
        if (message->from.family != 0) {
            memcpy(&info.ipi6_addr, message->from.u.v6.octets, sizeof message->from.u.v6.octets);
        }
        add_control(control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    } else {
        IN_PKTINFO info;
        memset(&info, 0, sizeof info);
        info.ipi_ifindex = message->interface_index;
        memcpy(&info.ipi_addr, message->from.u.v4.octets, sizeof message->from.u.v4.octets);
        add_control(control, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
}

/* Whether the system sends the message from its local address and interface. Wine 8 and 10 ignore
 * all control messages of a send (measured): a datagram "from" another address leaves from the
 * usual one, and no call fails. An interface alone makes the source of an IPv4 packet 0.0.0.0
 * (multicast-socket, PR 5). */
static bool has_source_control(const struct ferp_send_message *message)
{
    if (message->from.family == 0 && message->interface_index == 0) {
        return true;
    }
    return !ferp_winsock_is_wine() && (message->from.family != 0 || message->family == FER_IP_V6);
}

/* IP_ECN sets only the two bits of ECN, and stands for IPv4 also on an IPv6 socket (quinn-udp,
 * windows.rs). IP_TOS is the whole octet (msquic, datapath_winuser.c). */
static void add_controls(control_block *control, const struct ferp_send_message *message)
{
    bool is_v6 = message->family == FER_IP_V6;
    INT octet = message->needs_tos ? message->tos : message->tos & 3;
    int octet_type = !message->needs_tos ? WINSOCK_ECN : is_v6 ? IPV6_TCLASS : IP_TOS;
    DWORD segment = (DWORD)message->segment_size;
    if (message->from.family != 0 || message->interface_index != 0) {
        add_source(control, message, is_v6);
    }
    if (message->has_tos) {
        add_control(control, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, octet_type, &octet, sizeof octet);
    }
    if (segment != 0) {
        add_control(control, IPPROTO_UDP, WINSOCK_UDP_SEND_MSG_SIZE, &segment, sizeof segment);
    }
}

/* ---- Sending */

size_t ferp_messages_per_call(void)
{
    return 1;
}

/* "The socket has not been bound" is WSAEINVAL ("WSASendMsg function", MSDN). True: it is bound now
 * to a port that the system chose, as sendto does it. */
static bool binds_unbound(fer_raw_socket raw, const struct ferp_send_message *message)
{
    fer_socket_addr local;
    fer_socket_addr any = {.ip.family = message->to.ip.family};
    return message->to.ip.family != 0 && ferp_local_addr(raw, &local).kind != FER_OK &&
           ferp_bind(raw, &any).kind == FER_OK;
}

fer_error ferp_send_messages(fer_raw_socket raw, const struct ferp_send_message *messages,
                             size_t count, unsigned flags, size_t *sent)
{
    SOCKET socket = ferp_winsock_socket(raw);
    ferp_winsock_sockaddr to;
    control_block control;
    WSABUF buffer;
    WSAMSG call;
    DWORD moved = 0;
    (void)count;
    (void)flags;
    *sent = 0;
    const message_functions *functions = functions_of(socket);
    if (functions == NULL) {
        return ferp_winsock_last_error();
    }
    if (!has_source_control(messages) || messages->hop_limit != 0 ||
        (messages->needs_tos && !ferp_winsock_has_classes())) {
        return ferp_winsock_error(WSAEOPNOTSUPP);
    }
    memset(&call, 0, sizeof call);
    /* WSABUF has one pointer type for both directions; WSASendMsg only reads. */
    buffer.buf = (char *)(uintptr_t)messages->buf;
    buffer.len = (ULONG)messages->len;
    call.lpBuffers = &buffer;
    call.dwBufferCount = 1;
    if (messages->to.ip.family != 0) {
        call.namelen = ferp_winsock_sockaddr_from(&messages->to, &to);
        call.name = &to.any;
    }
    control.len = 0;
    add_controls(&control, messages);
    call.Control.buf = control.len > 0 ? (char *)control.u.bytes : NULL;
    call.Control.len = (ULONG)control.len;
    fer_error error =
        ferp_winsock_transfer_result(functions->send(socket, &call, 0, &moved, NULL, NULL));
    if (error.os_code == WSAEINVAL && binds_unbound(raw, messages)) {
        error = ferp_winsock_transfer_result(functions->send(socket, &call, 0, &moved, NULL, NULL));
    }
    *sent = error.kind == FER_OK;
    return ferp_message_source_error(messages, error);
}

/* ---- Receiving */

/* An IPv6 socket gets both families' messages for a datagram over IPv4: the mapped address of
 * IPv6's stays (measured under Wine 8). */
static void read_control(const ferp_control_message *control, fer_datagram_recv *message)
{
    IN_PKTINFO v4;
    IN6_PKTINFO v6;
    INT octet = 0;
    INT hops = 0;
    DWORD size = 0;
    bool has_v6 = message->local_ip.family == FER_IP_V6;
    if (ferp_control_take(control, IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof v6)) {
        message->local_ip = (fer_ip_addr){.family = FER_IP_V6};
        memcpy(message->local_ip.u.v6.octets, &v6.ipi6_addr, sizeof v6.ipi6_addr);
        message->interface_index = v6.ipi6_ifindex;
    } else if (!has_v6 && ferp_control_take(control, IPPROTO_IP, IP_PKTINFO, &v4, sizeof v4)) {
        message->local_ip = (fer_ip_addr){.family = FER_IP_V4};
        memcpy(message->local_ip.u.v4.octets, &v4.ipi_addr, sizeof v4.ipi_addr);
        message->interface_index = v4.ipi_ifindex;
    } else if (ferp_control_take(control, IPPROTO_IP, WINSOCK_ECN, &octet, sizeof octet) ||
               ferp_control_take(control, IPPROTO_IPV6, WINSOCK_ECN, &octet, sizeof octet)) {
        message->has_ecn = true;
        message->ecn = (fer_ecn)(octet & 3);
    } else if (ferp_control_take(control, IPPROTO_IP, IP_TOS, &octet, sizeof octet) ||
               ferp_control_take(control, IPPROTO_IPV6, IPV6_TCLASS, &octet, sizeof octet)) {
        message->has_ecn = message->has_traffic_class = true;
        message->ecn = (fer_ecn)(octet & 3);
        message->traffic_class = (uint8_t)octet;
    } else if (ferp_control_take(control, IPPROTO_IP, IP_TTL, &hops, sizeof hops) ||
               ferp_control_take(control, IPPROTO_IP, WINSOCK_HOPLIMIT, &hops, sizeof hops) ||
               ferp_control_take(control, IPPROTO_IPV6, WINSOCK_HOPLIMIT, &hops, sizeof hops)) {
        message->has_hop_limit = true;
        message->hop_limit = (uint8_t)hops;
    } else if (ferp_control_take(control, IPPROTO_UDP, WINSOCK_UDP_COALESCED, &size, sizeof size) &&
               size != 0 && (size < message->len || message->truncated)) {
        message->segment_size = size;
    }
}

static void read_controls(const control_block *all, fer_datagram_recv *message)
{
    size_t len = all->len < CONTROL_MAX ? all->len : CONTROL_MAX;
    size_t at = 0;
    ferp_control_message control;
    while (ferp_control_next(FERP_CONTROL_LAYOUT_WINSOCK, all->u.bytes, len, &at, &control)) {
        read_control(&control, message);
    }
}

/* WSAEMSGSIZE is a datagram that is longer than the buffer, which is then full. With MSG_CTRUNC
 * alone it is control messages that do not fit: the datagram is whole, and its count is stored
 * (Wine's test_ip_pktinfo, which Windows passes). Wine 8 and 10 store no count, and no flag for a
 * datagram that is cut (measured): of a datagram whose length is not known no byte is reported. */
static void measure(const WSAMSG *call, bool is_too_long, DWORD moved, fer_datagram_recv *message)
{
    ULONG cap = call->lpBuffers->len;
    bool is_whole = !is_too_long || (call->dwFlags & (MSG_TRUNC | MSG_CTRUNC)) == MSG_CTRUNC;
    bool has_count = moved <= cap;
    message->len = !is_whole ? cap : has_count ? moved : 0;
    message->truncated = !is_whole || !has_count;
}

static fer_error read_message(const WSAMSG *call, const control_block *control,
                              const ferp_winsock_sockaddr *from, fer_error failure, DWORD moved,
                              fer_datagram_recv *message)
{
    if (failure.os_code == WSAESHUTDOWN) {
        return FERP_WINSOCK_OK;
    }
    if (failure.kind != FER_OK && failure.os_code != WSAEMSGSIZE) {
        return failure;
    }
    measure(call, failure.os_code == WSAEMSGSIZE, moved, message);
    FER_TRY(ferp_winsock_sockaddr_to(from, &message->from));
    message->segment_size = message->len + message->truncated;
    read_controls(control, message);
    return FERP_WINSOCK_OK;
}

fer_error ferp_recv_messages(fer_raw_socket raw, fer_datagram_recv *messages, size_t count,
                             unsigned flags, size_t *received)
{
    SOCKET socket = ferp_winsock_socket(raw);
    ferp_winsock_sockaddr from;
    control_block control;
    char none;
    WSABUF buffer;
    WSAMSG call;
    DWORD moved = UINT32_MAX; /* not stored */
    ULONG max = (ULONG)ferp_traits()->datagram_length_max;
    (void)count;
    (void)flags;
    *received = 0;
    const message_functions *functions = functions_of(socket);
    if (functions == NULL) {
        return ferp_winsock_last_error();
    }
    memset(&from, 0, sizeof from);
    memset(&call, 0, sizeof call);
    memset(&control, 0, sizeof control);
    *messages = (fer_datagram_recv){.buf = messages->buf, .cap = messages->cap};
    buffer.buf = messages->cap > 0 ? messages->buf : &none;
    buffer.len = messages->cap < max ? (ULONG)messages->cap : max;
    call.name = &from.any;
    call.namelen = (INT)sizeof from;
    call.lpBuffers = &buffer;
    call.dwBufferCount = 1;
    call.Control.buf = (char *)control.u.bytes;
    call.Control.len = CONTROL_MAX;
    fer_error failure = functions->receive(socket, &call, &moved, NULL, NULL) == 0
                            ? FERP_WINSOCK_OK
                            : ferp_winsock_datagram_error(WSAGetLastError());
    control.len = call.Control.len;
    FER_TRY(read_message(&call, &control, &from, failure, moved, messages));
    *received = 1;
    return FERP_WINSOCK_OK;
}
