/* scale.c: what grows with the number of objects. echo_scale_N: an echo server with N connections,
 * each contender in a process of its own (echo_turn.c --serve; bench/go); the processor's time of
 * that process for a request, when ten connections have sent one, and its memory for a connection.
 * add_delete_scale_N: a socket is added to a poller of N, and deleted. deadlines_scale_N: a wait of
 * a poller in which N connects with deadlines and a token are pending; of libuv, of a loop with N
 * timers.
 * lookups_scale_N: a lookup, when N were started together. Linux only. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <libgen.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <time.h>
static clockid_t bench_clock = CLOCK_PROCESS_CPUTIME_ID; /* of a server, while it is measured */
#define BENCH_CLOCK bench_clock
#include "bench/bench.h"
#include "bench/echo_turn.h"
#include "bench/machine.h"
#include "bench/peers.h"
#include "ferrule.h"

enum { CONNECTIONS_MAX = 10000, READY = 10, TURNS = 500, QUEUE_MAX = 64 };
enum { SOCKETS_MAX = 100000, SOCKETS_OF_A_KEEPER = 10000, OPERATIONS = 2000 };
enum { MANY = 1000, WAITS = 200, LISTENER = 3 };

#define MUST(call) bench_must((call).kind == FER_OK, #call)

static size_t descriptors;

static int listen_at(in_addr_t where, int backlog, struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0); /* a server inherits it */
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(where)};
    bench_must(bind(listener, (struct sockaddr *)address, size) == 0 &&
                   listen(listener, backlog) == 0 &&
                   getsockname(listener, (struct sockaddr *)address, &size) == 0,
               "listen");
    return listener;
}

/* ---- Echo servers */

static const char *const servers[] = {
    "raw",       "raw-again", "ferrule", "ferrule-edges",
#ifdef HAVE_UV
    "libuv-try",
#endif
#ifdef HAVE_EVENT
    "libevent",
#endif
#ifdef HAVE_MIO
    "mio",
#endif
#ifdef HAVE_TOKIO
    "tokio",
#endif
#ifdef HAVE_GO_SERVER
    "go",
#endif
};
enum { SERVERS = sizeof servers / sizeof *servers };

static int clients[CONNECTIONS_MAX];

/* The server's programs are in the folder of this one. */
static pid_t start_server(const char *name, size_t count, int listener)
{
    char path[4096];
    char number[32];
    const ssize_t len = readlink("/proc/self/exe", path, sizeof path - 32);
    bench_must(len > 0, "readlink");
    path[len] = 0;
    (void)dirname(path);
    strcat(path, strcmp(name, "go") == 0 ? "/bench_go" : "/bench_echo_turn");
    (void)snprintf(number, sizeof number, "%zu", count);
    const pid_t server = fork();
    bench_must(server >= 0, "fork");
    if (server == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && dup2(listener, LISTENER) == LISTENER) {
            execl(path, path, "--serve", name, number, (char *)NULL);
        }
        _exit(2);
    }
    return server;
}

/* So that no connect finds a full queue, which the system answers after a second. */
static void wait_for_accepts(int listener, pid_t server, unsigned most)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    do {
        sched_yield();
        bench_must(waitpid(server, NULL, WNOHANG) == 0, "a server");
        bench_must(getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) == 0, "TCP_INFO");
    } while (info.tcpi_unacked > most); /* of a listener: the queue */
}

static int connect_to(const struct sockaddr_in *address)
{
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    bench_must(connect(client, (const struct sockaddr *)address, sizeof *address) == 0, "connect");
    bench_must(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
    bench_reset_on_close(client);
    return client;
}

/* The memory of a process that is neither shared nor of a file. */
static double private_bytes(pid_t process)
{
    char line[256];
    double kib = -1;
    (void)snprintf(line, sizeof line, "/proc/%d/status", (int)process);
    FILE *status = fopen(line, "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            kib = strtod(line + 8, NULL);
        }
    }
    bench_must(status != NULL && fclose(status) == 0 && kib >= 0, "RssAnon");
    return kib * 1024;
}

