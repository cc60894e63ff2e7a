/* raw.c: the functions of raw.h that are the same on all systems. */
#include "selftest/raw.h"

#include <stdio.h>
#include <string.h>

#include "selftest/probe.h"
#include "selftest/system.h"

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
