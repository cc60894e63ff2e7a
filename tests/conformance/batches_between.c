/* batches_between.c: batches that wait for a full send buffer, which the loopback never has: sends
 * from this network namespace to addresses that nobody has, whose datagrams are kept until a reply
 * to ARP. network.sh prepares it.
 * usage: batches_between UNUSED-ADDRESS UNUSED-ADDRESS */
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

int main(int argc, char **argv)
{
    if (argc != 3) {
        fail("usage: batches_between UNUSED-ADDRESS UNUSED-ADDRESS");
    }
    message_waits_for_one_timeout(argv[1]);
    signal_ends_a_batch(argv[2]);
    return 0;
}