static void ask(size_t first, size_t step, size_t count, size_t among)
{
    unsigned char request[ECHO_BLOCK] = {0};
    for (size_t i = 0; i < count; i++) {
        bench_must(send(clients[(first + i * step) % among], request, sizeof request,
                        MSG_NOSIGNAL) == sizeof request,
                   "send");
    }
    for (size_t i = 0; i < count; i++) {
        bench_must(recv(clients[(first + i * step) % among], request, sizeof request,
                        MSG_WAITALL) == sizeof request,
                   "recv");
    }
}

/* Returns the nanoseconds of a request, and stores the bytes of a connection. */
static double measure_server(const char *name, size_t count, double *bytes)
{
    struct sockaddr_in address;
    clockid_t clock;
    const int listener = listen_at(INADDR_LOOPBACK, 2 * QUEUE_MAX, &address);
    const pid_t server = start_server(name, count, listener);
    clients[0] = connect_to(&address);
    wait_for_accepts(listener, server, 0);
    const double before = private_bytes(server);
    for (size_t i = 1; i < count; i++) {
        clients[i] = connect_to(&address);
        if (i % QUEUE_MAX == 0) {
            wait_for_accepts(listener, server, QUEUE_MAX);
        }
    }
    for (size_t i = 0; i < count; i += READY) {
        ask(i, 1, READY, count);
    }
    *bytes = (private_bytes(server) - before) / (double)count;
    bench_must(clock_getcpuclockid(server, &clock) == 0, "clock_getcpuclockid");
    bench_clock = clock;
    const double begin = bench_clock_ns();
    for (size_t i = 0; i < TURNS; i++) {
        ask(i, count / READY, READY, count);
    }
    const double took = bench_clock_ns() - begin;
    bench_clock = CLOCK_PROCESS_CPUTIME_ID;
    bench_must(kill(server, SIGKILL) == 0 && waitpid(server, NULL, 0) == server, "waitpid");
    for (size_t i = 0; i < count; i++) {
        close(clients[i]);
    }
    close(listener);
    return took / (TURNS * READY);
}

static void run_echo(size_t count)
{
    static bench_times ns;
    static double bytes[SERVERS][BENCH_ROUNDS_MAX];
    bench_contender names[SERVERS];
    char name[64];
    (void)snprintf(name, sizeof name, "echo_scale_%zu", count);
    if (!bench_wants(name)) {
        return;
    }
    if (count + 100 > descriptors) {
        bench_skip(name, "the limit of descriptors is too low");
        return;
    }
    const double begin = bench_time();
    size_t round = 0;
    for (; bench_continues(begin, round); round++) {
        const size_t *order = bench_order(SERVERS);
        for (size_t i = 0; i < SERVERS; i++) {
            const size_t which = order[i];
            names[which] = (bench_contender){servers[which], NULL};
            ns[which][round] = measure_server(servers[which], count, &bytes[which][round]);
        }
    }
    const bench_case c = {name, NULL, TURNS * READY, names, SERVERS};
    bench_report(&c, ns, round);
    /* Memory grows by pages. */
    for (size_t i = 0; i < SERVERS && count >= 1000; i++) {
        printf("bench=%s case=%s impl=%s ops=%zu runs=%zu bytes_op=%.1f\n", bench_program, name,
               servers[i], count, round, bench_quantile(bytes[i], round, 0.5));
    }
}

/* ---- Registrations. A socket stays registered while another process has it open, so processes
 * that only wait keep the sockets, and the limit of descriptors of one process suffices. */

static int epoll;
static fer_poller poller;
static int free_socket;

static int new_socket(void)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bench_must(fd >= 0, "socket");
    return fd;
}

