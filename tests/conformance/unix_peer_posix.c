/* unix_peer_posix.c: plain Unix sockets on POSIX systems. */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#include "conformance/peer_system.h"
#include "conformance/unix_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATHS_MAX = 16, DIRECTORY_MAX = 56 };

static char directory[DIRECTORY_MAX];
static char paths[PATHS_MAX][sizeof((struct sockaddr_un *)0)->sun_path];
static size_t path_count;

/* ---- The features of this OS */

static bool has_type(int type)
{
    int fd = socket(AF_UNIX, type, 0);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

PEER_IS(unix_peer_has_streams, has_type(SOCK_STREAM))
PEER_IS(unix_peer_has_datagrams, has_type(SOCK_DGRAM))

bool unix_peer_own_cred(fer_unix_cred *out)
{
    *out = (fer_unix_cred){(uint32_t)geteuid(), (uint32_t)getegid(), (int32_t)getpid()};
    return !peer_is_plain();
}

PEER_IS(unix_peer_has_abstract_names, IS_LINUX && !peer_is_plain())
PEER_IS(unix_peer_reports_unread_input, IS_LINUX)
PEER_IS(unix_peer_has_bsd_datagrams, !IS_LINUX)
PEER_IS(unix_peer_reads_past_only_handles, IS_APPLE)
PEER_IS(unix_peer_forgets_closed_peer, !IS_LINUX)

/* No other question tells the version from here: XNU 11417 has SO_BINDTODEVICE. */
bool unix_peer_survives_low_limit(void)
{
#ifdef __APPLE__
    enum { SO_BINDTODEVICE_OF_XNU = 0x1134 };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bool is_new =
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE_OF_XNU, "", 0) == 0 || errno != ENOPROTOOPT;
    (void)close(fd);
    return is_new;
#else
    return true;
#endif
}

size_t unix_peer_path_cap(void)
{
    return sizeof((struct sockaddr_un *)0)->sun_path;
}

/* ---- Paths */

/* Not in the build directory, whose path may be longer than an address can hold. Android has no
 * /tmp. */
static void make_directory(void)
{
    const char *parents[] = {getenv("TMPDIR"), "/tmp", "."};
    for (size_t i = 0; i < sizeof parents / sizeof *parents; i++) {
        if (parents[i] != NULL && strlen(parents[i]) <= DIRECTORY_MAX - 16) {
            (void)snprintf(directory, sizeof directory, "%s/fer.XXXXXX", parents[i]);
            if (mkdtemp(directory) != NULL) {
                return;
            }
        }
    }
    (void)fprintf(stderr, "no temporary directory: %s\n", directory);
    abort();
}

const char *unix_peer_path(const char *name)
{
    if (path_count == 0) {
        make_directory();
    }
    if (path_count == PATHS_MAX) {
        abort();
    }
    (void)snprintf(paths[path_count], sizeof paths[0], "%s/%s", directory, name);
    return paths[path_count++];
}

bool unix_peer_path_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

bool unix_peer_remove(const char *path)
{
    return unlink(path) == 0;
}

