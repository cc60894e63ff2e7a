/* copy.c: what a relay and a file server cost: copies of 64 MiB from one stream to another, and of
 * a file to a stream, beside loops of the plain calls. copy_*: the processor time of the thread
 * that copies. time_*: the time until the last byte has arrived. The names have the kind of sockets
 * and the buffer of fer_copy in KiB; the base has 64 KiB in every case. haproxy: nonblocking
 * splices and polls, as src/raw_sock.c of haproxy makes them. both_*: a relay of nonblocking
 * streams that waits for both: by recv and send, by fer_copy_bidirectional, and by tokio's
 * copy_bidirectional, whose buffer has 8 KiB. small_*: the same of 64 bytes each way, for 100
 * connections one after the other. The base polls both streams, and receives from those that are
 * ready. Linux only. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <time.h>
static clockid_t bench_clock = CLOCK_THREAD_CPUTIME_ID;
#define BENCH_CLOCK bench_clock
#include "bench/bench.h"
#include "bench/machine.h"
#include "bench/peers.h"
#include "ferrule.h"

enum { MEBIBYTES = 64, KIB = 1024, BASE = 64 * KIB, LONGEST = 1024 * KIB };
#define TOTAL ((size_t)MEBIBYTES * 1024 * KIB)

static unsigned char memory[LONGEST];
static int file_to_send;

/* ---- Sockets: the source sends to the peer of `in`, the sink receives from the peer of `out`. */

typedef struct setup {
    bool is_unix;
    size_t cap;
} setup;

typedef struct relay {
    int source, in, out, sink;
    pthread_t sender, receiver;
    bool has_sender;
} relay;

static void make_pair(bool is_unix, int ends[2])
{
    if (is_unix) {
        bench_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
        return;
    }
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_must(bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    bench_must(listen(listener, 1) == 0, "listen");
    bench_must(getsockname(listener, (struct sockaddr *)&address, &size) == 0, "getsockname");
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_must(connect(ends[0], (struct sockaddr *)&address, sizeof address) == 0, "connect");
    ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    bench_must(ends[1] >= 0, "accept");
    close(listener);
}

static void *send_all(void *argument)
{
    static unsigned char zeros[256 * KIB];
    relay *r = argument;
    for (size_t sent = 0; sent < TOTAL;) {
        size_t len = TOTAL - sent < sizeof zeros ? TOTAL - sent : sizeof zeros;
        ssize_t n = send(r->source, zeros, len, MSG_NOSIGNAL);
        bench_must(n > 0, "send of the source");
        sent += (size_t)n;
    }
    close(r->source);
    return NULL;
}

/* The sink discards: MSG_TRUNC of TCP copies nothing. */
static void *receive_all(void *argument)
{
    static unsigned char discarded[256 * KIB];
    relay *r = argument;
    size_t got = 0;
    ssize_t n = 1;
    while (n > 0) {
        n = recv(r->sink, discarded, sizeof discarded, MSG_TRUNC);
        got += n > 0 ? (size_t)n : 0;
    }
    bench_must(got == TOTAL, "the sink");
    return NULL;
}

static relay begin(const setup *s, bool has_sender)
{
    relay r = {.has_sender = has_sender};
    int ends[2];
    make_pair(s->is_unix, ends);
    r.source = ends[0];
    r.in = ends[1];
    make_pair(s->is_unix, ends);
    r.out = ends[0];
    r.sink = ends[1];
    return r;
}

static void start_threads(relay *r)
{
    bench_must(pthread_create(&r->receiver, NULL, receive_all, r) == 0, "pthread_create");
    if (r->has_sender) {
        bench_must(pthread_create(&r->sender, NULL, send_all, r) == 0, "pthread_create");
    } else {
        close(r->source);
    }
}

static uint64_t end(relay *r)
{
    close(r->out);
    close(r->in);
    pthread_join(r->receiver, NULL);
    if (r->has_sender) {
        pthread_join(r->sender, NULL);
    }
    close(r->sink);
    return TOTAL;
}

/* ---- Copies */

static void send_buffer(int out, size_t len)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(out, memory + sent, len - sent, MSG_NOSIGNAL);
        bench_must(n > 0, "send");
        sent += (size_t)n;
    }
}

static uint64_t copy_by_buffer(const void *input, size_t count)
{
    relay r = begin(input, true);
    ssize_t n;
    (void)count;
    start_threads(&r);
    while ((n = recv(r.in, memory, BASE, 0)) > 0) {
        send_buffer(r.out, (size_t)n);
    }
    return end(&r);
}