static void raw_add(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    bench_must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static void ferrule_add(int fd)
{
    MUST(fer_poller_add(&poller, fd, (fer_event){.key = (uint64_t)fd, .interest = FER_READABLE},
                        FER_POLL_LEVEL));
}

static uint64_t raw_adds(const void *input, size_t count)
{
    struct epoll_event event = {0};
    (void)input;
    for (size_t i = 0; i < count; i++) {
        raw_add(free_socket);
        bench_must(epoll_ctl(epoll, EPOLL_CTL_DEL, free_socket, &event) == 0, "epoll_ctl");
    }
    return count;
}

static uint64_t ferrule_adds(const void *input, size_t count)
{
    (void)input;
    for (size_t i = 0; i < count; i++) {
        ferrule_add(free_socket);
        MUST(fer_poller_delete(&poller, free_socket));
    }
    return count;
}

/* Registers sockets with both pollers, and leaves them to a process that ends with the pipe. */
static pid_t keep_sockets(size_t count, const int *until)
{
    int fds[SOCKETS_OF_A_KEEPER];
    char byte;
    for (size_t i = 0; i < count; i++) {
        fds[i] = new_socket();
        raw_add(fds[i]);
        ferrule_add(fds[i]);
    }
    const pid_t keeper = fork();
    bench_must(keeper >= 0, "fork");
    if (keeper == 0) {
        close(until[1]);
        _exit(read(until[0], &byte, 1) == 0 ? 0 : 1);
    }
    for (size_t i = 0; i < count; i++) {
        close(fds[i]);
    }
    return keeper;
}

static void run_adds(size_t count)
{
    static const bench_contender contenders[] = {
        {"raw", raw_adds}, {"raw-again", raw_adds}, {"ferrule", ferrule_adds}};
    pid_t keepers[SOCKETS_MAX / SOCKETS_OF_A_KEEPER];
    size_t keeper_count = 0;
    int until[2];
    char name[64];
    (void)snprintf(name, sizeof name, "add_delete_scale_%zu", count);
    if (!bench_wants(name)) {
        return;
    }
    if (SOCKETS_OF_A_KEEPER + 100 > descriptors) {
        bench_skip(name, "the limit of descriptors is too low");
        return;
    }
    free_socket = new_socket();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    MUST(fer_poller_new(&poller));
    bench_must(epoll >= 0 && pipe(until) == 0, "pipe");
    for (size_t left = count; left > 0;) {
        const size_t some = left < SOCKETS_OF_A_KEEPER ? left : SOCKETS_OF_A_KEEPER;
        keepers[keeper_count++] = keep_sockets(some, until);
        left -= some;
    }
    bench_run(&(bench_case){name, NULL, OPERATIONS, contenders, 3});
    close(until[1]);
    close(until[0]);
    while (keeper_count > 0) {
        (void)waitpid(keepers[--keeper_count], NULL, 0);
    }
    fer_poller_close(&poller);
    close(epoll);
    close(free_socket);
}

/* ---- Deadlines: connects to a listener whose queue is full stay pending */

static uint64_t poller_waits(const void *input, size_t count)
{
    (void)input;
    for (size_t i = 0; i < count; i++) {
        fer_event event;
        size_t found = 0;
        MUST(fer_poller_wait(&poller, (fer_duration){0}, &event, 1, &found, NULL));
        bench_must(found == 0, "a pending connect");
    }
    return count;
}

static uint64_t epoll_waits(const void *input, size_t count)
{
    (void)input;
    for (size_t i = 0; i < count; i++) {
        struct epoll_event event;
        bench_must(epoll_wait(epoll, &event, 1, 0) == 0, "epoll_wait");
    }
    return count;
}

static void run_deadlines(size_t count)
{
    static const bench_contender contenders[] = {
        {"raw", epoll_waits},
        {"raw-again", epoll_waits},
        {"ferrule", poller_waits},
#ifdef HAVE_UV
        {"libuv", bench_uv_waits},
#endif
    };
    static fer_connector connectors[SOCKETS_MAX];
    fer_cancel_token token = {0};
    fer_connect_options options = {.limits.token = &token};
    struct sockaddr_in address;
    char name[64];
    int queued[2];
    (void)snprintf(name, sizeof name, "deadlines_scale_%zu", count);
    if (!bench_wants(name)) {
        return;
    }
    if (count + 100 > descriptors) {
        bench_skip(name, "the limit of descriptors is too low");
        return;
    }
    const int listener = listen_at(INADDR_ANY, 0, &address);
    queued[0] = connect_to(&address);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    queued[1] = new_socket();
    raw_add(queued[1]);
    MUST(fer_poller_new(&poller));
    MUST(fer_cancel_token_new(&token));
    options.limits.deadline = fer_instant_after(fer_duration_from_secs(3600));
    for (size_t i = 0; i < count; i++) {
        char host[64]; /* an address has ports for 28,000 connects */
        (void)snprintf(host, sizeof host, "127.0.0.%zu", 1 + i / CONNECTIONS_MAX);
        MUST(fer_connector_start_host(&connectors[i], host, ntohs(address.sin_port), &options, NULL,
                                      &poller, i));
    }
#ifdef HAVE_UV
    bench_uv_timers_begin(count);
#endif
    bench_run(&(bench_case){name, NULL, WAITS, contenders, sizeof contenders / sizeof *contenders});
#ifdef HAVE_UV
    bench_uv_timers_end();
#endif
    for (size_t i = 0; i < count; i++) {
        fer_connector_close(&connectors[i]);
    }
    fer_cancel_token_close(&token);
    fer_poller_close(&poller);
    close(epoll);
    close(queued[0]);
    close(queued[1]);
    close(listener);
}

/* ---- Lookups */

static fer_resolver resolver;

static uint64_t raw_lookups(const void *input, size_t count)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    (void)input;
    for (size_t i = 0; i < count; i++) {
        struct addrinfo *found = NULL;
        bench_must(getaddrinfo("localhost", "80", &hints, &found) == 0, "getaddrinfo");
        freeaddrinfo(found);
    }
    return count;
}

