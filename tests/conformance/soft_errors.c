/* soft_errors.c: a firewall reports that the peer cannot be reached, while the connection or the
 * connect goes on (rules S5, C1; RFC 1122, 4.2.3.9). The peer is in another network namespace,
 * whose table `inet soft` has a chain for what arrives. network.sh prepares both.
 * usage: soft_errors NAMESPACE IPV4-OF-THE-PEER IPV6-OF-THE-PEER */
#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/between.h"
#include "ferrule/connector.h"
#include "ferrule/poller.h"
#include "ferrule/socket.h"
#include "ferrule/tcp.h"

/* If the kernel meets the report while no thread is in a call of the socket, it ends a connect that
 * is pending (Linux, tcp_v4_err). That depends on the processors' load. */
enum { TRIES = 20, SECONDS = 20 };

static const char *network;
static const char *peer_ip;
static fer_socket_addr peer;

static fer_duration patience(void)
{
    return fer_duration_from_secs(SECONDS);
}

static int open_network(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail(path);
    }
    return fd;
}

static void enter(int fd)
{
    if (setns(fd, CLONE_NEWNET) != 0) {
        fail("setns");
    }
}

static bool is_v6(void)
{
    return strchr(peer_ip, ':') != NULL;
}

static void change_firewall(const char *change)
{
    char command[256];
    (void)snprintf(command, sizeof command, "nsenter --net=%s nft %s", network, change);
    if (system(command) != 0) {
        fail(command);
    }
}

static void reject(void)
{
    change_firewall("add rule inet soft in meta l4proto tcp reject with icmpx type "
                    "host-unreachable");
}

static void admit(void)
{
    change_firewall("flush chain inet soft in");
}

/* The number of reports that this namespace has received: the column, or line, of that name. */
static unsigned long reports(void)
{
    FILE *file = fopen(is_v6() ? "/proc/net/snmp6" : "/proc/net/snmp", "re");
    char names[2048];
    char values[2048];
    unsigned long count = 0;
    if (file == NULL) {
        fail("/proc/net/snmp");
    }
    while (fgets(names, sizeof names, file) != NULL) {
        if (is_v6()) {
            (void)sscanf(names, "Icmp6InDestUnreachs %lu", &count);
        } else if (fgets(values, sizeof values, file) != NULL && strncmp(names, "Icmp:", 5) == 0) {
            /* Icmp: InMsgs InErrors InCsumErrors InDestUnreachs ... */
            (void)sscanf(values, "Icmp: %*u %*u %*u %lu", &count);
        }
    }
    fclose(file);
    return count;
}

static void wait_for_reports(unsigned long count)
{
    fer_instant end = fer_instant_after(patience());
    while (reports() < count) {
        if (fer_instant_remaining(end).nanos == 0) {
            fail("no report has come");
        }
        (void)poll(NULL, 0, 1);
    }
}

/* Nothing was sent and nothing has failed, so no wait ends (rules P7, P16, T8). */
static void nothing_is_ready(fer_tcp_stream *stream)
{
    static const fer_poll_mode modes[] = {FER_POLL_LEVEL, FER_POLL_EDGE, FER_POLL_ONESHOT};
    const fer_duration instantly = {0};
    fer_interest ready = 0;
    size_t n = 0;
    check(fer_tcp_stream_ready(stream, FER_READABLE, instantly, &ready), "ready");
    fer_poll_entry entry = {.raw = fer_tcp_stream_as_raw(stream), .interest = FER_READABLE};
    check(fer_poll(&entry, 1, instantly, NULL, &n), "fer_poll");
    if (ready != 0 || n != 0) {
        fail("the stream is ready although nothing was sent");
    }
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        fer_event event = {.key = 1, .interest = FER_READABLE};
        fer_poller poller = {0};
        check(fer_poller_new(&poller), "fer_poller_new");
        check(fer_poller_add(&poller, entry.raw, event, modes[i]), "fer_poller_add");
        check(fer_poller_wait(&poller, instantly, &event, 1, &n, NULL), "fer_poller_wait");
        fer_poller_close(&poller);
        if (n != 0) {
            fail("a poller has an event although nothing was sent");
        }
    }
}

