/* probes_winsock.c: probes that have system calls of Windows. Those of AFD: probes_afd.c. */
#include <winsock2.h>

#include <mswsock.h>
#include <stdio.h>
#include <string.h>

#include "selftest/probe.h"
#include "selftest/raw.h"
#include "selftest/system.h"
#include "selftest/unix_winsock.h"

bool unix_path_of(struct unix_address *out, size_t len)
{
    char folder[MAX_PATH + 1];
    memset(out, 0, sizeof *out);
    out->family = AF_UNIX;
    DWORD used = GetTempPathA(MAX_PATH, folder);
    if (used == 0 || used + 12 > (len != 0 ? len : sizeof out->path - 1)) {
        return false;
    }
    snprintf(out->path, sizeof out->path, "%sf%05lu.s", folder, GetCurrentProcessId() % 100000);
    for (size_t at = strlen(out->path); at < len; at++) {
        out->path[at] = 'x';
    }
    return true;
}

static SOCKET duplicate(SOCKET socket)
{
    WSAPROTOCOL_INFOW info;
    if (WSADuplicateSocketW(socket, GetCurrentProcessId(), &info) != 0) {
        return INVALID_SOCKET;
    }
    return WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0,
                      WSA_FLAG_OVERLAPPED);
}

/* ---- Words and modes of duplicates */

PROBE(clones_share_timeouts, "rule T6; platform/winsock/modes.c")
{
    raw_socket two[2];
    int value = 0;
    raw_pair(two);
    raw_set_timeouts(two[0], 1111);
    SOCKET clone = duplicate(two[0]);
    believe("MSDN and Wine: shared; rust#95336: not shared");
    (void)raw_int_option(clone, SOL_SOCKET, SO_RCVTIMEO, &value);
    see("1111 set before the clone is made: it reads %d", value);
    raw_set_timeouts(clone, 2222);
    (void)raw_int_option(two[0], SOL_SOCKET, SO_RCVTIMEO, &value);
    see("2222 set through the clone: the original reads %d", value);
    raw_set_timeouts(two[0], 3333);
    (void)raw_int_option(clone, SOL_SOCKET, SO_RCVTIMEO, &value);
    see("3333 set through the original: the clone reads %d", value);
}

PROBE(timeout_words_keep_bits, "platform/winsock/modes.c")
{
    static const unsigned words[] = {0x80001234u, 0xC0000001u, 0x40000000u, 0xFFFFFFFFu};
    bool is_kept = true;
    raw_socket socket = raw_new(SOCK_STREAM);
    believe("every word is read as it was set");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        int value = 0;
        int result = raw_set_int_option(socket, SOL_SOCKET, SO_RCVTIMEO, (int)words[i]);
        const char *text = result == 0 ? "OK" : raw_text(result);
        (void)raw_int_option(socket, SOL_SOCKET, SO_RCVTIMEO, &value);
        see("%08X: %s, read as %08X", words[i], text, (unsigned)value);
        is_kept = is_kept && result == 0 && (unsigned)value == words[i];
    }
    conclude(is_kept);
}

/* ---- Inheritance */

static const char *flags_text(SOCKET socket)
{
    DWORD flags = 0;
    if (!GetHandleInformation((HANDLE)socket, &flags)) {
        return "unknown";
    }
    return (flags & HANDLE_FLAG_INHERIT) != 0 ? "inherited" : "not inherited";
}

PROBE(inheritance_of_handles, "ferp_accept")
{
    raw_socket two[2];
    raw_pair(two);
    believe("accepted SOCKETs are inherited, until SetHandleInformation");
    see("socket: %s, accept: %s", flags_text(two[0]), flags_text(two[1]));
    SOCKET made = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0,
                             WSA_FLAG_OVERLAPPED | 0x80 /* WSA_FLAG_NO_HANDLE_INHERIT */);
    see("WSA_FLAG_NO_HANDLE_INHERIT: %s", made == INVALID_SOCKET ? raw_text(-1) : flags_text(made));
    BOOL is_set = SetHandleInformation((HANDLE)two[1], HANDLE_FLAG_INHERIT, 0);
    see("SetHandleInformation: %s, then %s", is_set ? "OK" : raw_text(-1), flags_text(two[1]));
    conclude(is_set && strcmp(flags_text(two[1]), "not inherited") == 0);
}