static uint64_t resolver_lookups(const void *input, size_t count)
{
    static fer_lookup lookups[MANY];
    (void)input;
    for (size_t i = 0; i < count; i++) {
        MUST(fer_resolver_start(&resolver, "localhost:80", NULL, NULL, 0, &lookups[i]));
    }
    for (size_t i = 0; i < count; i++) {
        fer_socket_addr addrs[4];
        size_t found = 0;
        MUST(fer_lookup_wait(&lookups[i], FER_DURATION_NONE, addrs, 4, &found));
        fer_lookup_close(&lookups[i]);
    }
    return count;
}

static void run_lookups(size_t count)
{
    static const bench_contender contenders[] = {
        {"raw", raw_lookups}, {"raw-again", raw_lookups}, {"ferrule", resolver_lookups}};
    char name[64];
    (void)snprintf(name, sizeof name, "lookups_scale_%zu", count);
    bench_run(&(bench_case){name, NULL, count, contenders, 3});
}

int main(int argc, char **argv)
{
    static const size_t counts[] = {10, 1000, CONNECTIONS_MAX, SOCKETS_MAX};
    bench_options("scale", argc, argv);
    bench_print_absent_peers();
    bench_use_one_processor();
    descriptors = bench_raise_descriptors(SOCKETS_MAX + 200);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i] <= CONNECTIONS_MAX) {
            run_echo(counts[i]);
        }
        run_adds(counts[i]);
    }
    MUST(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 4, .queue_cap = MANY}));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        run_deadlines(counts[i]);
    }
    for (size_t i = 0; counts[i] <= MANY; i++) {
        run_lookups(counts[i]);
    }
    fer_resolver_close(&resolver);
    return 0;
}