static void no_error_is_pending(fer_tcp_stream *stream)
{
    fer_error pending = {FER_OTHER, 0};
    check(fer_tcp_stream_take_error(stream, &pending), "take_error");
    check(pending, "the pending error");
}

/* ---- A connection with bytes in flight */

static void exchange(fer_tcp_stream *one, fer_tcp_stream *other, const char *text)
{
    char got[16] = {0};
    check(fer_tcp_stream_set_read_timeout(other, patience()), "set_read_timeout");
    check(fer_tcp_stream_read_exact(other, got, strlen(text), NULL), text);
    check(fer_tcp_stream_write_all(other, text, strlen(text), NULL), "the answer");
    check(fer_tcp_stream_set_read_timeout(one, patience()), "set_read_timeout");
    check(fer_tcp_stream_read_exact(one, got, strlen(text), NULL), "the answer's read");
}

static void connection_goes_on(fer_tcp_listener *listener)
{
    fer_tcp_stream one = {0};
    fer_tcp_stream other = {0};
    check(fer_tcp_stream_connect_addr(&one, &peer), "connect_addr");
    check(fer_tcp_listener_accept(listener, &other, NULL), "accept");
    reject();
    unsigned long before = reports();
    check(fer_tcp_stream_write_all(&one, "lost", 4, NULL), "write_all");
    for (unsigned long i = 1; i <= 2; i++) {
        wait_for_reports(before + i); /* of the write, and of its repetition */
        no_error_is_pending(&one);
        nothing_is_ready(&one);
    }
    admit();
    exchange(&one, &other, "lost");
    no_error_is_pending(&one);
    check(fer_tcp_stream_write_all(&one, "more", 4, NULL), "write_all");
    exchange(&one, &other, "more");
    fer_tcp_stream_close(&one);
    fer_tcp_stream_close(&other);
}

/* ---- A connect whose first SYN is rejected */

static fer_error connect_addr(fer_tcp_stream *stream)
{
    return fer_tcp_stream_connect_addr(stream, &peer);
}

static fer_error connect_within(fer_tcp_stream *stream)
{
    return fer_tcp_stream_connect_timeout(stream, &peer, patience());
}

static fer_error connect_with_options(fer_tcp_stream *stream)
{
    const fer_connect_options options = {.limits.deadline = fer_instant_after(patience())};
    return fer_tcp_stream_connect_addrs(stream, &peer, 1, &options);
}

/* take_error of the pending connect is WOULD_BLOCK, and a poller does not report the same thing
 * again and again. */
static fer_error connect_start(fer_tcp_stream *stream)
{
    fer_event event = {.key = 1, .interest = FER_WRITABLE};
    fer_poller poller = {0};
    fer_error status = {FER_OTHER, 0};
    fer_error error = fer_tcp_stream_connect_start(stream, &peer);
    check(fer_poller_new(&poller), "fer_poller_new");
    size_t events = 0;
    if (error.kind == FER_OK) {
        check(fer_poller_add(&poller, fer_tcp_stream_as_raw(stream), event, FER_POLL_LEVEL), "add");
        do {
            size_t n = 0;
            check(fer_poller_wait(&poller, patience(), &event, 1, &n, NULL), "wait");
            error = fer_tcp_stream_take_error(stream, &status);
        } while (error.kind == FER_WOULD_BLOCK && ++events < 100);
    }
    fer_poller_close(&poller);
    if (events > 10) {
        fail("a pending connect has more than 10 events");
    }
    return error.kind == FER_OK ? status : error;
}

/* connect_start; ready waits for the result. */
static fer_error connect_ready(fer_tcp_stream *stream)
{
    fer_interest ready = 0;
    fer_error status = {FER_OTHER, 0};
    fer_error error = fer_tcp_stream_connect_start(stream, &peer);
    if (error.kind == FER_OK) {
        check(fer_tcp_stream_ready(stream, FER_WRITABLE, patience(), &ready), "ready");
        error = fer_tcp_stream_take_error(stream, &status);
    }
    return error.kind == FER_OK ? status : error;
}