typedef struct streams {
    fer_tcp_stream tcp[2];
    fer_unix_stream local[2];
    fer_stream from, to;
} streams;

static void adopt(const setup *s, const relay *r, streams *out)
{
    if (s->is_unix) {
        MUST(fer_unix_stream_from_raw(&out->local[0], r->in));
        MUST(fer_unix_stream_from_raw(&out->local[1], r->out));
        out->from = fer_unix_stream_as_stream(&out->local[0]);
        out->to = fer_unix_stream_as_stream(&out->local[1]);
    } else {
        MUST(fer_tcp_stream_from_raw(&out->tcp[0], r->in));
        MUST(fer_tcp_stream_from_raw(&out->tcp[1], r->out));
        out->from = fer_tcp_stream_as_stream(&out->tcp[0]);
        out->to = fer_tcp_stream_as_stream(&out->tcp[1]);
    }
}

static uint64_t copy_by_ferrule(const void *input, size_t count)
{
    const setup *s = input;
    relay r = begin(s, true);
    streams ends = {.tcp = {{{{0}}}}};
    fer_copy_buffer buffer = {memory, s->cap, 0, 0};
    uint64_t n = 0;
    (void)count;
    adopt(s, &r, &ends);
    start_threads(&r);
    MUST(fer_copy(ends.from, ends.to, &buffer, &n));
    bench_must(n == TOTAL, "fer_copy");
    return end(&r);
}

