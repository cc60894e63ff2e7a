/* socket.c: the life of a socket: birth, another handle, what it is, its pending error, shutdown
 * and close. */
#include "platform/winsock/winsock.h"

/* <mswsock.h> has it, with much else. */
#ifndef SO_CONNECT_TIME
#define SO_CONNECT_TIME 0x700C
#endif

static fer_error keep_from_children(SOCKET socket)
{
    if (!SetHandleInformation((HANDLE)socket, HANDLE_FLAG_INHERIT, 0)) {
        return ferp_winsock_last_error();
    }
    return FERP_WINSOCK_OK;
}

/* Windows 7 without its service pack 1 does not know WSA_FLAG_NO_HANDLE_INHERIT ("WSASocketW
 * function", MSDN). */
static fer_error make_socket_then_keep(int family, int type, int protocol, WSAPROTOCOL_INFOW *info,
                                       SOCKET *out)
{
    SOCKET made = WSASocketW(family, type, protocol, info, 0, WSA_FLAG_OVERLAPPED);
    if (made == INVALID_SOCKET) {
        return ferp_winsock_last_error();
    }
    fer_error err = keep_from_children(made);
    if (err.kind != FER_OK) {
        closesocket(made);
        return err;
    }
    *out = made;
    return FERP_WINSOCK_OK;
}

static fer_error make_socket(int family, int type, int protocol, WSAPROTOCOL_INFOW *info,
                             SOCKET *out)
{
    SOCKET made = WSASocketW(family, type, protocol, info, 0,
                             WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (made != INVALID_SOCKET) {
        *out = made;
        return FERP_WINSOCK_OK;
    }
    fer_error err = ferp_winsock_last_error();
    if (err.os_code == WSAEINVAL || err.os_code == WSAEPROTOTYPE) {
        return make_socket_then_keep(family, type, protocol, info, out);
    }
    return err;
}

static int system_domain_of(fer_domain domain)
{
    switch (domain) {
    case FER_DOMAIN_IPV4: return AF_INET;
    case FER_DOMAIN_IPV6: return AF_INET6;
    case FER_DOMAIN_UNIX:
    default: return AF_UNIX;
    }
}

/* "The specified protocol is the wrong type for this socket" ("WSASocketW function", MSDN). */
static fer_error error_of_birth(fer_error error)
{
    error.kind = error.os_code == WSAEPROTOTYPE ? FER_UNSUPPORTED : error.kind;
    return error;
}

fer_error ferp_socket_new(fer_domain domain, fer_type type, int protocol, fer_raw_socket *out)
{
    static const int types[] = {
        [FER_TYPE_STREAM] = SOCK_STREAM, [FER_TYPE_DGRAM] = SOCK_DGRAM, [FER_TYPE_RAW] = SOCK_RAW};
    SOCKET made = INVALID_SOCKET;
    FER_TRY(ferp_winsock_start());
    FER_TRY(
        error_of_birth(make_socket(system_domain_of(domain), types[type], protocol, NULL, &made)));
    fer_error err = ferp_winsock_set_io_mode(made, 1);
    if (err.kind != FER_OK) {
        closesocket(made);
        return err;
    }
    *out = (fer_raw_socket)made;
    return FERP_WINSOCK_OK;
}

/* Both SOCKETs name one socket: options, mode and timeouts are shared ("Shared Sockets", MSDN). */
fer_error ferp_duplicate(fer_raw_socket raw, fer_raw_socket *out)
{
    WSAPROTOCOL_INFOW info;
    SOCKET made = INVALID_SOCKET;
    FER_TRY(ferp_winsock_result(
        WSADuplicateSocketW(ferp_winsock_socket(raw), GetCurrentProcessId(), &info)));
    FER_TRY(make_socket(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, &made));
    *out = (fer_raw_socket)made;
    return FERP_WINSOCK_OK;
}

/* A nonblocking socket that lingers may answer WSAEWOULDBLOCK and stay open ("closesocket
 * function", MSDN): then it closes as a blocking one, which waits as POSIX does, and if that fails
 * too, at once. */
void ferp_close(fer_raw_socket raw)
{
    SOCKET socket = ferp_winsock_socket(raw);
    const struct linger at_once = {1, 0};
    if (closesocket(socket) == 0 || WSAGetLastError() != WSAEWOULDBLOCK) {
        return;
    }
    (void)ferp_winsock_set_io_mode(socket, 0);
    if (closesocket(socket) == 0 || WSAGetLastError() != WSAEWOULDBLOCK) {
        return;
    }
    (void)setsockopt(socket, SOL_SOCKET, SO_LINGER, (const char *)&at_once, (int)sizeof at_once);
    (void)closesocket(socket);
}

/* A DWORD or BOOL option; Windows writes one byte of some BOOLs, so what is not written is 0. */
static fer_error socket_option(SOCKET socket, int name, DWORD *out)
{
    DWORD value = 0;
    int size = (int)sizeof value;
    FER_TRY(ferp_winsock_result(getsockopt(socket, SOL_SOCKET, name, (char *)&value, &size)));
    *out = value;
    return FERP_WINSOCK_OK;
}

fer_error ferp_winsock_type_of(SOCKET socket, DWORD *out)
{
    return socket_option(socket, SO_TYPE, out);
}

fer_error ferp_describe(fer_raw_socket raw, ferp_description *out)
{
    SOCKET socket = ferp_winsock_socket(raw);
    DWORD type = 0;
    DWORD accepts = 0;
    WSAPROTOCOL_INFOW info;
    int info_size = (int)sizeof info;

    FER_TRY(ferp_winsock_start());
    FER_TRY(ferp_winsock_type_of(socket, &type));
    /* Not getsockname: an unbound socket has none (WSAEINVAL). */
    FER_TRY(ferp_winsock_result(
        getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &info_size)));
    /* A protocol that has no listeners may not have the option either. */
    (void)socket_option(socket, SO_ACCEPTCONN, &accepts);
    *out = (ferp_description){.is_stream = type == SOCK_STREAM,
                              .is_datagram = type == SOCK_DGRAM,
                              .is_raw = type == SOCK_RAW,
                              .is_ip =
                                  info.iAddressFamily == AF_INET || info.iAddressFamily == AF_INET6,
                              .is_unix = info.iAddressFamily == AF_UNIX,
                              .family = info.iAddressFamily == AF_INET6 ? FER_IP_V6 : FER_IP_V4,
                              .is_listening = accepts != 0,
                              .is_connected = ferp_check_connected(raw).kind == FER_OK,
                              .is_nonblocking = false};
    return FERP_WINSOCK_OK;
}