PROBE(providers, "platform/winsock/afd.c")
{
    WSAPROTOCOL_INFOW info;
    int len = (int)sizeof info;
    DWORD n = 0;
    SOCKET base = INVALID_SOCKET;
    SOCKET socket = raw_new(SOCK_STREAM);
    memset(&info, 0, sizeof info);
    (void)getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &len);
    believe("IFS handles, and no layered provider");
    see("%s, chain of %d", (info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0 ? "IFS handles" : "no IFS",
        info.ProtocolChain.ChainLen);
    int result = WSAIoctl(socket, 0x48000022u /* SIO_BASE_HANDLE */, NULL, 0, &base,
                          (DWORD)sizeof base, &n, NULL, NULL);
    see("SIO_BASE_HANDLE: %s", result != 0 ? raw_text(-1) : base == socket ? "itself" : "another");
    conclude((info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0 && base == socket);
}

/* ---- Overlapped receives */

struct request {
    OVERLAPPED overlapped;
    WSABUF buffer;
    DWORD flags;
};

/* WSARecv without room. Returns its code, 0 if it has completed. */
static int begin_receive(struct request *request, SOCKET socket)
{
    memset(request, 0, sizeof *request);
    request->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    return WSARecv(socket, &request->buffer, 1, NULL, &request->flags, &request->overlapped,
                   NULL) == 0
               ? 0
               : WSAGetLastError();
}

static const char *end_of(struct request *request, SOCKET socket, DWORD milliseconds)
{
    DWORD n = 0;
    DWORD flags = 0;
    if (WaitForSingleObject(request->overlapped.hEvent, milliseconds) != WAIT_OBJECT_0) {
        return "still pending";
    }
    return WSAGetOverlappedResult(socket, &request->overlapped, &n, FALSE, &flags) ? "OK"
                                                                                   : raw_text(-1);
}

/* A receive without room waits, completes with data, and can be cancelled. */
static void see_empty_receives(SOCKET reader, SOCKET writer)
{
    struct request request;
    char bytes[8];
    int code = begin_receive(&request, reader);
    see("empty WSARecv: %s", code == 0 ? "completed at once" : raw_code_text(code));
    see("without data: %s", end_of(&request, reader, 50));
    (void)raw_send(writer, "data", 4);
    see("with data: %s", end_of(&request, reader, 2000));
    see("then recv %s", raw_text(raw_recv(reader, bytes, sizeof bytes)));
    /* eventcore PR 225: a cancel may end reading. */
    for (int i = 0; i < 5; i++) {
        (void)begin_receive(&request, reader);
        BOOL is_cancelled = CancelIoEx((HANDLE)reader, &request.overlapped);
        int cancel_code = (int)GetLastError();
        see("CancelIoEx: %s, then %s", is_cancelled ? "OK" : raw_code_text(cancel_code),
            end_of(&request, reader, 2000));
    }
    (void)raw_send(writer, "data", 4);
    see("later data: recv %s", raw_text(raw_recv(reader, bytes, sizeof bytes)));
}

PROBE(empty_receives, "platform/winsock/wait.c")
{
    raw_socket two[2];
    struct request request;
    char byte = 0;
    raw_pair(two);
    believe("pending, OK with data, WSA_OPERATION_ABORTED after a cancel; nothing is lost");
    see_empty_receives(two[0], two[1]);
    raw_close(two[0]);
    int n = raw_recv(two[1], &byte, 1);
    see("then a close; the peer's recv: %s%s", raw_text(n), n == 0 ? ", the end of file" : "");
    raw_close(two[1]);
    raw_pair(two);
    (void)begin_receive(&request, two[0]);
    raw_reset(two[1]);
    see("a reset meanwhile: %s", end_of(&request, two[0], 2000));
    see("then recv: %s", raw_text(raw_recv(two[0], &byte, 1)));
}

PROBE(empty_receives_of_unix_sockets, "platform/winsock/unix.c")
{
    struct unix_address address;
    SOCKET listener = socket(AF_UNIX, SOCK_STREAM, 0);
    SOCKET client = socket(AF_UNIX, SOCK_STREAM, 0);
    need(listener != INVALID_SOCKET, "no AF_UNIX: %s", raw_text(-1));
    need(unix_path_of(&address, 0) &&
             bind(listener, (struct sockaddr *)&address, (int)sizeof address) == 0 &&
             listen(listener, 4) == 0 &&
             connect(client, (struct sockaddr *)&address, (int)sizeof address) == 0,
         "no connection: %s", raw_text(-1));
    SOCKET accepted = accept(listener, NULL, NULL);
    raw_set_timeouts(accepted, 3000);
    believe("as on TCP");
    see_empty_receives(accepted, client);
    raw_close(accepted);
    raw_close(client);
    raw_close(listener);
    (void)DeleteFileA(address.path);
    strcpy(address.path, "Q:\\no\\such\\folder\\f.s");
    client = socket(AF_UNIX, SOCK_STREAM, 0);
    int result = connect(client, (struct sockaddr *)&address, (int)sizeof address);
    see("connect to a folder that does not exist: %s", raw_text(result));
    result = bind(client, (struct sockaddr *)&address, (int)sizeof address);
    see("bind there: %s", raw_text(result));
}

/* ---- Connects and modes */

PROBE(initial_rto, "ferp_disable_connect_retry")
{
    struct {
        USHORT rtt;
        UCHAR retries;
    } parameters = {0xFFFF, 0xFE}; /* TCP_INITIAL_RTO_UNSPECIFIED_RTT, _NO_SYN_RETRANSMISSIONS */
    DWORD n = 0;
    SOCKET client = raw_new(SOCK_STREAM);
    int result = WSAIoctl(client, 0x98000011u, &parameters, (DWORD)sizeof parameters, NULL, 0, &n,
                          NULL, NULL);
    believe("a refused connect is reported without retries");
    see("SIO_TCP_INITIAL_RTO: %s", result == 0 ? "OK" : raw_text(result));
    uint64_t began = system_now_ms();
    result = raw_connect(client, raw_refused_port());
    const char *text = raw_text(result);
    uint64_t took = system_now_ms() - began;
    see("connect: %s after %u ms", text, (unsigned)took);
    conclude(took < 500);
}

/* NtQueryInformationFile, FileModeInformation: 0x10 and 0x20 are the synchronous modes. */
static const char *mode_text(SOCKET socket)
{
    LONG(WINAPI * query)(HANDLE, void *, void *, ULONG, int) = NULL;
    FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtQueryInformationFile");
    ULONG mode = 0;
    uintptr_t status[2] = {0, 0};
    memcpy(&query, &found, sizeof query);
    if (query == NULL || query((HANDLE)socket, status, &mode, (ULONG)sizeof mode, 16) != 0) {
        return "unknown";
    }
    return (mode & 0x30u) != 0 ? "synchronous" : "overlapped";
}

PROBE(file_mode_of_sockets, "ferp_adopt")
{
    SOCKET overlapped = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
    SOCKET synchronous = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, 0);
    believe("FileModeInformation tells whether WSA_FLAG_OVERLAPPED was given");
    see("with it: %s; without it: %s", mode_text(overlapped), mode_text(synchronous));
    conclude(strcmp(mode_text(overlapped), "overlapped") == 0 &&
             strcmp(mode_text(synchronous), "synchronous") == 0);
}

