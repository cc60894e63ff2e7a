/* probes_binding_winsock.c: probes of Windows' binds, and of its resolver. */
#include <winsock2.h>

#include <mswsock.h>
#include <string.h>

#include "selftest/probe.h"
#include "selftest/raw.h"

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
        const unsigned char *octets = out->sin6_addr.s6_addr; /* zig's mingw lacks the macro */
        if (out->sin6_family == AF_INET6 && octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80) {
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
