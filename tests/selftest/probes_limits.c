/* probes_limits.c: the probes of the limits in ferp_traits that are the same on all systems. */
#include "selftest/raw.h"

#include <stdint.h>

#include "platform/platform.h"
#include "selftest/probe.h"
#include "support/process.h"

/* mingw's headers lack some names: "IPPROTO_TCP socket options", MSDN. */
#ifdef _WIN32
#define KEEPALIVE_TIME 3
#define KEEPALIVE_RETRIES 16
#elif defined(__APPLE__)
#define KEEPALIVE_TIME TCP_KEEPALIVE
#define KEEPALIVE_RETRIES TCP_KEEPCNT
#elif defined(TCP_KEEPIDLE) && defined(TCP_KEEPCNT)
#define KEEPALIVE_TIME TCP_KEEPIDLE
#define KEEPALIVE_RETRIES TCP_KEEPCNT
#endif

/* A receive on an empty socket, and a send, of the maximum length in one nonblocking call. */
PROBE(io_length_max, "platform/*/traits.c")
{
    enum { LARGE = 64 * 1024 * 1024 };
    raw_socket two[2];
    size_t len = ferp_traits()->io_length_max;
    believe("%lu", (unsigned long)len);
#ifdef _WIN32
    /* A driver locks the pages of a buffer, so a test of more would be slow. */
    len = len < LARGE ? len : LARGE;
#endif
    void *area = process_reserve(len);
    need(area != NULL, "no memory of that size in this process");
    raw_pair(two);
    raw_set_nonblocking(two[0], true);
    int n = raw_recv(two[0], area, len);
    int code = n < 0 ? raw_code() : 0;
    see("a recv of %lu without input: %s", (unsigned long)len, raw_text(n));
    int sent = raw_send(two[0], area, len);
    see("a send: %s", raw_text(sent));
    conclude(n < 0 && raw_is_would_block(code) && sent > 0);
    process_unreserve(area, len);
}

/* IP allows 65507 bytes of a datagram over IPv4. The limit of a call must not cut it. */
PROBE(datagram_length_max, "platform/*/traits.c")
{
    enum { IP_LIMIT = 65507 };
    static const char bytes[IP_LIMIT + 1];
    size_t most = ferp_traits()->datagram_length_max;
    raw_socket socket = raw_new(SOCK_DGRAM);
    believe("%lu", (unsigned long)most);
    (void)raw_bind(socket, 0);
    (void)raw_connect(socket, raw_port(socket));
    (void)raw_set_int_option(socket, SOL_SOCKET, SO_SNDBUF, 100000);
    int n = raw_send(socket, bytes, IP_LIMIT + 1);
    see("a datagram of %d bytes: %s", IP_LIMIT + 1, raw_text(n));
    conclude(n < 0 && most >= IP_LIMIT);
}

/* A lack of buffers cannot be caused. Sends of growing lengths may meet one. */
PROBE(no_buffer_space_is_transient, "row no_buffer_space")
{
    enum { SHORTEST = 1 << 17, LONGEST = 1 << 26 };
    raw_socket two[2];
    void *area = process_reserve(LONGEST);
    believe(ferp_traits()->no_buffer_space_is_transient ? "yes" : "no");
    need(area != NULL, "no memory of that size in this process");
    raw_pair(two);
    raw_set_nonblocking(two[0], true);
    int code = 0;
    size_t len = SHORTEST;
    while (code == 0 && len <= LONGEST) {
        code = raw_send(two[0], area, len) < 0 ? raw_code() : 0;
        len *= 2;
    }
    if (ferp_error_kind(code) == FER_NO_BUFFER_SPACE) {
        int n = raw_send(two[0], area, 4096);
        see("a send of %lu lacks buffers, one of 4096 then: %s", (unsigned long)(len / 2),
            raw_text(n));
        conclude_fact(ferp_traits()->no_buffer_space_is_transient,
                      n > 0 || raw_is_would_block(raw_code()));
    } else {
        conclude_absent("no send up to %lu bytes lacked buffers: it ended with %d",
                        (unsigned long)(len / 2), code);
    }
    process_unreserve(area, LONGEST);
}

PROBE(linger_seconds_max, "platform/*/traits.c")
{
    long most = (long)ferp_traits()->linger_seconds_max;
    raw_socket socket = raw_new(SOCK_STREAM);
    bool on = false;
    long seconds = 0;
    raw_set_linger(socket, true, (unsigned)most);
    (void)raw_linger(socket, &on, &seconds);
    believe("%ld", most);
    see("%ld is read as %ld", most, seconds);
    conclude(on && seconds == most);
    if (most < 0x7fffffff) {
        raw_set_linger(socket, true, (unsigned)most + 1);
        (void)raw_linger(socket, &on, &seconds);
        see("%ld is read as %ld", most + 1, seconds);
    }
}

#ifdef KEEPALIVE_TIME
static void probe_keepalive(int name, uint32_t most)
{
    raw_socket socket = raw_new(SOCK_STREAM);
    int value = 0;
    believe("%lu", (unsigned long)most);
    int result = raw_set_int_option(socket, IPPROTO_TCP, name, (int)most);
    if (result != 0) {
        see("setting %lu: %s", (unsigned long)most, raw_text(result));
        int before = raw_int_option(socket, IPPROTO_TCP, name, &value);
        see("its default: %s", raw_text(before == 0 ? value : -1));
        conclude(false);
    } else if (raw_int_option(socket, IPPROTO_TCP, name, &value) != 0) {
        conclude_absent("%lu is set and cannot be read: %s", (unsigned long)most, raw_text(-1));
    } else if (value == 0) { /* NetBSD (tcp_usrreq.c, tcp_ctloutput) */
        conclude_absent("%lu is set and reads as 0", (unsigned long)most);
    } else {
        see("%lu is read as %d", (unsigned long)most, value);
        conclude(value == (int)most);
        result = raw_set_int_option(socket, IPPROTO_TCP, name, (int)most + 1);
        (void)raw_int_option(socket, IPPROTO_TCP, name, &value);
        see("setting %lu: %s, read as %d", (unsigned long)most + 1,
            result == 0 ? "OK" : raw_text(result), value);
    }
}

PROBE(keepalive_seconds_max, "platform/*/traits.c")
{
    probe_keepalive(KEEPALIVE_TIME, ferp_traits()->keepalive_seconds_max);
}

PROBE(keepalive_retries_max, "platform/*/traits.c")
{
    probe_keepalive(KEEPALIVE_RETRIES, ferp_traits()->keepalive_retries_max);
}
#else
PROBE(keepalive_seconds_max, "platform/*/traits.c")
{
    conclude_absent("the system has no such option");
}

PROBE(keepalive_retries_max, "platform/*/traits.c")
{
    conclude_absent("the system has no such option");
}
#endif
