/* unix_peer_winsock.c: plain Unix sockets on Windows 10 since version 1803: streams. Wine has
 * none. */
#define _WIN32_WINNT 0x0A00
#include "conformance/peer_system.h"
#include "conformance/unix_peer.h"

#include <winsock2.h>

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATHS_MAX = 16, PATH_CAP = 108, FAMILY = 1 };

struct name {
    ADDRESS_FAMILY family;
    char path[PATH_CAP];
};

static char paths[PATHS_MAX][PATH_CAP];
static size_t path_count;

static SOCKET new_socket(void)
{
    return socket(FAMILY, SOCK_STREAM, 0);
}

bool unix_peer_has_streams(void)
{
    SOCKET made = new_socket();
    if (made != INVALID_SOCKET) {
        (void)closesocket(made);
    }
    return made != INVALID_SOCKET;
}

PEER_IS(unix_peer_has_datagrams, false)
bool unix_peer_own_cred(fer_unix_cred *out)
{
    return false;
}
PEER_IS(unix_peer_has_abstract_names, false)
PEER_IS(unix_peer_reports_unread_input, true)
PEER_IS(unix_peer_survives_low_limit, true)
PEER_IS(unix_peer_has_bsd_datagrams, false)
PEER_IS(unix_peer_reads_past_only_handles, false)
PEER_IS(unix_peer_forgets_closed_peer, false)
size_t unix_peer_path_cap(void)
{
    return PATH_CAP;
}

/* The process id and the number of the path make a new path. */
const char *unix_peer_path(const char *name)
{
    char directory[PATH_CAP / 2] = ".\\";
    if (path_count == PATHS_MAX) {
        abort();
    }
    DWORD len = GetTempPathA(sizeof directory, directory);
    (void)snprintf(paths[path_count], PATH_CAP, "%sfer%lu-%s",
                   len < sizeof directory ? directory : ".\\", GetCurrentProcessId(), name);
    return paths[path_count++];
}

bool unix_peer_path_exists(const char *path)
{
    return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
}
bool unix_peer_remove(const char *path)
{
    return DeleteFileA(path) != 0;
}

bool unix_peer_create_file(const char *path)
{
    HANDLE file =
        CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        (void)CloseHandle(file);
    }
    return file != INVALID_HANDLE_VALUE;
}

void unix_peer_remove_all(void)
{
    while (path_count > 0) {
        (void)DeleteFileA(paths[--path_count]);
    }
}

static struct name name_of(const char *path)
{
    struct name made;
    memset(&made, 0, sizeof made);
    made.family = FAMILY;
    (void)snprintf(made.path, sizeof made.path, "%s", path);
    return made;
}

peer_socket unix_peer_unconnected(const char *path)
{
    SOCKET made = new_socket();
    if (made == INVALID_SOCKET) {
        return PEER_NONE;
    }
    peer_adopt((fer_raw_socket)made);
    if (path != NULL) {
        struct name name = name_of(path);
        if (bind(made, (const struct sockaddr *)&name, sizeof name) != 0) {
            peer_close((peer_socket)made);
            return PEER_NONE;
        }
    }
    return (peer_socket)made;
}

peer_socket unix_peer_listen(const char *path, int backlog)
{
    peer_socket bound = unix_peer_unconnected(path);
    if (bound != PEER_NONE && listen((SOCKET)bound, backlog) != 0) {
        peer_close(bound);
        return PEER_NONE;
    }
    return bound;
}

peer_socket unix_peer_connect(const char *path, const char *own_path)
{
    peer_socket peer = unix_peer_unconnected(own_path);
    struct name name = name_of(path);
    if (peer == PEER_NONE) {
        return PEER_NONE;
    }
    (void)peer_raw_set_nonblocking(peer, false);
    if (connect((SOCKET)peer, (const struct sockaddr *)&name, sizeof name) != 0) {
        peer_close(peer);
        return PEER_NONE;
    }
    (void)peer_raw_set_nonblocking(peer, true);
    return peer;
}

/* ---- Features that Windows lacks */

peer_socket unix_peer_datagram(const char *path)
{
    return PEER_NONE;
}

bool unix_peer_datagram_send(peer_socket peer, const char *path, const void *buf, size_t len)
{
    return false;
}

peer_outcome unix_peer_datagram_receive(peer_socket peer, void *buf, size_t cap, size_t *n,
                                        const char *by_path, bool *named)
{
    *n = 0;
    *named = false;
    return PEER_TIMED_OUT;
}

bool unix_peer_send_only_handle(fer_raw_socket through, fer_raw_socket handle)
{
    return false;
}

peer_socket unix_peer_listen_abstract(const void *name, size_t len)
{
    return PEER_NONE;
}
