/* raw.c: the functions of raw.h that are the same on all systems. */
#include "selftest/raw.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "selftest/probe.h"
#include "selftest/system.h"

#ifdef _WIN32
#define RAW_POLL_IN POLLRDNORM
#define RAW_POLL_OUT POLLWRNORM
#define poll WSAPoll
#define SHUT_RD SD_RECEIVE
#define SHUT_WR SD_SEND
typedef int raw_size;
typedef WSAPOLLFD raw_pollfd;
typedef u_short raw_seconds;
#else
#define RAW_POLL_IN POLLIN
#define RAW_POLL_OUT POLLOUT
typedef size_t raw_size;
typedef struct pollfd raw_pollfd;
typedef int raw_seconds;
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

enum { TEXTS = 12, TEXT_CAP = 60, LIMIT_MS = 8000 };

static char *next_text(void)
{
    static char texts[TEXTS][TEXT_CAP];
    static unsigned next;
    return texts[next++ % TEXTS];
}

const char *raw_code_text(int code)
{
    char *text = next_text();
    const char *name = raw_name(code);
    if (name != NULL) {
        snprintf(text, TEXT_CAP, "%s (%d)", name, code);
    } else {
        snprintf(text, TEXT_CAP, "%d", code);
    }
    return text;
}

const char *raw_text(long result)
{
    if (result < 0) {
        return raw_code_text(raw_code());
    }
    char *text = next_text();
    snprintf(text, TEXT_CAP, "%ld", result);
    return text;
}

const char *raw_poll_text(int bits)
{
    char *text = next_text();
    snprintf(text, TEXT_CAP, "%s%s%s%s", (bits & RAW_READ) != 0 ? "READ " : "",
             (bits & RAW_WRITE) != 0 ? "WRITE " : "", (bits & RAW_ERROR) != 0 ? "ERROR " : "",
             (bits & RAW_HANGUP) != 0 ? "HANGUP " : "");
    size_t len = strlen(text);
    if (len == 0) {
        return "nothing";
    }
    text[len - 1] = 0;
    return text;
}

void raw_set_linger(raw_socket socket, bool on, unsigned seconds)
{
    struct linger linger = {on, (raw_seconds)seconds};
    (void)setsockopt(socket, SOL_SOCKET, SO_LINGER, (void *)&linger, (raw_len)sizeof linger);
}

bool raw_linger(raw_socket socket, bool *on, long *seconds)
{
    struct linger linger = {0, 0};
    raw_len len = (raw_len)sizeof linger;
    bool is_read = getsockopt(socket, SOL_SOCKET, SO_LINGER, (void *)&linger, &len) == 0;
    *on = linger.l_onoff != 0;
    *seconds = linger.l_linger;
    return is_read;
}

int raw_poll(raw_socket socket, int interest, int milliseconds)
{
    int bits = 0;
    raw_pollfd look = {socket, 0, 0};
    look.events = (short)(((interest & RAW_READ) != 0 ? RAW_POLL_IN : 0) |
                          ((interest & RAW_WRITE) != 0 ? RAW_POLL_OUT : 0));
    if (poll(&look, 1, milliseconds) <= 0) {
        return 0;
    }
    bits |= (look.revents & RAW_POLL_IN) != 0 ? RAW_READ : 0;
    bits |= (look.revents & RAW_POLL_OUT) != 0 ? RAW_WRITE : 0;
    bits |= (look.revents & POLLERR) != 0 ? RAW_ERROR : 0;
    bits |= (look.revents & POLLHUP) != 0 ? RAW_HANGUP : 0;
    return bits;
}

/* macOS has no MSG_NOSIGNAL. */
int raw_send(raw_socket socket, const void *bytes, size_t len)
{
#ifdef SIGPIPE
    (void)signal(SIGPIPE, SIG_IGN);
#endif
    return (int)send(socket, bytes, (raw_size)len, MSG_NOSIGNAL);
}

int raw_recv(raw_socket socket, void *bytes, size_t len)
{
    return (int)recv(socket, bytes, (raw_size)len, 0);
}