bool unix_peer_create_file(const char *path)
{
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

void unix_peer_remove_all(void)
{
    if (path_count == 0) {
        return;
    }
    while (path_count > 0) {
        (void)unlink(paths[--path_count]);
    }
    (void)rmdir(directory);
}

/* ---- Sockets */

struct name {
    struct sockaddr_un addr;
    socklen_t len;
};

static struct name name_of(const char *path)
{
    struct name new_socket;
    memset(&new_socket, 0, sizeof new_socket);
    new_socket.addr.sun_family = AF_UNIX;
    size_t len = strnlen(path, sizeof new_socket.addr.sun_path);
    memcpy(new_socket.addr.sun_path, path, len);
    new_socket.len = sizeof new_socket.addr;
    return new_socket;
}

static peer_socket add_peer(int fd)
{
    if (fd >= 0) {
        peer_adopt(fd);
    }
    return fd >= 0 ? (peer_socket)fd : PEER_NONE;
}

static peer_socket new_socket(int type, const char *path)
{
    peer_socket peer = add_peer(socket(AF_UNIX, type, 0));
    if (peer == PEER_NONE || path == NULL) {
        return peer;
    }
    struct name name = name_of(path);
    if (bind((int)peer, (const struct sockaddr *)&name.addr, name.len) != 0) {
        peer_close(peer);
        return PEER_NONE;
    }
    return peer;
}

peer_socket unix_peer_unconnected(const char *path)
{
    return new_socket(SOCK_STREAM, path);
}
peer_socket unix_peer_datagram(const char *path)
{
    return new_socket(SOCK_DGRAM, path);
}

static peer_socket start_listening(peer_socket bound, int backlog)
{
    if (bound != PEER_NONE && listen((int)bound, backlog) != 0) {
        peer_close(bound);
        return PEER_NONE;
    }
    return bound;
}

peer_socket unix_peer_listen(const char *path, int backlog)
{
    return start_listening(new_socket(SOCK_STREAM, path), backlog);
}

bool unix_peer_send_only_handle(fer_raw_socket through, fer_raw_socket handle)
{
    union {
        struct cmsghdr header; /* for its alignment */
        unsigned char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    int fd = (int)handle;
    struct iovec slice = {&fd, 0};
    struct msghdr message;
    memset(&message, 0, sizeof message);
    memset(&control, 0, sizeof control);
    message.msg_iov = &slice;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg((int)through, &message, 0) == 0;
}

peer_socket unix_peer_listen_abstract(const void *name, size_t len)
{
    struct sockaddr_un addr;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
    peer_socket peer = new_socket(SOCK_STREAM, NULL);
    memset(&addr, 0, sizeof addr);
    addr.sun_family = AF_UNIX;
    memcpy(addr.sun_path + 1, name, len);
    if (peer != PEER_NONE && bind((int)peer, (const struct sockaddr *)&addr, size) != 0) {
        peer_close(peer);
        return PEER_NONE;
    }
    return start_listening(peer, 4);
}

/* A connect that fails instead of waiting if the queue is full. */
peer_socket unix_peer_connect(const char *path, const char *own_path)
{
    peer_socket peer = new_socket(SOCK_STREAM, own_path);
    struct name name = name_of(path);
    if (peer == PEER_NONE) {
        return PEER_NONE;
    }
    (void)peer_raw_set_nonblocking(peer, true);
    if (connect((int)peer, (const struct sockaddr *)&name.addr, name.len) != 0) {
        peer_close(peer);
        return PEER_NONE;
    }
    (void)peer_raw_set_nonblocking(peer, false);
    return peer;
}

bool unix_peer_datagram_send(peer_socket peer, const char *path, const void *buf, size_t len)
{
    struct name name = name_of(path);
    return sendto((int)peer, buf, len, MSG_DONTWAIT, (const struct sockaddr *)&name.addr,
                  name.len) == (ssize_t)len;
}

peer_outcome unix_peer_datagram_receive(peer_socket peer, void *buf, size_t cap, size_t *n,
                                        const char *by_path, bool *named)
{
    struct sockaddr_un from;
    socklen_t len = sizeof from;
    struct pollfd entry = {.fd = (int)peer, .events = POLLIN};
    memset(&from, 0, sizeof from);
    *n = 0;
    if (poll(&entry, 1, PEER_LIMIT_MS) <= 0) {
        return PEER_TIMED_OUT;
    }
    ssize_t got = recvfrom((int)peer, buf, cap, MSG_DONTWAIT, (struct sockaddr *)&from, &len);
    if (got < 0) {
        return PEER_TIMED_OUT;
    }
    *n = (size_t)got;
    *named = strncmp(from.sun_path, by_path == NULL ? "" : by_path, sizeof from.sun_path) == 0;
    return PEER_GOT;
}