static fer_error connect_by_connector(fer_tcp_stream *stream)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_event event;
    fer_poller poller = {0};
    fer_connector connector = {0};
    size_t n = 0;
    fer_socket_addr_format(&peer, text, sizeof text);
    check(fer_poller_new(&poller), "fer_poller_new");
    check(fer_connector_start(&connector, text, NULL, NULL, &poller, 7), "fer_connector_start");
    check(fer_poller_wait(&poller, patience(), &event, 1, &n, NULL), "wait");
    fer_error error = fer_connector_take(&connector, stream);
    fer_connector_close(&connector);
    fer_poller_close(&poller);
    return error;
}

/* A connect of the program's own, which from_raw adopts. */
static fer_error adopt_connected(fer_tcp_stream *stream)
{
    struct sockaddr_storage storage;
    size_t len = 0;
    check(fer_socket_addr_to_sockaddr(&peer, &storage, sizeof storage, &len), "to_sockaddr");
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&storage, (socklen_t)len) != 0) {
        return fer_error_from_raw_os_error(errno);
    }
    return fer_tcp_stream_from_raw(stream, fd);
}

static const struct {
    const char *name;
    fer_error (*connect)(fer_tcp_stream *stream);
} forms[] = {
    {"connect_addr", connect_addr},
    {"connect_timeout", connect_within},
    {"connect_addrs with options", connect_with_options},
    {"connect_start and take_error", connect_start},
    {"connect_start and ready", connect_ready},
    {"a connector", connect_by_connector},
    {"from_raw", adopt_connected},
};
enum { FORMS = sizeof forms / sizeof forms[0] };

static fer_tcp_stream streams[FORMS];
static fer_error results[FORMS];

static void *run_form(void *argument)
{
    size_t form = (size_t)(uintptr_t)argument;
    results[form] = forms[form].connect(&streams[form]);
    return NULL;
}

static void connects_go_on(void)
{
    bool has_connected[FORMS] = {false};
    size_t left = FORMS;
    for (int try = 0; left > 0 && try < TRIES; try++) {
        pthread_t threads[FORMS];
        unsigned long before = reports();
        reject();
        for (size_t i = 0; i < FORMS; i++) {
            if (pthread_create(&threads[i], NULL, run_form, (void *)(uintptr_t)i) != 0) {
                fail("pthread_create");
            }
        }
        wait_for_reports(before + FORMS);
        admit();
        for (size_t i = 0; i < FORMS; i++) {
            pthread_join(threads[i], NULL);
            if (results[i].kind == FER_OK) {
                left -= !has_connected[i];
                has_connected[i] = true;
                no_error_is_pending(&streams[i]);
                nothing_is_ready(&streams[i]);
            }
            fer_tcp_stream_close(&streams[i]);
        }
    }
    for (size_t i = 0; i < FORMS; i++) {
        check(has_connected[i] ? (fer_error){FER_OK, 0} : results[i], forms[i].name);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fail("usage: soft_errors NAMESPACE IPV4-OF-THE-PEER IPV6-OF-THE-PEER");
    }
    network = argv[1];
    int here = open_network("/proc/self/ns/net");
    int there = open_network(network);
    for (int i = 2; i < argc; i++) {
        fer_ip_addr ip;
        fer_tcp_listener listener = {0};
        peer_ip = argv[i];
        check(fer_ip_addr_parse(&ip, peer_ip), peer_ip);
        peer = fer_socket_addr_new(ip, 0);
        enter(there);
        check(fer_tcp_listener_bind_addr(&listener, &peer), "bind_addr");
        enter(here);
        check(fer_tcp_listener_local_addr(&listener, &peer), "local_addr");
        connection_goes_on(&listener);
        connects_go_on();
        fer_tcp_listener_close(&listener);
    }
    return 0;
}
