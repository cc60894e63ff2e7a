/* winsock_sockets.c: the calls of Winsock of scripted_winsock.h. Each checks what every caller
 * must do, and answers as its step says. */
#include "unit/winsock_script.h"

#include <malloc.h>
#include <string.h>

#include "platform/common/control.h"

static int answer_int(const struct step *step)
{
    return script_succeeds(step) ? (int)step->result : SOCKET_ERROR;
}

/* ---- Addresses */

/* <afunix.h>, which older headers lack. */
struct unix_name {
    ADDRESS_FAMILY family;
    char path[108];
};

static int64_t name_of(const struct sockaddr *name, int len)
{
    ferp_winsock_sockaddr full;
    fer_socket_addr addr;
    memset(&full, 0, sizeof full);
    if (len <= 0 || (size_t)len > sizeof full) {
        script_fail("the length of an address is", len);
    }
    memcpy(&full, name, (size_t)len);
    if (ferp_winsock_sockaddr_to(&full, &addr).kind != FER_OK) {
        size_t end = offsetof(struct unix_name, path) + 1;
        const char *path = ((const struct unix_name *)(const void *)&full)->path;
        if (full.any.sa_family != AF_UNIX || strlen(path) + end != (size_t)len) {
            script_fail("an address of another family or length:", full.any.sa_family);
        }
        return PATH(len - (int64_t)end);
    }
    return addr.ip.family == FER_IP_V6 ? V6(addr.port) : V4(addr.port);
}

/* Without a path the length is that of the family. A path has its terminator, unless it fills all
 * of the structure. */
static void store_path(size_t path_len, struct sockaddr *name, int *len)
{
    struct unix_name full = {.family = AF_UNIX};
    size_t used = path_len + (path_len > 0 && path_len < sizeof full.path);
    memset(full.path, 'x', sizeof full.path);
    memset(full.path, 'p', path_len);
    full.path[used - (used > 0)] = used > path_len ? '\0' : full.path[used - (used > 0)];
    *len = (int)(offsetof(struct unix_name, path) + used);
    memcpy(name, &full, (size_t)*len);
}

/* 0: no address. The length that is passed must be that of the buffer. */
static void store_name(int64_t what, struct sockaddr *name, int *len)
{
    ferp_winsock_sockaddr full;
    fer_socket_addr addr;
    if (*len < (int)sizeof(struct sockaddr_in6)) {
        script_fail("the length of the buffer of an address is", *len);
    }
    if (what == 0) {
        *len = 0;
        return;
    }
    if (what >> 16 == 1) {
        store_path((size_t)(what & 0xFFFF), name, len);
        return;
    }
    memset(&addr, 0, sizeof addr);
    bool is_v6 = what >> 16 == 6;
    addr.ip.family = is_v6 ? FER_IP_V6 : FER_IP_V4;
    addr.ip.u.v4 = FER_IPV4_ADDR_LOCALHOST;
    if (is_v6) {
        addr.ip.u.v6 = FER_IPV6_ADDR_LOCALHOST;
    }
    addr.port = (uint16_t)what;
    *len = ferp_winsock_sockaddr_from(&addr, &full);
    memcpy(name, &full, (size_t)*len);
}

/* ---- Making, naming, closing */

/* on: 1 for a duplicate, and otherwise twice the protocol. A duplicate is inheritable whatever the
 * flags are: WSADuplicateSocketW has made it (rust-lang/rust#70719). */
SOCKET WINAPI scripted_WSASocketW(int family, int type, int protocol, LPWSAPROTOCOL_INFOW info,
                                  GROUP group, DWORD flags)
{
    const struct step *step =
        script_take(ANSWER_WSASocketW, info != NULL ? 1 : (int64_t)protocol * 2,
                    (int64_t)family * 65536 + type, flags);
    if (!script_succeeds(step)) {
        return INVALID_SOCKET;
    }
    script_add_socket(step->result, info != NULL || (flags & WSA_FLAG_NO_HANDLE_INHERIT) == 0);
    return (SOCKET)step->result;
}

/* out: the family. */
int WINAPI scripted_WSADuplicateSocketW(SOCKET socket, DWORD process, LPWSAPROTOCOL_INFOW info)
{
    if (process != GetCurrentProcessId()) {
        script_fail("a duplicate is for the process", process);
    }
    const struct step *step = script_take(ANSWER_WSADuplicateSocketW, (int64_t)socket, ANY, ANY);
    memset(info, 0, sizeof *info);
    info->iAddressFamily = (int)step->out;
    return answer_int(step);
}