/* ---- Binding. One port for all of a probe's sockets: no other program is likely to use it. */

struct name_of_socket {
    int type;
    const char *ip;
    char option; /* 'x': SO_EXCLUSIVEADDRUSE, 'r': SO_REUSEADDR */
};

static union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address_of(const char *ip, uint16_t port)
{
    union any_address made;
    memset(&made, 0, sizeof made);
    int len = (int)sizeof made;
    made.v6.sin6_family = strchr(ip, ':') != NULL ? AF_INET6 : AF_INET;
    (void)WSAStringToAddressA((char *)(uintptr_t)ip, made.v6.sin6_family, NULL, &made.any, &len);
    made.v6.sin6_port = htons(port); /* sockaddr_in has it in the same place */
    return made;
}

static int bind_address(SOCKET socket, union any_address address)
{
    return bind(socket, &address.any,
                (int)(address.any.sa_family == AF_INET6 ? sizeof address.v6 : sizeof address.v4));
}

/* A dual-stack socket if it is one of IPv6. Returns the code of bind, or 0. */
static int bind_named(SOCKET *out, struct name_of_socket name, uint16_t port)
{
    union any_address address = address_of(name.ip, port);
    *out = socket(address.any.sa_family, name.type, 0);
    if (address.any.sa_family == AF_INET6) {
        (void)raw_set_int_option(*out, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    }
    if (name.option != 0) {
        (void)raw_set_int_option(*out, SOL_SOCKET,
                                 name.option == 'x' ? SO_EXCLUSIVEADDRUSE : SO_REUSEADDR, 1);
    }
    return bind_address(*out, address) == 0 ? 0 : WSAGetLastError();
}

static const char *word_of(char option)
{
    return option == 'x' ? " exclusive" : option == 'r' ? " reuses" : "";
}

struct bind_row {
    const char *first;
    char first_option;
    const char *second;
    char second_option;
    int code; /* -1: nothing is believed */
};

static bool see_binds(const struct bind_row *rows, size_t count, int type)
{
    bool agrees = true;
    uint16_t port = raw_refused_port();
    for (size_t i = 0; i < count; i++) {
        const struct bind_row *row = &rows[i];
        SOCKET one;
        SOCKET other;
        int first =
            bind_named(&one, (struct name_of_socket){type, row->first, row->first_option}, port);
        int code = bind_named(&other,
                              (struct name_of_socket){type, row->second, row->second_option}, port);
        raw_close(one);
        raw_close(other);
        need(first == 0, "bind to %s: %s", row->first, raw_code_text(first));
        if (row->code < 0 || code != row->code) {
            see("%s%s, %s%s: %d", row->first, word_of(row->first_option), row->second,
                word_of(row->second_option), code);
        }
        agrees = agrees && (row->code < 0 || code == row->code);
    }
    return agrees;
}

#define ROWS(rows) rows, sizeof rows / sizeof rows[0]

PROBE(binds_of_two, "rows wildcard_beside_specific, ipv4_beside_dual_stack; core/open/binding.c")
{
    static const struct bind_row rows[] = {
        {"0.0.0.0", 'x', "127.0.0.1", 0, WSAEACCES},
        {"::", 'x', "127.0.0.1", 0, WSAEACCES},
        {"0.0.0.0", 0, "127.0.0.1", 'x', 0},
        {"0.0.0.0", 'x', "127.0.0.1", 'x', WSAEACCES},
        {"127.0.0.1", 'x', "0.0.0.0", 0, 0},
        {"127.0.0.1", 0, "0.0.0.0", 'x', WSAEADDRINUSE},
        {"127.0.0.1", 0, "::", 'x', WSAEADDRINUSE},
        {"::1", 0, "0.0.0.0", 'x', 0},
        {"::1", 'x', "127.0.0.1", 'x', 0},
        {"::ffff:127.0.0.1", 0, "0.0.0.0", 'x', WSAEADDRINUSE},
        {"::", 'x', "0.0.0.0", 0, WSAEACCES},
        {"::", 0, "0.0.0.0", 'x', 0},
        {"0.0.0.0", 0, "0.0.0.0", 'x', WSAEADDRINUSE},
        {"0.0.0.0", 0, "0.0.0.0", 0, WSAEADDRINUSE},
        {"::", 0, "0.0.0.0", 0, 0},
        {"::ffff:0.0.0.0", 0, "0.0.0.0", 0, WSAEADDRINUSE},
        {"::ffff:127.0.0.1", 0, "127.0.0.1", 0, WSAEADDRINUSE},
        {"127.0.0.1", 0, "::ffff:127.0.0.1", 0, WSAEADDRINUSE},
        {"127.0.0.1", 'x', "127.0.0.1", 0, WSAEADDRINUSE},
        {"127.0.0.1", 0, "127.0.0.1", 'x', WSAEADDRINUSE},
        {"127.0.0.1", 0, "127.0.0.1", 'r', WSAEACCES},
        {"::1", 0, "::1", 'r', WSAEACCES},
        {"127.0.0.1", 'r', "127.0.0.1", 'r', 0},
        {"::", 'x', "0.0.0.0", 'r', WSAEACCES},
    };
    believe("as in Wine's test_reuseaddr");
    bool agrees = see_binds(ROWS(rows), SOCK_STREAM);
    see("datagram sockets, of which nothing is known:");
    (void)see_binds(ROWS(rows), SOCK_DGRAM);
    conclude(agrees);
}

/* What rule L1 asks when a bind is denied: an exclusive wildcard is in use. */
PROBE(binds_beside_an_exclusive_wildcard, "row ipv4_beside_dual_stack; core/open/binding.c")
{
    static const struct bind_row rows[] = {
        {"::", 'x', "::", 'x', WSAEADDRINUSE},
        {"0.0.0.0", 'x', "0.0.0.0", 'x', WSAEADDRINUSE},
        {"0.0.0.0", 'x', "::", 'x', WSAEADDRINUSE},
        {"127.0.0.1", 'x', "::", 'x', WSAEADDRINUSE},
        {"127.0.0.1", 'x', "0.0.0.0", 'x', WSAEADDRINUSE},
    };
    static const struct bind_row others[] = {
        {"::", 'x', "::", 0, -1},
        {"0.0.0.0", 'x', "0.0.0.0", 0, -1},
        {"0.0.0.0", 'x', "::", 0, -1},
        {"::", 'x', "0.0.0.0", 'x', -1},
        {"127.0.0.1", 'x', "127.0.0.1", 'r', -1},
    };
    believe("WSAEADDRINUSE (10048)");
    bool agrees = see_binds(ROWS(rows), SOCK_STREAM);
    see("not asked:");
    (void)see_binds(ROWS(others), SOCK_STREAM);
    conclude(agrees);
}

/* Which of two listeners gets a connection to 127.0.0.1. */
PROBE(listeners_beside_a_foreign_wildcard, "row wildcard_beside_specific")
{
    static const char *const pairs[][2] = {
        {"0.0.0.0", "127.0.0.1"}, {"::", "0.0.0.0"}, {"::", "127.0.0.1"}};
    bool agrees = true;
    believe("the second, exclusive one");
    for (size_t i = 0; i < 3; i++) {
        uint16_t port = raw_refused_port();
        SOCKET foreign;
        SOCKET ours;
        SOCKET client = raw_new(SOCK_STREAM);
        int first =
            bind_named(&foreign, (struct name_of_socket){SOCK_STREAM, pairs[i][0], 0}, port);
        need(first == 0 && listen(foreign, 4) == 0, "no listener on %s", pairs[i][0]);
        int code = bind_named(&ours, (struct name_of_socket){SOCK_STREAM, pairs[i][1], 'x'}, port);
        int listened = code == 0 ? listen(ours, 4) : -1;
        int connected = raw_connect(client, port);
        bool is_ours = listened == 0 && (raw_poll(ours, RAW_READ, 1000) & RAW_READ) != 0;
        see("%s, %s: bind %s, listen %s, connect %s: the %s one", pairs[i][0], pairs[i][1],
            code == 0 ? "OK" : raw_code_text(code), listened == 0 ? "OK" : "failed",
            raw_text(connected), is_ours ? "second" : "first");
        agrees = agrees && is_ours;
        raw_close(client);
        raw_close(ours);
        raw_close(foreign);
    }
    conclude(agrees);
}

PROBE(rebind_under_connections, "row rebind_under_connections")
{
    SOCKET listener;
    SOCKET client = raw_new(SOCK_STREAM);
    const struct name_of_socket name = {SOCK_STREAM, "127.0.0.1", 'x'};
    uint16_t port = raw_refused_port();
    int first = bind_named(&listener, name, port);
    need(first == 0 && listen(listener, 4) == 0 && raw_connect(client, port) == 0,
         "no connection on 127.0.0.1: %s", raw_text(-1));
    SOCKET accepted = accept(listener, NULL, NULL);
    raw_close(listener);
    believe("OK (trio); MSDN: in use until the connection is closed");
    int open = bind_named(&listener, name, port);
    see("while the connection is open: %s", open == 0 ? "OK" : raw_code_text(open));
    see("listen: %s", raw_text(open == 0 ? listen(listener, 4) : -1));
    raw_close(listener);
    raw_close(accepted);
    raw_close(client);
    int ended = bind_named(&listener, name, port);
    see("in TIME_WAIT: %s", ended == 0 ? "OK" : raw_code_text(ended));
    raw_close(listener);
    conclude(open == 0 && ended == 0);
}

PROBE(scopes_in_bind, "rows link_local_without_scope, scope_of_no_interface")
{
    static const unsigned long scopes[] = {0, 1, 0xabacab};
    int codes[3];
    believe("::1 with a scope of no interface: WSAEADDRNOTAVAIL (10049)");
    for (size_t i = 0; i < 3; i++) {
        SOCKET made = socket(AF_INET6, SOCK_STREAM, 0);
        union any_address address = address_of("::1", 0);
        int len = (int)sizeof address;
        address.v6.sin6_scope_id = scopes[i];
        codes[i] = bind_address(made, address) == 0 ? 0 : WSAGetLastError();
        (void)getsockname(made, &address.any, &len);
        see("scope %lu: %s, then scope %lu", scopes[i],
            codes[i] == 0 ? "OK" : raw_code_text(codes[i]),
            (unsigned long)address.v6.sin6_scope_id);
        raw_close(made);
    }
    need(codes[0] == 0, "no IPv6");
    conclude(codes[2] == WSAEADDRNOTAVAIL);
}

/* The first link-local address of this machine. */
static bool find_link_local(struct sockaddr_in6 *out)
{
    static union {
        SOCKET_ADDRESS_LIST list;
        char bytes[8192];
    } found;
    DWORD n = 0;
    SOCKET made = socket(AF_INET6, SOCK_DGRAM, 0);
    int result = WSAIoctl(made, SIO_ADDRESS_LIST_QUERY, NULL, 0, &found, (DWORD)sizeof found, &n,
                          NULL, NULL);
    raw_close(made);
    for (int i = 0; result == 0 && i < found.list.iAddressCount; i++) {
        memcpy(out, found.list.Address[i].lpSockaddr, sizeof *out);
        if (out->sin6_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&out->sin6_addr)) {
            return true;
        }
    }
    return false;
}