static uint64_t copy_by_splice(const void *input, size_t count)
{
    const setup *s = input;
    relay r = begin(s, true);
    int ends[2];
    ssize_t n;
    (void)count;
    start_threads(&r);
    bench_must(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    (void)fcntl(ends[1], F_SETPIPE_SZ, (int)s->cap);
    while ((n = splice(r.in, NULL, ends[1], NULL, s->cap, SPLICE_F_MOVE)) > 0) {
        while (n > 0) {
            ssize_t moved = splice(ends[0], NULL, r.out, NULL, (size_t)n, SPLICE_F_MOVE);
            bench_must(moved > 0, "splice");
            n -= moved;
        }
    }
    close(ends[0]);
    close(ends[1]);
    return end(&r);
}

static void wait_for(int socket, short events)
{
    struct pollfd entry = {socket, events, 0};
    bench_must(poll(&entry, 1, -1) == 1, "poll");
}

static uint64_t copy_as_haproxy(const void *input, size_t count)
{
    const setup *s = input;
    relay r = begin(s, true);
    int ends[2];
    ssize_t n = 1;
    (void)count;
    start_threads(&r);
    bench_must(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, "pipe2");
    (void)fcntl(ends[1], F_SETPIPE_SZ, (int)s->cap);
    (void)fcntl(r.in, F_SETFL, O_NONBLOCK);
    (void)fcntl(r.out, F_SETFL, O_NONBLOCK);
    const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
    while (n != 0) {
        n = splice(r.in, NULL, ends[1], NULL, s->cap, flags);
        if (n < 0) {
            bench_must(errno == EAGAIN, "splice of a source");
            wait_for(r.in, POLLIN);
        }
        for (ssize_t held = n; held > 0;) {
            ssize_t moved = splice(ends[0], NULL, r.out, NULL, (size_t)held, flags);
            if (moved < 0) {
                bench_must(errno == EAGAIN, "splice to a sink");
                wait_for(r.out, POLLOUT);
            } else {
                held -= moved;
            }
        }
    }
    close(ends[0]);
    close(ends[1]);
    return end(&r);
}

/* ---- Relays in both directions: the sink sends nothing, and its end first. */

static relay begin_nonblocking(const setup *s)
{
    relay r = begin(s, true);
    (void)fcntl(r.in, F_SETFL, O_NONBLOCK);
    (void)fcntl(r.out, F_SETFL, O_NONBLOCK);
    return r;
}

static relay begin_both(const setup *s)
{
    relay r = begin_nonblocking(s);
    (void)shutdown(r.sink, SHUT_WR);
    return r;
}

/* One end is a stream of ferrule, as those that a relay accepts or connects. */
static int connect_own(bool is_unix, fer_tcp_stream *tcp, fer_unix_stream *local)
{
    fer_tcp_listener listener = {{{0}}};
    fer_socket_addr address;
    if (is_unix) {
        fer_unix_stream other = {{{0}}};
        MUST(fer_unix_stream_pair(local, &other));
        MUST(fer_unix_stream_set_nonblocking(local, true));
        return (int)fer_unix_stream_into_raw(&other);
    }
    MUST(fer_tcp_listener_bind(&listener, "127.0.0.1:0"));
    MUST(fer_tcp_listener_local_addr(&listener, &address));
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(address.port),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_must(connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    MUST(fer_tcp_listener_accept(&listener, tcp, NULL));
    MUST(fer_tcp_stream_set_nonblocking(tcp, true));
    fer_tcp_listener_close(&listener);
    return fd;
}

static relay begin_own(const setup *s, streams *ends)
{
    relay r = {.in = -1, .out = -1, .has_sender = true}; /* close_own closes in and out */
    r.source = connect_own(s->is_unix, &ends->tcp[0], &ends->local[0]);
    r.sink = connect_own(s->is_unix, &ends->tcp[1], &ends->local[1]);
    if (s->is_unix) {
        ends->from = fer_unix_stream_as_stream(&ends->local[0]);
        ends->to = fer_unix_stream_as_stream(&ends->local[1]);
    } else {
        ends->from = fer_tcp_stream_as_stream(&ends->tcp[0]);
        ends->to = fer_tcp_stream_as_stream(&ends->tcp[1]);
    }
    return r;
}

static void close_own(streams *ends)
{
    for (int i = 0; i < 2; i++) {
        fer_tcp_stream_close(&ends->tcp[i]);
        fer_unix_stream_close(&ends->local[i]);
    }
}

/* Tries one direction, and waits for both streams if it would block. False: its end. */
static bool relay_some(int from, int to)
{
    ssize_t n = recv(from, memory, BASE, 0);
    if (n < 0) {
        bench_must(errno == EAGAIN, "recv");
        wait_for(from, POLLIN);
        return true;
    }
    for (ssize_t sent = 0; sent < n;) {
        ssize_t moved = send(to, memory + sent, (size_t)(n - sent), MSG_NOSIGNAL);
        if (moved < 0) {
            bench_must(errno == EAGAIN, "send");
            wait_for(to, POLLOUT);
        }
        sent += moved > 0 ? moved : 0;
    }
    return n > 0;
}

static uint64_t relay_by_buffer(const void *input, size_t count)
{
    relay r = begin_both(input);
    (void)count;
    start_threads(&r);
    while (relay_some(r.in, r.out)) {
    }
    (void)shutdown(r.out, SHUT_WR);
    return end(&r);
}

#ifdef HAVE_TOKIO
static uint64_t relay_by_tokio(const void *input, size_t count)
{
    const setup *s = input;
    relay r = begin_both(s);
    (void)count;
    start_threads(&r);
    bench_must(bench_tokio_relay(r.in, r.out, s->is_unix) == TOTAL, "copy_bidirectional");
    return end(&r);
}
#endif

static uint64_t relay_by_ferrule(const void *input, size_t count)
{
    static unsigned char back[LONGEST];
    const setup *s = input;
    streams ends = {.tcp = {{{{0}}}}};
    relay r = begin_own(s, &ends);
    fer_copy_buffer buffers[2] = {{memory, s->cap, 0, 0}, {back, s->cap, 0, 0}};
    uint64_t n = 0;
    (void)count;
    (void)shutdown(r.sink, SHUT_WR);
    start_threads(&r);
    MUST(fer_copy_bidirectional(ends.from, ends.to, &buffers[0], &buffers[1], &n, NULL));
    bench_must(n == TOTAL, "fer_copy_bidirectional");
    close_own(&ends);
    return end(&r);
}

/* ---- Relays of small messages: the source asks, the sink answers */

enum { CONNECTIONS = 100, EXCHANGES = 20, MESSAGE = 64 };

typedef struct chat {
    relay relays[CONNECTIONS];
    streams ends[CONNECTIONS];
} chat;

static chat talk;

static void *ask_all(void *argument)
{
    char message[MESSAGE] = {0};
    for (relay *r = talk.relays; r < talk.relays + CONNECTIONS; r++) {
        for (int i = 0; i < EXCHANGES; i++) {
            bench_must(send(r->source, message, MESSAGE, MSG_NOSIGNAL) == MESSAGE,
                       "send of a question");
            bench_must(recv(r->source, message, MESSAGE, MSG_WAITALL) == MESSAGE,
                       "recv of an answer");
        }
        (void)shutdown(r->source, SHUT_WR);
    }
    return argument;
}

static void *answer_all(void *argument)
{
    char message[MESSAGE];
    for (relay *r = talk.relays; r < talk.relays + CONNECTIONS; r++) {
        ssize_t n;
        while ((n = recv(r->sink, message, MESSAGE, MSG_WAITALL)) > 0) {
            bench_must(send(r->sink, message, (size_t)n, MSG_NOSIGNAL) == n, "send of an answer");
        }
        (void)shutdown(r->sink, SHUT_WR);
    }
    return argument;
}

static void begin_chat(const setup *s, bool is_own)
{
    bench_pause();
    for (int i = 0; i < CONNECTIONS; i++) {
        talk.ends[i] = (streams){.tcp = {{{{0}}}}};
        talk.relays[i] = is_own ? begin_own(s, &talk.ends[i]) : begin_nonblocking(s);
    }
    bench_must(pthread_create(&talk.relays[0].sender, NULL, ask_all, NULL) == 0, "pthread_create");
    bench_must(pthread_create(&talk.relays[0].receiver, NULL, answer_all, NULL) == 0,
               "pthread_create");
    bench_resume();
}

static uint64_t end_chat(void)
{
    bench_pause();
    pthread_join(talk.relays[0].sender, NULL);
    pthread_join(talk.relays[0].receiver, NULL);
    for (int i = 0; i < CONNECTIONS; i++) {
        const relay *r = &talk.relays[i];
        close(r->source);
        close_own(&talk.ends[i]);
        close(r->in);
        close(r->out);
        close(r->sink);
    }
    bench_resume();
    return CONNECTIONS;
}

/* False: the end, which is passed on. */
static bool relay_message(int from, int to)
{
    ssize_t n = recv(from, memory, BASE, 0);
    if (n > 0) {
        bench_must(send(to, memory, (size_t)n, MSG_NOSIGNAL) == n, "send");
    } else {
        bench_must(n == 0 && shutdown(to, SHUT_WR) == 0, "recv");
    }
    return n > 0;
}

static uint64_t small_by_hand(const void *input, size_t count)
{
    (void)count;
    begin_chat(input, false);
    for (int i = 0; i < CONNECTIONS; i++) {
        struct pollfd entries[] = {{talk.relays[i].in, POLLIN, 0}, {talk.relays[i].out, POLLIN, 0}};
        while (entries[0].fd >= 0 || entries[1].fd >= 0) {
            bench_must(poll(entries, 2, -1) > 0, "poll");
            for (int j = 0; j < 2; j++) {
                int other = j == 0 ? talk.relays[i].out : talk.relays[i].in;
                if (entries[j].revents != 0 && !relay_message(entries[j].fd, other)) {
                    entries[j].fd = -1;
                }
            }
        }
    }
    return end_chat();
}

static uint64_t small_by_ferrule(const void *input, size_t count)
{
    const setup *s = input;
    (void)count;
    begin_chat(s, true);
    for (int i = 0; i < CONNECTIONS; i++) {
        fer_copy_buffer buffers[2] = {{memory, s->cap, 0, 0}, {memory + s->cap, s->cap, 0, 0}};
        uint64_t n = 0;
        MUST(fer_copy_bidirectional(talk.ends[i].from, talk.ends[i].to, &buffers[0], &buffers[1],
                                    &n, NULL));
        bench_must(n == EXCHANGES * MESSAGE, "fer_copy_bidirectional");
    }
    return end_chat();
}

#ifdef HAVE_TOKIO
static uint64_t small_by_tokio(const void *input, size_t count)
{
    const setup *s = input;
    (void)count;
    begin_chat(s, false);
    for (int i = 0; i < CONNECTIONS; i++) {
        uint64_t n = bench_tokio_relay(talk.relays[i].in, talk.relays[i].out, s->is_unix);
        bench_must(n == EXCHANGES * MESSAGE, "copy_bidirectional");
    }
    return end_chat();
}
#endif

/* ---- Files */

static uint64_t send_by_buffer(const void *input, size_t count)
{
    relay r = begin(input, false);
    (void)count;
    start_threads(&r);
    for (size_t at = 0; at < TOTAL; at += BASE) {
        bench_must(pread(file_to_send, memory, BASE, (off_t)at) == BASE, "pread");
        send_buffer(r.out, BASE);
    }
    return end(&r);
}

static uint64_t send_by_ferrule(const void *input, size_t count)
{
    const setup *s = input;
    relay r = begin(s, false);
    fer_tcp_stream tcp = {{{0}}};
    fer_unix_stream local = {{{0}}};
    fer_copy_buffer buffer = {memory, s->cap, 0, 0};
    fer_stream to;
    uint64_t n = 0;
    (void)count;
    if (s->is_unix) {
        MUST(fer_unix_stream_from_raw(&local, r.out));
        to = fer_unix_stream_as_stream(&local);
    } else {
        MUST(fer_tcp_stream_from_raw(&tcp, r.out));
        to = fer_tcp_stream_as_stream(&tcp);
    }
    start_threads(&r);
    MUST(fer_stream_send_file(to, file_to_send, 0, TOTAL, &buffer, &n));
    bench_must(n == TOTAL, "fer_stream_send_file");
    return end(&r);
}

static uint64_t send_by_sendfile(const void *input, size_t count)
{
    relay r = begin(input, false);
    off_t at = 0;
    (void)count;
    start_threads(&r);
    while ((size_t)at < TOTAL) {
        bench_must(sendfile(r.out, file_to_send, &at, TOTAL - (size_t)at) > 0, "sendfile");
    }
    return end(&r);
}

/* ---- Cases */

static void run_of(const char *name, const char *what, clockid_t clock, const setup *s,
                   size_t operations, const bench_contender *contenders, size_t count)
{
    char full[64];
    snprintf(full, sizeof full, "%s_%s", name, what);
    bench_clock = clock;
    bench_run(&(bench_case){full, s, operations, contenders, count});
}

static void run(const char *name, const char *what, clockid_t clock, const setup *s,
                const bench_contender *contenders, size_t count)
{
    run_of(name, what, clock, s, MEBIBYTES, contenders, count);
}

int main(int argc, char **argv)
{
    static const bench_contender copies[] = {{"buffer", copy_by_buffer},
                                             {"buffer-again", copy_by_buffer},
                                             {"ferrule", copy_by_ferrule},
                                             {"splice", copy_by_splice},
                                             {"haproxy", copy_as_haproxy}};
    static const bench_contender relays[] = {{"buffer", relay_by_buffer},
                                             {"buffer-again", relay_by_buffer},
                                             {"ferrule", relay_by_ferrule},
#ifdef HAVE_TOKIO
                                             {"tokio", relay_by_tokio}
#endif
    };
    static const bench_contender small[] = {{"by-hand", small_by_hand},
                                            {"by-hand-again", small_by_hand},
                                            {"ferrule", small_by_ferrule},
#ifdef HAVE_TOKIO
                                            {"tokio", small_by_tokio}
#endif
    };
    static const bench_contender files[] = {{"pread-send", send_by_buffer},
                                            {"pread-send-again", send_by_buffer},
                                            {"ferrule", send_by_ferrule},
                                            {"sendfile", send_by_sendfile}};
    static const struct {
        const char *name;
        setup setup;
    } cases[] = {{"tcp_64", {false, 64 * KIB}},
                 {"tcp_256", {false, 256 * KIB}},
                 {"tcp_1024", {false, LONGEST}},
                 {"unix_64", {true, 64 * KIB}}};
    bench_options("copy", argc, argv);
    bench_print_absent_peers();
    file_to_send = memfd_create("bench", MFD_CLOEXEC);
    bench_must(file_to_send >= 0 && ftruncate(file_to_send, (off_t)TOTAL) == 0, "memfd_create");
    for (size_t at = 0; at < TOTAL; at += LONGEST) {
        bench_must(pwrite(file_to_send, memory, LONGEST, (off_t)at) == LONGEST, "pwrite");
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const setup *s = &cases[i].setup;
        run("copy", cases[i].name, CLOCK_THREAD_CPUTIME_ID, s, copies, 5);
        run("time", cases[i].name, CLOCK_MONOTONIC, s, copies, 5);
        run("both", cases[i].name, CLOCK_THREAD_CPUTIME_ID, s, relays,
            sizeof relays / sizeof *relays);
    }
    run("file", "tcp", CLOCK_THREAD_CPUTIME_ID, &cases[0].setup, files, 4);
    run("file", "unix", CLOCK_THREAD_CPUTIME_ID, &cases[3].setup, files, 4);
    bench_use_one_processor();
    for (int i = 0; i < 4; i += 3) {
        run_of("small", i == 0 ? "tcp" : "unix", CLOCK_THREAD_CPUTIME_ID, &cases[i].setup,
               CONNECTIONS * EXCHANGES * 2, small, sizeof small / sizeof *small);
    }
    return 0;
}