int WINAPI scripted_closesocket(SOCKET socket)
{
    int result = answer_int(script_take(ANSWER_closesocket, (int64_t)socket, ANY, ANY));
    if (result == 0) {
        (void)script_remove_handle((int64_t)socket);
    }
    return result;
}

int WINAPI scripted_bind(SOCKET socket, const struct sockaddr *name, int len)
{
    return answer_int(script_take(ANSWER_bind, (int64_t)socket, name_of(name, len), ANY));
}

int WINAPI scripted_listen(SOCKET socket, int backlog)
{
    return answer_int(script_take(ANSWER_listen, (int64_t)socket, backlog, ANY));
}

int WINAPI scripted_connect(SOCKET socket, const struct sockaddr *name, int len)
{
    return answer_int(script_take(ANSWER_connect, (int64_t)socket, name_of(name, len), ANY));
}

SOCKET WINAPI scripted_accept(SOCKET socket, struct sockaddr *name, int *len)
{
    const struct step *step = script_take(ANSWER_accept, (int64_t)socket, ANY, ANY);
    if (!script_succeeds(step)) {
        return INVALID_SOCKET;
    }
    store_name(step->out, name, len);
    script_add_socket(step->result, true);
    return (SOCKET)step->result;
}

static int answer_name(int call, SOCKET socket, struct sockaddr *name, int *len)
{
    const struct step *step = script_take(call, (int64_t)socket, ANY, ANY);
    if (script_succeeds(step)) {
        store_name(step->out, name, len);
        return 0;
    }
    return SOCKET_ERROR;
}

int WINAPI scripted_getsockname(SOCKET socket, struct sockaddr *name, int *len)
{
    return answer_name(ANSWER_getsockname, socket, name, len);
}

int WINAPI scripted_getpeername(SOCKET socket, struct sockaddr *name, int *len)
{
    return answer_name(ANSWER_getpeername, socket, name, len);
}

int WINAPI scripted_shutdown(SOCKET socket, int how)
{
    return answer_int(script_take(ANSWER_shutdown, (int64_t)socket, how, ANY));
}

/* ---- Options */

int WINAPI scripted_ioctlsocket(SOCKET socket, long code, u_long *argument)
{
    const struct step *step =
        script_take(ANSWER_ioctlsocket, (int64_t)socket, (uint32_t)code, *argument);
    *argument = code == (long)FIONREAD ? (u_long)step->out : *argument;
    return answer_int(step);
}

static void store_protocol(int64_t what, char *value)
{
    WSAPROTOCOL_INFOW info;
    memset(&info, 0, sizeof info);
    info.iAddressFamily = (int)(what & 0xFF);
    info.iSocketType = (int)(what >> 8 & 0xFF);
    info.iProtocol = info.iSocketType == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    info.dwServiceFlags1 = (DWORD)(what >> 16);
    memcpy(value, &info, sizeof info);
}

/* A step with flags stores so many bytes. */
int WINAPI scripted_getsockopt(SOCKET socket, int level, int name, char *value, int *len)
{
    const struct step *step =
        script_take(ANSWER_getsockopt, (int64_t)socket, OPT(level, name), ANY);
    uint32_t number = (uint32_t)step->out;
    if (!script_succeeds(step)) {
        return SOCKET_ERROR;
    }
    if (level == SOL_SOCKET && name == SO_PROTOCOL_INFOW) {
        store_protocol(step->out, value);
    } else {
        *len = step->flags != 0 ? (int)step->flags : (int)sizeof number;
        memcpy(value, &number, (size_t)*len);
    }
    return 0;
}

/* Of a request for a group the last bytes of its group and of its source, and that of its
 * interface's address or the first one of its index ("IP_MREQ_SOURCE structure", "IPV6_MREQ
 * structure", "GROUP_SOURCE_REQ structure", MSDN). Of other options the first four bytes. */
static uint32_t number_of_option(const char *value, int len)
{
    static const struct {
        int len;
        int at[3];
    } requests[] = {{8, {3, -1, 7}}, {12, {3, 7, 11}}, {20, {15, -1, 16}}, {264, {31, 159, 0}}};
    uint32_t number = 0;
    memcpy(&number, value, len < 4 ? (size_t)len : 4);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        for (int k = 0; len == requests[i].len && k < 3; k++) {
            int at = requests[i].at[k];
            number = k == 0 ? 0 : number;
            number |= (at < 0 ? 0 : (uint32_t)(uint8_t)value[at]) << 8 * k;
        }
    }
    return number;
}

