/* probes_bsd.c: the list of probes_bsd.h, and its probes of timeouts, clocks, sends, datagrams and
 * names. */
#include "selftest/probes_bsd.h"

#include <string.h>
#include <time.h>

#include "selftest/probe.h"
#include "selftest/raw.h"
#include "selftest/system.h"
#include "support/thread.h"

#if defined(__linux__)
static const answer_of this_system = LINUX;
#elif defined(__APPLE__)
static const answer_of this_system = MACOS;
#elif defined(__FreeBSD__)
static const answer_of this_system = FREEBSD;
#elif defined(__NetBSD__)
static const answer_of this_system = NETBSD;
#elif defined(__OpenBSD__)
static const answer_of this_system = OPENBSD;
#else
static const answer_of this_system = OTHER;
#endif

void answer(const char *what, const char *const expected[ANSWERS], const char *seen)
{
    const char *believed = expected[this_system];
    see("%s: %s", what, seen);
    if (believed != NULL) {
        believe("%s: %s", what, believed);
        conclude(strcmp(believed, seen) == 0);
    }
}

const char *name_of(long result)
{
    const char *name = result < 0 ? raw_name(raw_code()) : "OK";
    return name != NULL ? name : raw_text(result);
}

/* ---- Timeouts and clocks */

static void send_a_byte_later(void *writer)
{
    system_pause_ms(400);
    (void)raw_send(*(raw_socket *)writer, "x", 1);
}