PROBE(link_local_without_scope, "row link_local_without_scope")
{
    union any_address address = {.v4 = {0}};
    need(find_link_local(&address.v6), "no link-local address");
    SOCKET made = socket(AF_INET6, SOCK_STREAM, 0);
    unsigned long scope = address.v6.sin6_scope_id;
    int len = (int)sizeof address;
    address.v6.sin6_scope_id = 0;
    address.v6.sin6_port = 0;
    believe("OK, and getsockname has the scope");
    int result = bind_address(made, address);
    see("bind: %s", raw_text(result));
    (void)getsockname(made, &address.any, &len);
    see("scope %lu of %lu", (unsigned long)address.v6.sin6_scope_id, scope);
    conclude(result == 0 && address.v6.sin6_scope_id == scope);
}

/* ---- Names */

PROBE(unusual_hosts, "rule A3; row resolver_takes")
{
    static const struct {
        const wchar_t *host;
        const char *text;
        int code;
    } rows[] = {
        {L"0.0.0.0 ", "a blank behind", 0},     {L"127.0.0.1 x", "a word behind", -1},
        {L" 127.0.0.1", "a blank before", -1},  {L" ", "one blank", WSAHOST_NOT_FOUND},
        {L"1.2.3", "1.2.3", WSAHOST_NOT_FOUND}, {L"127.1", "127.1", WSAHOST_NOT_FOUND},
        {L"2130706433", "2130706433", -1},      {L"1.2.3.0x4", "1.2.3.0x4", 0},
        {L"1.2.3.010", "1.2.3.010", 0},         {L"[localhost]", "[localhost]", -1},
    };
    bool agrees = true;
    believe("three parts and one blank: WSAHOST_NOT_FOUND (11001); the others of four parts: OK");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ADDRINFOW *list = NULL;
        int code = GetAddrInfoW(rows[i].host, NULL, NULL, &list);
        see("%s: %d", rows[i].text, code);
        agrees = agrees && (rows[i].code < 0 || code == rows[i].code);
        if (code == 0) {
            FreeAddrInfoW(list);
        }
    }
    conclude(agrees);
}