int WINAPI scripted_setsockopt(SOCKET socket, int level, int name, const char *value, int len)
{
    for (int at = 8; len == 264 && at <= 136; at += 128) {
        ADDRESS_FAMILY family;
        memcpy(&family, value + at, sizeof family);
        if (family != AF_INET6) {
            script_fail("a request for a source has an address of the family", family);
        }
    }
    return answer_int(script_take(ANSWER_setsockopt, (int64_t)socket, OPT(level, name),
                                  number_of_option(value, len)));
}

static INT CALLBACK scripted_send_message(SOCKET socket, LPWSAMSG message, DWORD flags,
                                          LPDWORD moved, LPWSAOVERLAPPED overlapped,
                                          LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    return scripted_WSASendMsg(socket, message, flags, moved, overlapped, routine);
}

static INT CALLBACK scripted_receive_message(SOCKET socket, LPWSAMSG message, LPDWORD moved,
                                             LPWSAOVERLAPPED overlapped,
                                             LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    return scripted_WSARecvMsg(socket, message, moved, overlapped, routine);
}

int WINAPI scripted_find_function(SOCKET socket, const GUID *id, void *out)
{
    const struct step *step = script_take(ANSWER_find_function, (int64_t)socket, ANY, ANY);
    static const GUID send_id = WSAID_WSASENDMSG;
    LPFN_WSASENDMSG send = scripted_send_message;
    LPFN_WSARECVMSG receive = scripted_receive_message;
    if (memcmp(id, &send_id, sizeof send_id) == 0) {
        memcpy(out, &send, sizeof send);
    } else {
        memcpy(out, &receive, sizeof receive);
    }
    return script_succeeds(step) ? 0 : SOCKET_ERROR;
}

/* What is stored is a SOCKET. */
int WINAPI scripted_WSAIoctl(SOCKET socket, DWORD code, LPVOID in, DWORD in_size, LPVOID out,
                             DWORD out_size, LPDWORD moved, LPWSAOVERLAPPED overlapped,
                             LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    uint32_t argument = 0;
    if (code == SIO_GET_EXTENSION_FUNCTION_POINTER) {
        return scripted_find_function(socket, in, out);
    }
    if (in_size > 0) {
        memcpy(&argument, in, in_size < 4 ? in_size : 4);
    }
    const struct step *step = script_take(ANSWER_WSAIoctl, (int64_t)socket, code, argument);
    SOCKET found = (SOCKET)step->out;
    if (!script_succeeds(step)) {
        return SOCKET_ERROR;
    }
    if (out_size == sizeof found) {
        memcpy(out, &found, sizeof found);
    }
    return (int)step->result;
}

/* ---- Transfers */

int WINAPI scripted_recv(SOCKET socket, char *buf, int len, int flags)
{
    const struct step *step = script_take(ANSWER_recv, (int64_t)socket, len, flags);
    return answer_int(step);
}

int WINAPI scripted_recvfrom(SOCKET socket, char *buf, int len, int flags, struct sockaddr *name,
                             int *name_len)
{
    const struct step *step = script_take(ANSWER_recvfrom, (int64_t)socket, len, flags);
    store_name(step->name_out, name, name_len);
    return answer_int(step);
}

int WINAPI scripted_send(SOCKET socket, const char *buf, int len, int flags)
{
    return answer_int(script_take(ANSWER_send, (int64_t)socket, len, flags));
}

int WINAPI scripted_sendto(SOCKET socket, const char *buf, int len, int flags,
                           const struct sockaddr *name, int name_len)
{
    return answer_int(script_take(ANSWER_sendto, (int64_t)socket, len, name_of(name, name_len)));
}

/* A request, with MSG_PEEK or 0 in `in`; or a receive into several buffers, whose number that is. A
 * request is of zero bytes, and its packet must not reach a completion port. */
int WINAPI scripted_WSARecv(SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD moved,
                            LPDWORD flags, LPWSAOVERLAPPED overlapped,
                            LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    if (overlapped != NULL &&
        (count != 1 || buffers[0].len != 0 || ((uintptr_t)overlapped->hEvent & 1) == 0)) {
        script_fail("a request has buffers of bytes, or a packet:", buffers[0].len);
    }
    const struct step *step =
        script_take(ANSWER_WSARecv, (int64_t)socket, overlapped != NULL ? *flags : count,
                    overlapped != NULL ? ((intptr_t)overlapped->hEvent & ~1) : 0);
    *moved = step->code == 0 ? (DWORD)step->out : *moved;
    return answer_int(step);
}

