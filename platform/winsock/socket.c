/* socket.c: creating, duplicating, describing, shutting down and closing sockets, and their pending
 * errors. */
#include "platform/winsock/winsock.h"

/* Defined in <mswsock.h>, which is not needed otherwise. */
#ifndef SO_CONNECT_TIME
#define SO_CONNECT_TIME 0x700C
#endif

static fer_error make_socket(int family, int type, int protocol, WSAPROTOCOL_INFOW *info,
                             SOCKET *out)
{
    *out = WSASocketW(family, type, protocol, info, 0,
                      WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    return *out != INVALID_SOCKET ? FERP_WINSOCK_OK : ferp_winsock_last_error();
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
static fer_error creation_error(fer_error error)
{
    error.kind = error.os_code == WSAEPROTOTYPE ? FER_UNSUPPORTED : error.kind;
    return error;
}

/* Makes a new SOCKET nonblocking, or closes it. */
static fer_error finish_socket(SOCKET created, fer_raw_socket *out)
{
    fer_error err = ferp_winsock_set_io_mode(created, 1);
    if (err.kind != FER_OK) {
        ferp_close((fer_raw_socket)created);
        return err;
    }
    ferp_winsock_begin_socket(created);
    *out = (fer_raw_socket)created;
    return FERP_WINSOCK_OK;
}

fer_error ferp_socket_new(fer_domain domain, fer_type type, int protocol, fer_raw_socket *out)
{
    static const int types[] = {
        [FER_TYPE_STREAM] = SOCK_STREAM, [FER_TYPE_DGRAM] = SOCK_DGRAM, [FER_TYPE_RAW] = SOCK_RAW};
    SOCKET created = INVALID_SOCKET;
    FER_TRY(ferp_winsock_start());
    FER_TRY(creation_error(
        make_socket(system_domain_of(domain), types[type], protocol, NULL, &created)));
    return finish_socket(created, out);
}

void ferp_winsock_keep_from_children(SOCKET socket)
{
    (void)SetHandleInformation((HANDLE)socket, HANDLE_FLAG_INHERIT, 0);
}

/* Both SOCKETs are of one socket ("Shared Sockets", MSDN). Whether the duplicate begins with the
 * other's blocking mode is not documented, so it is set, as libuv sets it on every import.
 * WSADuplicateSocketW makes the SOCKET, inheritable, and WSASocketW only returns it: its flags have
 * no effect (rust-lang/rust#70719; python/cpython, PR 102337). */
fer_error ferp_duplicate(fer_raw_socket raw, fer_raw_socket *out)
{
    WSAPROTOCOL_INFOW info;
    SOCKET created = INVALID_SOCKET;
    FER_TRY(ferp_winsock_result(
        WSADuplicateSocketW(ferp_winsock_socket(raw), GetCurrentProcessId(), &info)));
    FER_TRY(
        make_socket(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, &created));
    ferp_winsock_keep_from_children(created);
    return finish_socket(created, out);
}

/* closesocket of a nonblocking socket that lingers may fail with WSAEWOULDBLOCK and leave it open
 * ("closesocket function", MSDN). Then it is closed as a blocking socket, which waits as POSIX
 * does. If that fails too, it is closed without lingering. */
void ferp_close(fer_raw_socket raw)
{
    SOCKET socket = ferp_winsock_socket(raw);
    const struct linger no_linger = {1, 0};
    ferp_winsock_count_close(socket);
    if (closesocket(socket) == 0 || WSAGetLastError() != WSAEWOULDBLOCK) {
        return;
    }
    (void)ferp_winsock_set_io_mode(socket, 0);
    if (closesocket(socket) == 0 || WSAGetLastError() != WSAEWOULDBLOCK) {
        return;
    }
    (void)setsockopt(socket, SOL_SOCKET, SO_LINGER, (const char *)&no_linger,
                     (int)sizeof no_linger);
    (void)closesocket(socket);
}

/* A DWORD or BOOL option. Windows writes only one byte of some BOOLs; the others stay 0. */
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

/* SO_CONNECT_TIME is the number of seconds since the connect, or 0xFFFFFFFF ("SOL_SOCKET Socket
 * Options", MSDN). */
bool ferp_winsock_was_connected(SOCKET socket)
{
    DWORD seconds = 0;
    return socket_option(socket, SO_CONNECT_TIME, &seconds).kind == FER_OK && seconds != UINT32_MAX;
}

/* A stream that has a peer and is not connected has a pending or a failed connect. SO_ERROR shows
 * which. Under Wine 8 a pending connect has no peer. */
static bool is_connecting(SOCKET socket, DWORD type, bool is_connected)
{
    return type == SOCK_STREAM && !is_connected && ferp_winsock_has_peer(socket);
}

/* Under Wine a stream of which both halves have ended has no peer. */
static bool has_connection(fer_raw_socket raw, DWORD type)
{
    size_t queued = 0;
    return ferp_check_connected(raw).kind == FER_OK ||
           (type == SOCK_STREAM && ferp_bytes_queued(raw, &queued).kind == FER_OK && queued > 0);
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
    /* Not getsockname, which fails on an unbound socket (WSAEINVAL). */
    FER_TRY(ferp_winsock_result(
        getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &info_size)));
    /* A protocol without listeners may lack the option. */
    (void)socket_option(socket, SO_ACCEPTCONN, &accepts);
    bool is_connected = has_connection(raw, type);
    *out = (ferp_description){.is_stream = type == SOCK_STREAM,
                              .is_datagram = type == SOCK_DGRAM,
                              .is_raw = type == SOCK_RAW,
                              .is_ip =
                                  info.iAddressFamily == AF_INET || info.iAddressFamily == AF_INET6,
                              .is_unix = info.iAddressFamily == AF_UNIX,
                              .family = info.iAddressFamily == AF_INET6 ? FER_IP_V6 : FER_IP_V4,
                              .is_listening = accepts != 0,
                              .is_connected = is_connected,
                              .is_connecting = is_connecting(socket, type, is_connected),
                              .is_nonblocking = false};
    return FERP_WINSOCK_OK;
}

fer_error ferp_shutdown(fer_raw_socket raw, fer_shutdown how)
{
    static const int hows[] = {SD_RECEIVE, SD_SEND, SD_BOTH};
    return ferp_winsock_result(shutdown(ferp_winsock_socket(raw), hows[how]));
}

/* SO_ERROR has no refusal of a datagram, which a receive reports and a peek leaves to it (the sends
 * of Wine's test_UDP, which Windows passes, and of libuv's test-udp-send-unreachable.c all succeed;
 * libuv, src/win/udp.c). */
static bool is_refused(SOCKET socket)
{
    DWORD type = 0;
    char byte;
    return ferp_winsock_type_of(socket, &type).kind == FER_OK && type == SOCK_DGRAM &&
           recv(socket, &byte, 1, MSG_PEEK) < 0 && WSAGetLastError() == WSAECONNRESET;
}

fer_error ferp_take_error(fer_raw_socket raw, fer_error *pending)
{
    SOCKET socket = ferp_winsock_socket(raw);
    DWORD code = 0;
    FER_TRY(socket_option(socket, SO_ERROR, &code));
    /* SO_ERROR omits a reset, against its documentation (Wine's test_tcp_reset, which Windows
     * passes), and only POLLERR shows it. A failed connect sets POLLERR as well, and its SO_ERROR
     * may be late. It differs in that it was never connected. */
    bool is_reset =
        code == 0 && ferp_winsock_is_broken(socket) && ferp_winsock_was_connected(socket);
    if (is_reset || (code == 0 && is_refused(socket))) {
        code = WSAECONNRESET;
    }
    *pending = ferp_winsock_error((int32_t)code);
    return FERP_WINSOCK_OK;
}
