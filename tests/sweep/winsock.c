/* winsock.c: the peers of the sweep over the Winsock backend, its watchdog, and Unix sockets where
 * there are none (Wine): TCP sockets of loopback that answer as Unix sockets do. */
#include <winsock2.h>

#include <windows.h>
#include <ws2tcpip.h>

#include <stdio.h>
#include <string.h>

#include "sweep/faults.h"
#include "sweep/world.h"

/* <afunix.h>, which older headers lack. */
struct sockaddr_un {
    ADDRESS_FAMILY sun_family;
    char sun_path[108];
};

/* ---- Unix sockets */

enum { SOCKETS_MAX = 4096, PATHS_MAX = 8, PATH_AT = 2 };

struct path {
    char text[108];
    USHORT port; /* in network byte order; 0: free */
};
static struct path paths[PATHS_MAX];

struct unix_socket {
    bool is_unix;
    char path[108];
    char peer[108];
};
static struct unix_socket sockets[SOCKETS_MAX];
static struct unix_socket duplicated;

static struct unix_socket *of(SOCKET s)
{
    return &sockets[(s >> 2) % SOCKETS_MAX];
}

void unix_begin(SOCKET s, bool is_unix, bool is_duplicate)
{
    *of(s) = is_duplicate ? duplicated : (struct unix_socket){.is_unix = is_unix};
}

void unix_duplicate(SOCKET s)
{
    duplicated = *of(s);
}

bool unix_is(SOCKET s)
{
    return of(s)->is_unix;
}

static int store(const char *path, struct sockaddr *name, int *size)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int length = path[0] == '\0' ? PATH_AT : PATH_AT + (int)strlen(path) + 1;
    memcpy(un.sun_path, path, sizeof un.sun_path);
    if (name != NULL) {
        memcpy(name, &un, (size_t)(*size < length ? *size : length));
        *size = length;
    }
    return 0;
}

void unix_accept(SOCKET listener, SOCKET s, struct sockaddr *name, int *size)
{
    *of(s) = *of(listener);
    if (unix_is(s)) {
        (void)store("", name, size);
    }
}

int unix_name(SOCKET s, bool is_of_peer, struct sockaddr *name, int *size)
{
    return store(is_of_peer ? of(s)->peer : of(s)->path, name, size);
}

static struct path *path_of(const char *text)
{
    for (int i = 0; i < PATHS_MAX; i++) {
        if (paths[i].port != 0 && strcmp(paths[i].text, text) == 0) {
            return &paths[i];
        }
    }
    return NULL;
}

static int fail_with(int code)
{
    WSASetLastError(code);
    return SOCKET_ERROR;
}

int unix_bind(SOCKET s, const struct sockaddr *name, unix_bind_call bind_tcp,
              unix_name_call name_of_tcp)
{
    const char *text = ((const struct sockaddr_un *)(const void *)name)->sun_path;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int size = (int)sizeof in;
    struct path *at = paths;
    if (path_of(text) != NULL) {
        return fail_with(WSAEADDRINUSE);
    }
    if (bind_tcp(s, (struct sockaddr *)&in, size) != 0 ||
        name_of_tcp(s, (struct sockaddr *)&in, &size) != 0) {
        return SOCKET_ERROR;
    }
    while (at->port != 0) {
        at++;
    }
    REQUIRE(at < paths + PATHS_MAX);
    at->port = in.sin_port;
    strcpy(at->text, text);
    strcpy(of(s)->path, text);
    return 0;
}

int unix_connect(SOCKET s, const struct sockaddr *name, unix_bind_call connect_tcp)
{
    const char *text = ((const struct sockaddr_un *)(const void *)name)->sun_path;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct path *found = path_of(text);
    if (found == NULL) {
        return fail_with(WSAECONNREFUSED);
    }
    in.sin_port = found->port;
    strcpy(of(s)->peer, text);
    return connect_tcp(s, (struct sockaddr *)&in, (int)sizeof in);
}

/* ---- The peers, which live as long as the program */

struct stage stage;

void free_the_path(void)
{
    struct path *found = path_of(stage.free_path);
    if (found != NULL) {
        found->port = 0;
    }
}

static SOCKET new_socket(int domain, int type)
{
    u_long nonblocking = 1;
    SOCKET made = socket(domain, type, 0);
    REQUIRE(made != INVALID_SOCKET && ioctlsocket(made, (long)FIONBIO, &nonblocking) == 0);
    return made;
}

static fer_raw_socket bound_to_loopback(int type, fer_socket_addr *addr)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int size = (int)sizeof in;
    SOCKET made = new_socket(AF_INET, type);
    REQUIRE(bind(made, (struct sockaddr *)&in, size) == 0);
    REQUIRE(getsockname(made, (struct sockaddr *)&in, &size) == 0);
    *addr = fer_socket_addr_v4_new(loopback_v4, ntohs(in.sin_port));
    return (fer_raw_socket)made;
}