int WINAPI scripted_WSASend(SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD moved,
                            DWORD flags, LPWSAOVERLAPPED overlapped,
                            LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    const struct step *step = script_take(ANSWER_WSASend, (int64_t)socket, count, ANY);
    *moved = step->code == 0 ? (DWORD)step->out : *moved;
    return answer_int(step);
}

/* out: the count, or -1: not stored. in2: the length of the space for control messages. */
INT WINAPI scripted_WSARecvMsg(SOCKET socket, LPWSAMSG message, LPDWORD moved,
                               LPWSAOVERLAPPED overlapped,
                               LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    const struct step *step = script_take(ANSWER_WSARecvMsg, (int64_t)socket,
                                          message->lpBuffers->len, message->Control.len);
    size_t len = 0;
    int name_len = message->namelen;
    for (int i = 0; i < 2 && step->control[i].type != 0; i++) {
        unsigned char data[sizeof(IN6_PKTINFO)] = {0};
        bool is_v6_info =
            step->control[i].level == IPPROTO_IPV6 && step->control[i].type == IPV6_PKTINFO;
        bool is_v4_info =
            step->control[i].level == IPPROTO_IP && step->control[i].type == IP_PKTINFO;
        size_t size = is_v6_info ? sizeof(IN6_PKTINFO) : is_v4_info ? sizeof(IN_PKTINFO) : 4;
        memcpy(is_v6_info ? data + 12 : data, &step->control[i].value, 4);
        data[is_v6_info ? 16 : 4] = is_v6_info || is_v4_info ? 7 : 0; /* the interface */
        (void)ferp_control_append(FERP_CONTROL_LAYOUT_WINSOCK,
                                  (unsigned char *)message->Control.buf, message->Control.len, &len,
                                  step->control[i].level, step->control[i].type, data, size);
    }
    message->Control.len = (ULONG)len;
    message->dwFlags = step->flags;
    store_name(step->name_out, message->name, &name_len);
    *moved = step->out >= 0 ? (DWORD)step->out : *moved;
    return answer_int(step);
}

static void compare_controls(const WSAMSG *message, const struct control *wanted)
{
    size_t at = 0;
    ferp_control_message control;
    for (int i = 0; i < 2; i++) {
        bool is_there = ferp_control_next(FERP_CONTROL_LAYOUT_WINSOCK,
                                          (const unsigned char *)message->Control.buf,
                                          message->Control.len, &at, &control);
        if (is_there != (wanted[i].type != 0)) {
            script_fail("this control message is missing, or one too many:", i);
        }
        uint32_t value[2] = {0, 0};
        bool is_v6_info = wanted[i].level == IPPROTO_IPV6 && wanted[i].type == IPV6_PKTINFO;
        size_t at_value = is_v6_info ? 12 : 0;
        if (is_there && control.data_len >= at_value + 4) {
            size_t len = control.data_len - at_value;
            memcpy(value, control.data + at_value, len < sizeof value ? len : sizeof value);
        }
        if (is_there && (control.level != wanted[i].level || control.type != wanted[i].type ||
                         (value[0] | INTERFACE(value[1])) != wanted[i].value)) {
            script_fail("this control message has another level, type or value:", i);
        }
    }
}

INT WINAPI scripted_WSASendMsg(SOCKET socket, LPWSAMSG message, DWORD flags, LPDWORD moved,
                               LPWSAOVERLAPPED overlapped,
                               LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    const struct step *step =
        script_take(ANSWER_WSASendMsg, (int64_t)socket, message->lpBuffers->len,
                    message->name == NULL ? 0 : name_of(message->name, message->namelen));
    compare_controls(message, step->control);
    *moved = message->lpBuffers->len;
    return answer_int(step);
}

/* ---- Waits. The sets of a SOCKET have 4 bits; those of the 16th after it have the same. */

static int place_of(SOCKET socket)
{
    return (int)((socket - A) % 64);
}

static int64_t sets_of(const fd_set *set, int kind)
{
    int64_t sets = 0;
    for (u_int i = 0; set != NULL && i < set->fd_count; i++) {
        sets |= (int64_t)kind << place_of(set->fd_array[i]);
    }
    return sets;
}

