/* winsock.c: what differs in the peers of the sweep (peers.c) over the Winsock backend, its
 * watchdog, and Unix sockets where there are none (Wine): TCP sockets of loopback that answer as
 * Unix sockets do. */
#include <winsock2.h>

#include <string.h>
#include <windows.h>
#include <ws2tcpip.h>

#include "sweep/faults.h"
#include "sweep/world.h"

/* ---- Unix sockets */

/* <afunix.h>, which older headers lack. */
struct sockaddr_un {
    ADDRESS_FAMILY sun_family;
    char sun_path[108];
};

enum { SOCKETS_MAX = 4096, PATHS_MAX = 8, PATH_AT = 2 };

struct path {
    char text[108];
    USHORT port; /* in network byte order; 0: free */
};
static struct path paths[PATHS_MAX];

struct unix_socket {
    bool is_unix;
    char path[108], peer[108];
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

void free_the_path(void)
{
    struct path *found = path_of(stage.free_path);
    if (found != NULL) {
        found->port = 0;
    }
}

void prepare_system(void)
{
    REQUIRE(sweep_replace_calls());
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

/* ---- The watchdog */

static volatile LONGLONG watch_end; /* GetTickCount64; 0: none */

static DWORD WINAPI watch_runs(void *unused)
{
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