int raw_shutdown_read(raw_socket socket)
{
    return shutdown(socket, SHUT_RD);
}

int raw_shutdown_write(raw_socket socket)
{
    return shutdown(socket, SHUT_WR);
}

raw_socket raw_new(int type)
{
    return socket(AF_INET, type, 0);
}

struct sockaddr_in raw_address(uint16_t port)
{
    struct sockaddr_in made;
    memset(&made, 0, sizeof made);
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    made.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return made;
}

int raw_bind(raw_socket socket, uint16_t port)
{
    struct sockaddr_in address = raw_address(port);
    return bind(socket, (struct sockaddr *)&address, (raw_len)sizeof address);
}

uint16_t raw_port(raw_socket socket)
{
    struct sockaddr_in address = raw_address(0);
    raw_len len = (raw_len)sizeof address;
    (void)getsockname(socket, (struct sockaddr *)&address, &len);
    return ntohs(address.sin_port);
}

int raw_connect(raw_socket socket, uint16_t port)
{
    struct sockaddr_in address = raw_address(port);
    return connect(socket, (struct sockaddr *)&address, (raw_len)sizeof address);
}

raw_socket raw_listen(int backlog, uint16_t *port)
{
    raw_socket made = raw_new(SOCK_STREAM);
    need(raw_bind(made, 0) == 0 && listen(made, backlog) == 0, "no listener on 127.0.0.1: %s",
         raw_text(-1));
    *port = raw_port(made);
    return made;
}

void raw_pair(raw_socket two[2])
{
    uint16_t port = 0;
    raw_socket listener = raw_listen(8, &port);
    two[0] = raw_new(SOCK_STREAM);
    two[1] = raw_connect(two[0], port) == 0 ? accept(listener, NULL, NULL) : RAW_NONE;
    need(two[1] != RAW_NONE, "no connection on 127.0.0.1: %s", raw_text(-1));
    raw_set_timeouts(two[0], LIMIT_MS);
    raw_set_timeouts(two[1], LIMIT_MS);
    raw_close(listener);
}

void raw_close_pair(raw_socket two[2])
{
    raw_close(two[0]);
    raw_close(two[1]);
}

void raw_reset(raw_socket socket)
{
    raw_set_linger(socket, true, 0);
    raw_close(socket);
}

uint16_t raw_refused_port(void)
{
    raw_socket bound = raw_new(SOCK_STREAM);
    uint16_t port = raw_bind(bound, 0) == 0 ? raw_port(bound) : 1;
    raw_close(bound);
    return port;
}

int raw_int_option(raw_socket socket, int level, int name, int *value)
{
    raw_len len = (raw_len)sizeof *value;
    *value = 0;
    return getsockopt(socket, level, name, (void *)value, &len);
}

int raw_set_int_option(raw_socket socket, int level, int name, int value)
{
    return setsockopt(socket, level, name, (const void *)&value, (raw_len)sizeof value);
}

int raw_socket_error(raw_socket socket)
{
    int value = -1;
    return raw_int_option(socket, SOL_SOCKET, SO_ERROR, &value) == 0 ? value : -1;
}

const char *raw_share_port(int option)
{
    raw_socket first = raw_new(SOCK_DGRAM);
    raw_socket second = raw_new(SOCK_DGRAM);
    (void)raw_set_int_option(first, SOL_SOCKET, option, 1);
    (void)raw_set_int_option(second, SOL_SOCKET, option, 1);
    (void)raw_bind(first, 0);
    const char *name = raw_bind(second, raw_port(first)) == 0 ? "OK" : raw_name(raw_code());
    raw_close(second);
    raw_close(first);
    return name != NULL ? name : "another failure";
}

/* The kernel may accept more after a while. */
size_t raw_fill(raw_socket socket)
{
    static const char bytes[65536];
    size_t total = 0;
    raw_set_nonblocking(socket, true);
    for (int idle = 0; idle < 4;) {
        int n = raw_send(socket, bytes, sizeof bytes);
        if (n > 0) {
            total += (size_t)n;
            idle = 0;
        } else {
            idle++;
            system_pause_ms(10);
        }
    }
    return total;
}