static int keep(fd_set *set, int kind, int64_t found)
{
    u_int count = 0;
    for (u_int i = 0; set != NULL && i < set->fd_count; i++) {
        if ((found >> place_of(set->fd_array[i]) & kind) != 0) {
            set->fd_array[count++] = set->fd_array[i];
        }
    }
    if (set != NULL) {
        set->fd_count = count;
    }
    return (int)count;
}

/* How many SOCKETs each set has. They are consecutive numbers. No set is in another one, and the
 * last one ends in the memory that the first one begins. */
static int64_t sets_of_many(fd_set *const sets[3])
{
    int64_t counts = 0;
    size_t size = offsetof(fd_set, fd_array) + sets[0]->fd_count * sizeof(SOCKET);
    for (int i = 0; i < 3; i++) {
        counts |= (int64_t)sets[i]->fd_count << 16 * i;
        for (u_int k = 0; k < sets[i]->fd_count && k <= sets[0]->fd_count; k++) {
            if (sets[i]->fd_array[k] != A + 4 * (SOCKET)k) {
                script_fail("another SOCKET is in the set, or the set is in another one, at", k);
            }
        }
    }
    if (sets[0]->fd_count > FD_SETSIZE && _msize(sets[0]) < 3 * size) {
        script_fail("the sets have the memory", (int64_t)_msize(sets[0]));
    }
    return counts;
}

static int keep_last(fd_set *set, bool is_found)
{
    set->fd_array[0] = set->fd_array[set->fd_count - 1];
    set->fd_count = is_found;
    return is_found;
}

static int select_many(fd_set *const sets[3], int64_t millis)
{
    const struct step *step = script_take(ANSWER_select, NONE, millis, sets_of_many(sets));
    int found = 0;
    if (!script_succeeds(step)) {
        return SOCKET_ERROR;
    }
    if (step->out == 7) {
        return (int)(3 * sets[0]->fd_count); /* all of them */
    }
    for (int i = 0; i < 3; i++) {
        found += keep_last(sets[i], (step->out >> i & 1) != 0);
    }
    return found;
}

/* in: the milliseconds. in2: the sets. out: the sets that are returned; 0: the time has expired. */
int WINAPI scripted_select(int count, fd_set *reading, fd_set *writing, fd_set *failed,
                           const struct timeval *limit)
{
    int64_t millis = (int64_t)limit->tv_sec * 1000 + limit->tv_usec / 1000;
    if (reading != NULL && reading->fd_count > MANY_SOCKETS) {
        return select_many((fd_set *const[]){reading, writing, failed}, millis);
    }
    int64_t sets = sets_of(reading, READING) | sets_of(writing, WRITING) | sets_of(failed, FAILED);
    if (sets == 0 || limit->tv_usec >= 1000000) {
        script_fail("a select without sockets, or with microseconds of", limit->tv_usec);
    }
    const struct step *step = script_take(ANSWER_select, NONE, millis, sets);
    if (!script_succeeds(step)) {
        return SOCKET_ERROR;
    }
    script_now_nanos += step->out == 0 ? millis * 1000000 : 0;
    return keep(reading, READING, step->out) + keep(writing, WRITING, step->out) +
           keep(failed, FAILED, step->out);
}

/* in: the requested events. out: the reported ones. */
int WINAPI scripted_WSAPoll(WSAPOLLFD *entries, ULONG count, INT millis)
{
    if (count != 1 || millis != 0) {
        script_fail("a WSAPoll waits for milliseconds:", millis);
    }
    const struct step *step =
        script_take(ANSWER_WSAPoll, (int64_t)entries->fd, entries->events, ANY);
    entries->revents = (SHORT)step->out;
    return script_succeeds(step) ? step->out != 0 : SOCKET_ERROR;
}

BOOL WINAPI scripted_WSAGetOverlappedResult(SOCKET socket, LPWSAOVERLAPPED overlapped,
                                            LPDWORD moved, BOOL waits, LPDWORD flags)
{
    *moved = 0;
    int64_t event = (intptr_t)overlapped->hEvent & ~1;
    if (!script_remove_handle(event)) {
        script_fail("the place of a request is free before its result is read:", event);
    }
    script_add_handle(event);
    return script_succeeds(script_take(ANSWER_WSAGetOverlappedResult, (int64_t)socket, waits, ANY));
}
