/* batches_between.c: datagrams that the loopback does not have. Those to addresses that nobody has
 * are kept until a reply to ARP, so they fill a send buffer. Others are too long for a router,
 * which reports it. network.sh prepares both.
 * usage: batches_between UNUSED-ADDRESS UNUSED-ADDRESS [PREFIX-BEHIND-A-ROUTER] */
#define _GNU_SOURCE 1

#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#include "conformance/between.h"
#include "ferrule/socket.h"
#include "ferrule/udp.h"
#include "ferrule/udp_batch.h"

/* The kernel waits 3 s for ARP. */
enum { COUNT = 300, LENGTH = 1000, BUFFER = 30000, TIMEOUT_MS = 800, SIGNAL_MS = 200 };

/* The MTU is 1500, and 1300 behind the router. */
enum { LONG = 1400, TOO_LONG = 1600, REPORT_MS = 5000 };

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static fer_socket_addr discard_port(const char *text)
{
    fer_ip_addr ip;
    check(fer_ip_addr_parse(&ip, text), "parse");
    return fer_socket_addr_new(ip, 9);
}

/* Sends more than the buffer has space for. Returns the number of messages that were sent. */
static size_t send_too_much(const char *to, fer_error_kind expected, const char *what)
{
    static unsigned char bytes[LENGTH];
    static fer_datagram_send messages[COUNT];
    fer_socket_addr addr = discard_port(to);
    fer_udp_socket socket = {0};
    size_t n = 0;
    check(fer_udp_socket_bind(&socket, "0.0.0.0:0"), "bind");
    check(fer_socket_set_send_buffer_size(fer_udp_socket_as_socket(&socket), BUFFER), "buffer");
    check(fer_udp_socket_set_write_timeout(&socket, fer_duration_from_millis(TIMEOUT_MS)),
          "set_write_timeout");
    for (size_t i = 0; i < COUNT; i++) {
        messages[i] = (fer_datagram_send){.buf = bytes, .len = sizeof bytes, .to = &addr};
    }
    check_kind(fer_udp_socket_send_batch(&socket, messages, COUNT, &n), expected, what);
    fer_udp_socket_close(&socket);
    return n;
}

/* Rule B2: a message waits at most the write timeout. */
static void message_waits_for_one_timeout(const char *to)
{
    uint64_t start = now_ms();
    size_t n = send_too_much(to, FER_TIMED_OUT, "B2: a message that waits");
    if (n < 2 || now_ms() - start >= 2 * TIMEOUT_MS) {
        fail("B2: a message waits longer than its timeout");
    }
}

static void ignore(int number)
{
    (void)number;
}

/* Rule B12: a signal ends a send that waits. */
static void signal_ends_a_batch(const char *to)
{
    struct sigaction action = {.sa_handler = ignore};
    struct itimerval timer = {.it_value = {.tv_usec = SIGNAL_MS * 1000}};
    if (sigaction(SIGALRM, &action, NULL) != 0 || setitimer(ITIMER_REAL, &timer, NULL) != 0) {
        fail("setitimer");
    }
    if (send_too_much(to, FER_INTERRUPTED, "B12: a signal during a send") < 2) {
        fail("B12: the count is not that of what was sent");
    }
}

/* A connected socket for which a router has reported a datagram. Each host of the
 * prefix has a path of its own, whose MTU the kernel stores. */
static void open_reported(fer_udp_socket *socket, const char *prefix, int host)
{
    static const unsigned char bytes[LONG];
    char text[FER_IP_ADDR_TEXT_CAP];
    uint64_t start = now_ms();
    uint32_t mtu = LONG;
    (void)snprintf(text, sizeof text, "%s.%d", prefix, host);
    fer_socket_addr addr = discard_port(text);
    check(fer_udp_socket_bind(socket, "0.0.0.0:0"), "bind");
    check(fer_udp_socket_connect_addr(socket, &addr), "connect");
    check(fer_udp_socket_set_dont_fragment(socket, true), "set_dont_fragment");
    check(fer_udp_socket_send(socket, bytes, sizeof bytes, NULL), "send");
    while (mtu >= LONG && now_ms() - start < REPORT_MS) {
        check(fer_udp_socket_path_mtu(socket, &mtu), "path_mtu");
    }
    if (mtu >= LONG) {
        fail("the router has reported nothing");
    }
}

/* Rule U2: a call after the report. */
static void call_after_report(fer_udp_socket *socket, int host)
{
    static unsigned char bytes[TOO_LONG];
    fer_datagram_send messages[3];
    fer_datagram_recv in = {.buf = bytes, .cap = sizeof bytes};
    fer_udp_received got;
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        messages[i] = (fer_datagram_send){.buf = bytes, .len = 100};
    }
    switch (host) {
    case 2: check(fer_udp_socket_send(socket, bytes, 100, &n), "U2: send"); break;
    case 3: check(fer_udp_socket_send_batch(socket, messages, 1, &n), "U2: one message"); break;
    case 4: check(fer_udp_socket_send_batch(socket, messages, 3, &n), "U2: a batch"); break;
    case 5:
        check_kind(fer_udp_socket_try_recv_from(socket, bytes, sizeof bytes, &got), FER_WOULD_BLOCK,
                   "U2: receive");
        break;
    default:
        check_kind(fer_udp_socket_try_recv_batch(socket, &in, 1, &n), FER_WOULD_BLOCK,
                   "U2: receive a batch");
        break;
    }
    messages[0].len = TOO_LONG;
    messages[0].sent = 0;
    check_kind(fer_udp_socket_send(socket, bytes, TOO_LONG, &n), FER_MESSAGE_TOO_LONG,
               "U2: a datagram that is too long");
    check_kind(fer_udp_socket_send_batch(socket, messages, 1, &n), FER_MESSAGE_TOO_LONG,
               "U2: a message that is too long");
}

static void report_of_an_earlier_datagram_fails_no_call(const char *prefix)
{
    for (int host = 2; host <= 6; host++) {
        fer_udp_socket socket = {0};
        open_reported(&socket, prefix, host);
        call_after_report(&socket, host);
        fer_udp_socket_close(&socket);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        fail("usage: batches_between UNUSED-ADDRESS UNUSED-ADDRESS [PREFIX-BEHIND-A-ROUTER]");
    }
    if (argc == 4) {
        report_of_an_earlier_datagram_fails_no_call(argv[3]);
    }
    message_waits_for_one_timeout(argv[1]);
    signal_ends_a_batch(argv[2]);
    return 0;
}
