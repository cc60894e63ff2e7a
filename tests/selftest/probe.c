/* probe.c: the answers and the system calls of probes; see probe.h. */
#include "selftest/probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifdef _WIN32
#define NAME(name)  \
    case WSA##name: \
        return #name;
#define LAST_CODE WSAGetLastError()
#define NO_SIGNAL 0
#define poll WSAPoll
typedef WSAPOLLFD raw_pollfd;
typedef int raw_size;
enum { READABLE = POLLRDNORM, WRITABLE = POLLWRNORM };
#else
#include <errno.h>
#include <poll.h>
#define NAME(name) \
    case name:     \
        return #name;
#define LAST_CODE errno
#ifdef MSG_NOSIGNAL
#define NO_SIGNAL MSG_NOSIGNAL
#else
#define NO_SIGNAL 0
#endif
typedef struct pollfd raw_pollfd;
typedef size_t raw_size;
enum { READABLE = POLLIN, WRITABLE = POLLOUT };
#endif

enum { TEXTS = 16, NUMBER_CAP = 24, LIMIT_MS = 8000 };

char probe_answer[PROBE_TEXT_CAP];
char probe_note[PROBE_TEXT_CAP];

void probe_add(char *text, const char *format, ...)
{
    va_list arguments;
    size_t len = strlen(text);
    if (len > 0 && len + 3 < PROBE_TEXT_CAP) {
        strcpy(text + len, ", ");
        len += 2;
    }
    va_start(arguments, format);
    (void)vsnprintf(text + len, PROBE_TEXT_CAP - len, format, arguments);
    va_end(arguments);
}

void probe_run(void (*run)(void), const char *expected, const char *file, int line)
{
    probe_answer[0] = probe_note[0] = 0;
    run();
    if (expected != NULL) {
        print_message("expected: %s\n", expected);
    }
    print_message("answer: %s\n", probe_answer);
    if (probe_note[0] != 0) {
        print_message("%s\n", probe_note);
    }
    if (expected != NULL && strcmp(expected, probe_answer) != 0) {
        _fail(file, line);
    }
}

int probe_end(void **state)
{
    peer_close_all();
    return 0;
}

/* ---- System calls */

static const char *number(long value)
{
    static char texts[TEXTS][NUMBER_CAP];
    static unsigned next;
    char *text = texts[next++ % TEXTS];
    snprintf(text, NUMBER_CAP, "%ld", value);
    return text;
}

/* clang-format off */
#define CODES(X) \
    X(EACCES) X(EADDRINUSE) X(EADDRNOTAVAIL) X(EAFNOSUPPORT) X(EALREADY) X(ECONNABORTED) \
    X(ECONNREFUSED) X(ECONNRESET) X(EHOSTUNREACH) X(EINPROGRESS) X(EINVAL) X(EISCONN) X(EMSGSIZE) \
    X(ENETDOWN) X(ENETUNREACH) X(ENOBUFS) X(ENOPROTOOPT) X(ENOTCONN) X(ENOTSOCK) X(EOPNOTSUPP) \
    X(EPROTONOSUPPORT) X(ESHUTDOWN) X(ETIMEDOUT)
/* clang-format on */

static const char *name_of(int code)
{
    switch (code) {
    case 0: return "OK";
#ifdef _WIN32
    case WSAEWOULDBLOCK: return "EAGAIN";
#else
    case EAGAIN: return "EAGAIN";
    case EPIPE: return "EPIPE";
    case EPERM: return "EPERM";
#endif
        CODES(NAME)
    default: return number(code);
    }
}

const char *raw_result(long result)
{
    return name_of(result < 0 ? LAST_CODE : 0);
}

const char *raw_count(long result)
{
    return result < 0 ? name_of(LAST_CODE) : number(result);
}

peer_socket raw_keep(raw_socket made)
{
    peer_socket kept = (peer_socket)made;
    need(kept != PEER_NONE, "no socket: %s", raw_result(-1));
    peer_adopt(kept);
    (void)peer_raw_set_nonblocking(kept, false);
    return kept;
}

peer_socket raw_new(int type)
{
    return raw_keep(socket(AF_INET, type, 0));
}

static struct sockaddr_in address_of(uint32_t address, uint16_t port)
{
    struct sockaddr_in made;
    memset(&made, 0, sizeof made);
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    made.sin_addr.s_addr = htonl(address);
    return made;
}

int raw_bind(peer_socket socket, uint32_t address, uint16_t port)
{
    struct sockaddr_in to = address_of(address, port);
    return bind((raw_socket)socket, (struct sockaddr *)&to, (raw_len)sizeof to);
}

int raw_connect(peer_socket socket, uint32_t address, uint16_t port)
{
    struct sockaddr_in to = address_of(address, port);
    return connect((raw_socket)socket, (struct sockaddr *)&to, (raw_len)sizeof to);
}

int raw_send_to(peer_socket socket, uint32_t address, uint16_t port)
{
    struct sockaddr_in to = address_of(address, port);
    return (int)sendto((raw_socket)socket, "x", 1, NO_SIGNAL, (struct sockaddr *)&to,
                       (raw_len)sizeof to);
}

int raw_send(peer_socket socket, const void *bytes, size_t len)
{
    return (int)send((raw_socket)socket, bytes, (raw_size)len, NO_SIGNAL);
}

int raw_receive(peer_socket socket, void *bytes, size_t len)
{
    return (int)recv((raw_socket)socket, bytes, (raw_size)len, 0);
}

int raw_set(peer_socket socket, int level, int option, int value)
{
    return setsockopt((raw_socket)socket, level, option, (const void *)&value,
                      (raw_len)sizeof value);
}

int raw_get(peer_socket socket, int level, int option)
{
    int value = 0;
    raw_len len = (raw_len)sizeof value;
    return getsockopt((raw_socket)socket, level, option, (void *)&value, &len) == 0 ? value : -1;
}

const char *raw_error(peer_socket socket)
{
    return name_of(raw_get(socket, SOL_SOCKET, SO_ERROR));
}

bool raw_ready(peer_socket socket, bool to_write, unsigned milliseconds)
{
    raw_pollfd entry = {(raw_socket)socket, to_write ? WRITABLE : READABLE, 0};
    return poll(&entry, 1, (int)milliseconds) > 0;
}

void raw_pair(peer_socket two[2])
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 8, &port);
    two[0] = listener != PEER_NONE ? peer_connect(PEER_V4, port) : PEER_NONE;
    two[1] = two[0] != PEER_NONE ? peer_accept(listener) : PEER_NONE;
    need(two[1] != PEER_NONE, "no connection on 127.0.0.1");
    for (int i = 0; i < 2; i++) {
        (void)peer_raw_set_nonblocking(two[i], false);
        (void)peer_raw_set_timeouts(two[i], LIMIT_MS);
    }
    peer_close(listener);
}