/* XNU, msleep: 2^64 ns and more wrap. */
PROBE(timeout_of_584_years, "platform/posix/modes.c")
{
    struct timeval timeout = {(time_t)18446744073, 709552};
    raw_socket two[2];
    test_thread thread;
    char byte = 0;
    need(sizeof timeout.tv_sec >= 8, "struct timeval has no such time");
    raw_pair(two);
    int result = setsockopt(two[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    const char *seen = name_of(result);
    if (result == 0) {
        test_thread_start(&thread, send_a_byte_later, &two[1]);
        seen = raw_recv(two[0], &byte, 1) == 1 ? "waits" : "ends at once";
        test_thread_join(&thread);
    }
    answer("SO_RCVTIMEO of 2^64 ns", EXPECTED("waits", "ends at once", "waits", "EDOM", "EDOM"),
           seen);
}

static void see_clock(const char *name, clockid_t clock)
{
    enum { TIMES = 10, WAIT_NS = 20 * 1000000 };
    struct timespec resolution = {0, 0};
    int64_t shortest = INT64_MAX;
    (void)clock_getres(clock, &resolution);
    for (int i = 0; i < TIMES; i++) {
        struct timespec from;
        struct timespec to;
        (void)clock_gettime(clock, &from);
        (void)poll(NULL, 0, WAIT_NS / 1000000);
        (void)clock_gettime(clock, &to);
        int64_t took = (to.tv_sec - from.tv_sec) * (int64_t)1000000000 + to.tv_nsec - from.tv_nsec;
        shortest = took < shortest ? took : shortest;
    }
    see("%s counts in %ld ns; the shortest poll of 20 ms: %ld us", name, resolution.tv_nsec,
        (long)(shortest / 1000));
    answer(name, EXPECTED("no poll is short", "no poll is short", NULL, NULL, "no poll is short"),
           shortest >= WAIT_NS ? "no poll is short" : "a poll is short");
}

/* macOS' CLOCK_MONOTONIC is slewed and counts sleep; the kernel's waits use CLOCK_UPTIME_RAW. */
PROBE(clocks, "platform/posix/clock.c")
{
    see_clock("CLOCK_MONOTONIC", CLOCK_MONOTONIC);
#ifdef CLOCK_UPTIME_RAW
    see_clock("CLOCK_UPTIME_RAW", CLOCK_UPTIME_RAW);
#endif
}

/* ---- Sends that never wait */

enum { STREAMS = 8, BLOCK = 8 * 1024 * 1024, ROUNDS = 3 };

/* Begins after a second, so that no send of the other thread waits for ever. */
static void read_everything(void *peers)
{
    static char bytes[65536];
    system_pause_ms(1000);
    for (int i = 0; i < STREAMS; i++) {
        while (raw_recv(((raw_socket *)peers)[i], bytes, sizeof bytes) > 0) {
        }
    }
}

/* The longest of the sends, in milliseconds. */
static unsigned send_blocks(const raw_socket *writers, uint64_t *sent)
{
    static const char bytes[BLOCK];
    unsigned longest = 0;
    for (int i = 0; i < ROUNDS * STREAMS; i++) {
        uint64_t began = system_now_ms();
        int n = raw_send(writers[i % STREAMS], bytes, sizeof bytes);
        unsigned took = (unsigned)(system_now_ms() - began);
        longest = took > longest ? took : longest;
        *sent += n > 0 ? (uint64_t)n : 0;
    }
    return longest;
}

/* ponyc issues 5826 and 5842: over lo0 a nonblocking send waits for buffers of the interface. */
PROBE(nonblocking_sends_over_loopback, "row loopback_send_waits")
{
    raw_socket writers[STREAMS];
    raw_socket readers[STREAMS];
    uint64_t sent = 0;
    test_thread thread;
    for (int i = 0; i < STREAMS; i++) {
        raw_socket two[2];
        raw_pair(two);
        writers[i] = two[0];
        readers[i] = two[1];
        (void)raw_set_int_option(two[0], SOL_SOCKET, SO_SNDBUF, 1 << 20);
        (void)raw_set_int_option(two[1], SOL_SOCKET, SO_RCVBUF, 1 << 20);
        raw_set_nonblocking(two[0], true);
    }
    test_thread_start(&thread, read_everything, readers);
    unsigned longest = send_blocks(writers, &sent);
    see("the longest of %d sends of 8 MiB: %u ms; %lu KiB were taken", (int)(ROUNDS * STREAMS),
        longest, (unsigned long)(sent / 1024));
    answer("nonblocking sends", EVERYWHERE("none takes 800 ms"),
           longest < 800 ? "none takes 800 ms" : "one takes 800 ms or more");
    for (int i = 0; i < STREAMS; i++) {
        raw_close(writers[i]);
    }
    test_thread_join(&thread);
}

/* ---- Datagrams */

PROBE(receive_of_0_bytes, "rule U4; platform/posix/bytes.c")
{
    char byte = 0;
    raw_socket socket = raw_new(SOCK_DGRAM);
    (void)raw_bind(socket, 0);
    raw_set_timeouts(socket, 200);
    answer("recv of 0 bytes from an empty queue, with a timeout",
           EXPECTED("EAGAIN", "OK", "OK", "OK", "OK"), name_of(raw_recv(socket, &byte, 0)));
}

PROBE(datagram_sockets_that_share_a_port, "rule L1")
{
    answer("with SO_REUSEADDR",
           EXPECTED("OK", "EADDRINUSE", "EADDRINUSE", "EADDRINUSE", "EADDRINUSE"),
           raw_share_port(SO_REUSEADDR));
#ifdef SO_REUSEPORT
    answer("with SO_REUSEPORT", EVERYWHERE("OK"), raw_share_port(SO_REUSEPORT));
#endif
}

/* udp_disconnect of macOS and the BSDs takes the local address away. */
PROBE(bound_address_after_a_failed_connect, "row udp_reconnect_unbinds")
{
    struct sockaddr_in bound = raw_address(0);
    raw_len len = sizeof bound;
    raw_socket socket = raw_new(SOCK_DGRAM);
    (void)raw_bind(socket, 0);
    (void)raw_connect(socket, raw_port(socket));
    see("a second connect, to port 0: %s", name_of(raw_connect(socket, 0)));
    (void)getsockname(socket, (struct sockaddr *)&bound, &len);
    answer("the bound address then",
           EXPECTED("127.0.0.1", "0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0"),
           bound.sin_addr.s_addr == htonl(INADDR_LOOPBACK) ? "127.0.0.1" : "0.0.0.0");
}

PROBE(length_of_a_unix_datagram, "row unix_datagram_size")
{
    static const char bytes[2049];
    raw_socket two[2];
    need(socketpair(AF_UNIX, SOCK_DGRAM, 0, two) == 0, "no pair: %s", raw_text(-1));
    raw_set_nonblocking(two[0], true);
    answer("a Unix datagram of 2049 bytes", EXPECTED("OK", "EMSGSIZE", NULL, "OK", "EMSGSIZE"),
           name_of(raw_send(two[0], bytes, sizeof bytes)));
}

/* ---- Names */

#if defined(__APPLE__) && !defined(SO_BINDTODEVICE)
#define SO_BINDTODEVICE 0x1134 /* public since the headers of macOS 14.6 */
#endif

PROBE(device_that_does_not_exist, "rule O6")
{
#ifdef SO_BINDTODEVICE
    static const char name[] = "ferrule_none";
    raw_socket socket = raw_new(SOCK_DGRAM);
    int result = setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, name, sizeof name - 1);
    need(result == 0 || strcmp(name_of(result), "EPERM") != 0, "SO_BINDTODEVICE needs a privilege");
    need(result == 0 || strcmp(name_of(result), "ENOPROTOOPT") != 0,
         "this version has no SO_BINDTODEVICE");
    answer("SO_BINDTODEVICE of an unknown name", EXPECTED("ENODEV", "ENXIO"), name_of(result));
#else
    conclude_absent("this system has no SO_BINDTODEVICE");
#endif
}