fer_error ferp_shutdown(fer_raw_socket raw, fer_shutdown how)
{
    static const int hows[] = {SD_RECEIVE, SD_SEND, SD_BOTH};
    return ferp_winsock_result(shutdown(ferp_winsock_socket(raw), hows[how]));
}

/* Whether the socket is, or was, connected: SO_CONNECT_TIME is then the seconds since, else
 * 0xFFFFFFFF ("SOL_SOCKET Socket Options", MSDN). */
static bool was_connected(SOCKET socket)
{
    DWORD seconds = 0;
    return socket_option(socket, SO_CONNECT_TIME, &seconds).kind == FER_OK && seconds != UINT32_MAX;
}

fer_error ferp_take_error(fer_raw_socket raw, fer_error *pending)
{
    SOCKET socket = ferp_winsock_socket(raw);
    DWORD code = 0;
    FER_TRY(socket_option(socket, SO_ERROR, &code));
    /* Wine forgets a reset here, and shows it as POLLERR alone. A failed connect shows POLLERR as
     * well, and its SO_ERROR may be late: that one is told apart by its never having been
     * connected. */
    if (code == 0 && ferp_winsock_is_broken(socket) && was_connected(socket)) {
        code = WSAECONNRESET;
    }
    *pending = ferp_winsock_error((int32_t)code);
    return FERP_WINSOCK_OK;
}