static struct sockaddr_un name_of(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    memcpy(un.sun_path, path, strlen(path));
    return un;
}

/* No file is made. */
void stage_set(void)
{
    WSADATA data;
    REQUIRE(sweep_replace_calls());
    REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
    snprintf(stage.path, sizeof stage.path, "sweep/listener");
    snprintf(stage.gram_path, sizeof stage.gram_path, "sweep/datagrams");
    snprintf(stage.free_path, sizeof stage.free_path, "sweep/free");
    struct sockaddr_un un = name_of(stage.path);
    stage.tcp_listener = bound_to_loopback(SOCK_STREAM, &stage.tcp_addr);
    stage.udp = bound_to_loopback(SOCK_DGRAM, &stage.udp_addr);
    stage.unix_listener = (fer_raw_socket)new_socket(AF_UNIX, SOCK_STREAM);
    stage.gram = FER_RAW_SOCKET_NONE;
    REQUIRE(bind((SOCKET)stage.unix_listener, (struct sockaddr *)&un, (int)sizeof un) == 0);
    REQUIRE(listen((SOCKET)stage.tcp_listener, 64) == 0);
    REQUIRE(listen((SOCKET)stage.unix_listener, 64) == 0);
}

void stage_clear(void)
{
}

/* It is nonblocking, as its listener. */
fer_raw_socket peer_accept(fer_raw_socket listener)
{
    return (fer_raw_socket)accept((SOCKET)listener, NULL, NULL);
}

fer_raw_socket peer_connect(const fer_socket_addr *addr, const char *path)
{
    struct sockaddr_un un = name_of(addr != NULL ? "" : path);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    in.sin_port = addr != NULL ? htons(addr->port) : 0;
    SOCKET made = socket(addr != NULL ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
    const void *to = addr != NULL ? (const void *)&in : (const void *)&un;
    REQUIRE(connect(made, to, addr != NULL ? (int)sizeof in : (int)sizeof un) == 0);
    return (fer_raw_socket)made;
}

void peer_send(fer_raw_socket peer)
{
    REQUIRE(send((SOCKET)peer, pattern, BYTES, 0) == BYTES);
}

void peer_end(fer_raw_socket peer)
{
    REQUIRE(shutdown((SOCKET)peer, SD_SEND) == 0);
}

void peer_reset(fer_raw_socket peer)
{
    const struct linger at_once = {1, 0};
    if (peer != FER_RAW_SOCKET_NONE) {
        (void)setsockopt((SOCKET)peer, SOL_SOCKET, SO_LINGER, (const char *)&at_once,
                         (int)sizeof at_once);
        (void)closesocket((SOCKET)peer);
    }
}

void peer_send_two(fer_raw_socket peer, fer_raw_socket to)
{
    struct sockaddr_storage name;
    int size = (int)sizeof name;
    REQUIRE(getsockname((SOCKET)to, (struct sockaddr *)&name, &size) == 0);
    for (int i = 0; i < 2; i++) {
        int sent = sendto((SOCKET)peer, pattern, BYTES, 0, (struct sockaddr *)&name, size);
        REQUIRE(sent == BYTES);
    }
}

/* Every socket is nonblocking, those of ferrule too. */
size_t drain(fer_raw_socket raw, bool counts_bytes, char *buf, size_t cap)
{
    size_t total = 0;
    for (;;) {
        size_t at = counts_bytes ? total : 0;
        int n = recv((SOCKET)raw, buf + at, (int)(cap - at), 0);
        if (n < 0 || (n == 0 && counts_bytes)) {
            return total;
        }
        total += counts_bytes ? (size_t)n : 1;
    }
}

size_t queued_bytes(fer_raw_socket raw)
{
    u_long queued = 0;
    REQUIRE(ioctlsocket((SOCKET)raw, (long)FIONREAD, &queued) == 0);
    return queued;
}

int count_open(void)
{
    if (sweep_bad_closes() != 0) {
        report("closed what was not open");
    }
    return sweep_open_handles();
}

void pause_a_millisecond(void)
{
    Sleep(1);
}

/* ---- The watchdog */

static volatile LONGLONG watch_end; /* GetTickCount64; 0: none */

static DWORD WINAPI watch_runs(void *unused)
{
    (void)unused;
    for (;;) {
        LONGLONG end = InterlockedCompareExchange64(&watch_end, 0, 0);
        if (end != 0 && (LONGLONG)GetTickCount64() > end) {
            end_hanging_run();
        }
        Sleep(500);
    }
    return 0;
}

void watch(unsigned seconds)
{
    static HANDLE watcher;
    LONGLONG end = seconds == 0 ? 0 : (LONGLONG)GetTickCount64() + (LONGLONG)seconds * 1000;
    (void)InterlockedExchange64(&watch_end, end);
    if (watcher == NULL) {
        watcher = CreateThread(NULL, 0, watch_runs, NULL, 0, NULL);
        REQUIRE(watcher != NULL);
    }
}
